//! A panel that writes down everything it is shown, over as many connections as it takes.

use crate::rig::{DEADLINE, Patch, Shown};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// How often it says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Where a hub serves, and the token of its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) http: String,
    pub(crate) token: String,
}

/// A panel that runs beside the test.
pub(crate) struct Panel {
    orders: mpsc::UnboundedSender<Order>,
    progress: watch::Receiver<Progress>,
    ended: JoinHandle<BTreeMap<String, Shown>>,
}

/// How far it has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// The cursor of each device.
    pub(crate) cursors: BTreeMap<String, u64>,
    /// The devices that are not online.
    pub(crate) offline: BTreeSet<String>,
    /// Whether it was last told that storage failed.
    pub(crate) storage_failed: bool,
}

#[derive(Debug)]
enum Order {
    /// A hub is there.
    Meet(Address),
    /// Read nothing, or read on.
    Read(bool),
    /// The test is over.
    End,
}

impl Panel {
    /// A panel that watches `devices`, once it is told of a hub. With `buffer` its system takes no more than so many
    /// bytes that it does not read.
    pub(crate) fn open(devices: Vec<String>, buffer: Option<u32>) -> Self {
        let (orders, hears) = mpsc::unbounded_channel();
        let (tells, progress) = watch::channel(Progress::default());
        let ended = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let log =
                Log { devices, buffer, log: None, cursors: BTreeMap::new(), shown: BTreeMap::new(), tells };
            runtime.expect("a runtime").block_on(watch(log, hears))
        });
        Self { orders, progress, ended }
    }

    /// There is a hub at `address`, now or in a moment.
    pub(crate) fn meet(&self, address: Address) {
        self.order(Order::Meet(address));
    }

    /// Reads nothing from now on: what it is sent fills the buffers between.
    pub(crate) fn freeze(&self) {
        self.order(Order::Read(false));
    }

    /// Reads on.
    pub(crate) fn thaw(&self) {
        self.order(Order::Read(true));
    }

    /// Waits until what it was shown satisfies `enough`.
    pub(crate) fn until(&self, deadline: Duration, enough: impl FnMut(&Progress) -> bool) -> bool {
        let mut progress = self.progress.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            timeout(deadline, progress.wait_for(enough)).await.is_ok_and(|met| met.is_ok())
        })
    }

    /// Ends it and gives what it was shown of each device.
    pub(crate) fn end(self) -> BTreeMap<String, Shown> {
        self.order(Order::End);
        self.ended.join().expect("the panel found nothing that it cannot read")
    }

    fn order(&self, order: Order) {
        // It ends only by an order, or by a panic that its end brings to light.
        let _ = self.orders.send(order);
    }
}

/// What it has seen, and what it needs to go on from there.
struct Log {
    devices: Vec<String>,
    buffer: Option<u32>,
    log: Option<String>,
    /// How far it has come with each device.
    cursors: BTreeMap<String, u64>,
    shown: BTreeMap<String, Shown>,
    tells: watch::Sender<Progress>,
}

type Socket = WebSocketStream<TcpStream>;

async fn watch(mut log: Log, mut orders: mpsc::UnboundedReceiver<Order>) -> BTreeMap<String, Shown> {
    let (mut socket, mut reads, mut hub): (Option<Socket>, bool, Option<Address>) = (None, true, None);
    let mut beat = interval(HEARTBEAT);
    loop {
        let mut gone = false;
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Meet(address)) => {
                    socket = log.connect(&address).await;
                    hub = Some(address);
                }
                Some(Order::Read(on)) => reads = on,
                Some(Order::End) | None => return log.shown,
            },
            frame = next(socket.as_mut()), if reads => match frame {
                Some(text) => {
                    if let (Some(answer), Some(socket)) = (log.take(&text), socket.as_mut()) {
                        gone = socket.send(Message::text(answer)).await.is_err();
                    }
                }
                None => gone = true,
            },
            _ = beat.tick() => match (socket.as_mut(), &hub) {
                (Some(socket), _) => gone = socket.send(Message::text("")).await.is_err(),
                // It was closed by a hub that lives, perhaps for reading too slowly.
                (None, Some(address)) => socket = log.connect(address).await,
                (None, None) => {}
            },
        }
        if gone {
            socket = None;
        }
    }
}

/// The next text frame; none where the socket has ended. Without a socket there is none for ever.
async fn next(socket: Option<&mut Socket>) -> Option<String> {
    let Some(socket) = socket else { return std::future::pending().await };
    loop {
        match socket.next().await? {
            Ok(Message::Text(text)) => return Some(text.to_string()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

impl Log {
    /// None where the hub is gone again already.
    async fn connect(&self, address: &Address) -> Option<Socket> {
        let mut request = format!("ws://{}/panel", address.http).into_client_request().expect("an address");
        let bearer = format!("Bearer {}", address.token).parse().expect("a token");
        request.headers_mut().insert("authorization", bearer);
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(buffer) = self.buffer {
            socket.set_recv_buffer_size(buffer).expect("a size");
        }
        let connecting = async {
            let stream = socket.connect(address.http.parse().expect("an address")).await.ok()?;
            tokio_tungstenite::client_async(request, stream).await.ok()
        };
        Some(timeout(DEADLINE, connecting).await.ok()??.0)
    }

    /// Writes down what a frame says. Gives what is to be answered.
    fn take(&mut self, frame: &str) -> Option<String> {
        if frame.is_empty() {
            return None;
        }
        let frame: Value = serde_json::from_str(frame).expect("frames are JSON");
        let messages = match &frame {
            Value::Array(messages) => messages.as_slice(),
            message => std::slice::from_ref(message),
        };
        let answer = messages.iter().filter_map(|message| self.message(message)).last();
        // Once a frame is enough.
        self.tells.send_modify(|progress| progress.cursors.clone_from(&self.cursors));
        answer
    }

    fn message(&mut self, message: &Value) -> Option<String> {
        if message["welcome"].is_string() {
            return Some(self.welcome(message));
        }
        if let Some(storage) = message["storage"].as_str() {
            self.tells.send_modify(|progress| progress.storage_failed = storage == "failed");
        }
        if let Some(id) = message["snapshot"].as_str() {
            self.snapshot(id, message);
        }
        let about = message["snapshot"].as_str().or(message["device"].as_str());
        if let (Some(id), Some(presence)) = (about, message["presence"].as_str()) {
            self.tells.send_modify(|progress| match presence {
                "online" => drop(progress.offline.remove(id)),
                _ => drop(progress.offline.insert(id.to_owned())),
            });
        }
        if let (Some(id), Some(cursor)) = (message["device"].as_str(), message["cursor"].as_u64()) {
            let shown = self.shown.entry(id.to_owned()).or_default();
            let counter = message["value"].as_u64();
            self.cursors.insert(id.to_owned(), cursor);
            shown.patches.push(Patch { cursor, skipped: message["skipped"].as_u64().unwrap_or(0), counter });
        }
        None
    }

    /// Watches on from where it is, if the log is still the same.
    fn welcome(&mut self, welcome: &Value) -> String {
        let log = welcome["log"].as_str().expect("a welcome names the log").to_owned();
        assert!(self.log.as_ref().is_none_or(|known| *known == log), "the log went back: {welcome}");
        self.log = Some(log);
        self.tells.send_modify(|progress| progress.storage_failed = false);
        json!({"watch": self.devices, "log": self.log, "after": self.cursors}).to_string()
    }

    fn snapshot(&mut self, id: &str, snapshot: &Value) {
        if snapshot["known"] == false {
            return;
        }
        let cursor = snapshot["cursor"].as_u64().expect("a snapshot has a cursor");
        let shown = self.shown.entry(id.to_owned()).or_default();
        match self.cursors.insert(id.to_owned(), cursor) {
            None => shown.begin = Some(cursor),
            Some(_) => shown.jumps += 1,
        }
    }
}
