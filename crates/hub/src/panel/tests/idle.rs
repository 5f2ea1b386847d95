//! How much an idle panel holds: thousands of them must cost little.

use super::super::watched::Watched;
use super::*;

/// Bytes that the allocator takes for so many: 8 of its own, in steps of 16, at least 32.
fn allocated(bytes: usize) -> usize {
    (bytes + 8).next_multiple_of(16).max(32)
}

/// Strong and weak count of an `Arc`.
const COUNTS: usize = 16;

#[test]
fn an_idle_panel_that_watches_one_device_holds_half_a_kilobyte_at_most() {
    let page = "/devices/boiler-17";
    let holds = [
        ("endpoint", allocated(size_of::<Panel>())),
        ("seat, with grant and address", allocated(COUNTS + size_of::<Seat>())),
        ("path of the page", allocated(page.len())),
        ("watch of a device", allocated(size_of::<Watched>())),
        // Lists that double when they are full hold up to twice what is in them.
        ("place among the device's watchers", 2 * size_of::<Arc<Seat>>()),
        ("place among the open panels", 2 * size_of::<Arc<Seat>>()),
    ];
    let all: usize = holds.iter().map(|(_, bytes)| bytes).sum();
    assert!(all <= 432, "{all}: {holds:?}");
}

#[tokio::test]
async fn a_panel_that_has_what_it_asked_for_keeps_nothing_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, admin) = open(folder.path());
    hub.create_device(&admin, "tank-1").await.expect("free");
    let mut panel = Driven::welcomed(&hub, &admin);
    assert!(panel.panel.is_idle());
    panel.say(r#"[{"watch":["tank-1","nobody"]},{"watch_devices":true}]"#);
    panel.all().await;
    assert!(!panel.panel.is_idle(), "it watches the list, and for somebody new");
    panel.say(r#"[{"unwatch":["nobody"]},{"watch_devices":false}]"#);
    panel.all().await;
    assert!(panel.panel.is_idle());
    assert_eq!(hub.panels.seats()[0].watched().capacity(), 1);
    drop(panel);
    stop(hub).await;
}
