//! Commands from those who ask to the device that is asked: permission, ids, and what is kept.

use crate::wire::{Wire, close, open, plain};
use hub::auth::{Grant, Scope};
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

fn administrator(hub: &Hub) -> Grant {
    hub.auth().administrator(hub.auth().admin_token()).expect("the administrator")
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
    let issued = hub.auth().issue_token(&admin, hub.now().wall).expect("room");
    let by_token = hub.auth().bearer(issued.token.text(), hub.now().wall).expect("it is good");
    assert!(by_token.may(Scope::Command));
    for (grant, id) in [(&by_token, "c1"), (&admin, "c2")] {
        let receipt = hub.command(grant, asked(id, "queue")).await.expect("decided");
        assert_eq!(stands(&receipt), (CommandState::Queued, None));
    }
    assert!(hub.auth().revoke(issued.token.text()));

    let (mut wire, _lane) = connect(&hub, &token).await;
    // The first number was for the one that was denied: it never left.
    assert_eq!(command(&mut wire).await.number, 2);
    let denied = hub.receipt(&admin, "pump-1", "c1").expect("it is remembered");
    assert_eq!(stands(&denied), (CommandState::Refused, Some("denied")));
    close(hub).await;
}

#[tokio::test]
async fn a_token_that_is_revoked_after_a_restart_still_denies_what_was_queued_with_it_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let issued = hub.auth().issue_token(&administrator(&hub), hub.now().wall).expect("room");
    let by_token = hub.auth().bearer(issued.token.text(), hub.now().wall).expect("it is good");
    hub.command(&by_token, asked("c1", "queue")).await.expect("decided");
    close(hub).await;

    let hub = open(folder.path()).await;
    assert!(hub.auth().revoke(issued.token.text()));
    let queued = hub.command(&administrator(&hub), asked("c2", "queue")).await.expect("decided");
    assert_eq!(stands(&queued), (CommandState::Queued, None));
    let (mut wire, _lane) = connect(&hub, &token).await;
    assert_eq!(command(&mut wire).await.number, 2, "that of the second");
    let denied = hub.receipt(&administrator(&hub), "pump-1", "c1").expect("it is remembered");
    assert_eq!(stands(&denied), (CommandState::Refused, Some("denied")));
    close(hub).await;
}

#[tokio::test]
async fn who_may_not_command_is_refused_and_that_is_remembered() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let kept = hub.device_token("pump-1").expect("it has one");
    let itself = hub.auth().device("pump-1", &kept, &token).expect("it is its own");
    let receipt = hub.command(&itself, asked("c1", "queue")).await.expect("decided");
    assert_eq!(stands(&receipt), (CommandState::Refused, Some("denied")));
    let remembered = hub.receipt(&itself, "pump-1", "c1").expect("it is remembered");
    assert_eq!(stands(&remembered), (CommandState::Refused, Some("denied")));
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
    assert!(hub.receipt(&admin, "pump-1", "c0").is_none(), "memory has forgotten it");
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
