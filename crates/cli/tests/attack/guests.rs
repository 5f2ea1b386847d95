//! Who may be there: a device that numbers what it says, a panel that watches it, and a newcomer now and then. What each has to
//! wait is written down.

use crate::figures::Waits;
use crate::rig::Device;
use crate::target::Target;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

const ID: &str = "guest-1";
/// How often the device says something.
const EVERY: Duration = Duration::from_millis(10);
/// How often the panel says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Every so many messages a newcomer comes.
const NEWCOMER_EVERY: u64 = 50;

/// When each value was said.
type Said = Arc<Mutex<BTreeMap<u64, Instant>>>;

pub(crate) struct Guests {
    device: Device,
    /// Times from what was said to what was shown.
    shown: Receiver<Duration>,
    said: Said,
    seq: u64,
    newcomers: Newcomers,
}

struct Newcomers {
    lines: String,
    join: String,
    count: u64,
}

/// What must balance in the end.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) said: u64,
    pub(crate) received: u64,
    pub(crate) gaps: u64,
}

impl Guests {
    pub(crate) fn begin(target: &Target) -> Self {
        let (device, _) = target.hub.numbered(ID);
        let (tells, shown) = channel();
        let said = Said::default();
        let (http, token) = (target.hub.address().to_owned(), target.hub.of_ready("token").to_owned());
        let noted = said.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(panel(&http, &token, &noted, |wait| {
                // The test may be over.
                let _ = tells.send(wait);
            }));
        });
        let newcomers = Newcomers {
            lines: target.hub.of_ready("lines").to_owned(),
            join: target.hub.of_ready("join").to_owned(),
            count: 0,
        };
        let mut guests = Self { device, shown, said, seq: 0, newcomers };
        // Until the panel shows something nothing counts.
        loop {
            guests.says();
            if guests.shown.recv_timeout(EVERY).is_ok() {
                return guests;
            }
        }
    }

    /// What they wait in so long a time.
    pub(crate) fn watch(&mut self, length: Duration) -> Waits {
        let until = Instant::now() + length;
        self.watch_while(|| Instant::now() < until)
    }

    /// What they wait while `goes_on`.
    pub(crate) fn watch_while(&mut self, mut goes_on: impl FnMut() -> bool) -> Waits {
        let mut waits = Waits::default();
        while goes_on() {
            let begin = Instant::now();
            waits.ack.push(self.says());
            waits.panel.extend(self.shown.try_iter());
            if self.seq.is_multiple_of(NEWCOMER_EVERY) {
                waits.newcomer.push(self.newcomers.comes());
            }
            while let Ok(wait) = self.shown.recv_timeout(EVERY.saturating_sub(begin.elapsed())) {
                waits.panel.push(wait);
            }
        }
        waits
    }

    /// Says the next message, and waits for its ack.
    fn says(&mut self) -> Duration {
        self.seq += 1;
        let (seq, now) = (self.seq, Instant::now());
        self.said.lock().expect("nobody panics with it").insert(seq, now);
        self.device.says(&format!(r#"{{"seq":{seq},"channel":"count","value":{seq}}}"#));
        self.device.acked(seq);
        now.elapsed()
    }

    /// What the hub has of what was said.
    pub(crate) fn end(self, target: &Target) -> Books {
        let state = target.hub.get(&format!("/api/devices/{ID}")).json();
        let count = |key: &str| state[key].as_u64().unwrap_or(0);
        Books { said: self.seq, received: count("received"), gaps: count("gaps") }
    }
}

impl Newcomers {
    /// One more connects, and is welcome: how long that took.
    fn comes(&mut self) -> Duration {
        self.count += 1;
        let begin = Instant::now();
        let mut device = Device::connect(&self.lines);
        // Always the same: a new one each time would be as many devices in the end.
        device.says(&format!(r#"{{"identify":"newcomer","token":"{}"}}"#, self.join));
        device.hears("welcome");
        begin.elapsed()
    }
}

async fn panel(http: &str, token: &str, said: &Said, mut shows: impl FnMut(Duration)) {
    let mut request = format!("ws://{http}/panel").into_client_request().expect("an address");
    let bearer = format!("Bearer {token}").parse().expect("a token");
    request.headers_mut().insert("authorization", bearer);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("an upgrade");
    socket.send(Message::text(format!(r#"{{"watch":["{ID}"]}}"#))).await.expect("it holds");
    let mut beat = tokio::time::interval(HEARTBEAT);
    loop {
        let frame = tokio::select! {
            frame = socket.next() => frame,
            _ = beat.tick() => {
                if socket.send(Message::text("")).await.is_err() { return }
                continue;
            }
        };
        let Some(Ok(frame)) = frame else { return };
        let Message::Text(text) = frame else { continue };
        let Ok(frame) = serde_json::from_str::<Value>(&text) else { continue };
        let messages = frame.as_array().map_or(std::slice::from_ref(&frame), Vec::as_slice);
        for value in messages.iter().filter_map(|message| message["value"].as_u64()) {
            let mut said = said.lock().expect("nobody panics with it");
            if let Some(at) = said.remove(&value) {
                // What is older was passed over by a panel that fell behind.
                *said = said.split_off(&value);
                shows(at.elapsed());
            }
        }
    }
}
