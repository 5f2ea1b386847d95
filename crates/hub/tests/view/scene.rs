//! A garden with two devices, and the folders that describe it.

use std::path::Path;

use hub::Presence;
use hub::view::{ChannelData, DeviceData, LedgerData, Library, StillScene};

/// 2025-11-22T21:27:27.123Z.
pub(crate) const NOW: i64 = 1_763_846_847_123;

/// The library of a folder below `fixtures/`.
pub(crate) fn library(folder: &str) -> Library {
    Library::load(Some(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder)), &[])
}

/// A device that was heard a second ago, once a second, with these channels (name and JSON text).
pub(crate) fn device(id: &str, channels: &[(&str, &str)], describe: &str) -> DeviceData {
    let channel = |(name, value): &(&str, &str)| {
        ((*name).to_owned(), ChannelData { value: (*value).to_owned(), ts: NOW - 1000, every: Some(1000) })
    };
    DeviceData {
        id: id.to_owned(),
        name: id.to_owned(),
        labels: Vec::new(),
        presence: Presence::Online,
        since: NOW - 60_000,
        gateway: None,
        channels: channels.iter().map(channel).collect(),
        describe: describe.to_owned(),
        created: Some(NOW - 3_600_000),
        last_seen: Some(NOW - 1000),
        received: 42,
        gaps: 0,
        clock_wrong: false,
        ledger: LedgerData::default(),
        contested: None,
    }
}

/// `bed-1` is online; `shed-1` went away a minute ago.
pub(crate) fn garden() -> StillScene {
    let bed = device("bed-1", &[("soil_moisture", "48.25")], r#"{"soil_moisture":{"unit":"%","max":60}}"#);
    let mut shed = device("shed-1", &[("temperature", "21.5"), ("door", "false")], "");
    shed.presence = Presence::Offline;
    let devices = [bed, shed].into_iter().map(|device| (device.id.clone(), device)).collect();
    StillScene { now_ms: NOW, devices, ..StillScene::default() }
}

/// The page of a view of a folder of `fixtures/`, with the garden in it.
pub(crate) fn view(folder: &str, name: &str) -> String {
    library(folder).view_page(name, &garden()).expect("there is such a view").html
}

/// The start tag of the element with this id.
pub(crate) fn start_tag<'a>(html: &'a str, id: &str) -> &'a str {
    let at =
        html.find(&format!(" id=\"{id}\"")).unwrap_or_else(|| panic!("nothing has the id {id} in {html}"));
    let start = html[..at].rfind('<').expect("an attribute is in a tag");
    let end = html[at..].find(">\n").map_or(html.len(), |end| at + end + 1);
    &html[start..end]
}

/// The text of an attribute of a start tag, as a browser reads it.
pub(crate) fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let references = [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    Some(references.iter().fold(value.to_owned(), |value, (from, to)| value.replace(from, to)))
}

/// The settings of the component with this id.
pub(crate) fn settings(html: &str, id: &str) -> serde_json::Value {
    let settings = attribute(start_tag(html, id), "data-settings").expect("a component has its settings");
    serde_json::from_str(&settings).expect("settings are JSON")
}
