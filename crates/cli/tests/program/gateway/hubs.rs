//! Several hubs behind one gateway, and what can be done to them while it runs.

use super::fleet::Fleet;
use super::relay::Relay;
use super::rig::{Gateway, token};
use crate::rig::{DEADLINE, Device, Hub};
use serde_json::Value;
use std::net::TcpListener;
use std::time::Instant;

/// The hub of this name, once it is as `wanted`.
fn hub_that(gateway: &Gateway, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + DEADLINE;
    loop {
        let hubs = gateway.hubs();
        let hub = hubs.iter().find(|hub| hub["name"] == name);
        if let Some(hub) = hub.filter(|hub| wanted(hub)) {
            return hub.clone();
        }
        assert!(Instant::now() < until, "{hubs:?}");
    }
}

#[test]
fn a_hub_that_answers_nothing_holds_up_no_other() {
    let hub = Hub::serve();
    // It accepts, and never says a word.
    let hole = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (own, dead) = (
        format!("ws://{}/uplink", hub.address()),
        format!("ws://{}/uplink", hole.local_addr().expect("bound")),
    );
    let token = token(&hub, "barn");
    let gateway = Gateway::start(&["--id", "barn", "--hub", &dead, "--hub", &own, "--token", &token]);
    let verdict = Fleet::start(&gateway, &hub, 3).judged(&hub);
    assert!(verdict.is_clean() && verdict.stored == verdict.accepted, "{verdict}");
    let name = hole.local_addr().expect("bound").to_string();
    let hub = hub_that(&gateway, &name, |hub| hub["behind"].as_u64() >= Some(verdict.accepted));
    assert_ne!(hub["state"], "connected");
}

#[test]
fn hubs_are_listed_added_and_removed_while_it_runs() {
    let (house, attic) = (Hub::serve(), Hub::serve());
    let relay = Relay::to(house.address());
    let gateway = Gateway::before(&house, relay.address());
    let mut device = Device::connect(gateway.lines());
    let join = house.of_ready("join");
    device.says(&format!(r#"{{"identify":"pump-1","token":"{join}","nonce":1,"boot":true}}"#));
    device.hears("welcome");
    // So that it is still in the spool.
    relay.lead_to(None);
    for seq in 1..=5 {
        device.says(&format!(r#"{{"seq":{seq},"channel":"count","value":{seq}}}"#));
    }
    device.acked(5);

    let (url, of_attic) = (format!("ws://{}/uplink", attic.address()), token(&attic, "barn"));
    let added = gateway.command(&["add", "attic", &url, "--token", &of_attic, "--no-commands"]);
    assert_eq!(added.code, Some(0), "{added:?}");
    assert_eq!(added.said, format!("The hub “attic” was added: {url}\n"));
    attic.shows("pump-1", "count", "5");
    let shown = hub_that(&gateway, "attic", |hub| hub["state"] == "connected" && hub["behind"] == 0);
    assert_eq!((&shown["address"], &shown["commands"]), (&attic.address().into(), &false.into()));
    let listed = gateway.command(&["list"]);
    assert!(listed.said.contains("attic") && listed.said.contains("connected"), "{}", listed.said);
    let again = gateway.command(&["add", "attic", &url, "--token", "x"]);
    assert!(again.complained.contains("there is a hub “attic” already"), "{}", again.complained);

    // Nobody answers the question.
    let asked = gateway.command(&["remove", "attic"]);
    assert!(asked.code == Some(1) && asked.complained.contains("was not removed"), "{asked:?}");
    let removed = gateway.command(&["remove", "attic", "--yes"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert_eq!(removed.said, "The hub “attic” was removed.\n");
    assert_eq!(gateway.hubs().len(), 1);
    let configured = gateway.command(&["remove", relay.address(), "--yes"]);
    assert!(configured.complained.contains("stands in the configuration"), "{}", configured.complained);
    relay.lead_to(Some(house.address()));
    house.shows("pump-1", "count", "5");
}

#[test]
fn a_new_hub_may_begin_with_what_comes_next() {
    let (house, attic) = (Hub::serve(), Hub::serve());
    let gateway = Gateway::before(&house, house.address());
    let (url, of_attic) = (format!("ws://{}/uplink", attic.address()), token(&attic, "barn"));
    let mut device = Device::connect(gateway.lines());
    let join = house.of_ready("join");
    device.says(&format!(r#"{{"identify":"pump-1","token":"{join}","nonce":1,"boot":true}}"#));
    device.hears("welcome");
    device.says(r#"{"seq":1,"channel":"count","value":1}"#);
    device.acked(1);
    let added = gateway.command(&["add", "attic", &url, "--token", &of_attic, "--begin", "head"]);
    assert_eq!(added.code, Some(0), "{added:?}");
    device.says(r#"{"seq":2,"channel":"count","value":2}"#);
    device.acked(2);
    attic.shows("pump-1", "count", "2");
    let samples = attic.get("/api/devices/pump-1/channels/count/samples?format=ndjson").body;
    assert_eq!(samples.lines().count(), 1, "{samples}");
}

#[test]
fn what_changes_in_the_file_counts_while_it_runs() {
    let (house, attic) = (Hub::serve(), Hub::serve());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("gateway.toml");
    let table = |name: &str, hub: &Hub| {
        let (address, token) = (hub.address(), token(hub, "barn"));
        format!("[[hub]]\nname = \"{name}\"\nurl = \"ws://{address}/uplink\"\ntoken = \"{token}\"\n")
    };
    let (first, second) = (table("house", &house), table("attic", &attic));
    std::fs::write(&file, format!("id = \"barn\"\n{first}")).expect("written");
    let gateway = Gateway::start(&["--config", file.to_str().expect("a path")]);
    hub_that(&gateway, "house", |hub| hub["state"] == "connected");
    std::fs::write(&file, format!("id = \"barn\"\n{first}{second}")).expect("written");
    hub_that(&gateway, "attic", |hub| hub["state"] == "connected");
    // A mistake changes nothing.
    std::fs::write(&file, format!("id = \"barn\"\n{first}colour = 7\n")).expect("written");
    std::fs::write(&file, format!("id = \"barn\"\n{second}")).expect("written");
    hub_that(&gateway, "house", |hub| hub["state"] == "left out");
    hub_that(&gateway, "attic", |hub| hub["state"] == "connected");
    let removed = gateway.command(&["remove", "house", "--yes"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert_eq!(gateway.hubs().len(), 1);
}
