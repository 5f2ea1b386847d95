//! Uplinks over sockets, with a gateway that says what a test has it say.

mod commands;
mod gateways;
mod presence;
mod spool;

use crate::auth::Grant;
use crate::{Hub, Settings};
use serde_json::Value;
use sockets::websocket;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Far more than anything here takes: only a test that hangs meets it.
const PATIENCE: Duration = Duration::from_secs(60);

fn open(folder: &Path) -> (Arc<Hub>, Grant) {
    let hub = Hub::open(folder, Settings::default()).expect("the folder is ours");
    let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
    (hub, admin)
}

async fn stop(hub: Arc<Hub>) {
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
}

/// The gateway `north`, made.
async fn with_north(folder: &Path) -> (Arc<Hub>, Grant, String) {
    let (hub, admin) = open(folder);
    let token = hub.create_gateway(&admin, "north").await.expect("it is made");
    (hub, admin, token.into_text())
}

/// A gateway's end of an uplink.
struct Gate {
    stream: UnixStream,
    bytes: Vec<u8>,
    heard: VecDeque<Value>,
}

impl Gate {
    fn connect(hub: &Arc<Hub>) -> Self {
        let (stream, theirs) = UnixStream::pair().expect("two ends");
        let peer = "10.0.0.5:40112".parse().expect("an address");
        theirs.set_nonblocking(true).expect("a socket can");
        let own = hub.clone();
        hub.loops().adopt(theirs, Vec::new(), move |remote| own.uplink(peer, remote));
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket can");
        Self { stream, bytes: Vec::new(), heard: VecDeque::new() }
    }

    /// Connects and identifies as `north`.
    fn north(hub: &Arc<Hub>, token: &str, tag: &str) -> Self {
        let mut gate = Self::connect(hub);
        gate.say(&format!(
            r#"0 {{"identify":"north","token":"{token}","nonce":1,"tag":"{tag}","heartbeat":15}}"#
        ));
        gate
    }

    /// The same, welcome, with where the hub stands in its spool.
    fn welcome(hub: &Arc<Hub>, token: &str, tag: &str) -> (Self, Value) {
        let mut gate = Self::north(hub, token, tag);
        let welcome = gate.until("welcome");
        (gate, welcome)
    }

    /// Says these lines in one frame.
    fn say(&mut self, lines: &str) {
        let lines: String = lines.lines().map(|line| format!("{}\n", line.trim())).collect();
        self.stream.write_all(&websocket::again(&lines)).expect("the hub reads");
    }

    /// The next line with this member; what comes before it is passed over.
    fn until(&mut self, member: &str) -> Value {
        loop {
            let next = self.next().unwrap_or_else(|| panic!("the uplink is over before “{member}”"));
            if next.get(member).is_some() {
                return next;
            }
        }
    }

    /// The next line; nothing at the end.
    fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(line) = self.heard.pop_front() {
                return Some(line);
            }
            self.take_frames();
            if self.heard.is_empty() {
                let mut more = [0; 4096];
                let read = match self.stream.read(&mut more) {
                    Ok(0) => return None,
                    Ok(read) => read,
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                    Err(error) => panic!("nothing comes: {error}"),
                };
                self.bytes.extend_from_slice(&more[..read]);
            }
        }
    }

    /// All that is left until the hub closes.
    fn rest(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.next()).collect()
    }

    fn take_frames(&mut self) {
        while let [kind, length, ..] = self.bytes[..] {
            let (begin, length) = match length {
                126 if self.bytes.len() >= 4 => {
                    (4, usize::from(u16::from_be_bytes([self.bytes[2], self.bytes[3]])))
                }
                126 => return,
                short => (2, usize::from(short)),
            };
            if self.bytes.len() < begin + length {
                return;
            }
            let frame: Vec<u8> = self.bytes.drain(..begin + length).skip(begin).collect();
            if kind == 0x81 {
                let text = String::from_utf8(frame).expect("text");
                let lines = text.lines().filter_map(|line| line.strip_prefix("0 "));
                let values = lines.filter_map(|line| serde_json::from_str(line).ok());
                self.heard.extend(values);
            }
        }
    }
}

/// Waits until something holds that other threads see to.
async fn until(mut holds: impl FnMut() -> bool) {
    let waits = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waits).await.expect("it comes true");
}

/// A device's connection that writes down what it hears in a word each.
struct Wire(std::sync::Mutex<Vec<String>>);

impl protocol::intake::Outlet for Wire {
    fn post(&self, post: protocol::intake::Post) {
        use protocol::intake::Post;
        let word = match post {
            Post::Welcome { lane, .. } => {
                // It stays connected for as long as the test runs.
                std::mem::forget(lane);
                "welcome".to_owned()
            }
            Post::Bye(bye) => bye.to_string(),
            _ => return,
        };
        self.0.lock().expect("no panic").push(word);
    }
}

/// The device identifies at the hub itself.
fn identify(hub: &Arc<Hub>, id: &str, token: &str) -> Arc<Wire> {
    use protocol::intake::{Intake as _, Peer};
    let wire = Arc::new(Wire(std::sync::Mutex::default()));
    let (device, token) = (protocol::id::DeviceId::parse(id), Some(token.to_owned()));
    let identify = protocol::message::Identify { device, token, ..Default::default() };
    hub.identify(identify, Peer { connection: 7, address: "test".into(), is_local: false }, wire.clone());
    wire
}

impl Wire {
    fn heard(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }
}
