//! How a connection says what it publishes, asks and answers.

use std::io::Write;
use std::time::SystemTime;

use super::{mqtt, nats, websocket};

/// What a connection speaks, and under which name.
pub(crate) enum Voice {
    /// Lines of Glassline's protocol, without numbers: nothing is acked.
    Line,
    /// The same with numbers from 1: each is acked when it is durable.
    Numbered,
    /// A panel of Glassline, which asks this device.
    Panel { device: String },
    /// MQTT 3.1.1, with quality of service 0 or 1.
    Mqtt { topic: String, acked: bool },
    /// The core protocol of NATS.
    Nats { topic: String },
    /// A WebSocket whose address named the topic.
    WebSocket,
}

/// The same JSON for every server: a sample with its number as its value, and the time.
fn sample(number: u64) -> String {
    let value = 1_000_000_000 + number;
    format!(
        r#"{{"channel":"plant-1/line-3/oven-2/zone-4/temperature","value":{value},"ts":{}}}"#,
        milliseconds()
    )
}

impl Voice {
    /// A message with this number; with [`Voice::Numbered`] its place in the session, too.
    pub(super) fn message(&self, number: u64, out: &mut Vec<u8>) {
        let sample = sample(number);
        match self {
            Voice::Line => say(out, format_args!("{sample}\n")),
            Voice::Numbered => say(out, format_args!("{{\"seq\":{},{}\n", number + 1, &sample[1..])),
            Voice::Panel { .. } => unreachable!("panels publish nothing"),
            Voice::Mqtt { topic, acked } => {
                mqtt::publish(topic, acked.then_some(number), sample.as_bytes(), out);
            }
            Voice::Nats { topic } => nats::publish(topic, sample.as_bytes(), out),
            Voice::WebSocket => websocket::text(sample.as_bytes(), out),
        }
    }

    /// A question with this number: a command where there are such, a message where there are not.
    pub(super) fn question(&self, number: u64, out: &mut Vec<u8>) {
        let Voice::Panel { device } = self else { return self.message(number, out) };
        let value = 1_000_000_000 + number;
        let command = format!(
            r#"{{"command":"c-{device}-{number}","device":"{device}","channel":"setpoint","value":{value}}}"#
        );
        websocket::text(command.as_bytes(), out);
    }

    /// The answer to the question with this number.
    pub(super) fn answer(&self, number: u64, out: &mut Vec<u8>) {
        match self {
            Voice::Line | Voice::Numbered => {
                say(out, format_args!("{{\"result\":{number},\"ok\":true,\"value\":{number}}}\n"));
            }
            _ => self.message(number, out),
        }
    }
}

fn say(out: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).expect("a vector takes everything");
}

fn milliseconds() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis()
}
