//! The core protocol of NATS as far as the load needs it: to connect, subscribe and publish.

use std::io::Write;

use super::Step;

/// Connects, and subscribes where there is something to hear.
pub(crate) fn steps(hear: Option<&str>) -> Vec<Step> {
    let mut connect = "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n".to_owned();
    if let Some(topic) = hear {
        connect.push_str(&format!("SUB {topic} 1\r\n"));
    }
    connect.push_str("PING\r\n");
    vec![Step::new("", b"\r\n"), Step::new(connect, b"PONG\r\n")]
}

/// Publishes.
pub(crate) fn publish(topic: &str, payload: &[u8], out: &mut Vec<u8>) {
    write!(out, "PUB {topic} {}\r\n", payload.len()).expect("a vector takes everything");
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}
