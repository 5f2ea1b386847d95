//! Whatever a gateway says to a hub, and a hub to a gateway, as frames of text: read, taken or ended with a reason, never a
//! panic, and nothing is taken out of its order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::time::Time;
use protocol::uplink::filter::Filter;
use protocol::uplink::gateway_side::{GatewaySide, Settings};
use protocol::uplink::hub_side::Output;
use protocol::uplink::message::SpoolCursor;
use protocol::uplink::tags::{Held, Tags};
use protocol::uplink::UplinkHub;
use std::sync::Arc;

/// What separates two frames of an input.
const FRAME: char = '\u{1}';
const NOW: Time = Time { wall: 1_763_846_847_000, mono: 1_000 };

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    to_hub(text);
    to_gateway(text);
});

fn to_hub(text: &str) {
    let mut hub = UplinkHub::new(NOW);
    hub.frame(NOW, "0 {\"identify\":\"barn\",\"token\":\"t\",\"nonce\":1,\"tag\":\"g1\",\"heartbeat\":15}\n");
    hub.welcome(NOW, "barn".into(), Some(SpoolCursor { tag: "g1".into(), number: 3 }));
    let mut last = 3;
    for frame in text.split(FRAME) {
        hub.frame(NOW, frame);
        while let Some(output) = hub.poll_output() {
            match output {
                Output::Take { cursor, .. } | Output::Skip { cursor, .. } => {
                    assert!(cursor.number > last, "{} behind {last}", cursor.number);
                    last = cursor.number;
                    hub.committed(NOW, &cursor);
                }
                Output::Tag { .. } => last = 0,
                _ => {}
            }
        }
    }
}

fn to_gateway(text: &str) {
    let settings = Settings {
        gateway: "barn".into(),
        token: "t".to_owned(),
        heartbeat: 15,
        filter: Filter::default(),
        commands: true,
        begin: 1,
    };
    let mut tags = Tags::new(Vec::new());
    tags.begin("g1".into(), 0);
    let mut gateway = GatewaySide::new(NOW, settings, Arc::new(tags), Held { oldest: 1, head: 5 });
    while gateway.poll_output().is_some() {}
    gateway.opened(NOW);
    for frame in text.split(FRAME) {
        gateway.frame(NOW, frame);
        while gateway.poll_output().is_some() {}
    }
}
