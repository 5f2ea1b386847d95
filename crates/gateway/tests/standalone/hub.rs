//! A hub that does what the test says: the hub's end of the uplink over a real WebSocket, with books in memory that outlive its
//! connections.

use futures_util::{SinkExt as _, StreamExt as _};
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::time::Time;
use protocol::uplink::UplinkHub;
use protocol::uplink::hub_side::Output;
use protocol::uplink::message::{CommandName, CommandOutcome, Content, Handed, Skip, SpoolCursor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// What a hub holds, durable.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) cursor: Option<SpoolCursor>,
    /// What it took over, in order.
    pub(crate) entries: Vec<(DeviceId, Content)>,
    pub(crate) skips: Vec<Skip>,
    /// Tags that began.
    pub(crate) tags: Vec<Arc<str>>,
    /// Whether each device is connected.
    pub(crate) presence: BTreeMap<DeviceId, bool>,
    pub(crate) outcomes: Vec<CommandOutcome>,
    /// Whom it lets in, by the hash of the token that was shown.
    pub(crate) asked: u64,
    pub(crate) refuses: Option<Bye>,
    /// Nobody who identified at a gateway hears from it whether it may come in.
    pub(crate) is_mute: bool,
    /// It lets nobody in.
    pub(crate) denies: bool,
    /// How often somebody connected.
    pub(crate) connections: u64,
    /// To be handed over.
    to_hand: Vec<Handed>,
}

/// A hub.
#[derive(Clone)]
pub(crate) struct Hub {
    pub(crate) address: SocketAddr,
    books: Arc<Mutex<Books>>,
    /// Raised with each change of the books.
    changed: watch::Sender<u64>,
    /// Raised to end all connections.
    cut: watch::Sender<u64>,
    /// Reads nothing meanwhile.
    frozen: watch::Sender<bool>,
}

impl Hub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let hub = Self {
            address: listener.local_addr().expect("it is bound"),
            books: Arc::default(),
            changed: watch::Sender::new(0),
            cut: watch::Sender::new(0),
            frozen: watch::Sender::new(false),
        };
        let accepting = hub.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().converse(stream));
            }
        });
        hub
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/uplink", self.address)
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nobody panicked")
    }

    /// Waits until the books are as `wanted`.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Books) -> bool) {
        let mut changed = self.changed.subscribe();
        let looking = async {
            loop {
                changed.borrow_and_update();
                if wanted(&self.books()) {
                    return;
                }
                changed.changed().await.expect("the hub is there");
            }
        };
        let looked = tokio::time::timeout(crate::rig::PATIENCE, looking).await;
        assert!(looked.is_ok(), "{what} does not happen");
    }

    /// Ends all connections without a word.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|cut| *cut += 1);
    }

    /// Reads nothing, or reads again.
    pub(crate) fn freeze(&self, is_frozen: bool) {
        self.frozen.send_replace(is_frozen);
    }

    /// Hands a command over.
    pub(crate) fn hand(&self, device: &str, id: &str, value: &str) {
        let command = Handed {
            command: CommandName {
                device: DeviceId::parse(device).expect("an id"),
                by: "ada".into(),
                id: id.into(),
            },
            channel: "fan".into(),
            value: RawValue::from_string(value.to_owned()).expect("JSON"),
            deadline: now().wall + 10_000,
        };
        self.books().to_hand.push(command);
        self.changed.send_modify(|changed| *changed += 1);
    }

    /// The values that it has of a channel, in order.
    pub(crate) fn values(&self, device: &str) -> Vec<String> {
        let books = self.books();
        let of_device = books.entries.iter().filter(|(id, _)| id.as_str() == device);
        let values = of_device.filter_map(|(_, content)| match content {
            Content::Samples { samples, .. } => {
                Some(samples.iter().map(|sample| sample.value.get().to_owned()))
            }
            _ => None,
        });
        values.flatten().collect()
    }

    async fn converse(self, stream: TcpStream) {
        let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
        let (mut cut, mut frozen, mut changed) =
            (self.cut.subscribe(), self.frozen.subscribe(), self.changed.subscribe());
        let mut side = UplinkHub::new(now());
        self.books().connections += 1;
        loop {
            while let Some(output) = side.poll_output() {
                match output {
                    Output::Send(text) => {
                        if socket.send(Message::text(text)).await.is_err() {
                            return;
                        }
                    }
                    Output::Close => return drop(socket.close(None).await),
                    output => self.take(&mut side, output),
                }
            }
            let handed = match side.is_welcome() {
                true => std::mem::take(&mut self.books().to_hand),
                false => Vec::new(),
            };
            if !handed.is_empty() {
                handed.into_iter().for_each(|handed| side.hand(now(), handed));
                continue;
            }
            let is_frozen = *frozen.borrow();
            let due = side.poll_timeout().filter(|_| !is_frozen);
            let due = due.map_or(60_000, |at| at.saturating_sub(now().mono));
            // What the test ordered counts before what came behind that.
            let heard = async {
                tokio::select! {
                    biased;
                    _ = frozen.changed() => None,
                    _ = changed.changed() => None,
                    frame = socket.next(), if side.reading() && !is_frozen => Some(frame),
                }
            };
            let due = Duration::from_millis(due);
            let heard = tokio::select! {
                biased;
                _ = cut.changed() => return,
                heard = timeout(due, heard) => heard,
            };
            match heard {
                Ok(Some(Some(Ok(Message::Text(text))))) => side.frame(now(), &text),
                Ok(Some(Some(Ok(Message::Ping(_) | Message::Pong(_)))) | None) => {}
                Ok(Some(_)) => return,
                Err(_) if is_frozen => {}
                Err(_) => side.timeout(now()),
            }
        }
    }

    fn take(&self, side: &mut UplinkHub, output: Output) {
        let mut books = self.books();
        let mut durable = None;
        match output {
            Output::Identify(identify) => match books.refuses {
                Some(bye) => side.refused(bye),
                None => side.welcome(now(), identify.gateway, books.cursor.clone()),
            },
            Output::Opened { device, connected } => {
                if connected.is_some() {
                    books.presence.insert(device, true);
                }
            }
            Output::Connected { device, .. } => drop(books.presence.insert(device, true)),
            Output::Disconnected { device, .. } => drop(books.presence.insert(device, false)),
            Output::Take { device, entry, cursor } => {
                books.entries.push((device, entry.content));
                durable = Some(cursor);
            }
            Output::Tag { cursor, .. } => {
                books.tags.push(cursor.tag.clone());
                durable = Some(cursor);
            }
            Output::Skip { skip, cursor } => {
                books.skips.push(skip);
                durable = Some(cursor);
            }
            Output::Outcome(outcome) => {
                if !matches!(&*outcome.state, "sent") {
                    side.settled(now(), outcome.command.clone());
                }
                books.outcomes.push(outcome);
            }
            Output::Admit { ask, device, hash } => {
                books.asked += 1;
                match device {
                    _ if books.is_mute => {}
                    Some(device) if !books.denies => side.admitted(now(), ask, device, None, hash),
                    _ => side.denied(now(), ask, Bye::Auth),
                }
            }
            Output::Restored | Output::Standing { .. } | Output::Send(_) | Output::Close => {}
        }
        if let Some(cursor) = durable {
            side.committed(now(), &cursor);
            books.cursor = Some(cursor);
        }
        drop(books);
        self.changed.send_modify(|changed| *changed += 1);
    }
}

fn now() -> Time {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    Time { wall: wall as i64, mono: START.elapsed().as_millis() as u64 }
}
