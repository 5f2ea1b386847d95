//! Glassline's own protocols as far as the load needs them: a device on TCP, and a panel.

use std::net::SocketAddr;

use super::{Step, websocket};

/// Identifies a device. With a nonce it has a session, in which messages are numbered and acked.
pub(crate) fn device_steps(id: &str, token: &str, numbered: bool) -> Vec<Step> {
    let session = if numbered { r#","nonce":1,"boot":true"# } else { "" };
    let identify = format!("{{\"identify\":\"{id}\",\"token\":\"{token}\"{session}}}\n");
    vec![Step::new(identify, b"\"welcome\"")]
}

/// Describes the channel that questions are for: nothing answers it.
pub(crate) fn describe_step() -> Step {
    Step::new("{\"describe\":{\"setpoint\":{\"input\":\"number\"}}}\n", b"")
}

/// Opens a panel with a token, as programs do, and watches a device.
pub(crate) fn panel_steps(host: SocketAddr, token: &str, device: &str) -> Vec<Step> {
    let proof = format!("Authorization: Bearer {token}\r\n");
    let upgrade = websocket::upgrade(host, "/panel", &proof, b"\"welcome\"");
    let mut watch = Vec::new();
    websocket::text(format!(r#"{{"watch":["{device}"]}}"#).as_bytes(), &mut watch);
    vec![upgrade, Step::new(watch, b"\"snapshot\"")]
}
