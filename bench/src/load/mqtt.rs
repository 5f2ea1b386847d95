//! MQTT 3.1.1 as far as the load needs it: to connect, subscribe and publish.

use super::Step;

/// Connects, and subscribes where there is something to hear.
pub(crate) fn steps(client: &str, hear: Option<&str>) -> Vec<Step> {
    let mut connect = vec![0x10, (12 + client.len()) as u8];
    text("MQTT", &mut connect);
    // Version 4 is 3.1.1; a clean session; no keep-alive, so that idle connections cost nothing.
    connect.extend_from_slice(&[4, 0x02, 0, 0]);
    text(client, &mut connect);
    let mut steps = vec![Step::new(connect, &[0x20, 2, 0, 0])];
    if let Some(topic) = hear {
        let mut subscribe = vec![0x82, (5 + topic.len()) as u8, 0, 1];
        text(topic, &mut subscribe);
        subscribe.push(0);
        steps.push(Step::new(subscribe, &[0x90, 3, 0, 1]));
    }
    steps
}

/// Publishes: acked, by its number, where there is one.
pub(crate) fn publish(topic: &str, acked: Option<u64>, payload: &[u8], out: &mut Vec<u8>) {
    let length = 2 + topic.len() + acked.map_or(0, |_| 2) + payload.len();
    out.push(if acked.is_some() { 0x32 } else { 0x30 });
    if length < 128 {
        out.push(length as u8);
    } else {
        out.extend_from_slice(&[0x80 | (length % 128) as u8, (length / 128) as u8]);
    }
    text(topic, out);
    if let Some(number) = acked {
        // 0 is no identifier. Far fewer than 65,535 are unacked.
        out.extend_from_slice(&((number % 65_535) as u16 + 1).to_be_bytes());
    }
    out.extend_from_slice(payload);
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}
