//! What waits for one panel is bounded, whatever it watches and asks: each frame holds what it may and no more, and nothing
//! is gathered beside it.

use super::*;
use crate::limits::{PANEL_BATCH_BYTES_MAX, PANEL_NAMES_MAX, PANEL_WAITING_BYTES_MAX};
use crate::{CommandRequest, CommandState};
use protocol::id::DeviceId;
use router::limits::{DEVICE_LATEST_BYTES_MAX, RESUME_MESSAGES_MAX};
use router::{Device, Identity};

#[tokio::test]
async fn snapshots_of_many_large_devices_are_made_one_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let ids: Vec<String> = (0..12).map(|n| format!("tank-{n}")).collect();
    for id in &ids {
        hub.create_device(&admin, id).await.expect("free");
        for n in 0..8 {
            send(&hub, id, format!("c{n}"), long(n)).await;
        }
    }
    let mut panel = Driven::welcomed(&hub, &admin);
    panel.say(serde_json::json!({ "watch": ids }));
    let (messages, lengths) = panel.all().await;
    assert_eq!(messages.iter().filter(|message| message.get("snapshot").is_some()).count(), ids.len());
    let most = lengths.iter().max().copied().expect("frames");
    assert!(most >= 8 * LONG, "they are large: {most}");
    assert!(most <= 8 * (LONG + 100) + PANEL_BATCH_BYTES_MAX, "no frame holds two of them: {most}");
    assert!(most <= DEVICE_LATEST_BYTES_MAX + PANEL_WAITING_BYTES_MAX);
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn long_receipts_come_in_frames_that_are_bounded_and_none_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    hub.create_device(&admin, "tank-1").await.expect("free");
    let asked = protocol::limits::COMMANDS_QUEUED_MAX;
    for n in 0..asked {
        let (id, device, channel) = (format!("c{n}"), "tank-1".to_owned(), "valve".to_owned());
        let intent = Some("queue".to_owned());
        let request = CommandRequest { id, device, channel, value: long(n), intent, ttl: Some(60_000) };
        assert_eq!(hub.command(&admin, request).await.expect("decided").state, CommandState::Queued);
    }
    // One that begins, and one that comes back.
    let head = hub.registry.by_id("tank-1").expect("made").lock().device.committed();
    let resume = serde_json::json!({ "watch": ["tank-1"], "log": hub.log(), "after": { "tank-1": head } });
    for watch in [serde_json::json!({ "watch": ["tank-1"] }), resume] {
        let mut panel = Driven::welcomed(&hub, &admin);
        panel.say(&watch);
        let (messages, lengths) = panel.all().await;
        let inside = messages.iter().filter_map(|message| message["commands"].as_array()).flatten().count();
        let alone = messages.iter().filter(|message| message["state"] == "queued").count();
        assert_eq!(inside + alone, asked);
        assert!(lengths.iter().all(|length| *length <= PANEL_WAITING_BYTES_MAX), "{lengths:?}");
    }
    stop(hub).await;
}

#[tokio::test]
async fn what_a_panel_missed_comes_from_the_store_in_frames_that_are_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    hub.create_device(&admin, "tank-1").await.expect("free");
    let sent = RESUME_MESSAGES_MAX;
    for n in 0..sent {
        send(&hub, "tank-1", "level", if n % 3 == 0 { long(n) } else { short(n) }).await;
    }
    let log = hub.log().to_owned();
    stop(hub).await;
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::welcomed(&hub, &admin);
    panel.say(serde_json::json!({ "watch": ["tank-1"], "log": log, "after": { "tank-1": 1 } }));
    let (messages, lengths) = panel.all().await;
    let cursors: Vec<u64> = messages.iter().filter_map(|message| message["cursor"].as_u64()).collect();
    assert_eq!(cursors, (2..=sent as u64).collect::<Vec<_>>());
    assert!(messages.iter().all(|message| message.get("skipped").is_none()));
    assert!(lengths.iter().all(|length| *length <= PANEL_WAITING_BYTES_MAX), "{lengths:?}");
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn a_browser_that_names_many_devices_is_not_heard_until_it_has_its_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::welcomed(&hub, &admin);
    let names = |count: usize| -> Vec<String> { (0..count).map(|n| format!("nobody-{n}")).collect() };
    panel.say(serde_json::json!({ "watch": names(PANEL_NAMES_MAX + 1) }));
    let (messages, _) = panel.all().await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["error"]["code"], "too_many");
    panel.say(serde_json::json!({ "watch": names(PANEL_NAMES_MAX) }));
    assert!(!panel.panel.reads());
    assert!(!panel.frames().is_empty() && !panel.panel.reads(), "there is more than fits one frame");
    panel.woken.recv().await.expect("it comes again by itself");
    let (messages, lengths) = panel.all().await;
    assert!(panel.panel.reads());
    assert!(messages.len() > PANEL_NAMES_MAX / 2 && messages.len() < PANEL_NAMES_MAX);
    assert!(lengths.iter().all(|length| *length <= 2 * PANEL_BATCH_BYTES_MAX));
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn complaints_about_many_bad_frames_come_in_frames_that_are_bounded_and_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::welcomed(&hub, &admin);
    let many = sockets::limits::READ_BYTES / websocket::again("x").len();
    let mut bytes: Vec<u8> = (0..many).flat_map(|_| websocket::again("x")).collect();
    panel.panel.read(&mut bytes);
    panel.say(serde_json::json!({ "watch_devices": true }));
    let (messages, lengths) = panel.all().await;
    assert_eq!(messages.iter().filter(|message| message["error"]["code"] == "bad_json").count(), many);
    assert!(messages[many].get("devices").is_some());
    assert!(lengths.iter().all(|length| *length <= 2 * PANEL_BATCH_BYTES_MAX), "{lengths:?}");
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn a_long_device_list_comes_in_pieces_and_names_each_device_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let many = 3000;
    for n in 0..many {
        let identity = Identity {
            key: hub.registry.next_key(),
            id: DeviceId::parse(&format!("device-{n:05}")).expect("valid"),
            called: None,
            token: None,
            previous: None,
            joined: false,
            confirmed: false,
            created: 0,
            stored: true,
        };
        assert!(hub.registry.add(Device::new(identity, 0)).is_ok());
    }
    let mut panel = Driven::welcomed(&hub, &admin);
    panel.say(r#"{"watch_devices":true}"#);
    let (messages, lengths) = panel.all().await;
    let begin = messages[0]["devices"].as_array().expect("the list comes first");
    let mut ids: Vec<&str> = begin.iter().filter_map(|device| device["id"].as_str()).collect();
    ids.extend(messages[1..].iter().filter_map(|patch| patch["device"].as_str()));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), begin.len() + messages.len() - 1), (many, many));
    assert!(lengths.iter().all(|length| *length <= 2 * PANEL_BATCH_BYTES_MAX), "{lengths:?}");
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn a_browser_that_watches_again_and_again_leaves_no_marks_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    for id in ["tank-1", "tank-2"] {
        hub.create_device(&admin, id).await.expect("free");
        for n in 0..2 {
            send(&hub, id, format!("c{n}"), long(n)).await;
        }
    }
    let mut panel = Driven::welcomed(&hub, &admin);
    let seat: Arc<Seat> = hub.panels.seats().remove(0);
    for _ in 0..20 {
        panel.say(r#"[{"watch":["tank-1","tank-2"]},{"watch_devices":true},{"unwatch":["tank-2"]}]"#);
        assert!(!panel.frames().is_empty());
        assert!(seat.marked() <= 3, "{}", seat.marked());
    }
    drop(panel);
    stop(hub).await;
}
