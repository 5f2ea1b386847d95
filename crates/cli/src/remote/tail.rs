//! `glassline tail`: follows what a device sends, a line for each sample.

use super::frame::{Message, Received};
use super::panel::Panel;
use crate::output::printable;
use crate::{arguments, clock, output};
use anyhow::{Result, bail};
use serde_json::json;

/// Prints what the device sends until the hub or the reader goes.
///
/// # Errors
/// No hub is found or reached, it goes away, or the device is removed.
pub(crate) async fn run(arguments: &arguments::Tail) -> Result<()> {
    let device = &arguments.device;
    let mut panel = Panel::open(&super::find(&arguments.hub)?).await?;
    panel.say(&json!({"watch": [device]})).await?;
    loop {
        let Received { text, message } = panel.next().await?;
        if let Some(error) = message.error {
            bail!("the hub refused: {} ({})", error.reason, error.code);
        }
        if message.known == Some(false) {
            eprintln!("there is no device “{device}” yet; waiting for it");
        }
        if arguments.json {
            output::line(&printable(text.get()))?;
        } else {
            lines(&message).iter().try_for_each(|line| output::line(line))?;
        }
        if message.removed.is_some_and(|removed| removed == *device) {
            bail!("the device was removed");
        }
    }
}

/// A message as lines for a person: time, channel and value, or what else happened.
fn lines(message: &Message) -> Vec<String> {
    if message.command.is_some() {
        return command(message).into_iter().collect();
    }
    let mut lines = Vec::new();
    if let Some(skipped) = message.skipped {
        lines.push(format!("# {skipped} older messages passed over"));
    }
    if let Some(lost) = &message.lost {
        lines.push(format!("# lost: {} to {} ({})", lost.from, lost.to, printable(&lost.reason)));
    }
    if let Some(presence) = &message.presence {
        let since = message.since.map(|since| format!(" since {}", clock::utc(since))).unwrap_or_default();
        lines.push(format!("# {}{since}", printable(presence)));
    }
    let mut latest: Vec<_> = message.channels.0.iter().collect();
    latest.sort_by_key(|(_, latest)| latest.ts);
    lines.extend(
        latest.into_iter().map(|(channel, latest)| sample(latest.ts, channel, latest.value.get(), "")),
    );
    let late = if message.late { "  (late)" } else { "" };
    let ts = message.ts.unwrap_or_default();
    if let (Some(channel), Some(value)) = (&message.channel, &message.value) {
        lines.push(sample(ts, channel, value.get(), late));
    }
    lines.extend(message.values.0.iter().map(|(channel, value)| sample(ts, channel, value.get(), late)));
    lines
}

fn sample(ts: i64, channel: &str, value: &str, late: &str) -> String {
    format!("{}  {}  {}{late}", clock::utc(ts), printable(channel), printable(value))
}

/// What somebody asked of the device, and what became of it.
fn command(message: &Message) -> Option<String> {
    let (channel, state) = (message.channel.as_deref()?, message.state.as_deref()?);
    let reason = message.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(printable(&format!("# command {channel}: {state}{reason}")))
}

#[cfg(test)]
mod tests {
    use super::super::frame::read;
    use super::*;

    fn check(frame: &str, expected: &[&str]) {
        let found: Vec<String> =
            read(frame).expect("valid").iter().flat_map(|received| lines(&received.message)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_channel_of_a_message_has_a_line() {
        check(
            r#"{"device":"a","cursor":2,"values":{"t":21.50,"h":40},"ts":0,"late":true,"skipped":7}"#,
            &[
                "# 7 older messages passed over",
                "1970-01-01T00:00:00.000Z  t  21.50  (late)",
                "1970-01-01T00:00:00.000Z  h  40  (late)",
            ],
        );
    }

    #[test]
    fn a_snapshot_shows_presence_and_the_latest_in_order_of_time() {
        check(
            r#"{"snapshot":"a","cursor":1,"known":true,"presence":"online","since":0,
                "channels":{"t":{"value":2,"ts":5},"h":{"value":"x","ts":4}}}"#,
            &[
                "# online since 1970-01-01T00:00:00.000Z",
                "1970-01-01T00:00:00.004Z  h  \"x\"",
                "1970-01-01T00:00:00.005Z  t  2",
            ],
        );
    }

    #[test]
    fn losses_and_commands_are_told() {
        check(
            r#"[{"device":"a","cursor":3,"lost":{"from":4,"to":6,"reason":"overflow"}},
                {"command":"c","device":"a","channel":"fan","state":"failed","reason":"stuck","value":1}]"#,
            &["# lost: 4 to 6 (overflow)", "# command fan: failed: stuck"],
        );
    }
}
