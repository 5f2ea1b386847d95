//! A panel's socket: how it begins, what keeps it, and how it ends.

use super::*;
use crate::limits::{
    PANEL_AUTHENTICATE_SECONDS_MAX, PANEL_FRAME_BYTES_MAX, PANEL_HEARTBEAT_SECONDS, PANELS_EACH_MAX,
    PANELS_MAX,
};

fn authenticate(hub: &Hub, admin: &Grant) -> Value {
    let ticket = hub.auth().ticket(admin, hub.now().wall);
    serde_json::json!({ "authenticate": ticket, "page": "/devices/tank-1" })
}

impl Driven {
    /// How it ends; it says nothing else, and hears nothing more.
    fn closing(&mut self) -> u16 {
        assert!(self.panel.is_over() && !self.panel.reads());
        match self.frames()[..] {
            [Said::Close(code)] => code,
            ref other => panic!("no close frame: {other:?}"),
        }
    }
}

#[tokio::test]
async fn it_begins_with_a_ticket_that_counts_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let (mut panel, mut second) = (Driven::open(&hub, None), Driven::open(&hub, None));
    assert!(panel.frames().is_empty() && hub.every_panel().is_empty(), "nobody knows who it is");
    let ticket = authenticate(&hub, &admin);
    panel.say("");
    panel.say(&ticket);
    let welcome: Value = serde_json::from_str(&panel.frame()).expect("JSON");
    assert_eq!((&welcome["welcome"], &welcome["user"]), (&"p1".into(), &"admin".into()));
    let listed = &hub.every_panel()[0];
    assert_eq!((&*listed.id, &*listed.page, &*listed.address), ("p1", "/devices/tank-1", "127.0.0.1:4711"));
    second.say(&ticket);
    assert_eq!(second.closing(), 4401);
    drop((panel, second));
    stop(hub).await;
}

#[tokio::test]
async fn the_first_frame_and_what_comes_with_it_are_answered_in_one_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::open(&hub, None);
    let mut bytes = websocket::again(&authenticate(&hub, &admin).to_string());
    bytes.extend(websocket::again(r#"{"watch":["nobody"]}"#));
    panel.panel.read(&mut bytes);
    let frames = panel.frames();
    assert!(matches!(&frames[..], [Said::Text(welcome), Said::Text(snapshot)]
        if welcome.contains("\"welcome\"") && snapshot.contains("\"known\":false")));
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn whoever_says_something_else_first_or_nothing_in_time_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _) = open(folder.path());
    for first in ["nonsense", "[]", r#"{"watch":["tank-1"]}"#, r#"{"authenticate":"wrong"}"#] {
        let mut panel = Driven::open(&hub, None);
        panel.say(first);
        assert_eq!(panel.closing(), 4401, "{first}");
    }
    let mut binary = Driven::open(&hub, None);
    binary.panel.read(&mut [0x82, 0x80, 0, 0, 0, 0]);
    assert_eq!(binary.closing(), 4401);
    let mut silent = Driven::open(&hub, None);
    silent.say("");
    silent.panel.timeout();
    assert!(!silent.panel.is_over());
    silent.panel.age(PANEL_AUTHENTICATE_SECONDS_MAX * 1_000);
    silent.panel.timeout();
    assert_eq!(silent.closing(), 4401);
    drop((binary, silent));
    stop(hub).await;
}

#[tokio::test]
async fn it_beats_and_whoever_is_silent_for_two_heartbeats_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::welcomed(&hub, &admin);
    panel.panel.timeout();
    assert!(panel.frames().is_empty(), "it is not time");
    panel.panel.age(PANEL_HEARTBEAT_SECONDS * 1_000);
    panel.panel.timeout();
    assert_eq!(panel.frames(), [Said::Text(String::new())]);
    panel.panel.age(PANEL_HEARTBEAT_SECONDS * 1_000);
    // Whatever it says counts.
    panel.say("");
    panel.panel.timeout();
    assert_eq!(panel.frames(), [Said::Text(String::new())]);
    panel.panel.age(2 * PANEL_HEARTBEAT_SECONDS * 1_000);
    panel.panel.timeout();
    assert_eq!(panel.closing(), 4408);
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn silence_does_not_count_while_it_may_not_be_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::welcomed(&hub, &admin);
    // Its answers find no room on its socket: nothing is asked of the endpoint.
    panel.say(r#"{"watch":["nobody"]}"#);
    panel.panel.age(3 * PANEL_HEARTBEAT_SECONDS * 1_000);
    panel.panel.timeout();
    assert!(!panel.panel.is_over());
    assert_eq!(panel.frames().len(), 2, "a heartbeat and the answer");
    panel.panel.timeout();
    assert!(!panel.panel.is_over(), "from here on it counts again");
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn what_is_no_conversation_is_closed_with_its_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let too_long = (PANEL_FRAME_BYTES_MAX as u64 + 1).to_be_bytes();
    let long = [&[0x81, 0xff][..], &too_long, &[0; 4]].concat();
    for (bytes, code) in [(&long[..], 1009), (&[0x81, 0], 1002), (&[0x88, 0x80, 0, 0, 0, 0], 1000)] {
        let mut panel = Driven::welcomed(&hub, &admin);
        panel.panel.read(&mut bytes.to_vec());
        assert_eq!(panel.closing(), code);
    }
    let mut gone = Driven::welcomed(&hub, &admin);
    gone.panel.read_closed();
    assert!(gone.panel.is_over() && gone.frames().is_empty());
    drop(gone);
    stop(hub).await;
}

#[tokio::test]
async fn a_ping_is_answered_and_binary_messages_mean_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::welcomed(&hub, &admin);
    panel
        .panel
        .read(&mut [0x89, 0x82, 0, 0, 0, 0, b'h', b'i', 0x82, 0x80, 0, 0, 0, 0, 0x8a, 0x80, 0, 0, 0, 0]);
    assert_eq!(panel.frames(), [Said::Pong(b"hi".into())]);
    assert!(panel.frames().is_empty());
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn every_panel_is_told_of_the_storage_and_one_that_comes_only_while_it_has_failed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::welcomed(&hub, &admin);
    hub.storage_failed("no space left");
    panel.woken.recv().await.expect("it is woken");
    assert!(panel.frame().starts_with(r#"{"reason":"no space left","since":"#));
    let mut second = Driven::open(&hub, Some(&admin));
    assert!(matches!(&second.frames()[..], [Said::Text(_), Said::Text(told)] if told.contains("failed")));
    hub.storage_recovered();
    for panel in [&mut panel, &mut second] {
        panel.woken.recv().await.expect("it is woken");
        assert_eq!(panel.frame(), r#"{"storage":"ok"}"#);
    }
    drop((panel, second));
    Driven::welcomed(&hub, &admin);
    stop(hub).await;
}

#[tokio::test]
async fn every_panel_is_told_what_was_swapped_and_one_that_comes_later_has_it_in_its_welcome() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::welcomed(&hub, &admin);
    for message in [r#"{"swap":{"library":"a"}}"#, r#"{"swap":{"library":"b"}}"#] {
        hub.panels.swapped(message.to_owned());
    }
    panel.woken.recv().await.expect("it is woken");
    assert_eq!(panel.frame(), r#"{"swap":{"library":"b"}}"#, "the newest says all");
    assert!(panel.frames().is_empty());
    let mut second = Driven::open(&hub, Some(&admin));
    let welcome: Value = serde_json::from_str(&second.frame()).expect("JSON");
    assert_eq!(welcome["library"], hub.views().print());
    drop((panel, second));
    stop(hub).await;
}

#[tokio::test]
async fn every_panel_is_told_how_the_configuration_stands_and_one_that_comes_unless_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut panel = Driven::welcomed(&hub, &admin);
    let wrong = || crate::Configuration::Wrong { place: "a.toml:1:2".into(), what: "Not so.".into() };
    hub.configured(wrong());
    panel.woken.recv().await.expect("it is woken");
    let told = r#"{"configuration":"wrong","place":"a.toml:1:2","what":"Not so."}"#;
    assert_eq!(panel.frame(), told);
    hub.configured(wrong());
    assert!(panel.frames().is_empty(), "it knows");
    let mut second = Driven::open(&hub, Some(&admin));
    assert!(matches!(&second.frames()[..], [Said::Text(_), Said::Text(again)] if again == told));
    hub.configured(crate::Configuration::Restart { keys: vec!["http".into()] });
    hub.configured(crate::Configuration::Holds);
    for panel in [&mut panel, &mut second] {
        panel.woken.recv().await.expect("it is woken");
        assert_eq!(panel.frame(), r#"{"configuration":"holds"}"#);
    }
    Driven::welcomed(&hub, &admin);
    drop((panel, second));
    stop(hub).await;
}

#[tokio::test]
async fn a_hub_that_stops_says_so_to_all_and_waits_until_they_have_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let (mut panel, mut opening) = (Driven::welcomed(&hub, &admin), Driven::open(&hub, None));
    let stopping = tokio::spawn(stop(hub.clone()));
    for panel in [&mut panel, &mut opening] {
        panel.woken.recv().await.expect("it is woken");
        panel.panel.woken();
        assert_eq!(panel.closing(), 1001);
    }
    let remote = panel.panel.remote().clone();
    drop((panel, opening));
    stopping.await.expect("it stops");
    assert!(hub.every_panel().is_empty());
    let late = Panel::open(&hub, peer(Some(&admin)), remote);
    assert!(late.is_over());
}

#[tokio::test]
async fn sockets_count_before_they_authenticate_and_one_too_many_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let mut first = Driven::open(&hub, None);
    let remote: Remote = first.panel.remote().clone();
    let one = || Panel::open(&hub, peer(Some(&admin)), remote.clone());
    let mut panels: Vec<Panel> = (1..PANELS_MAX).map(|_| one()).collect();
    let mut full = Driven { panel: one(), woken: mpsc::unbounded_channel().1 };
    assert_eq!(full.closing(), 4503);
    panels.truncate(PANELS_MAX / 2);
    assert!(!one().is_over());
    first.say(authenticate(&hub, &admin));
    assert!(first.frame().contains("\"welcome\":\"p1\""));
    drop((first, panels, full));
    stop(hub).await;
}

#[tokio::test]
async fn one_person_cannot_take_the_places_of_all_panels() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let ada = rights::may(&hub, &[crate::auth::Scope::View], &["*"]);
    let mut opening = Driven::open(&hub, None);
    let remote: Remote = opening.panel.remote().clone();
    let one = |grant: &Grant| Driven {
        panel: Panel::open(&hub, peer(Some(grant)), remote.clone()),
        woken: mpsc::unbounded_channel().1,
    };
    let panels: Vec<Driven> = (0..PANELS_EACH_MAX).map(|_| one(&ada)).collect();
    assert_eq!(one(&ada).closing(), 4503);
    opening.say(authenticate(&hub, &ada));
    assert_eq!(opening.closing(), 4503);
    assert!(!one(&admin).panel.is_over());
    drop((opening, panels));
    stop(hub).await;
}
