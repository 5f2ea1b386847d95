//! Panels without sockets: frames are fed to an endpoint, and what it says is read from what it would write.

mod asleep;
mod bounds;
mod broken;
mod held_up;
mod idle;
mod rights;
mod socket;
mod watch;

use super::endpoint::Panel;
use super::{PanelPeer, Seat};
use crate::auth::Grant;
use crate::{Hub, Settings};
use bytes::Bytes;
use protocol::message::{Sample, Samples};
use serde_json::Value;
use serde_json::value::RawValue;
use sockets::{Endpoint as _, Outgoing, Remote, websocket};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;

/// About as much as a message holds.
const LONG: usize = 60_000;

fn open(folder: &Path) -> (Arc<Hub>, Grant) {
    let hub = Hub::open(folder, Settings::default()).expect("the folder is ours");
    let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
    (hub, admin)
}

async fn stop(hub: Arc<Hub>) {
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

fn long(n: usize) -> Box<RawValue> {
    RawValue::from_string(format!("\"{n} {}\"", "x".repeat(LONG))).expect("JSON")
}

fn short(n: usize) -> Box<RawValue> {
    RawValue::from_string(n.to_string()).expect("JSON")
}

async fn send(hub: &Arc<Hub>, device: &str, channel: impl Into<Box<str>>, value: Box<RawValue>) {
    let samples = vec![Sample { channel: channel.into(), value }];
    let message = Samples { seq: None, ts: None, samples, outbox: None };
    hub.take_samples(device, message).await.expect("taken over");
}

/// A panel as its event loop has it.
pub(crate) struct Driven {
    panel: Panel,
    pub(crate) woken: mpsc::UnboundedReceiver<()>,
}

impl Driven {
    /// One that proves in its upgrade who looks, or does not.
    pub(crate) fn open(hub: &Arc<Hub>, grant: Option<&Grant>) -> Self {
        let (wakes, woken) = mpsc::unbounded_channel();
        let wake = move || {
            // Nobody may listen any more.
            let _ = wakes.send(());
        };
        let remote = hub.loops().task(wake).expect("the loops run");
        Self { panel: Panel::open(hub, peer(grant), remote), woken }
    }

    /// One that was welcomed.
    fn welcomed(hub: &Arc<Hub>, grant: &Grant) -> Self {
        let mut driven = Self::open(hub, Some(grant));
        assert!(driven.frame().contains("\"welcome\""));
        driven
    }

    /// Whether it says nothing before something has come that it waits for.
    pub(crate) fn waits(&self) -> bool {
        !self.panel.reads() && !self.panel.is_over()
    }

    pub(crate) fn say(&mut self, message: impl ToString) {
        self.panel.read(&mut websocket::again(&message.to_string()));
    }

    /// What it would write now, piece by piece.
    fn pieces(&mut self) -> Vec<Bytes> {
        let mut out = Outgoing::default();
        self.panel.write(&mut out);
        out.take()
    }

    /// The frames that it would write now.
    pub(crate) fn frames(&mut self) -> Vec<Said> {
        let bytes = self.pieces().concat();
        let (mut frames, mut rest) = (Vec::new(), &bytes[..]);
        while !rest.is_empty() {
            let frame;
            (frame, rest) = said(rest);
            frames.push(frame);
        }
        frames
    }

    /// The only frame that it would write now.
    fn frame(&mut self) -> String {
        match &mut self.frames()[..] {
            [Said::Text(text)] => std::mem::take(text),
            other => panic!("not one frame: {other:?}"),
        }
    }

    /// All messages until it has everything, and the length of each frame.
    async fn all(&mut self) -> (Vec<Value>, Vec<usize>) {
        let (mut messages, mut lengths) = (Vec::new(), Vec::new());
        loop {
            self.panel.rest_is_over();
            let frames = self.frames();
            // It waits for something that the store has.
            if frames.is_empty() && !self.panel.reads() {
                self.woken.recv().await.expect("it is woken");
            } else if frames.is_empty() {
                return (messages, lengths);
            }
            for frame in frames {
                let Said::Text(text) = frame else { panic!("no text: {frame:?}") };
                lengths.push(text.len());
                match serde_json::from_str(&text).expect("JSON") {
                    Value::Array(several) => messages.extend(several),
                    one => messages.push(one),
                }
            }
        }
    }
}

fn peer(grant: Option<&Grant>) -> PanelPeer {
    PanelPeer { address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 4711), grant: grant.cloned() }
}

/// A frame of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Text(String),
    Pong(Vec<u8>),
    Close(u16),
}

fn said(bytes: &[u8]) -> (Said, &[u8]) {
    let (length, begin) = match bytes[1] {
        126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
        127 => (u64::from_be_bytes(bytes[2..10].try_into().expect("eight")) as usize, 10),
        short => (usize::from(short), 2),
    };
    let (payload, rest) = bytes[begin..].split_at(length);
    let said = match bytes[0] {
        0x81 => Said::Text(String::from_utf8(payload.into()).expect("UTF-8")),
        0x88 => Said::Close(u16::from_be_bytes([payload[0], payload[1]])),
        0x8a => Said::Pong(payload.into()),
        other => panic!("none of our frames: {other:#x}"),
    };
    (said, rest)
}

/// All that the messages say of one device's log: how many there are, how many were passed over, and the last cursor.
fn books(messages: &[Value]) -> (u64, u64, u64) {
    let patches = messages.iter().filter(|message| message.get("device").is_some());
    patches.filter_map(|patch| Some((patch["cursor"].as_u64()?, patch["skipped"].as_u64()))).fold(
        (0, 0, 0),
        |(received, skipped, last), (cursor, passed)| {
            assert!(cursor > last, "{cursor} behind {last}");
            (received + 1, skipped + passed.unwrap_or(0), cursor)
        },
    )
}
