//! What a panel may, and when it follows that it is another: the generated cases of all of that stand in `rights`.

use super::*;
use crate::auth::{Person, Rule, Scope, Scopes, limits::LOGIN_LIFE_MS};
use crate::limits::PANEL_HEARTBEAT_SECONDS;

/// Makes a person who may this with the devices of these patterns, or changes what they may.
pub(super) fn may(hub: &Hub, scopes: &[Scope], devices: &[&str]) -> Grant {
    let devices = devices.iter().map(|pattern| Box::from(*pattern)).collect();
    let rules = vec![Rule { scopes: Scopes::of(scopes), devices, views: Vec::new() }];
    let (password, groups) = ("none".into(), Vec::new());
    hub.auth().put_person("ada", Person { password, groups, rules, created: 0, password_set: 0 });
    hub.auth().of_person("ada").expect("just made")
}

#[tokio::test]
async fn an_idle_panel_is_woken_when_rights_change_and_follows_them_both_ways() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    for id in ["tank-1", "tank-2"] {
        hub.create_device(&admin, id).await.expect("free");
    }
    let ada = may(&hub, &[Scope::View], &["tank-1"]);
    let mut panel = Driven::welcomed(&hub, &ada);
    panel.say(r#"{"watch":["tank-1","tank-2"]}"#);
    let (messages, _) = panel.all().await;
    let known = |messages: &[Value], id: &str| {
        let snapshots = messages.iter().filter(|message| message["snapshot"] == id);
        snapshots.map(|snapshot| snapshot["known"].as_bool()).next_back().flatten()
    };
    assert_eq!((known(&messages, "tank-1"), known(&messages, "tank-2")), (Some(true), Some(false)));
    assert!(messages.contains(&serde_json::json!({ "device": "tank-1", "may": ["view"] })));
    while panel.woken.try_recv().is_ok() {}

    may(&hub, &[Scope::View, Scope::Command], &["tank-2"]);
    panel.woken.recv().await.expect("it is woken");
    let (messages, _) = panel.all().await;
    assert!(messages.contains(&serde_json::json!({ "removed": "tank-1" })));
    assert_eq!((known(&messages, "tank-1"), known(&messages, "tank-2")), (Some(false), Some(true)));
    assert!(messages.contains(&serde_json::json!({ "scopes": ["view", "command"] })));
    assert!(messages.contains(&serde_json::json!({ "device": "tank-2", "may": ["view", "command"] })));
    send(&hub, "tank-1", "level", short(1)).await;
    assert!(panel.frames().is_empty());
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn whoever_may_everything_is_told_nothing_of_rights_and_keeps_nothing_for_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    hub.create_device(&admin, "tank-1").await.expect("free");
    let mut panel = Driven::welcomed(&hub, &admin);
    panel.say(r#"{"watch":["tank-1"]}"#);
    assert_eq!(panel.all().await.0.len(), 1);
    // Somebody else's rights are no news to it.
    may(&hub, &[Scope::View], &["*"]);
    assert!(panel.frames().is_empty() && panel.panel.is_idle());
    drop(panel);
    stop(hub).await;
}

#[tokio::test]
async fn a_panel_whose_login_has_run_out_is_closed_at_its_next_heartbeat() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    let (_, login) = hub.auth().login(admin, hub.now().wall - LOGIN_LIFE_MS);
    let mut panel = Driven::open(&hub, Some(&login));
    panel.panel.has_looked();
    assert!(panel.frame().contains("\"welcome\""), "when it was opened it had not");
    panel.panel.age(PANEL_HEARTBEAT_SECONDS * 1_000);
    panel.panel.timeout();
    assert!(matches!(panel.frames()[..], [Said::Close(4401)]));
    drop(panel);
    stop(hub).await;
}
