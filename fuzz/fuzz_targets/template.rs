//! Whatever a template says, a page comes out: within its bound, and with what devices say in it as text.
#![no_main]

use std::collections::BTreeMap;

use hub::Presence;
use hub::view::limits::{OUTPUT_BYTES_MAX, TEMPLATE_BYTES_MAX};
use hub::view::{ChannelData, DeviceData, LedgerData, Library, StillScene};
use libfuzzer_sys::fuzz_target;

const MANIFEST: &str = "title = \"Probe\"\ndescription = \"For the fuzzer.\"\ndirection = \"output\"\n";
/// What a device says, that would be an element where it is not escaped.
const HOSTILE: &str = "<canary-of-the-device a='1' b=\"2\">&amp;";
/// What else stands in a page, bytes: far less than this.
const AROUND_BYTES: usize = 1024 * 1024;

fn scene() -> StillScene {
    let value = serde_json::to_string(HOSTILE).expect("a text");
    let channel = ChannelData { value, ts: 1_000, every: Some(1_000) };
    let device = DeviceData {
        id: "boiler-7".to_owned(),
        name: HOSTILE.to_owned(),
        labels: vec![HOSTILE.to_owned()],
        presence: Presence::Online,
        channels: BTreeMap::from([("level".to_owned(), channel)]),
        describe: format!("{{\"level\":{{\"label\":{}}}}}", serde_json::to_string(HOSTILE).expect("a text")),
        since: 0,
        gateway: None,
        created: None,
        last_seen: None,
        received: 1,
        gaps: 0,
        clock_wrong: false,
        ledger: LedgerData::default(),
        contested: None,
    };
    StillScene {
        now_ms: 2_000,
        devices: BTreeMap::from([(device.id.clone(), device)]),
        ..StillScene::default()
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let view = "<h1>V</h1>{{ component(\"probe\", device=\"boiler-7\", channel=\"level\") }}";
    let files = match kind % 3 {
        0 => [
            ("views/v.html", view),
            ("components/probe/template.html", text),
            ("components/probe/component.toml", MANIFEST),
        ],
        1 => [
            ("views/v.html", text),
            ("components/probe/template.html", "{{ value }}"),
            ("components/probe/component.toml", MANIFEST),
        ],
        _ => [
            ("views/v.html", view),
            ("components/probe/template.html", "{{ value }}"),
            ("components/probe/component.toml", text),
        ],
    };
    let library = Library::of_texts(&files);
    let page = library.view_page("v", &scene()).expect("its file is there");
    assert!(
        text.len() <= TEMPLATE_BYTES_MAX && page.html.len() <= 4 * OUTPUT_BYTES_MAX + AROUND_BYTES,
        "a page beyond its bound"
    );
    // An author may say that something is safe: then it is theirs.
    if !text.contains("safe") && !text.contains("autoescape") {
        assert!(!page.html.contains("<canary-of-the-device"), "what a device said became an element: {text}");
    }
});
