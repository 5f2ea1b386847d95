//! The page that a device gets by itself.

use hub::view::{
    CommandData, DeviceData, GapData, GapsData, LedgerData, Library, StillScene, StorageFailure,
};

use crate::scene::{NOW, device, settings};

/// Tag and id of each component of a device's page, in order.
fn placed(channels: &[(&str, &str)], describe: &str) -> Vec<String> {
    let html = page(channels, describe);
    let tags = html.split("<gl-").skip(1).map(|tag| {
        let (kind, rest) = tag.split_once(' ').expect("a component has attributes");
        let id = rest.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        format!("{kind} {id}")
    });
    tags.collect()
}

fn page(channels: &[(&str, &str)], describe: &str) -> String {
    let devices = [("d-1".to_owned(), device("d-1", channels, describe))].into();
    let scene = StillScene { now_ms: NOW, devices, ..StillScene::default() };
    Library::built_in().device_page("d-1", &scene).expect("the device is known").html
}

#[test]
fn values_show_as_what_they_are() {
    let channels = [
        ("door", "true"),
        ("mode", "\"auto\""),
        ("pumps", "[1]"),
        ("rpm", "1450"),
        ("x", "null"),
        ("y", "{}"),
    ];
    let expected = [
        "device-header c-device-header-1",
        "lamp c-door-1",
        "text c-mode-1",
        "json c-pumps-1",
        "value c-rpm-1",
        "json c-x-1",
        "json c-y-1",
        "chart c-rpm-2",
        "command-table c-command-table-1",
        "ledger c-ledger-1",
    ];
    assert_eq!(placed(&channels, ""), expected);
}

#[test]
fn inputs_and_the_order_are_as_described() {
    let describe = r#"{"speed":{"input":"slider","min":0,"max":9},"fan":{"input":"switch"},"reset":{"input":"button"},
        "target":{"input":"number"},"temperature":{"min":-20,"max":50},"humidity":{"unit":"%"},"mystery":{}}"#;
    let expected = [
        "device-header c-device-header-1",
        "slider c-speed-1",
        "switch c-fan-1",
        "button c-reset-1",
        "number-field c-target-1",
        "gauge c-temperature-1",
        "value c-humidity-1",
        "value c-a-1",
        "chart c-temperature-2",
        "chart c-humidity-2",
        "chart c-a-2",
        "command-table c-command-table-1",
        "ledger c-ledger-1",
    ];
    assert_eq!(placed(&[("temperature", "21.5"), ("a", "1")], describe), expected);
}

#[test]
fn choices_texts_and_pictures_have_components_of_their_own() {
    let describe = r#"{"mode":{"input":"select","choices":["auto","off"]},"program":{"input":"select"},"name":{"input":"text"}}"#;
    let placed = placed(&[("camera", "\"data:image/png;base64,iVBORw0KGgo=\"")], describe);
    let expected = ["select c-mode-1", "text-field c-program-1", "text-field c-name-1", "image c-camera-1"];
    assert_eq!(placed[1..5], expected, "without choices there is nothing to select");
}

#[test]
fn limits_and_choices_are_as_described() {
    let describe = r#"{"t":{"unit":"°C","min":0,"max":120,"warn_above":80,"alarm_above":100},"mode":{"input":"select","choices":[1,2]}}"#;
    let html = page(&[("t", "101.5")], describe);
    assert_eq!(settings(&html, "c-t-1")["alarm_above"], 100);
    assert_eq!(settings(&html, "c-mode-1")["choices"], serde_json::json!([1, 2]));
    assert!(html.contains(">Alarm: above 100 °C<"), "it is said before any script runs: {html}");
}

#[test]
fn a_number_has_its_unit_and_its_course() {
    let html = page(&[("humidity", "40")], r#"{"humidity":{"unit":"%"}}"#);
    let settings = settings(&html, "c-humidity-1");
    assert_eq!((settings["unit"].as_str(), settings["sparkline"].as_bool()), (Some("%"), Some(true)));
}

#[test]
fn the_page_says_that_it_makes_itself() {
    let html = page(&[("a", "1")], "");
    assert!(html.contains(" data-auto=\"d-1\""));
    assert!(html.contains("\"component/slider\":"), "what may come later can be imported");
    assert!(!html.contains("modulepreload\" href=\"/assets/slider."), "and is not loaded before");
    assert!(html.contains("data-page=\"/devices/d-1\""));
}

#[test]
fn ids_stay_when_a_channel_comes() {
    let before = placed(&[("b", "1")], "");
    let after = placed(&[("a", "1"), ("b", "1")], "");
    assert!(before.iter().all(|placed| after.contains(placed)), "{before:?} {after:?}");
}

#[test]
fn too_many_channels_are_left_out() {
    let names: Vec<String> = (0..140).map(|n| format!("channel-{n:03}")).collect();
    let channels: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let html = page(&channels, "");
    assert!(html.contains("12 more channels are left out: 128 are the most on this page."));
    assert_eq!(html.matches("<gl-chart").count(), 16);
}

#[test]
fn a_description_that_is_none_is_ignored() {
    for describe in ["[1]", "{", r#"{"a":7,"b":{"input":9}}"#] {
        assert_eq!(placed(&[("a", "1")], describe)[1], "value c-a-1", "{describe}");
    }
}

#[test]
fn an_unknown_device_has_no_page() {
    assert_eq!(Library::built_in().device_page("nobody", &StillScene::default()), None);
}

#[test]
fn commands_and_books_are_there_before_any_script_runs() {
    let gaps = vec![GapsData { reason: "overflow".to_owned(), gaps: 2, messages: 12 }];
    let ledger = LedgerData { received: 7, committed: 7, skipped: 12, gaps, ..LedgerData::default() };
    let known = DeviceData { ledger, contested: Some(NOW), ..device("d-1", &[("a", "1")], "") };
    let command = CommandData {
        id: "c-1".to_owned(),
        by: "ada".to_owned(),
        created: NOW,
        channel: "fan".to_owned(),
        value: "\"<b>\"".to_owned(),
        state: "failed".to_owned(),
        reason: Some("valve stuck".to_owned()),
    };
    let gap = GapData { messages: 12, reason: "overflow".to_owned(), at: NOW };
    let scene = StillScene {
        now_ms: NOW,
        devices: [("d-1".to_owned(), known)].into(),
        commands: [("d-1".to_owned(), vec![command])].into(),
        gaps: [("d-1".to_owned(), vec![gap])].into(),
        ..StillScene::default()
    };
    let html = Library::built_in().device_page("d-1", &scene).expect("the device is known").html;
    for said in [
        "<td data-part=\"who\">ada</td>",
        "&lt;b&gt;",
        ">Failed<",
        "valve stuck",
        "12 lost in 2 gaps",
        "The books balance",
        "12 messages lost (overflow)",
        "More than one device uses this id since 2025-11-22T21:27:27.123Z",
    ] {
        assert!(html.contains(said), "{said} is not in {html}");
    }
}

#[test]
fn books_that_do_not_balance_say_so() {
    let ledger = LedgerData { received: 7, committed: 5, in_flight: 1, ..LedgerData::default() };
    let known = DeviceData { ledger, ..device("d-1", &[("a", "1")], "") };
    let scene =
        StillScene { now_ms: NOW, devices: [("d-1".to_owned(), known)].into(), ..StillScene::default() };
    let html = Library::built_in().device_page("d-1", &scene).expect("the device is known").html;
    assert!(
        html.contains("The books do not balance: 7 received are not 5 committed and 1 on their way."),
        "{html}"
    );
}

#[test]
fn a_storage_that_failed_is_said_on_every_page_and_otherwise_nothing_is() {
    let mut scene = StillScene { now_ms: NOW, ..StillScene::default() };
    let library = Library::built_in();
    let pages = |scene: &StillScene| {
        let message = library.message_page("/x", "Nothing here", "Nothing.", scene).html;
        [library.view_page("devices", scene).expect("built in").html, message]
    };
    for page in pages(&scene) {
        assert!(
            page.contains("data-role=\"storage\" role=\"status\" aria-live=\"assertive\" hidden>"),
            "{page}"
        );
    }
    scene.storage = Some(StorageFailure { since: NOW, reason: "disk full <1>".to_owned() });
    for page in pages(&scene) {
        let said = "The hub cannot write to its disk since <time datetime=\"2025-11-22T21:27:27.123Z\">";
        assert!(page.contains(said) && page.contains("disk full &lt;1&gt;"), "{page}");
        assert!(!page.contains("aria-live=\"assertive\" hidden"), "{page}");
    }
}
