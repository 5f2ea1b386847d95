//! Devices that sleep: who wakes them, and what becomes of those who wait meanwhile.

use super::*;
use crate::{Presence, Settings};
use protocol::code::Fault;
use protocol::id::{DeviceId, SessionId};
use protocol::intake::{Intake as _, Lane, Outlet, Peer, Said};
use protocol::message::{Identify, Samples, Welcome};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// A connection.
struct Wire {
    posts: mpsc::UnboundedSender<Post>,
    gone: AtomicBool,
}

impl Outlet for Wire {
    fn post(&self, post: Post) {
        // Who is gone hears nothing.
        let _ = self.posts.send(post);
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

fn wire() -> (Arc<Wire>, mpsc::UnboundedReceiver<Post>) {
    let (posts, heard) = mpsc::unbounded_channel();
    (Arc::new(Wire { posts, gone: AtomicBool::new(false) }), heard)
}

fn identify(hub: &Hub, wire: &Arc<Wire>, connection: u64, token: &str, session: Option<&str>) {
    let identify = Identify {
        device: DeviceId::parse("pump-1"),
        token: Some(token.into()),
        nonce: Some(connection),
        boot: session.is_none(),
        session: session.and_then(SessionId::parse),
        oldest: session.map(|_| 2),
        ..Identify::default()
    };
    hub.identify(identify, Peer { connection, address: "test".into(), is_local: false }, wire.clone());
}

async fn welcome(heard: &mut mpsc::UnboundedReceiver<Post>) -> (Welcome, Arc<dyn Lane>) {
    match heard.recv().await {
        Some(Post::Welcome { welcome, lane }) => (welcome, lane),
        Some(Post::Refused { bye, .. }) => panic!("refused: {bye}"),
        _ => panic!("something else than a welcome"),
    }
}

fn open(folder: &Path) -> Arc<Hub> {
    Hub::open(folder, Settings::default()).expect("the folder is ours")
}

async fn stop(hub: Arc<Hub>) {
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

/// A hub in whose store `pump-1` is, with its token.
async fn with_pump(folder: &Path) -> (Arc<Hub>, String) {
    let hub = open(folder);
    let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
    let token = hub.create_device(&admin, "pump-1").await.expect("free").into_text();
    stop(hub).await;
    (open(folder), token)
}

#[tokio::test]
async fn who_has_no_token_wakes_no_device() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let join = hub.auth().join_token().to_owned();
    for token in ["", "wrong", &join] {
        let (wire, mut heard) = wire();
        identify(&hub, &wire, 1, token, None);
        let refused = heard.recv().await;
        assert!(matches!(refused, Some(Post::Refused { fault: Some(Fault::Auth), bye: Bye::Auth })));
        assert!(hub.device_shows("pump-1", token).is_none(), "nor over HTTP");
    }
    assert_eq!((hub.registry.awake().len(), hub.registry.asleep().0), (0, 1));
    let (wire, mut heard) = wire();
    identify(&hub, &wire, 1, &token, None);
    welcome(&mut heard).await;
    assert_eq!((hub.registry.awake().len(), hub.registry.asleep().0), (1, 0));
    stop(hub).await;
}

#[tokio::test]
async fn a_device_that_sleeps_wakes_for_a_token_that_it_got_for_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, own) = with_pump(folder.path()).await;
    let grant = hub.device_shows("pump-1", &own).expect("it is its own");
    let issued = hub.auth().issue_token(&grant, hub.now().wall);
    let (wire, mut heard) = wire();
    identify(&hub, &wire, 1, issued.token.text(), None);
    welcome(&mut heard).await;
    stop(hub).await;
}

#[tokio::test]
async fn a_device_that_slept_goes_on_with_its_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let (first, mut heard) = wire();
    identify(&hub, &first, 1, &token, None);
    let (first, lane) = welcome(&mut heard).await;
    let session = first.session.expect("not plain");
    lane.take(2, Said::Samples(Samples { seq: Some(1), ts: None, samples: Vec::new(), outbox: None }));
    assert!(matches!(heard.recv().await, Some(Post::Committed { seq: Some(1), .. })));
    drop(lane);
    stop(hub).await;
    let hub = open(folder.path());
    let (again, mut heard) = wire();
    identify(&hub, &again, 2, &token, Some(&session));
    let (again, _lane) = welcome(&mut heard).await;
    assert_eq!((again.session, again.ack), (Some(session), Some(1)));
    stop(hub).await;
}

#[tokio::test]
async fn of_two_that_identify_as_one_device_that_sleeps_both_are_answered_and_one_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let ((one, mut one_hears), (other, mut other_hears)) = (wire(), wire());
    identify(&hub, &one, 1, &token, None);
    identify(&hub, &other, 2, &token, None);
    let firsts = (one_hears.recv().await, other_hears.recv().await);
    let mut replaced = 0;
    for (first, hears) in [(&firsts.0, &mut one_hears), (&firsts.1, &mut other_hears)] {
        let later = std::iter::from_fn(|| hears.try_recv().ok());
        let posts: Vec<&Post> = first.iter().collect();
        assert!(matches!(posts[..], [Post::Welcome { .. } | Post::Bye(Bye::Replaced)]));
        replaced += usize::from(matches!(posts[..], [Post::Bye(Bye::Replaced)]));
        replaced += later.filter(|post| matches!(post, Post::Bye(Bye::Replaced))).count();
    }
    assert_eq!((replaced, hub.registry.awake().len()), (1, 1));
    assert_eq!(hub.any_device("pump-1").expect("known").presence, Presence::Online);
    stop(hub).await;
}

#[tokio::test]
async fn a_connection_that_is_gone_before_its_turn_wakes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    // All places are taken, so that it has to wait.
    let places = hub.waking.identifies.clone();
    let all = u32::try_from(DEVICES_WAKING_MAX).expect("few");
    let taken = places.clone().acquire_many_owned(all).await.expect("open");
    let (gone, mut nothing) = wire();
    identify(&hub, &gone, 1, &token, None);
    let (stays, mut heard) = wire();
    identify(&hub, &stays, 2, "wrong", None);
    gone.gone.store(true, Ordering::Relaxed);
    drop(taken);
    assert!(matches!(heard.recv().await, Some(Post::Refused { .. })));
    drop(places.acquire_many(all).await.expect("open"));
    assert!(nothing.try_recv().is_err());
    assert_eq!(hub.registry.awake().len(), 0);
    stop(hub).await;
}

#[tokio::test]
async fn a_connection_that_goes_while_its_device_wakes_leaves_it_offline() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let (wire, heard) = wire();
    identify(&hub, &wire, 1, &token, None);
    // Its mailbox is closed: the welcome is dropped, and the lane with it.
    drop(heard);
    while hub.registry.awake_by_id("pump-1").is_none() {
        tokio::task::yield_now().await;
    }
    while hub.any_device("pump-1").expect("known").presence == Presence::Online {
        tokio::task::yield_now().await;
    }
    stop(hub).await;
}

#[tokio::test]
async fn who_waits_for_its_device_to_wake_is_told_when_the_hub_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, token) = with_pump(folder.path()).await;
    let all = u32::try_from(DEVICES_WAKING_MAX).expect("few");
    let taken = hub.waking.identifies.clone().acquire_many_owned(all).await.expect("open");
    let (wire, mut heard) = wire();
    identify(&hub, &wire, 1, &token, None);
    stop(hub).await;
    drop(taken);
    assert!(matches!(heard.recv().await, Some(Post::Refused { fault: None, bye: Bye::Stopping })));
}
