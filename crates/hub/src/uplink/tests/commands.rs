//! Commands on their way through a gateway (rule U5).

use super::*;
use crate::CommandRequest;
use crate::auth::{Person, Rule, Scope, Scopes};

const OPEN: &str = r#"0 {"open":1,"device":"pump-1","connected":10,"address":"tcp 10.0.0.7:1","heartbeat":15}
    0 {"restored":true}"#;

async fn ask(hub: &Arc<Hub>, admin: &Grant, id: &str) -> &'static str {
    let value = serde_json::value::RawValue::from_string("true".into()).expect("JSON");
    let (id, device, channel) = (id.to_owned(), "pump-1".to_owned(), "fan".to_owned());
    let request = CommandRequest { id, device, channel, value, intent: None, ttl: Some(60_000) };
    hub.command(admin, request).await.expect("decided").state.as_str()
}

fn state(hub: &Hub, admin: &Grant, id: &str) -> &'static str {
    hub.receipt(&admin.sight("pump-1").expect("it may see all"), id)
        .map_or("none", |receipt| receipt.state.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn u5_a_command_is_handed_and_reported_and_handed_again_under_the_same_tag_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin, token) = with_north(folder.path()).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(OPEN);
    until(|| hub.any_device("pump-1").is_some_and(|pump| pump.presence.as_str() == "online")).await;
    assert_eq!(ask(&hub, &admin, "c1").await, "queued");
    let hand = gate.until("hand");
    assert_eq!(
        (&hand["hand"], &hand["device"], &hand["value"]),
        (&"c1".into(), &"pump-1".into(), &true.into())
    );
    gate.say(r#"0 {"outcome":"c1","device":"pump-1","by":"admin","state":"sent"}"#);
    until(|| state(&hub, &admin, "c1") == "sent").await;
    gate.say(r#"0 {"outcome":"c1","device":"pump-1","by":"admin","state":"done","value":5}"#);
    assert_eq!(gate.until("settled")["settled"], "c1");
    assert_eq!(state(&hub, &admin, "c1"), "done");

    assert_eq!(ask(&hub, &admin, "c2").await, "queued");
    gate.until("hand");
    drop(gate);
    until(|| hub.any_device("pump-1").is_some_and(|pump| pump.presence.as_str() == "unreachable")).await;
    assert_eq!(ask(&hub, &admin, "c3").await, "refused", "it is unreachable");
    stop(hub).await;

    let (hub, _) = open(folder.path());
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    assert_eq!(gate.until("hand")["hand"], "c2", "a start does not change that");
    gate.say(OPEN);
    drop(gate);
    until(|| hub.every_gateway()[0].presence == crate::Presence::Offline).await;
    let (_gate, _) = Gate::welcome(&hub, &token, "g8");
    until(|| state(&hub, &admin, "c2") == "unknown").await;
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn u5_outcomes_of_commands_that_nobody_knows_are_of_no_interest() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, token) = with_north(folder.path()).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(r#"0 {"outcome":"c9","device":"nobody","by":"admin","state":"done"}"#);
    assert_eq!(gate.until("settled")["settled"], "c9");
    gate.say(OPEN);
    gate.say(r#"0 {"outcome":"c8","device":"pump-1","by":"admin","state":"done"}"#);
    assert_eq!(gate.until("settled")["settled"], "c8");
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn u5_a_command_is_asked_back_from_the_gateway_when_whoever_asked_for_it_may_no_longer() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, token) = with_north(folder.path()).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(OPEN);
    until(|| hub.any_device("pump-1").is_some_and(|pump| pump.presence.as_str() == "online")).await;
    let may = |scopes: &[Scope]| {
        let rule = Rule { scopes: Scopes::of(scopes), devices: vec!["pump-1".into()], views: Vec::new() };
        let (password, rules) = ("none".into(), vec![rule]);
        let person = Person { password, groups: Vec::new(), rules, created: 0, password_set: 0 };
        hub.auth().put_person("ada", person);
    };
    may(&[Scope::View, Scope::Command]);
    let ada = hub.auth().of_person("ada").expect("just made");
    assert_eq!(ask(&hub, &ada, "c1").await, "queued");
    assert_eq!(gate.until("hand")["by"], "ada");
    may(&[Scope::View]);
    assert_eq!(gate.until("cancel")["cancel"], "c1");
    gate.say(r#"0 {"outcome":"c1","device":"pump-1","by":"ada","state":"cancelled"}"#);
    until(|| state(&hub, &ada, "c1") == "cancelled").await;
    assert_eq!(ask(&hub, &ada, "c2").await, "refused");
    stop(hub).await;
}
