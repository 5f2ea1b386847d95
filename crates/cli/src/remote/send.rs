//! `glassline send`: one command, and what becomes of it.

use super::frame::{Message, Received};
use super::panel::Panel;
use crate::arguments;
use crate::output::{self, printable};
use anyhow::{Context as _, Result, bail};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

/// Sends the command and prints each step.
///
/// # Errors
/// No hub is found or reached, or the device has not done it: the reason is the error.
pub(crate) async fn run(arguments: &arguments::Send) -> Result<()> {
    let mut panel = Panel::open(&super::find(&arguments.hub)?).await?;
    // Whoever watches a device is told what becomes of its commands.
    panel.say(&json!({"watch": [arguments.device]})).await?;
    while !is_known(&panel.next().await?.message, &arguments.device)? {}
    let id = new_id()?;
    panel.say_text(command(arguments, &id)?).await?;
    loop {
        let Received { message, .. } = panel.next().await?;
        refused(&message)?;
        if message.command.as_deref() != Some(&*id) {
            continue;
        }
        let Some(state) = message.state.as_deref() else { continue };
        output::line(&step(&message, state))?;
        match Outcome::of(state) {
            Outcome::Open => {}
            Outcome::Done => return Ok(()),
            Outcome::NotDone(why) => bail!("{}", not_done(&arguments.device, why, &message)),
        }
    }
}

/// Whether this is the snapshot of the device. It tells whether there is such a one.
fn is_known(message: &Message, device: &str) -> Result<bool> {
    refused(message)?;
    match (message.snapshot.as_deref() == Some(device), message.known) {
        (true, Some(false)) => bail!("there is no device “{}”", printable(device)),
        (is_snapshot, _) => Ok(is_snapshot),
    }
}

fn refused(message: &Message) -> Result<()> {
    match &message.error {
        Some(error) => bail!("the hub refused: {}", printable(&format!("{} ({})", error.reason, error.code))),
        None => Ok(()),
    }
}

/// Whether more is to come.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Done,
    NotDone(&'static str),
}

impl Outcome {
    /// By the states of spec/protocol.md. One that this version does not know is not the last.
    fn of(state: &str) -> Self {
        match state {
            "done" => Self::Done,
            "failed" => Self::NotDone("could not do it"),
            "refused" => Self::NotDone("was not asked"),
            "expired" => Self::NotDone("was not reached in time"),
            "cancelled" => Self::NotDone("was not asked: the command was cancelled"),
            "unknown" => Self::NotDone("may or may not have done it"),
            _ => Self::Open,
        }
    }
}

fn step(message: &Message, state: &str) -> String {
    let value = message.value.as_ref().map(|value| format!(" {}", value.get()));
    let reason = message.reason.as_ref().map(|reason| format!(": {reason}"));
    printable(&[state, &value.unwrap_or_default(), &reason.unwrap_or_default()].concat())
}

fn not_done(device: &str, why: &str, message: &Message) -> String {
    let reason = message.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    printable(&format!("{device} {why}{reason}"))
}

/// The frame, with the value as it was typed: a number keeps its digits.
fn command(arguments: &arguments::Send, id: &str) -> Result<String> {
    let value = value_of(&arguments.value)?;
    let ttl = arguments.ttl.map(|ttl| format!(",\"ttl\":{ttl}")).unwrap_or_default();
    let (device, channel) = (json!(arguments.device), json!(arguments.channel));
    Ok(format!(
        "{{\"command\":{},\"device\":{device},\"channel\":{channel},\"value\":{value}{ttl}}}",
        json!(id)
    ))
}

/// JSON as it is; anything else is text.
fn value_of(typed: &str) -> Result<Box<RawValue>> {
    let json = serde_json::from_str::<&RawValue>(typed).map(ToOwned::to_owned);
    json.or_else(|_| to_raw_value(typed)).context("the value cannot be encoded")
}

/// Unique among the commands of this person to the device.
fn new_id() -> Result<String> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).context("no random bytes")?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("cli-{hex}"))
}

#[cfg(test)]
mod tests {
    use super::super::frame::read;
    use super::*;

    #[test]
    fn a_value_is_json_or_else_text() {
        let value = |typed: &str| value_of(typed).expect("encoded").get().to_owned();
        assert_eq!(value("21.50"), "21.50");
        assert_eq!(value("{\"a\": [1]}"), "{\"a\": [1]}");
        assert_eq!(value("-1"), "-1");
        assert_eq!(value("Back in five"), "\"Back in five\"");
        assert_eq!(value("01"), "\"01\"");
        assert_eq!(value(""), "\"\"");
    }

    #[test]
    fn steps_show_value_and_reason() {
        let shown = |frame: &str| {
            let message = read(frame).expect("valid").remove(0).message;
            step(&message, message.state.as_deref().expect("a state"))
        };
        assert_eq!(shown(r#"{"command":"c","state":"sent","by":"ada"}"#), "sent");
        assert_eq!(shown(r#"{"command":"c","state":"done","value":42}"#), "done 42");
        assert_eq!(shown(r#"{"command":"c","state":"failed","reason":"stuck"}"#), "failed: stuck");
    }

    #[test]
    fn states_of_the_future_are_not_the_last() {
        assert_eq!(Outcome::of("handed"), Outcome::Open);
        assert_eq!(Outcome::of("done"), Outcome::Done);
    }
}
