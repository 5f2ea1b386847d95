//! What a panel watches: when it is told, how, and that its books are exact.

use super::*;
use router::limits::{TAIL_MESSAGES_MAX, WATCHED_TAIL_MESSAGES_MAX};

/// A hub with devices, of which a panel has the snapshots.
async fn watching(folder: &Path, ids: &[&str]) -> (Arc<Hub>, Grant, Driven) {
    let (hub, admin) = open(folder);
    for id in ids {
        hub.create_device(&admin, id).await.expect("free");
    }
    let panel = watches(&hub, &admin, ids).await;
    (hub, admin, panel)
}

async fn watches(hub: &Arc<Hub>, admin: &Grant, ids: &[&str]) -> Driven {
    let mut panel = Driven::welcomed(hub, admin);
    panel.say(serde_json::json!({ "watch": ids }));
    let (messages, _) = panel.all().await;
    assert_eq!(messages.len(), ids.len());
    panel
}

#[tokio::test]
async fn what_a_browser_asks_is_answered_in_the_same_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    hub.create_device(&admin, "tank-1").await.expect("free");
    let mut panel = Driven::welcomed(&hub, &admin);
    panel.say(r#"{"watch":["tank-1"]}"#);
    assert!(panel.frame().starts_with("{\"snapshot\":\"tank-1\""));
    panel.say(r#"{"ledger":"tank-1"}"#);
    assert!(panel.frame().starts_with("{\"device\":\"tank-1\",\"ledger\":"));
    panel.say(r#"[{"ledger":"tank-1"},{"watch":["nobody"]}]"#);
    assert!(panel.frame().contains("},{\"snapshot\":\"nobody\""), "in the order asked");
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn panels_with_equal_cursors_are_written_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin, mut first) = watching(folder.path(), &["tank-1"]).await;
    let mut second = watches(&hub, &admin, &["tank-1"]).await;
    for n in 0..40 {
        send(&hub, "tank-1", "level", short(n)).await;
    }
    first.woken.recv().await.expect("it is woken");
    second.woken.recv().await.expect("it is woken");
    let (first_pieces, second_pieces) = (first.pieces(), second.pieces());
    assert_eq!(first_pieces, second_pieces);
    let longest =
        |pieces: &[Bytes]| pieces.iter().max_by_key(|piece| piece.len()).map(|piece| piece.as_ptr());
    assert_eq!(longest(&first_pieces), longest(&second_pieces), "encoded, joined and held once");
    drop((first, second));
    stop(hub).await;
}

#[tokio::test]
async fn a_panel_that_does_not_read_is_woken_once_and_its_books_stay_exact() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, mut panel) = watching(folder.path(), &["tank-1"]).await;
    while panel.woken.try_recv().is_ok() {}
    let sent = WATCHED_TAIL_MESSAGES_MAX as u64 + 300;
    for n in 0..sent as usize {
        send(&hub, "tank-1", if n % 2 == 0 { "level" } else { "flow" }, short(n)).await;
    }
    panel.woken.recv().await.expect("it is woken");
    assert!(panel.woken.try_recv().is_err(), "it was marked all the time");
    let (messages, _) = panel.all().await;
    let (received, skipped, last) = books(&messages);
    assert_eq!((received + skipped, last), (sent, sent));
    assert!(skipped > 0, "it fell behind the tail");
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn a_device_keeps_more_while_a_panel_watches_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, mut panel) = watching(folder.path(), &["tank-1"]).await;
    let sent = WATCHED_TAIL_MESSAGES_MAX as u64;
    for n in 0..sent as usize {
        send(&hub, "tank-1", "level", short(n)).await;
    }
    let (messages, _) = panel.all().await;
    assert_eq!(books(&messages), (sent, 0, sent));
    // As long as one watches.
    panel.say(r#"{"unwatch":["tank-1"]}"#);
    assert!(panel.frames().is_empty());
    let kept = TAIL_MESSAGES_MAX as u64;
    let cell = hub.registry.by_id("tank-1").expect("made");
    let step = |cursor: u64| {
        let device = &mut cell.lock().device;
        device.catch_up(&mut device.resume_watch(cursor), &mut Vec::new())
    };
    assert_eq!(step(sent - kept), router::Step::Done);
    assert!(matches!(step(sent - kept - 1), router::Step::Read { .. }));
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn what_is_marked_while_frames_leave_has_the_panel_asked_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, mut panel) = watching(folder.path(), &["tank-1", "tank-2", "tank-3"]).await;
    // Two that fill a frame each.
    send(&hub, "tank-1", "c", long(1)).await;
    send(&hub, "tank-2", "c", long(1)).await;
    panel.woken.recv().await.expect("it is woken");
    assert!(!panel.frame().contains("tank-2"));
    panel.woken.recv().await.expect("there is more");
    // While the first leaves, a third device says something; while the second does, it says more.
    send(&hub, "tank-3", "c", RawValue::from_string("\"early\"".into()).expect("JSON")).await;
    assert!(!panel.frame().contains("tank-3"));
    send(&hub, "tank-3", "c", RawValue::from_string("\"late\"".into()).expect("JSON")).await;
    panel.woken.recv().await.expect("there is more");
    let rest = panel.frame();
    assert!(rest.contains("\"early\"") && rest.contains("\"late\""), "{rest}");
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn a_device_that_is_removed_and_made_anew_is_watched_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin, mut panel) = watching(folder.path(), &["tank-1", "tank-2"]).await;
    panel.say(r#"{"watch":["nobody"]}"#);
    panel.all().await;
    // Before the panel looks.
    hub.remove_device(&admin, "tank-1").expect("it was there");
    hub.create_device(&admin, "tank-1").await.expect("free");
    hub.create_device(&admin, "nobody").await.expect("free");
    let (messages, _) = panel.all().await;
    let of = |kind: &str, id: &str| messages.iter().filter(|message| message[kind] == id).count();
    assert_eq!((of("removed", "tank-1"), of("snapshot", "tank-1"), of("snapshot", "nobody")), (1, 2, 1));
    assert_eq!(hub.every_panel()[0].devices, ["nobody", "tank-1", "tank-2"]);
    send(&hub, "tank-1", "c", short(1)).await;
    assert!(panel.frame().contains("\"cursor\":1"));
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn a_new_command_is_decided_in_the_turn_that_brings_it_and_a_repeated_one_is_looked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store::Options { durability: store::Durability::Memory, ..store::Options::default() };
    let hub =
        Hub::open(folder.path(), Settings { store, ..Settings::default() }).expect("the folder is ours");
    let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
    hub.create_device(&admin, "tank-1").await.expect("free");
    let reading = Arc::downgrade(&hub);
    tokio::task::spawn_blocking(move || Hub::read_known(reading)).await.expect("it is read");
    let mut panel = Driven::welcomed(&hub, &admin);
    let command =
        |id: &str| serde_json::json!({ "command": id, "device": "tank-1", "channel": "fan", "value": 1 });
    // More than a device remembers: of the first only the store knows. So many may be asked for at once.
    for n in 0..=router::limits::COMMANDS_SETTLED_MAX {
        panel.say(command(&format!("c{n}")));
        assert!(panel.frame().contains("\"reason\":\"offline\""));
        assert!(panel.panel.reads());
    }
    panel.say(command("c0"));
    assert!(!panel.panel.reads(), "nothing is heard before it has its answer");
    let (messages, _) = panel.all().await;
    assert_eq!((&messages[0]["command"], &messages[0]["reason"]), (&"c0".into(), &"offline".into()));
    assert!(panel.panel.reads());
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn whoever_commands_hears_nothing_of_it_twice_and_is_heard_again_afterwards() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, mut panel) = watching(folder.path(), &["tank-1"]).await;
    let command = |device: &str| serde_json::json!({ "command": "c1", "device": device, "channel": "fan", "value": 1, "intent": "queue" });
    panel.say(command("tank-1"));
    panel.say(command("nobody"));
    let mut receipts = Vec::new();
    while receipts.len() < 2 {
        receipts.extend(panel.all().await.0);
        if receipts.len() < 2 {
            panel.woken.recv().await.expect("it is woken");
        }
    }
    receipts.sort_by_key(|receipt| receipt["device"] == "tank-1");
    assert_eq!((&receipts[0]["state"], &receipts[0]["reason"]), (&"refused".into(), &"bad".into()));
    assert_eq!((&receipts[1]["state"], receipts.len()), (&"queued".into(), 2));
    assert!(panel.panel.reads());
    drop(panel);
    stop(hub).await;
}
