//! Where devices are: behind a gateway, unreachable, or here (rule U6).

use super::*;

const OPEN: &str = r#"0 {"open":1,"device":"pump-1","connected":1000,"address":"tcp 10.0.0.7:1","heartbeat":15}
    0 {"open":2,"device":"pump-2"}
    0 {"restored":true}"#;

fn presence(hub: &Hub, id: &str) -> (&'static str, i64) {
    hub.any_device(id).map_or(("none", 0), |device| (device.presence.as_str(), device.since))
}

#[tokio::test(flavor = "multi_thread")]
async fn u6_a_lost_uplink_makes_its_devices_unreachable_and_a_restored_one_leaves_no_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, token) = with_north(folder.path()).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(OPEN);
    until(|| presence(&hub, "pump-1").0 == "online" && presence(&hub, "pump-2").0 == "offline").await;
    let since = presence(&hub, "pump-1").1;
    assert_eq!((hub.every_gateway()[0].presence.as_str(), hub.every_gateway()[0].devices), ("online", 1));
    drop(gate);
    until(|| presence(&hub, "pump-1").0 == "unreachable").await;
    assert_eq!(
        (presence(&hub, "pump-2").0, hub.every_gateway()[0].presence.as_str()),
        ("offline", "offline")
    );
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    assert_eq!(presence(&hub, "pump-1").0, "unreachable", "nobody knows yet");
    gate.say(OPEN);
    until(|| presence(&hub, "pump-1").0 == "online").await;
    assert_eq!(presence(&hub, "pump-1").1, since);
    drop(gate);
    until(|| presence(&hub, "pump-1").0 == "unreachable").await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g8");
    gate.say(r#"0 {"restored":true}"#);
    until(|| presence(&hub, "pump-1").0 == "offline").await;
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn u6_the_newest_identify_has_the_device() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin, token) = with_north(folder.path()).await;
    let own = hub.create_device(&admin, "pump-1").await.expect("free").into_text();
    let wire = identify(&hub, "pump-1", &own);
    until(|| wire.heard() == ["welcome"]).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    // It was at the gateway before it came here.
    gate.say(
        r#"0 {"open":1,"device":"pump-1","connected":3600000,"address":"tcp 10.0.0.7:1","heartbeat":15}"#,
    );
    let part = gate.until("part");
    assert_eq!((&part["part"], &part["bye"]), (&1.into(), &"replaced".into()));
    let before = hub.now().mono;
    until(|| hub.now().mono > before + 1).await;
    gate.say(r#"1 {"connected":0,"address":"tcp 10.0.0.7:2","heartbeat":15}"#);
    until(|| wire.heard() == ["welcome", "replaced"]).await;
    until(|| hub.any_device("pump-1").is_some_and(|pump| pump.gateway.is_some())).await;
    let wire = identify(&hub, "pump-1", &own);
    assert_eq!(gate.until("part")["connection"], 2);
    until(|| wire.heard() == ["welcome"]).await;
    let pump = hub.any_device("pump-1").expect("it is here");
    assert_eq!((pump.presence.as_str(), pump.gateway), ("online", None));
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn u7_whoever_identifies_at_a_gateway_is_judged_by_the_hash_of_what_it_showed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin, token) = with_north(folder.path()).await;
    let own = hub.create_device(&admin, "pump-1").await.expect("free").into_text();
    let hex = |token: &str| -> String {
        crate::auth::hash(token).0.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(&format!(r#"0 {{"admit":1,"device":"pump-1","token":"{}"}}"#, hex(&own)));
    let admitted = gate.until("admitted");
    assert_eq!((&admitted["device"], &admitted["hash"]), (&"pump-1".into(), &hex(&own).into()));
    assert!(admitted.get("token").is_none(), "{admitted}");
    gate.say(&format!(r#"0 {{"admit":2,"device":"pump-1","token":"{}"}}"#, hex("wrong")));
    assert_eq!(gate.until("denied")["bye"], "auth");
    gate.say(&format!(r#"0 {{"admit":3,"token":"{}"}}"#, hex(hub.auth().join_token())));
    let admitted = gate.until("admitted");
    let new = admitted["token"].as_str().expect("a token of its own");
    assert_eq!((&admitted["admitted"], &admitted["hash"]), (&3.into(), &hex(new).into()));
    assert!(hub.any_device(admitted["device"].as_str().expect("an id")).is_some());
    let renewed = hub.renew_token(&admin, "pump-1").await.expect("it is there");
    gate.say(&format!(r#"0 {{"admit":4,"device":"pump-1","token":"{}"}}"#, hex(&own)));
    assert_eq!(gate.until("admitted")["admitted"], 4, "the one before counts until the new one is shown");
    gate.say(&format!(r#"0 {{"admit":5,"device":"pump-1","token":"{}"}}"#, hex(renewed.text())));
    assert_eq!(gate.until("forget")["forget"], "pump-1");
    assert_eq!(gate.until("admitted")["admitted"], 5);
    gate.say(&format!(r#"0 {{"admit":6,"device":"pump-1","token":"{}"}}"#, hex(&own)));
    assert_eq!(gate.until("denied")["denied"], 6);
    stop(hub).await;
}
