//! A storage that fails and comes back, with those who wait for it.

use super::*;
use crate::auth::Grant;
use crate::{ChangeError, CommandRequest, CreateError, Settings, Undecided};
use protocol::id::DeviceId;
use protocol::intake::{Intake as _, Outlet, Peer, Post};
use protocol::message::{Identify, Sample, Samples};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

struct Wire(mpsc::UnboundedSender<Post>);

impl Outlet for Wire {
    fn post(&self, post: Post) {
        // A connection that is gone hears nothing.
        let _ = self.0.send(post);
    }
}

fn one() -> Box<RawValue> {
    RawValue::from_string("1".into()).expect("JSON")
}

fn samples() -> Samples {
    let samples = vec![Sample { channel: "t".into(), value: one() }];
    Samples { seq: None, ts: None, samples, outbox: None }
}

fn command() -> CommandRequest {
    let (id, device, channel) = ("c1".into(), "pump-1".into(), "fan".into());
    CommandRequest { id, device, channel, value: one(), intent: Some("queue".into()), ttl: None }
}

async fn hub_with_pump(folder: &std::path::Path) -> (Arc<Hub>, Grant, String) {
    let hub = Hub::open(folder, Settings::default()).expect("the folder is ours");
    let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
    let token = hub.create_device(&admin, "pump-1").await.expect("free");
    (hub, admin, token.into_text())
}

async fn identify(hub: &Hub, token: &str) -> (mpsc::UnboundedReceiver<Post>, Option<u32>, Post) {
    let (sender, mut posts) = mpsc::unbounded_channel();
    let (device, token) = (DeviceId::parse("pump-1"), Some(token.to_owned()));
    let identify = Identify { device, token, nonce: Some(1), boot: true, ..Identify::default() };
    hub.identify(
        identify,
        Peer { connection: 7, address: "test".into(), is_local: false },
        Arc::new(Wire(sender)),
    );
    let post = posts.recv().await.expect("an answer");
    let Post::Welcome { welcome, .. } = &post else { panic!("no welcome") };
    (posts, welcome.window, post)
}

#[tokio::test]
async fn h9_while_the_storage_has_failed_windows_are_closed_and_what_needs_it_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin, token) = hub_with_pump(folder.path()).await;
    let (mut posts, window, _welcome) = identify(&hub, &token).await;
    assert_eq!(window, Some(protocol::limits::WINDOW_MESSAGES));
    let mut heard = hub.storage();

    hub.storage_failed("no space left");
    hub.storage_failed("still none");
    assert!(matches!(posts.recv().await, Some(Post::Window(0))));
    let told = heard.borrow_and_update().clone();
    assert!(matches!(told, Storage::Failed { reason, .. } if &*reason == "still none"));
    assert_eq!(hub.storage_failures(), 1, "it was the same one");
    assert_eq!(hub.take_samples("pump-1", samples()).await, Err(crate::TakeError::Storage));
    assert_eq!(hub.command(&admin, command()).await.map(drop), Err(Undecided::Storage));
    assert_eq!(hub.create_device(&admin, "pump-2").await.map(drop), Err(CreateError::Storage));
    assert_eq!(hub.remove_device(&admin, "pump-1"), Err(ChangeError::Storage));
    assert_eq!(hub.renew_token(&admin, "pump-1").await.map(drop), Err(ChangeError::Storage));
    let (mut posts, window, _welcome) = identify(&hub, &token).await;
    assert_eq!(window, Some(0), "also for whoever comes meanwhile");

    hub.storage_recovered();
    assert!(matches!(posts.recv().await, Some(Post::Window(64))));
    assert_eq!(*heard.borrow_and_update(), Storage::Up);
    assert_eq!(hub.take_samples("pump-1", samples()).await, Ok(()));
    assert!(hub.command(&admin, command()).await.is_ok());
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

#[tokio::test]
async fn h9_a_name_is_answered_when_it_is_stored_and_not_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _) = crowded(folder.path(), 1);
    let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
    let key = hub.registry.by_id("pump-0000").expect("it joined").key;
    let call = |name| {
        let (hub, admin) = (hub.clone(), admin.clone());
        tokio::spawn(async move { hub.call_device(&admin, "pump-0000", Some(name), None).await })
    };
    let asked = async || {
        let cell = hub.registry.by_id("pump-0000").expect("it is there");
        while cell.lock().requests().calling.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    // The store writes, and nobody hears of it: so it is not known to be stored.
    let first = call("Pump");
    asked().await;
    assert!(!first.is_finished());
    hub.called_settled(key, true);
    assert_eq!(first.await.expect("no panic"), Ok(()));

    let failed = call("Well");
    asked().await;
    hub.storage_failed("no space left");
    while hub.tell_some_of_storage() {}
    assert_eq!(failed.await.expect("no panic"), Err(ChangeError::Storage.into()));
    assert_eq!(call("Tank").await.expect("no panic"), Err(ChangeError::Storage.into()));
    hub.storage_recovered();
    while hub.tell_some_of_storage() {}
    let third = call("Tank");
    let cell = hub.registry.by_id("pump-0000").expect("it is there");
    while cell.lock().requests().calling.len() < 2 {
        tokio::task::yield_now().await;
    }
    // What is written first is what failed: nobody waits for it any more.
    hub.called_settled(key, true);
    tokio::task::yield_now().await;
    assert!(!third.is_finished());
    hub.called_settled(key, true);
    assert_eq!(third.await.expect("no panic"), Ok(()));
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

#[tokio::test]
async fn h9_a_request_that_waits_when_the_storage_fails_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, _) = hub_with_pump(folder.path()).await;
    let cell = hub.registry.by_id("pump-1").expect("it was made");
    let (sender, waits) = tokio::sync::oneshot::channel();
    cell.lock().requests().waiting.push((u64::MAX, sender));
    hub.storage_failed("no space left");
    assert_eq!(waits.await, Ok(Err(crate::TakeError::Storage)));
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

/// A hub with so many devices, for each of which a request waits, and whose event loops do nothing.
fn crowded(folder: &std::path::Path, devices: usize) -> (Arc<Hub>, Vec<oneshot::Receiver<Told>>) {
    let loops = sockets::EventLoops::start(1).expect("a thread").handle();
    let hub = Hub::open(folder, Settings { loops: Some(loops), ..Settings::default() }).expect("ours");
    let waits = (0..devices).map(|number| join_and_wait(&hub, &format!("pump-{number:04}"))).collect();
    (hub, waits)
}

type Told = Result<(), crate::TakeError>;

fn join_and_wait(hub: &Hub, id: &str) -> oneshot::Receiver<Told> {
    let (device, token) = (DeviceId::parse(id), Some(hub.auth().join_token().to_owned()));
    let (nobody, peer) =
        (mpsc::unbounded_channel().0, Peer { connection: 7, address: "test".into(), is_local: false });
    hub.identify(Identify { device, token, ..Identify::default() }, peer, Arc::new(Wire(nobody)));
    let (sender, waits) = oneshot::channel();
    let cell = hub.registry.by_id(id).expect("it joined");
    cell.lock().requests().waiting.push((u64::MAX, sender));
    waits
}

#[tokio::test]
async fn h9_devices_are_told_a_few_at_a_time_and_those_that_come_meanwhile_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, mut waits) = crowded(folder.path(), 2 * STORAGE_TOLD_AT_ONCE_MAX + 1);
    let told = |waits: &mut Vec<oneshot::Receiver<Told>>| {
        let told = waits.iter_mut().map(oneshot::Receiver::try_recv);
        told.filter(|told| *told == Ok(Err(crate::TakeError::Storage))).count()
    };
    hub.storage_failed("no space left");
    assert_eq!(told(&mut waits), 0, "whoever reports the failure does not wait for all devices");
    assert!(hub.tell_some_of_storage());
    assert_eq!(told(&mut waits), STORAGE_TOLD_AT_ONCE_MAX);
    waits.push(join_and_wait(&hub, "tank"));
    assert!(hub.tell_some_of_storage());
    assert_eq!(told(&mut waits), STORAGE_TOLD_AT_ONCE_MAX);
    assert!(!hub.tell_some_of_storage());
    assert_eq!(told(&mut waits), 2, "the rest, and the one that came behind them");
    assert!(!hub.tell_some_of_storage());

    hub.storage_recovered();
    hub.storage_failed("none again");
    hub.storage_recovered();
    waits.push(join_and_wait(&hub, "tank-2"));
    while hub.tell_some_of_storage() {}
    assert_eq!(told(&mut waits), 0, "the walk that counts is the last");
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}
