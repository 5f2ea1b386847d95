//! Commands from those who ask to the device that is asked: permission, ids, and what is kept.

use crate::wire::{Wire, administrator, close, open, plain, sight};
use hub::auth::{Grant, Person, Rule, Scope, Scopes};
use hub::{CommandRequest, CommandState, Hub, Receipt, Undecided};
use protocol::intake::Post;
use protocol::message::{Command, Identify};
use serde_json::value::RawValue;
use std::sync::Arc;

fn asked(id: &str, intent: &str) -> CommandRequest {
    CommandRequest {
        id: id.into(),
        device: "pump-1".into(),
        channel: "fan".into(),
        value: RawValue::from_string("1".into()).expect("JSON"),
        intent: Some(intent.into()),
        ttl: Some(60_000),
    }
}

fn stands(receipt: &Receipt) -> (CommandState, Option<&str>) {
    (receipt.state, receipt.reason.as_deref())
}

/// A hub with the device `pump-1`, whose token comes with it.
async fn with_pump(folder: &std::path::Path) -> (Arc<Hub>, String) {
    let hub = open(folder).await;
    let token = hub.create_device(&administrator(&hub), "pump-1").await.expect("free");
    (hub, token.into_text())
}

async fn connect(hub: &Hub, token: &str) -> (Wire, Arc<dyn protocol::intake::Lane>) {
    let mut wire = Wire::new();
    wire.identify(hub, Identify { nonce: Some(1), boot: true, ..plain("pump-1", token) });
    let (_, lane) = wire.welcome().await;
    (wire, lane)
}

async fn command(wire: &mut Wire) -> Command {
    match wire.next().await {
        Post::Command(command) => command,
        _ => panic!("something else than a command"),
    }
}

#[tokio::test]
async fn what_was_queued_with_a_token_that_was_revoked_meanwhile_is_denied_and_the_next_one_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let admin = administrator(&hub);
    let issued = hub.auth().issue_token(&admin, hub.now().wall);
    let by_token = hub.auth().bearer(issued.token.text(), hub.now().wall).expect("it is good");
    assert!(by_token.may(Scope::Command));
    for (grant, id) in [(&by_token, "c1"), (&admin, "c2")] {
        let receipt = hub.command(grant, asked(id, "queue")).await.expect("decided");
        assert_eq!(stands(&receipt), (CommandState::Queued, None));
    }
    assert!(hub.auth().revoke(issued.token.text()));

    let (mut wire, _lane) = connect(&hub, &token).await;
    // Whether it was taken back at once, or when it was about to leave: it never left.
    command(&mut wire).await;
    assert_eq!(
        hub.receipt(&sight(&hub, "pump-1"), "c2").expect("it is remembered").state,
        CommandState::Sent
    );
    let denied = hub.receipt(&sight(&hub, "pump-1"), "c1").expect("it is remembered");
    assert_eq!(stands(&denied), (CommandState::Refused, Some("denied")));
    close(hub).await;
}

#[tokio::test]
async fn a_token_that_is_revoked_after_a_restart_still_denies_what_was_queued_with_it_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let issued = hub.auth().issue_token(&administrator(&hub), hub.now().wall);
    let by_token = hub.auth().bearer(issued.token.text(), hub.now().wall).expect("it is good");
    hub.command(&by_token, asked("c1", "queue")).await.expect("decided");
    close(hub).await;

    let hub = open(folder.path()).await;
    assert!(hub.auth().revoke(issued.token.text()));
    let queued = hub.command(&administrator(&hub), asked("c2", "queue")).await.expect("decided");
    assert_eq!(stands(&queued), (CommandState::Queued, None));
    let (mut wire, _lane) = connect(&hub, &token).await;
    command(&mut wire).await;
    assert_eq!(
        hub.receipt(&sight(&hub, "pump-1"), "c2").expect("it is remembered").state,
        CommandState::Sent
    );
    let denied = hub.receipt(&sight(&hub, "pump-1"), "c1").expect("it is remembered");
    assert_eq!(stands(&denied), (CommandState::Refused, Some("denied")));
    close(hub).await;
}

/// Somebody with an account and this rule alone.
fn somebody(hub: &Hub, rule: Rule) -> Grant {
    let (password, rules) = ("none".into(), vec![rule]);
    let person = Person { password, groups: Vec::new(), rules, created: 0, password_set: 0 };
    hub.auth().put_person("ada", person);
    hub.auth().of_person("ada").expect("just made")
}

#[tokio::test]
async fn who_may_see_and_not_command_is_refused_and_that_is_remembered() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _token) = with_pump(folder.path()).await;
    let scopes = Scopes::of(&[Scope::View]);
    let ada = somebody(&hub, Rule { scopes, devices: vec!["pump-*".into()], views: Vec::new() });
    let receipt = hub.command(&ada, asked("c1", "queue")).await.expect("decided");
    assert_eq!(stands(&receipt), (CommandState::Refused, Some("denied")));
    let remembered = hub.receipt(&ada.sight("pump-1").expect("seen"), "c1").expect("it is remembered");
    assert_eq!(stands(&remembered), (CommandState::Refused, Some("denied")));
    close(hub).await;
}

#[tokio::test]
async fn who_may_not_know_of_a_device_is_answered_as_if_there_were_none_and_leaves_no_trace_at_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let rule = Rule { scopes: Scopes::of(&[Scope::Command]), devices: vec!["fan".into()], views: Vec::new() };
    let strangers = [somebody(&hub, rule), hub.device_shows("pump-1", &token).expect("it is its own")];
    for stranger in &strangers {
        let there = hub.command(stranger, asked("c1", "queue")).await.expect("decided");
        let nowhere = CommandRequest { device: "pump-9".into(), ..asked("c1", "queue") };
        let nowhere = hub.command(stranger, nowhere).await.expect("decided");
        assert_eq!(stands(&there), stands(&nowhere));
        assert_eq!(stands(&there), (CommandState::Refused, Some("denied")));
    }
    assert!(hub.receipt(&sight(&hub, "pump-1"), "c1").is_none());
    close(hub).await;
}

#[tokio::test]
async fn what_waits_is_taken_back_as_soon_as_the_right_is_withdrawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _token) = with_pump(folder.path()).await;
    let scopes = Scopes::of(&[Scope::View, Scope::Command]);
    let rule = |scopes| Rule { scopes, devices: vec!["pump-1".into()], views: Vec::new() };
    let ada = somebody(&hub, rule(scopes));
    let receipt = hub.command(&ada, asked("c1", "queue")).await.expect("decided");
    assert_eq!(stands(&receipt), (CommandState::Queued, None));
    somebody(&hub, rule(Scopes::of(&[Scope::View])));
    let seen = ada.sight("pump-1").expect("that is left");
    while hub.receipt(&seen, "c1").expect("it is remembered").state == CommandState::Queued {
        tokio::task::yield_now().await;
    }
    let withdrawn = hub.receipt(&seen, "c1").expect("it is remembered");
    assert_eq!(stands(&withdrawn), (CommandState::Refused, Some("denied")));
    close(hub).await;
}

#[tokio::test]
async fn c7_an_id_means_its_command_also_when_only_the_store_remembers_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _token) = with_pump(folder.path()).await;
    let admin = administrator(&hub);
    let many = router::limits::COMMANDS_SETTLED_MAX + 1;
    for number in 0..many {
        hub.command(&admin, asked(&format!("c{number}"), "now")).await.expect("decided");
    }
    // What the store is told before this is durable when this is.
    hub.create_device(&admin, "pump-2").await.expect("free");
    assert!(hub.receipt(&sight(&hub, "pump-1"), "c0").is_none(), "memory has forgotten it");
    let again = hub.command(&admin, asked("c0", "now")).await.expect("decided");
    assert_eq!(stands(&again), (CommandState::Refused, Some("offline")));
    let other = CommandRequest { channel: "pump".into(), ..asked("c0", "now") };
    let other = hub.command(&admin, other).await.expect("decided");
    assert_eq!(stands(&other), (CommandState::Refused, Some("bad")));
    close(hub).await;
}

#[tokio::test]
async fn one_person_asks_for_so_many_commands_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _token) = with_pump(folder.path()).await;
    let admin = administrator(&hub);
    // Far more than may come at once and while that takes.
    let mut decided = Ok(());
    for number in 0..100_000 {
        decided = hub.command(&admin, asked(&format!("c{number}"), "no intent")).await.map(drop);
        if decided.is_err() {
            break;
        }
    }
    assert_eq!(decided, Err(Undecided::TooMany));
    close(hub).await;
}
