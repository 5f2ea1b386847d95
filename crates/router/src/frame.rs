//! How things are written to panels: one JSON text per message, encoded once and shared by all (spec/panel.md).

use super::channels::{Channels, Latest};
use super::command::Receipt;
use bytes::Bytes;
use protocol::digits::Digits;
use protocol::message::Gap;
use std::sync::Arc;
use store::{Entry, EntryContent, Sample};

/// `text` as a JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A message as a patch. All its samples have the time `ts`; it is `late` where each of them is.
pub(crate) fn patch(device: &str, cursor: u64, ts: i64, samples: &[Sample]) -> Bytes {
    let pairs = samples.iter().map(|sample| (&*sample.channel, &*sample.value));
    message(device, cursor, Some(ts), pairs, samples.iter().all(|sample| sample.late))
}

/// The newest values of some channels, as the message that brought them.
pub(crate) fn latest(device: &str, samples: &[(&Arc<str>, &Latest)]) -> Option<Bytes> {
    let (_, newest) = samples.first()?;
    let pairs = samples.iter().map(|(channel, latest)| (&***channel, &*latest.value));
    Some(message(device, newest.cursor, Some(newest.ts), pairs, false))
}

/// What the store has at a place of the log, as the patch that it was when it was new. Nothing where nothing is kept of it.
pub fn stored(device: &str, entry: &Entry) -> Option<Bytes> {
    match &entry.content {
        EntryContent::Message { samples, .. } => {
            let pairs = samples.iter().map(|sample| (&*sample.channel, &*sample.value));
            let ts = samples.first().map(|sample| sample.ts);
            Some(message(device, entry.cursor, ts, pairs, samples.iter().all(|sample| sample.late)))
        }
        EntryContent::Gap(gap) => Some(gap_text(device, entry.cursor, gap.from, gap.to, &gap.reason)),
        EntryContent::Nothing => None,
    }
}

/// Written once for each message of a device, into as many bytes as it has.
fn message<'a>(
    device: &str,
    cursor: u64,
    ts: Option<i64>,
    samples: impl ExactSizeIterator<Item = (&'a str, &'a str)> + Clone,
    all_late: bool,
) -> Bytes {
    let (cursor, ts) = (Digits::of_count(cursor), ts.map(Digits::of));
    let (cursor, ts) = (cursor.as_bytes(), ts.as_ref().map(Digits::as_bytes));
    let named: usize = samples.clone().map(|(channel, value)| channel.len() + value.len() + 2).sum();
    let dated = ts.map_or(0, |ts| 6 + ts.len());
    // What stands around one sample. Where this is not what is needed, the text is moved once.
    let around = r#"{"device":"","cursor":,"channel":,"value":}"#.len();
    let mut text = Vec::with_capacity(around + device.len() + cursor.len() + named + dated);
    text.extend_from_slice(b"{\"device\":");
    push_quoted(&mut text, device);
    text.extend_from_slice(b",\"cursor\":");
    text.extend_from_slice(cursor);
    let late = all_late && samples.len() > 0;
    match samples.len() {
        1 => push_sample(&mut text, samples),
        _ => push_values(&mut text, samples),
    }
    if let Some(ts) = ts {
        text.extend_from_slice(b",\"ts\":");
        text.extend_from_slice(ts);
    }
    text.extend_from_slice(if late { b",\"late\":true}" } else { b"}" });
    text.into()
}

fn push_sample<'a>(text: &mut Vec<u8>, samples: impl Iterator<Item = (&'a str, &'a str)>) {
    for (channel, value) in samples {
        text.extend_from_slice(b",\"channel\":");
        push_quoted(text, channel);
        text.extend_from_slice(b",\"value\":");
        text.extend_from_slice(value.as_bytes());
    }
}

fn push_values<'a>(text: &mut Vec<u8>, samples: impl Iterator<Item = (&'a str, &'a str)>) {
    text.extend_from_slice(b",\"values\":{");
    for (at, (channel, value)) in samples.enumerate() {
        text.extend_from_slice(if at == 0 { b"" } else { b"," });
        push_quoted(text, channel);
        text.push(b':');
        text.extend_from_slice(value.as_bytes());
    }
    text.push(b'}');
}

/// Adds `other` as a JSON string. Names seldom have anything to escape.
fn push_quoted(text: &mut Vec<u8>, other: &str) {
    let is_escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // All are looked at, without a way out: so it is many at a time.
    if other.bytes().fold(false, |found, byte| found | is_escaped(byte)) {
        return text.extend_from_slice(quoted(other).as_bytes());
    }
    text.push(b'"');
    text.extend_from_slice(other.as_bytes());
    text.push(b'"');
}

/// A recorded gap as a patch.
pub(crate) fn lost(device: &str, cursor: u64, gap: &Gap) -> Bytes {
    gap_text(device, cursor, gap.from, gap.to, gap.reason.as_str())
}

fn gap_text(device: &str, cursor: u64, from: u64, to: u64, reason: &str) -> Bytes {
    let (device, reason) = (quoted(device), quoted(reason));
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

/// What lists say of a device.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Its id.
    pub device: &'a str,
    /// What to call it.
    pub name: &'a str,
    /// Its labels, one a line.
    pub labels: &'a str,
    /// Whether it can be heard.
    pub presence: &'a str,
    /// Since when, milliseconds since 1970.
    pub since: i64,
    /// The gateway that it is behind, where it is behind one.
    pub gateway: Option<&'a str>,
}

/// A device's presence, for those who watch it and those who watch the list.
pub fn presence(standing: &Standing<'_>) -> Bytes {
    standing.text("device").into()
}

/// A device in the list: the same, under the member `id`.
pub fn listed(standing: &Standing<'_>) -> String {
    standing.text("id")
}

impl Standing<'_> {
    fn text(&self, member: &str) -> String {
        let Self { device, name, labels, presence, since, gateway } = *self;
        let (device, name, labels) = (quoted(device), quoted(name), labels_member(labels));
        let gateway = gateway_member(gateway);
        format!(
            "{{\"{member}\":{device},\"presence\":\"{presence}\",\"since\":{since},\"name\":{name}{labels}{gateway}}}"
        )
    }
}

/// `,"gateway":"north"`; nothing where there is none.
pub(crate) fn gateway_member(gateway: Option<&str>) -> String {
    gateway.map(|gateway| format!(",\"gateway\":{}", quoted(gateway))).unwrap_or_default()
}

/// `,"labels":["barn"]` of labels, one a line; nothing where there are none.
pub(crate) fn labels_member(labels: &str) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = labels.lines().map(quoted).collect();
    format!(",\"labels\":[{}]", quoted.join(","))
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

/// The rhythms of some channels, ms between two samples; `null` where one is not known any more.
pub(crate) fn rhythms(device: &str, rhythms: &[(Arc<str>, Option<u64>)]) -> Bytes {
    let member = |(channel, every): &(Arc<str>, Option<u64>)| {
        let every = every.map_or("null".to_owned(), |every| every.to_string());
        format!("{}:{every}", quoted(channel))
    };
    let members: Vec<String> = rhythms.iter().map(member).collect();
    format!("{{\"device\":{},\"every\":{{{}}}}}", quoted(device), members.join(",")).into()
}

/// Most receipts have room in so many bytes. The text of one that has not is moved.
const RECEIPT_BYTES: usize = 256;

/// Where a command stands.
pub fn receipt(device: &str, receipt: &Receipt) -> Bytes {
    let mut text = Vec::with_capacity(RECEIPT_BYTES);
    text.extend_from_slice(b"{\"command\":");
    push_quoted(&mut text, &receipt.id);
    text.extend_from_slice(b",\"device\":");
    push_quoted(&mut text, device);
    text.extend_from_slice(b",\"channel\":");
    push_quoted(&mut text, &receipt.channel);
    text.extend_from_slice(b",\"state\":");
    push_quoted(&mut text, receipt.state.as_str());
    text.extend_from_slice(b",\"by\":");
    push_quoted(&mut text, &receipt.by);
    text.extend_from_slice(b",\"asked\":");
    text.extend_from_slice(receipt.asked.as_bytes());
    if let Some(reason) = &receipt.reason {
        text.extend_from_slice(b",\"reason\":");
        push_quoted(&mut text, reason);
    }
    if let Some(value) = &receipt.value {
        text.extend_from_slice(b",\"value\":");
        text.extend_from_slice(value.as_bytes());
    }
    text.push(b'}');
    text.into()
}

/// Adds the members `channels` and `describe` of a snapshot.
pub(crate) fn push_channels(text: &mut String, channels: &Channels) {
    text.push_str("\"channels\":{");
    let (mut first, every) = (true, channels.every());
    for channel in channels.iter() {
        let name = &channel.name;
        let Some(Latest { value, ts, .. }) = &channel.latest else { continue };
        let comma = if std::mem::take(&mut first) { "" } else { "," };
        text.push_str(&format!("{comma}{}:{{\"value\":", quoted(name)));
        text.push_str(value);
        text.push_str(&format!(",\"ts\":{ts}"));
        if let Some(every) = every(channel) {
            text.push_str(&format!(",\"every\":{every}"));
        }
        text.push('}');
    }
    text.push_str(&format!("}},\"describe\":{}", channels.description()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(channel: &str, value: &str, late: bool) -> Sample {
        Sample { channel: channel.into(), ts: 5, device_ts: None, late, value: value.into() }
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
