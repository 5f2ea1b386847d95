//! What a panel asks of devices that sleep is answered once they are awake, in the order in which it asked, and its event loop
//! never reads the store for it.

use super::*;
use crate::limits::PANEL_WAKES_AT_ONCE;
use protocol::id::DeviceId;
use router::{Device, Identity};

/// A hub with so many devices that sleep.
async fn with_sleepers(folder: &Path, count: usize) -> (Arc<Hub>, Grant) {
    let (hub, _) = open(folder);
    for n in 0..count {
        let identity = Identity {
            key: hub.registry.next_key(),
            id: DeviceId::parse(&format!("tank-{n}")).expect("valid"),
            called: None,
            token: None,
            previous: None,
            joined: false,
            confirmed: true,
            created: 0,
            stored: false,
        };
        let Ok(cell) = hub.registry.add(Device::new(identity, 0)) else { panic!("it is new") };
        hub.with(&cell, |inner, effects| inner.device.keep(effects));
    }
    stop(hub).await;
    let (hub, admin) = open(folder);
    assert_eq!(hub.registry.asleep().0, count);
    (hub, admin)
}

#[tokio::test]
async fn a_panel_hears_and_says_nothing_until_what_it_watches_is_awake() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = with_sleepers(folder.path(), 1).await;
    let mut panel = Driven::welcomed(&hub, &admin);
    let taken = hub.waking.no_looks().await;
    panel.say(r#"[{"watch":["tank-0"]},{"watch":["nobody"]}]"#);
    assert!(panel.frames().is_empty() && !panel.panel.reads());
    assert_eq!(hub.registry.awake().len(), 0);
    drop(taken);
    let (messages, _) = panel.all().await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!((hub.registry.awake().len(), panel.panel.reads()), (1, true));
    // Awake it is answered at once.
    panel.say(r#"{"ledger":"tank-0"}"#);
    assert!(panel.frame().contains("\"ledger\""));
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn many_that_sleep_are_woken_a_piece_at_a_time_and_each_is_shown_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let many = 2 * PANEL_WAKES_AT_ONCE + 50;
    let (hub, admin) = with_sleepers(folder.path(), many).await;
    let mut panel = Driven::welcomed(&hub, &admin);
    let ids: Vec<String> = (0..many).map(|n| format!("tank-{n}")).collect();
    panel.say(serde_json::json!({ "watch": ids }));
    assert!(!panel.panel.reads());
    while hub.registry.awake().len() < PANEL_WAKES_AT_ONCE {
        tokio::task::yield_now().await;
    }
    // While all its places are taken nobody is waking more: whole pieces are awake, however many by now.
    let taken = hub.waking.no_looks().await;
    let awake = hub.registry.awake().len();
    assert!(awake == many || awake % PANEL_WAKES_AT_ONCE == 0, "{awake} are awake");
    drop(taken);
    let (messages, _) = panel.all().await;
    let mut shown: Vec<&str> = messages.iter().filter_map(|message| message["snapshot"].as_str()).collect();
    assert_eq!((shown.len(), hub.registry.asleep().0), (many, 0));
    shown.sort_unstable();
    shown.dedup();
    assert_eq!(shown.len(), many);
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn books_and_commands_of_a_device_that_sleeps_are_answered_and_a_cancel_wakes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = with_sleepers(folder.path(), 2).await;
    let mut panel = Driven::welcomed(&hub, &admin);
    panel.say(r#"{"cancel":"c0","device":"tank-0"}"#);
    assert!(panel.frames().is_empty() && hub.registry.awake().is_empty());
    panel.say(r#"{"ledger":"tank-0"}"#);
    let (messages, _) = panel.all().await;
    assert_eq!((messages.len(), &messages[0]["device"]), (1, &Value::from("tank-0")));
    panel.say(
        r#"{"command":"c1","device":"tank-1","channel":"valve","value":1,"intent":"queue","ttl":60000}"#,
    );
    let (messages, _) = panel.all().await;
    assert_eq!((messages.len(), &messages[0]["state"]), (1, &Value::from("queued")), "{messages:?}");
    assert_eq!(hub.registry.awake().len(), 2);
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn a_panel_that_goes_while_devices_wake_for_it_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = with_sleepers(folder.path(), 1).await;
    let mut panel = Driven::welcomed(&hub, &admin);
    panel.say(r#"{"watch":["tank-0"]}"#);
    drop(panel);
    while hub.registry.awake().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(hub.every_panel().is_empty());
    let cell = hub.registry.awake_by_id("tank-0").expect("awake");
    assert!(cell.lock().watchers.add(), "nobody watches it");
    cell.lock().watchers = crate::panel::Watchers::default();
    stop(hub).await;
}
