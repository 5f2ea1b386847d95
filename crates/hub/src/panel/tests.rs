//! What waits for one panel is bounded, whatever it watches and asks: each frame holds what it may and no more, and nothing
//! is gathered beside it.

use super::Waker;
use super::watching::Watching;
use crate::auth::Grant;
use crate::limits::{PANEL_BATCH_BYTES_MAX, PANEL_NAMES_MAX, PANEL_WAITING_BYTES_MAX};
use crate::{CommandRequest, Hub, Settings};
use protocol::id::DeviceId;
use protocol::message::{Sample, Samples};
use router::limits::{DEVICE_LATEST_BYTES_MAX, TAIL_MESSAGES_MAX};
use router::{Device, Identity};
use serde_json::Value;
use serde_json::value::RawValue;
use std::path::Path;
use std::sync::Arc;

/// About as much as a message holds.
const LONG: usize = 60_000;

fn open(folder: &Path) -> (Arc<Hub>, Grant) {
    let hub = Hub::open(folder, Settings::default()).expect("the folder is ours");
    let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
    (hub, admin)
}

async fn stop(hub: Arc<Hub>) {
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

fn panel(hub: &Arc<Hub>, grant: &Grant) -> Watching {
    Watching::new(hub.clone(), grant.clone(), Arc::<Waker>::default())
}

fn long(n: usize) -> Box<RawValue> {
    RawValue::from_string(format!("\"{n} {}\"", "x".repeat(LONG))).expect("JSON")
}

async fn send(hub: &Arc<Hub>, device: &str, channel: String, value: Box<RawValue>) {
    let samples = vec![Sample { channel: channel.into(), value }];
    let message = Samples { seq: None, ts: None, samples, outbox: None };
    hub.take_samples(device, message).await.expect("taken over");
}

/// All messages that a panel is given until it has everything, and the length of each frame.
async fn all(watching: &mut Watching) -> (Vec<Value>, Vec<usize>) {
    let (mut messages, mut lengths) = (Vec::new(), Vec::new());
    while let Some(frame) = watching.next_frame().await {
        lengths.push(frame.len());
        match serde_json::from_str(&frame).expect("JSON") {
            Value::Array(several) => messages.extend(several),
            one => messages.push(one),
        }
    }
    (messages, lengths)
}

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
    let mut watching = panel(&hub, &admin);
    watching.hear(&serde_json::json!({ "watch": ids }).to_string());
    let (messages, lengths) = all(&mut watching).await;
    assert_eq!(messages.iter().filter(|message| message.get("snapshot").is_some()).count(), ids.len());
    let most = lengths.iter().max().copied().expect("frames");
    assert!(most >= 8 * LONG, "they are large: {most}");
    assert!(most <= 8 * (LONG + 100) + PANEL_BATCH_BYTES_MAX, "no frame holds two of them: {most}");
    assert!(most <= DEVICE_LATEST_BYTES_MAX + PANEL_WAITING_BYTES_MAX);
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
        assert_eq!(hub.command(&admin, request).await.expect("decided").state, crate::CommandState::Queued);
    }
    // One that begins, and one that comes back.
    let head = hub.registry.by_id("tank-1").expect("made").lock().device.committed();
    let resume = serde_json::json!({ "watch": ["tank-1"], "log": hub.log(), "after": { "tank-1": head } });
    for watch in [serde_json::json!({ "watch": ["tank-1"] }), resume] {
        let mut watching = panel(&hub, &admin);
        watching.hear(&watch.to_string());
        let (messages, lengths) = all(&mut watching).await;
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
    let sent = TAIL_MESSAGES_MAX + 40;
    for n in 0..sent {
        let value = if n % 3 == 0 { long(n) } else { RawValue::from_string(n.to_string()).expect("JSON") };
        send(&hub, "tank-1", "level".to_owned(), value).await;
    }
    let log = hub.log().to_owned();
    stop(hub).await;
    let (hub, admin) = open(folder.path());
    let mut watching = panel(&hub, &admin);
    watching
        .hear(&serde_json::json!({ "watch": ["tank-1"], "log": log, "after": { "tank-1": 1 } }).to_string());
    let (messages, lengths) = all(&mut watching).await;
    let cursors: Vec<u64> = messages.iter().filter_map(|message| message["cursor"].as_u64()).collect();
    assert_eq!(cursors, (2..=sent as u64).collect::<Vec<_>>());
    assert!(messages.iter().all(|message| message.get("skipped").is_none()));
    assert!(lengths.iter().all(|length| *length <= PANEL_WAITING_BYTES_MAX), "{lengths:?}");
    stop(hub).await;
}

#[tokio::test]
async fn a_browser_that_names_many_devices_is_not_heard_until_it_has_its_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut watching = panel(&hub, &admin);
    let names = |count: usize| -> Vec<String> { (0..count).map(|n| format!("nobody-{n}")).collect() };
    watching.hear(&serde_json::json!({ "watch": names(PANEL_NAMES_MAX + 1) }).to_string());
    let (messages, _) = all(&mut watching).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["error"]["code"], "too_many");
    watching.hear(&serde_json::json!({ "watch": names(PANEL_NAMES_MAX) }).to_string());
    assert!(!watching.may_hear());
    let (messages, lengths) = all(&mut watching).await;
    assert!(watching.may_hear());
    assert_eq!(messages.len(), PANEL_NAMES_MAX);
    assert!(lengths.len() > 1 && lengths.iter().all(|length| *length <= 2 * PANEL_BATCH_BYTES_MAX));
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
            name: None,
            token: None,
            joined: false,
            confirmed: false,
            created: 0,
            stored: true,
        };
        assert!(hub.registry.add(Device::new(identity, 0)).is_ok());
    }
    let mut watching = panel(&hub, &admin);
    watching.hear(r#"{"watch_devices":true}"#);
    let (messages, lengths) = all(&mut watching).await;
    let begin = messages[0]["devices"].as_array().expect("the list comes first");
    let mut ids: Vec<&str> = begin.iter().filter_map(|device| device["id"].as_str()).collect();
    ids.extend(messages[1..].iter().filter_map(|patch| patch["device"].as_str()));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), begin.len() + messages.len() - 1), (many, many));
    assert!(lengths.iter().all(|length| *length <= 2 * PANEL_BATCH_BYTES_MAX), "{lengths:?}");
    stop(hub).await;
}

/// What a panel is given while it is awake: like its task, it looks only when it is woken.
async fn all_while_awake(watching: &mut Watching) -> String {
    let mut frames = String::new();
    while poll_once(watching.woken()).await {
        frames.extend(watching.next_frame().await);
    }
    frames
}

/// Whether it is ready now. What one task marks wakes another at once, so that nothing has to be waited for.
async fn poll_once(future: impl Future<Output = ()>) -> bool {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_ready())).await
}

#[tokio::test]
async fn what_is_marked_while_frames_leave_wakes_the_panel_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    for id in ["tank-1", "tank-2", "tank-3"] {
        hub.create_device(&admin, id).await.expect("free");
    }
    let mut watching = panel(&hub, &admin);
    watching.hear(&serde_json::json!({ "watch": ["tank-1", "tank-2", "tank-3"] }).to_string());
    watching.next_frame().await;
    all_while_awake(&mut watching).await;
    // Two that fill a frame each.
    send(&hub, "tank-1", "c".to_owned(), long(1)).await;
    send(&hub, "tank-2", "c".to_owned(), long(1)).await;
    assert!(poll_once(watching.woken()).await);
    assert!(watching.next_frame().await.is_some_and(|frame| !frame.contains("tank-2")));
    // While the first leaves, a third device says something; while the second does, it says more.
    send(&hub, "tank-3", "c".to_owned(), RawValue::from_string("\"early\"".into()).expect("JSON")).await;
    assert!(poll_once(watching.woken()).await);
    assert!(watching.next_frame().await.is_some_and(|frame| !frame.contains("tank-3")));
    send(&hub, "tank-3", "c".to_owned(), RawValue::from_string("\"late\"".into()).expect("JSON")).await;
    let rest = all_while_awake(&mut watching).await;
    assert!(rest.contains("\"early\"") && rest.contains("\"late\""), "{rest}");
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
    let waker = Arc::<Waker>::default();
    let mut watching = Watching::new(hub.clone(), admin, waker.clone());
    for _ in 0..20 {
        watching.hear(r#"[{"watch":["tank-1","tank-2"]},{"watch_devices":true},{"unwatch":["tank-2"]}]"#);
        assert!(watching.next_frame().await.is_some());
        assert!(waker.dirty().len() <= 3, "{:?}", waker.dirty());
    }
    stop(hub).await;
}
