//! Whatever ends in the middle, what was acked to a device reaches the hub once and in order.

use super::fleet::Fleet;
use super::relay::Relay;
use super::rig::Gateway;
use crate::rig::{Device, Hub};

#[test]
fn what_devices_send_is_in_the_hubs_history() {
    let hub = Hub::serve();
    let gateway = Gateway::before(&hub, hub.address());
    let verdict = Fleet::start(&gateway, &hub, 2).judged(&hub);
    assert!(verdict.is_clean() && verdict.accepted > 100, "{verdict}");
    assert_eq!((verdict.stored, verdict.declared), (verdict.accepted, 0));
    assert_eq!(gateway.stop().code, Some(0));
}

#[test]
fn a_gateway_that_is_killed_loses_and_doubles_nothing() {
    let hub = Hub::serve();
    let mut gateway = Gateway::before(&hub, hub.address());
    let mut fleet = Fleet::start(&gateway, &hub, 8);
    for acked in [100, 300, 500] {
        fleet.acked(acked);
        gateway = gateway.killed().start();
    }
    let verdict = fleet.judged(&hub);
    assert!(verdict.is_clean() && verdict.declared == 0, "{verdict}");
}

#[test]
fn a_hub_that_is_killed_misses_nothing() {
    let mut hub = Hub::serve();
    let relay = Relay::to(hub.address());
    let gateway = Gateway::before(&hub, relay.address());
    let mut fleet = Fleet::start(&gateway, &hub, 8);
    for acked in [100, 300] {
        fleet.acked(acked);
        relay.lead_to(None);
        let home = hub.kill();
        // The devices do not notice.
        fleet.acked(acked + 100);
        hub = Hub::serve_in(home);
        relay.lead_to(Some(hub.address()));
    }
    let verdict = fleet.judged(&hub);
    assert!(verdict.is_clean() && verdict.declared == 0, "{verdict}");
}

#[test]
fn both_may_be_killed_at_once() {
    let hub = Hub::serve();
    let relay = Relay::to(hub.address());
    let gateway = Gateway::before(&hub, relay.address());
    let mut fleet = Fleet::start(&gateway, &hub, 6);
    fleet.acked(200);
    relay.lead_to(None);
    let (home, killed) = (hub.kill(), gateway.killed());
    let _gateway = killed.start();
    let hub = Hub::serve_in(home);
    relay.lead_to(Some(hub.address()));
    let verdict = fleet.judged(&hub);
    assert!(verdict.is_clean() && verdict.declared == 0, "{verdict}");
}

#[test]
fn an_uplink_that_is_cut_at_any_byte_loses_and_doubles_nothing() {
    let hub = Hub::serve();
    let relay = Relay::to(hub.address());
    let gateway = Gateway::before(&hub, relay.address());
    let mut fleet = Fleet::start(&gateway, &hub, 8);
    for (acked, bytes) in [(50, 700), (150, 1_501), (250, 2_222), (350, 5_003), (450, 9_999)] {
        fleet.acked(acked);
        relay.cut_after(Some(bytes));
    }
    relay.cut_after(None);
    let verdict = fleet.judged(&hub);
    assert!(verdict.is_clean() && verdict.declared == 0, "{verdict}");
}

#[test]
fn a_known_device_comes_back_without_a_hub_and_an_unknown_one_is_told_why() {
    let hub = Hub::serve();
    let relay = Relay::to(hub.address());
    let gateway = Gateway::before(&hub, relay.address());
    let identify =
        |token: &str| format!(r#"{{"identify":"pump-1","token":"{token}","nonce":1,"boot":true}}"#);
    let mut device = Device::connect(gateway.lines());
    device.says(&identify(hub.of_ready("join")));
    let own = device.hears("welcome")["token"].as_str().expect("it is new").to_owned();
    drop(device);
    // It shows that it has its own.
    let mut device = Device::connect(gateway.lines());
    device.says(&identify(&own));
    device.hears("welcome");
    drop(device);

    relay.lead_to(None);
    let mut device = Device::connect(gateway.lines());
    device.says(&identify(&own));
    device.hears("welcome");
    device.says(r#"{"seq":1,"channel":"count","value":1}"#);
    device.acked(1);
    let mut stranger = Device::connect(gateway.lines());
    stranger.says(r#"{"identify":"pump-2","token":"gl_x","nonce":1}"#);
    let bye = stranger.hears("bye");
    assert_eq!((&bye["bye"], &bye["again"]), (&"no_hub".into(), &"later".into()));
    relay.lead_to(Some(hub.address()));
    hub.shows("pump-1", "count", "1");
}

#[test]
fn presence_is_unreachable_while_the_uplink_is_lost_and_then_what_it_was() {
    let hub = Hub::serve();
    let relay = Relay::to(hub.address());
    let gateway = Gateway::before(&hub, relay.address());
    let mut device = Device::connect(gateway.lines());
    let join = hub.of_ready("join");
    device.says(&format!(r#"{{"identify":"pump-1","token":"{join}","nonce":1,"boot":true}}"#));
    device.hears("welcome");
    let mut tail = hub.start(&["tail", "pump-1"]);
    tail.line(|line| line.starts_with("# online"));
    relay.lead_to(None);
    tail.line(|line| line.starts_with("# unreachable"));
    relay.lead_to(Some(hub.address()));
    tail.line(|line| line.starts_with("# online"));
    drop(device);
    tail.line(|line| line.starts_with("# offline"));
}
