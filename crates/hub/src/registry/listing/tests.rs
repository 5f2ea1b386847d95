//! Walks of the device list while devices wake, come and go.

use super::*;
use crate::auth::Grant;
use crate::{Hub, Settings};
use std::path::Path;

fn open(folder: &Path) -> (Arc<Hub>, Grant) {
    let hub = Hub::open(folder, Settings::default()).expect("the folder is ours");
    let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
    (hub, admin)
}

async fn stop(hub: Arc<Hub>) {
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

async fn make(hub: &Arc<Hub>, admin: &Grant, ids: &[&str]) {
    for id in ids {
        hub.create_device(admin, id).await.expect("free");
    }
}

/// The next `count` ids, those that are awake with a star.
fn next(hub: &Hub, listing: &mut Listing, count: usize) -> Vec<String> {
    let id = |listed: Listed<'_>| match listed {
        Listed::Awake(cell) => format!("{}*", cell.id),
        Listed::Asleep(brief) => brief.id.to_owned(),
    };
    std::iter::from_fn(|| listing.next(&hub.registry)).take(count).map(id).collect()
}

#[tokio::test]
async fn a_walk_brings_each_device_that_stays_once_and_in_order_while_others_come_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    make(&hub, &admin, &["b", "d", "f", "h", "j", "l", "n"]).await;
    stop(hub).await;

    let (hub, admin) = open(folder.path());
    make(&hub, &admin, &["a", "e", "k"]).await;
    let mut listing = hub.registry.list();
    assert_eq!(next(&hub, &mut listing, 3), ["a*", "b", "d"]);
    // Behind it one wakes that it has passed, and some come; before it, too, and one goes and is made anew.
    hub.registry.by_id("b").expect("it sleeps");
    hub.registry.by_id("f").expect("it sleeps");
    make(&hub, &admin, &["c", "g", "m"]).await;
    for gone in ["a", "h", "j"] {
        hub.remove_device(&admin, gone).expect("it is there");
    }
    make(&hub, &admin, &["j"]).await;
    assert_eq!(next(&hub, &mut listing, 3), ["e*", "f*", "g*"]);
    hub.remove_device(&admin, "g").expect("it is there");
    make(&hub, &admin, &["g"]).await;
    assert_eq!(next(&hub, &mut listing, 9), ["j*", "k*", "l", "m*", "n"]);
    assert!(listing.is_at_end(&hub.registry));
    make(&hub, &admin, &["z"]).await;
    assert!(!listing.is_at_end(&hub.registry), "one more came at the end");
    assert_eq!(next(&hub, &mut listing, 9), ["z*"]);
    stop(hub).await;
}

#[tokio::test]
async fn a_walk_keeps_nothing_of_the_devices_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    make(&hub, &admin, &["a", "b"]).await;
    let held = Arc::strong_count(&hub.registry.awake_by_id("b").expect("made"));
    let mut listing = hub.registry.list();
    assert_eq!(next(&hub, &mut listing, 1), ["a*"]);
    assert_eq!(Arc::strong_count(&hub.registry.awake_by_id("b").expect("made")), held);
    stop(hub).await;
}

#[tokio::test]
async fn all_that_are_awake_are_gone_through_in_pieces_and_each_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _) = open(folder.path());
    let many = 2 * crate::limits::DEVICES_COPIED_AT_ONCE;
    for n in 0..many {
        let identity = router::Identity {
            key: hub.registry.next_key(),
            id: protocol::id::DeviceId::parse(&format!("d{n:05}")).expect("valid"),
            called: None,
            token: None,
            previous: None,
            joined: false,
            confirmed: false,
            created: 0,
            stored: true,
        };
        assert!(hub.registry.add(router::Device::new(identity, 0)).is_ok());
        // Also where the last piece is full, or empty.
        if n + 2 > many || n == 0 {
            let ids: Vec<String> = hub.registry.awake().iter().map(|cell| cell.id.to_string()).collect();
            assert_eq!(ids, (0..=n).map(|n| format!("d{n:05}")).collect::<Vec<_>>());
        }
    }
    stop(hub).await;
}
