//! Devices' own tokens: renewed while the one before still counts, and taken back with all that they opened.

use crate::wire::{Wire, admin, close, is_welcome, open, plain};
use hub::{Hub, Presence};
use protocol::code::Bye;
use std::path::Path;
use std::sync::Arc;

async fn with_pump(folder: &Path) -> (Arc<Hub>, String) {
    let hub = open(folder).await;
    let token = hub.create_device(&admin(&hub), "pump-1").await.expect("free").into_text();
    (hub, token)
}

async fn renewed(hub: &Arc<Hub>) -> String {
    hub.renew_token(&admin(hub), "pump-1").await.expect("it is there").into_text()
}

#[tokio::test]
async fn the_token_before_counts_until_the_new_one_is_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, old) = with_pump(folder.path()).await;
    let mut connected = Wire::new();
    connected.identify(&hub, plain("pump-1", &old));
    let (_, _lane) = connected.welcome().await;
    let new = renewed(&hub).await;
    assert!(hub.device_shows("pump-1", &old).is_some(), "also over HTTP");
    assert!(is_welcome(&hub, "pump-1", &old).await && is_welcome(&hub, "pump-1", &old).await);
    assert!(is_welcome(&hub, "pump-1", &new).await);
    assert!(!is_welcome(&hub, "pump-1", &old).await && hub.device_shows("pump-1", &old).is_none());
    assert!(is_welcome(&hub, "pump-1", &new).await);
    close(hub).await;
}

#[tokio::test]
async fn a_new_token_that_never_arrived_is_replaced_and_the_device_is_not_locked_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, old) = with_pump(folder.path()).await;
    let lost = renewed(&hub).await;
    let new = renewed(&hub).await;
    assert!(!is_welcome(&hub, "pump-1", &lost).await, "two count, and no third");
    assert!(is_welcome(&hub, "pump-1", &old).await && is_welcome(&hub, "pump-1", &new).await);
    assert!(!is_welcome(&hub, "pump-1", &old).await);
    close(hub).await;
}

#[tokio::test]
async fn both_tokens_and_which_of_them_counts_no_more_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, old) = with_pump(folder.path()).await;
    let new = renewed(&hub).await;
    close(hub).await;
    let hub = open(folder.path()).await;
    assert!(is_welcome(&hub, "pump-1", &old).await, "it sleeps until then");
    close(hub).await;
    let hub = open(folder.path()).await;
    assert!(hub.device_shows("pump-1", &new).is_some(), "it shows it over HTTP first");
    assert!(!is_welcome(&hub, "pump-1", &old).await);
    close(hub).await;
    let hub = open(folder.path()).await;
    assert!(!is_welcome(&hub, "pump-1", &old).await && is_welcome(&hub, "pump-1", &new).await);
    close(hub).await;
}

#[tokio::test]
async fn taking_tokens_back_ends_the_connection_and_all_that_they_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, old) = with_pump(folder.path()).await;
    let new = renewed(&hub).await;
    let own = hub.device_shows("pump-1", &old).expect("its own");
    let issued = hub.auth().issue_token(&own, hub.now().wall);
    let mut connected = Wire::new();
    connected.identify(&hub, plain("pump-1", issued.token.text()));
    let (_, _lane) = connected.welcome().await;
    hub.revoke_token(&admin(&hub), "pump-1").await.expect("it is there");
    assert_eq!(connected.bye().await, Bye::Auth);
    let state = hub.devices(&admin(&hub)).remove(0);
    assert_eq!(state.presence, Presence::Offline);
    let join = hub.auth().join_token().to_owned();
    for token in [&old, &new, issued.token.text(), &join, ""] {
        assert!(!is_welcome(&hub, "pump-1", token).await);
        assert!(hub.device_shows("pump-1", token).is_none());
    }
    close(hub).await;
    let hub = open(folder.path()).await;
    assert!(!is_welcome(&hub, "pump-1", &new).await);
    let again = renewed(&hub).await;
    assert!(is_welcome(&hub, "pump-1", &again).await && !is_welcome(&hub, "pump-1", &new).await);
    close(hub).await;
}

#[tokio::test]
async fn a_join_token_no_longer_opens_a_device_that_was_given_another_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let join = hub.auth().join_token().to_owned();
    assert!(is_welcome(&hub, "pump-1", &join).await && is_welcome(&hub, "pump-1", &join).await);
    hub.revoke_token(&admin(&hub), "pump-1").await.expect("it is there");
    assert!(!is_welcome(&hub, "pump-1", &join).await);
    let token = renewed(&hub).await;
    assert!(!is_welcome(&hub, "pump-1", &join).await, "it was never shown, and counts all the same");
    assert!(is_welcome(&hub, "pump-1", &token).await);
    close(hub).await;
}

/// H1 and H11 look at the id alone: two devices that show its two tokens are two devices with one id.
#[tokio::test]
async fn h11_two_devices_with_the_two_tokens_of_one_id_are_told_apart_from_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, old) = with_pump(folder.path()).await;
    renewed(&hub).await;
    let mut first = Wire::new();
    first.identify(&hub, plain("pump-1", &old));
    let (_, _lane) = first.welcome().await;
    let mut lanes = Vec::new();
    let mut before = first;
    for _ in 0..5 {
        let mut next = Wire::new();
        next.identify(&hub, plain("pump-1", &old));
        lanes.push(next.welcome().await.1);
        assert_eq!(before.bye().await, Bye::Replaced, "h1 fences the one before");
        before = next;
    }
    let sixth = Wire::new();
    sixth.identify(&hub, plain("pump-1", &old));
    assert_eq!(before.bye().await, Bye::Replaced);
    let sight = admin(&hub).sight("pump-1").expect("the administrator sees all");
    assert!(hub.device(&sight).is_some_and(|state| state.contested.is_some()));
    hub.revoke_token(&admin(&hub), "pump-1").await.expect("it is there");
    let mut held = sixth;
    assert_eq!(held.bye().await, Bye::Auth, "one that waits for its welcome does not get it");
    close(hub).await;
}

/// What a device knows, and what the hub should make of it.
#[derive(Default)]
struct Model {
    present: Option<String>,
    previous: Option<String>,
    /// All that were ever handed out.
    known: Vec<String>,
}

/// Random numbers that depend on their seed alone.
struct Random(u64);

impl Random {
    fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % count
    }
}

#[tokio::test]
async fn whatever_happens_the_present_token_and_the_one_before_it_count_and_no_other() {
    let seed = std::env::var("GLASSLINE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| u64::from(std::process::id()) * 2_654_435_761 + 1);
    eprintln!("GLASSLINE_SEED={seed}");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let (mut hub, token) = with_pump(folder.path()).await;
    let mut model = Model { present: Some(token.clone()), previous: None, known: vec![token] };
    for _ in 0..400 {
        match random.below(12) {
            0 | 1 => {
                let new = renewed(&hub).await;
                model.previous = model.previous.take().or(model.present.take());
                model.present = Some(new.clone());
                model.known.push(new);
            }
            2 => {
                hub.revoke_token(&admin(&hub), "pump-1").await.expect("it is there");
                (model.present, model.previous) = (None, None);
            }
            3 => {
                close(hub).await;
                hub = open(folder.path()).await;
            }
            by_what => {
                let newest = model.known.len().min(4) as u64;
                let token = &model.known[model.known.len() - 1 - random.below(newest) as usize];
                let is_present = model.present.as_ref() == Some(token);
                let expected = is_present || model.previous.as_ref() == Some(token);
                let opened = match by_what % 2 {
                    0 => is_welcome(&hub, "pump-1", token).await,
                    _ => hub.device_shows("pump-1", token).is_some(),
                };
                assert_eq!(opened, expected, "seed {seed}");
                if is_present {
                    model.previous = None;
                }
            }
        }
    }
    close(hub).await;
}
