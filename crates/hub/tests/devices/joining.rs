//! Join tokens that an administrator made, and who may join at all.

use crate::wire::{Wire, admin, close, is_welcome, open, plain};
use hub::auth::{Enrolment, JoinTerms};
use hub::{Hub, JoinError, Settings};
use protocol::code::Bye;
use protocol::intake::Post;
use protocol::message::Identify;
use std::sync::Arc;

fn terms(devices: usize) -> JoinTerms {
    JoinTerms { label: String::new(), devices, life_ms: 3_600_000 }
}

async fn join_token(hub: &Arc<Hub>, devices: usize) -> (String, String) {
    let (secret, join) = hub.make_join_token(&admin(hub), &terms(devices)).await.expect("it may");
    (secret.into_text(), join.id)
}

#[tokio::test]
async fn who_come_at_the_same_moment_are_as_many_as_the_join_token_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let (join, _) = join_token(&hub, 7).await;
    let mut wires: Vec<Wire> = (0..40).map(|_| Wire::new()).collect();
    for (n, wire) in wires.iter().enumerate() {
        // Some name themselves, and some ask for an id.
        let identify = match n % 2 {
            0 => plain(&format!("d-{n}"), &join),
            _ => Identify { token: Some(join.clone()), ..Identify::default() },
        };
        wire.identify(&hub, identify);
    }
    let mut own = Vec::new();
    let mut lanes = Vec::new();
    for wire in &mut wires {
        match wire.next().await {
            Post::Welcome { welcome, lane } => {
                own.push((welcome.device.to_string(), welcome.token.expect("its own token")));
                lanes.push(lane);
            }
            Post::Refused { bye, .. } => assert_eq!(bye, Bye::Auth),
            _ => panic!("neither welcome nor refused"),
        }
    }
    assert_eq!(own.len(), 7);
    drop(lanes);
    // As the welcome came it is durable, and so are they, also those that have said nothing.
    close(hub).await;
    let hub = open(folder.path()).await;
    assert_eq!(hub.auth().join_tokens()[0].used, 7);
    assert!(!is_welcome(&hub, "one-more", &join).await);
    for (id, token) in own {
        assert!(is_welcome(&hub, &id, &token).await, "{id}");
    }
    close(hub).await;
}

#[tokio::test]
async fn a_device_that_lost_its_token_comes_back_with_the_join_token_that_made_it_and_with_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let (one, _) = join_token(&hub, 1).await;
    let (other, _) = join_token(&hub, 1).await;
    assert!(is_welcome(&hub, "pump-1", &one).await);
    assert!(!is_welcome(&hub, "pump-1", &other).await);
    close(hub).await;
    let hub = open(folder.path()).await;
    let mut wire = Wire::new();
    wire.identify(&hub, plain("pump-1", &one));
    let (welcome, _lane) = wire.welcome().await;
    let own = welcome.token.expect("another one of its own");
    assert!(is_welcome(&hub, "pump-1", &own).await);
    assert!(!is_welcome(&hub, "pump-1", &one).await, "it has used its own");
    close(hub).await;
}

#[tokio::test]
async fn a_revoked_join_token_makes_and_opens_nothing_and_what_it_made_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let (join, id) = join_token(&hub, 5).await;
    let mut wire = Wire::new();
    wire.identify(&hub, plain("pump-1", &join));
    let (welcome, _lane) = wire.welcome().await;
    hub.revoke_join_token(&admin(&hub), &id).await.expect("it is there");
    assert_eq!(hub.revoke_join_token(&admin(&hub), &id).await, Err(JoinError::Unknown));
    assert!(!is_welcome(&hub, "pump-1", &join).await && !is_welcome(&hub, "pump-2", &join).await);
    assert!(is_welcome(&hub, "pump-1", &welcome.token.expect("its own")).await);
    close(hub).await;
}

#[tokio::test]
async fn who_may_join_is_said_by_the_enrolment() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings { enrolment: Enrolment::Open, ..Settings::default() };
    let hub = Hub::open(folder.path(), settings).expect("the folder is ours");
    let mut here = Wire::new();
    here.identify_locally(&hub, Identify { token: None, ..plain("pump-1", "") });
    let own = here.welcome().await.0.token.expect("its own token");
    assert!(!is_welcome(&hub, "pump-2", "").await, "from elsewhere nobody gets in without a token");
    let mut wrong = Wire::new();
    wrong.identify_locally(&hub, plain("pump-2", "wrong"));
    assert_eq!(wrong.refusal().await, Bye::Auth, "a wrong token is none");
    assert!(is_welcome(&hub, "pump-1", &own).await);
    let mut again = Wire::new();
    again.identify_locally(&hub, plain("pump-1", ""));
    assert_eq!(again.refusal().await, Bye::Auth, "it has used its own");

    let (join, _) = join_token(&hub, 5).await;
    hub.auth().set_enrolment(Enrolment::Token);
    let mut without = Wire::new();
    without.identify_locally(&hub, plain("pump-3", ""));
    assert_eq!(without.refusal().await, Bye::Auth);
    assert!(is_welcome(&hub, "pump-3", &join).await);

    hub.auth().set_enrolment(Enrolment::Closed);
    let of_run = hub.auth().join_token().to_owned();
    for token in [&join, &of_run] {
        assert!(!is_welcome(&hub, "pump-3", token).await && !is_welcome(&hub, "pump-4", token).await);
    }
    assert_eq!(hub.make_join_token(&admin(&hub), &terms(1)).await.map(drop), Err(JoinError::Closed));
    assert!(is_welcome(&hub, "pump-1", &own).await, "who is known comes in");
    hub.create_device(&admin(&hub), "pump-5").await.expect("an administrator makes it");
    close(hub).await;
}
