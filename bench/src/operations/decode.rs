//! Bytes of a device to messages: cut into a line, then read.

use std::hint::black_box;

use protocol::limits::LINE_BYTES_MAX;
use protocol::line::{Content, Lines};
use protocol::message::decode_from_device;

use super::Work;

/// One sample, numbered, with its time.
pub(super) fn sample() -> Work {
    decoded(r#"{"seq":1000000000,"channel":"temperature","value":21.50,"ts":1763846847123}"#.to_owned())
}

/// Ten channels in one message.
pub(super) fn ten_values() -> Work {
    let values: Vec<String> = (0..10).map(|at| format!("\"channel-{at}\":{at}.25")).collect();
    decoded(format!("{{\"seq\":1000000000,\"values\":{{{}}},\"ts\":1763846847123}}", values.join(",")))
}

/// What a device that keeps an outbox says first.
pub(super) fn identify() -> Work {
    let line = r#"{"identify":"pump-1","token":"gld_4Fq2mKk8VtQ1","nonce":81239,"session":"k7-12","oldest":4711,"handled":3,"heartbeat":30,"line_max":4096}"#;
    decoded(line.to_owned())
}

fn decoded(line: String) -> Work {
    let bytes = format!("{line}\n").into_bytes();
    let mut lines = Lines::new(LINE_BYTES_MAX);
    Box::new(move || {
        let mut input = black_box(&bytes[..]);
        while let Some(line) = lines.next(&mut input) {
            let Content::Whole(line) = line.content else { panic!("the line has room") };
            drop(black_box(decode_from_device(line).expect("a valid line")));
        }
    })
}
