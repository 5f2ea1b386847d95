//! What is written to panels and devices.

use std::hint::black_box;

use protocol::limits::{LINE_BYTES_MAX, WINDOW_MESSAGES};
use protocol::message::{ToDevice, Welcome};
use store::{Entry, EntryContent, Sample};

use super::Work;
use super::reading::{BEGIN, CHANNEL};

/// A message of one sample, as panels get it.
pub(super) fn patch() -> Work {
    let sample =
        Sample { channel: CHANNEL.into(), ts: BEGIN, device_ts: None, late: false, value: "21.50".into() };
    let content = EntryContent::Message { position: None, samples: vec![sample] };
    let entry = Entry { cursor: 4711, content };
    Box::new(move || {
        let patch = router::frame::stored("pump-1", black_box(&entry));
        assert!(black_box(patch).is_some(), "a message is shown");
    })
}

/// An ack.
pub(super) fn ack() -> Work {
    encoded(ToDevice::Ack(1_000_000_000))
}

/// The answer to an identify.
pub(super) fn welcome() -> Work {
    encoded(ToDevice::Welcome(Welcome {
        device: "pump-1".into(),
        nonce: Some(81_239),
        session: Some("k7-12".to_owned()),
        ack: Some(4710),
        window: Some(WINDOW_MESSAGES),
        heartbeat: 30,
        line_max: LINE_BYTES_MAX,
        time: BEGIN,
        token: None,
    }))
}

fn encoded(message: ToDevice) -> Work {
    Box::new(move || drop(black_box(black_box(&message).encode(LINE_BYTES_MAX))))
}
