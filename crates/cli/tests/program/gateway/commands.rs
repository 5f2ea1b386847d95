//! Commands from a hub to a device behind a gateway.

use super::rig::Gateway;
use crate::rig::{Device, Hub};

/// A device behind the gateway that has a session. It says no heartbeats: two of them is how long it may be silent.
fn device(gateway: &Gateway, hub: &Hub, heartbeat: u32) -> Device {
    let mut device = Device::connect(gateway.lines());
    let join = hub.of_ready("join");
    device.says(&format!(
        r#"{{"identify":"pump-1","token":"{join}","nonce":1,"boot":true,"heartbeat":{heartbeat}}}"#
    ));
    device.hears("welcome");
    hub.start(&["tail", "pump-1"]).line(|line| line.starts_with("# online"));
    device
}

#[test]
fn a_command_is_done_or_has_failed_as_the_device_says() {
    let hub = Hub::serve();
    let gateway = Gateway::before(&hub, hub.address());
    let mut device = device(&gateway, &hub, 30);
    let mut send = hub.start(&["send", "pump-1", "fan", "true"]);
    let command = device.hears("command");
    assert_eq!((&command["channel"], &command["value"]), (&"fan".into(), &true.into()));
    device.says(&format!(r#"{{"result":{},"ok":true,"value":42}}"#, command["command"]));
    send.line(|line| line == "done 42");
    assert_eq!(send.ended().code, Some(0));

    let send = hub.start(&["send", "pump-1", "fan", "false"]);
    let command = device.hears("command");
    device.says(&format!(r#"{{"result":{},"ok":false,"reason":"stuck"}}"#, command["command"]));
    let ended = send.ended();
    assert!(ended.code == Some(1) && ended.said.contains("failed: stuck"), "{ended:?}");
}

#[test]
fn what_a_gateway_had_sent_when_it_was_killed_is_unknown() {
    let hub = Hub::serve();
    let gateway = Gateway::before(&hub, hub.address());
    let mut device = device(&gateway, &hub, 3);
    let mut send = hub.start(&["send", "pump-1", "fan", "true", "--ttl", "5000"]);
    device.hears("command");
    send.line(|line| line == "sent");
    let _gateway = gateway.killed().start();
    let ended = send.ended();
    assert!(ended.code == Some(1) && ended.said.contains("unknown"), "{ended:?}");
}
