//! How things are written to panels: one JSON text per message, encoded once and shared by all (spec/panel.md).

use super::channels::{Channels, Latest};
use super::command::Receipt;
use bytes::Bytes;
use protocol::message::Gap;
use std::sync::Arc;

/// `text` as a JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One sample on its way to panels.
pub(crate) struct Shown {
    pub(crate) channel: Arc<str>,
    pub(crate) value: Arc<str>,
    pub(crate) ts: i64,
    pub(crate) late: bool,
}

/// A message as a patch. All its samples have one time; it is `late` where each of them is.
pub(crate) fn patch(device: &str, cursor: u64, ts: i64, samples: &[Shown]) -> Bytes {
    let mut text = format!("{{\"device\":{},\"cursor\":{cursor}", quoted(device));
    match samples {
        [one] => text.push_str(&format!(",\"channel\":{},\"value\":{}", quoted(&one.channel), one.value)),
        many => {
            let members: Vec<String> =
                many.iter().map(|sample| format!("{}:{}", quoted(&sample.channel), sample.value)).collect();
            text.push_str(&format!(",\"values\":{{{}}}", members.join(",")));
        }
    }
    text.push_str(&format!(",\"ts\":{ts}"));
    if !samples.is_empty() && samples.iter().all(|sample| sample.late) {
        text.push_str(",\"late\":true");
    }
    text.push('}');
    text.into()
}

/// A recorded gap as a patch.
pub(crate) fn lost(device: &str, cursor: u64, gap: &Gap) -> Bytes {
    let Gap { from, to, reason } = gap;
    let reason = quoted(reason);
    let device = quoted(device);
    format!("{{\"device\":{device},\"cursor\":{cursor},\"lost\":{{\"from\":{from},\"to\":{to},\"reason\":{reason}}}}}")
        .into()
}

/// The same patch for a panel that passed over `skipped` messages before it.
pub(crate) fn with_skipped(patch: Bytes, skipped: u64) -> Bytes {
    if skipped == 0 {
        return patch;
    }
    let mut text = patch[..patch.len() - 1].to_vec();
    text.extend_from_slice(format!(",\"skipped\":{skipped}}}").as_bytes());
    text.into()
}

/// A device's presence, for those who watch it and those who watch the list.
pub(crate) fn presence(device: &str, name: &str, presence: &str, since: i64) -> Bytes {
    let (device, name) = (quoted(device), quoted(name));
    format!("{{\"device\":{device},\"presence\":\"{presence}\",\"since\":{since},\"name\":{name}}}").into()
}

/// A device in the list: the same, under the member `id`.
pub fn listed(device: &str, name: &str, presence: &str, since: i64) -> String {
    let (device, name) = (quoted(device), quoted(name));
    format!("{{\"id\":{device},\"presence\":\"{presence}\",\"since\":{since},\"name\":{name}}}")
}

/// The answer to a watch of a device that is not known.
pub fn unknown(device: &str, now: i64) -> Bytes {
    let device = quoted(device);
    format!(
        "{{\"snapshot\":{device},\"cursor\":0,\"known\":false,\"presence\":\"offline\",\"since\":{now},\
         \"channels\":{{}},\"describe\":{{}}}}"
    )
    .into()
}

/// A device is no more.
pub fn removed(device: &str) -> Bytes {
    format!("{{\"removed\":{}}}", quoted(device)).into()
}

/// What a device's channels are, after it changed.
pub(crate) fn describe(device: &str, description: &str) -> Bytes {
    format!("{{\"device\":{},\"describe\":{description}}}", quoted(device)).into()
}

/// Where a command stands.
pub fn receipt(device: &str, receipt: &Receipt) -> Bytes {
    let mut text = format!(
        "{{\"command\":{},\"device\":{},\"channel\":{},\"state\":\"{}\",\"by\":{}",
        quoted(&receipt.id),
        quoted(device),
        quoted(&receipt.channel),
        receipt.state.as_str(),
        quoted(&receipt.by),
    );
    text.push_str(&format!(",\"asked\":{}", receipt.asked));
    if let Some(reason) = &receipt.reason {
        text.push_str(&format!(",\"reason\":{}", quoted(reason)));
    }
    if let Some(value) = &receipt.value {
        text.push_str(&format!(",\"value\":{value}"));
    }
    text.push('}');
    text.into()
}

/// The members `channels` and `describe` of a snapshot.
pub(crate) fn channels(channels: &Channels) -> String {
    let mut members = Vec::with_capacity(channels.len());
    for (name, channel) in channels.iter() {
        let Some(Latest { value, ts, .. }) = &channel.latest else { continue };
        let every = channels.every(name).map(|every| format!(",\"every\":{every}")).unwrap_or_default();
        members.push(format!("{}:{{\"value\":{value},\"ts\":{ts}{every}}}", quoted(name)));
    }
    format!("\"channels\":{{{}}},\"describe\":{}", members.join(","), channels.description())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(channel: &str, value: &str, late: bool) -> Shown {
        Shown { channel: channel.into(), value: value.into(), ts: 5, late }
    }

    #[test]
    fn a_value_reaches_the_panel_digit_for_digit() {
        let frame = patch("pump-1", 7, 5, &[shown("t", "21.50", false)]);
        assert_eq!(frame, r#"{"device":"pump-1","cursor":7,"channel":"t","value":21.50,"ts":5}"#);
    }

    #[test]
    fn a_message_is_late_only_as_a_whole() {
        let both = patch("p", 1, 5, &[shown("a", "1", true), shown("b", "2", true)]);
        assert_eq!(both, r#"{"device":"p","cursor":1,"values":{"a":1,"b":2},"ts":5,"late":true}"#);
        let one = patch("p", 1, 5, &[shown("a", "1", true), shown("b", "2", false)]);
        assert_eq!(one, r#"{"device":"p","cursor":1,"values":{"a":1,"b":2},"ts":5}"#);
    }

    #[test]
    fn skipped_is_told_only_where_something_was() {
        let frame = patch("p", 9, 5, &[shown("a", "1", false)]);
        assert_eq!(with_skipped(frame.clone(), 0), frame);
        let told = with_skipped(frame, 3);
        assert_eq!(told, r#"{"device":"p","cursor":9,"channel":"a","value":1,"ts":5,"skipped":3}"#);
    }
}
