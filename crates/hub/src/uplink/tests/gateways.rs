//! Who may hold an uplink.

use super::*;
use crate::auth::{Person, Rule, Scope, Scopes};
use crate::uplink::GatewayError;
use store::AuditQuery;

#[tokio::test(flavor = "multi_thread")]
async fn only_a_gateway_that_was_made_is_welcome_and_only_with_its_own_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin, token) = with_north(folder.path()).await;
    for (id, token) in [("north", "wrong"), ("south", token.as_str()), ("north", "")] {
        let mut gate = Gate::connect(&hub);
        gate.say(&format!(
            r#"0 {{"identify":"{id}","token":"{token}","nonce":1,"tag":"g7","heartbeat":15}}"#
        ));
        assert!(gate.rest().iter().any(|said| said["bye"] == "auth"), "{id}");
    }
    let mut gate = Gate::connect(&hub);
    gate.say(r#"0 {"restored":true}"#);
    assert!(gate.rest().iter().any(|said| said["bye"] == "bad"));
    let made = |id: &'static str| {
        let (hub, admin) = (hub.clone(), admin.clone());
        async move { hub.create_gateway(&admin, id).await.map(drop) }
    };
    assert_eq!(
        (made("north").await, made("no way").await),
        (Err(GatewayError::Exists), Err(GatewayError::BadId))
    );
    // What is stored behind them is: so are they.
    made("east").await.expect("it is made");
    let asked = AuditQuery { what: vec!["key_refused".into()], limit: 10, ..AuditQuery::default() };
    let rows = hub.reader().audit(&asked).expect("it is read");
    let details: Vec<&str> = rows.iter().map(|row| &*row.entry.details).collect();
    assert_eq!(
        details,
        [
            r#"{"gateway":"unknown","network":"10.0.0.0/24"}"#,
            r#"{"gateway":"north","network":"10.0.0.0/24"}"#
        ],
        "the third is like the first, and counted"
    );
    stop(hub).await;

    let (hub, _) = open(folder.path());
    let (_gate, _) = Gate::welcome(&hub, &token, "g7");
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_removed_is_told_and_its_devices_are_offline() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin, token) = with_north(folder.path()).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(
        r#"0 {"tag":"g7"}
        0 {"open":1,"device":"pump-1","connected":10,"address":"tcp 10.0.0.7:1","heartbeat":15}
        1 {"entry":1,"at":1763846847000,"channel":"t","value":1}"#,
    );
    while gate.until("ack")["ack"] != 1 {}
    hub.remove_gateway(&admin, "north").expect("it is there");
    assert_eq!(hub.remove_gateway(&admin, "north"), Err(GatewayError::Unknown));
    assert!(gate.rest().iter().any(|said| said["bye"] == "removed"));
    let pump = hub.any_device("pump-1").expect("what it brought stays");
    assert_eq!((pump.presence.as_str(), pump.gateway, pump.ledger.committed), ("offline", None, 1));
    let mut gate = Gate::north(&hub, &token, "g7");
    assert!(gate.rest().iter().any(|said| said["bye"] == "auth"));
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_see_all_devices_is_told_of_gateways_that_one_of_theirs_is_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin, token) = with_north(folder.path()).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(
        r#"0 {"open":1,"device":"pump-1","connected":10,"address":"tcp 10.0.0.7:1","heartbeat":15}
        0 {"open":2,"device":"tank-1","connected":10,"address":"tcp 10.0.0.8:1","heartbeat":15}
        0 {"restored":true}"#,
    );
    until(|| hub.every_gateway()[0].devices == 2).await;
    until(|| hub.any_device("tank-1").is_some_and(|tank| tank.gateway.is_some())).await;
    assert!(hub.gateways(&admin)[0].address.is_some());
    let seen_by = |pattern: &str| {
        let rule =
            Rule { scopes: Scopes::of(&[Scope::View]), devices: vec![pattern.into()], views: Vec::new() };
        let (password, rules) = ("none".into(), vec![rule]);
        let person = Person { password, groups: Vec::new(), rules, created: 0, password_set: 0 };
        hub.auth().put_person("ada", person);
        hub.gateways(&hub.auth().of_person("ada").expect("just made"))
    };
    assert!(seen_by("fan-*").is_empty());
    let seen = &seen_by("tank-*")[0];
    assert_eq!((&*seen.id, seen.devices, &seen.address), ("north", 1, &None));
    stop(hub).await;
}
