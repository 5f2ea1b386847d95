//! An intake that does what the test says, and a device that is a bare socket.

use gateway::{Gateway, Limits, listen};
use protocol::intake::{Intake, Lane, Outlet, Peer, Post, Said};
use protocol::limits::LINE_BYTES_MAX;
use protocol::message::{Identify, Welcome};
use sockets::EventLoops;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

/// How long anything may take before a test is given up: far more than it ever takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("nothing happens any more")
}

/// An identify that waits for its answer.
pub(crate) struct Asked {
    pub(crate) identify: Identify,
    pub(crate) peer: Peer,
    pub(crate) outlet: Arc<dyn Outlet>,
}

struct Scripted(UnboundedSender<Asked>);

impl Intake for Scripted {
    fn identify(&self, identify: Identify, peer: Peer, outlet: Arc<dyn Outlet>) {
        self.0.send(Asked { identify, peer, outlet }).expect("the test goes on");
    }
}

/// What came to a lane, in order.
#[derive(Debug)]
pub(crate) enum Heard {
    Said { line: u64, said: Said },
    Ended,
}

struct Recorder {
    heard: UnboundedSender<Heard>,
    ended: AtomicBool,
}

impl Lane for Recorder {
    fn take(&self, line: u64, said: Said) {
        let _ = self.heard.send(Heard::Said { line, said });
    }

    fn ended(&self) {
        assert!(!self.ended.swap(true, Ordering::Relaxed), "a lane ends once");
        let _ = self.heard.send(Heard::Ended);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !*self.ended.get_mut() {
            let _ = self.heard.send(Heard::Ended);
        }
    }
}

/// One conversation as the intake sees it.
pub(crate) struct Conversation {
    pub(crate) outlet: Arc<dyn Outlet>,
    heard: UnboundedReceiver<Heard>,
}

impl Asked {
    /// Welcomes the device: with a session in which `ack` is the last number, or as a plain one.
    pub(crate) fn welcome(self, ack: Option<u64>) -> Conversation {
        let (sender, heard) = unbounded_channel();
        let welcome = Welcome {
            device: self.identify.device.as_ref().map_or("new-1", |device| device.as_str()).into(),
            nonce: self.identify.nonce,
            session: ack.map(|_| "k7-1".to_owned()),
            ack,
            window: ack.map(|_| 64),
            heartbeat: self.identify.heartbeat.unwrap_or(15),
            line_max: LINE_BYTES_MAX,
            time: 0,
            token: None,
        };
        let lane = Arc::new(Recorder { heard: sender, ended: AtomicBool::new(false) });
        self.outlet.post(Post::Welcome { welcome, lane });
        Conversation { outlet: self.outlet, heard }
    }
}

impl Conversation {
    pub(crate) async fn hears(&mut self) -> Heard {
        soon(self.heard.recv()).await.expect("the lane is still there")
    }

    /// The next message as channel and value.
    pub(crate) async fn takes(&mut self) -> String {
        match self.hears().await {
            Heard::Said { said: Said::Samples(samples), .. } => {
                let sample = &samples.samples[0];
                let seq = samples.seq.map(|seq| format!("{seq} ")).unwrap_or_default();
                format!("{seq}{} {}", sample.channel, sample.value.get())
            }
            other => format!("{other:?}"),
        }
    }

    pub(crate) async fn ends(&mut self) {
        while !matches!(self.hears().await, Heard::Ended) {}
    }

    pub(crate) fn hears_nothing_more(&mut self) -> bool {
        self.heard.try_recv().is_err()
    }

    pub(crate) fn commit(&self, seq: Option<u64>, messages: u32) {
        self.outlet.post(Post::Committed { seq, messages });
    }
}

/// A gateway that listens on a port of its own, and what comes to its intake.
pub(crate) struct Stage {
    pub(crate) gateway: Gateway,
    pub(crate) loops: EventLoops,
    pub(crate) address: SocketAddr,
    asked: UnboundedReceiver<Asked>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let (sender, asked) = unbounded_channel();
        Self::of(Arc::new(Scripted(sender)), limits, asked).await
    }

    /// One whose intake is another than the scripted one.
    pub(crate) async fn of(intake: Arc<dyn Intake>, limits: Limits, asked: UnboundedReceiver<Asked>) -> Self {
        let loops = EventLoops::start(1).expect("a thread");
        let gateway = Gateway::new(intake, limits, loops.handle());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(listen::serve_tcp(gateway.clone(), listener));
        Self { gateway, loops, address, asked }
    }

    pub(crate) async fn asked(&mut self) -> Asked {
        soon(self.asked.recv()).await.expect("the gateway is still there")
    }

    pub(crate) async fn device(&self) -> Device {
        Device::over(TcpStream::connect(self.address).await.expect("it listens"))
    }

    /// Waits until so many connections are on the list.
    pub(crate) async fn counts(&self, connections: usize) {
        soon(async {
            while self.gateway.connections().len() != connections {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// A bare socket that speaks lines.
pub(crate) struct Device {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Device {
    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket option");
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(reader), writer }
    }

    pub(crate) async fn says(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).await.expect("the connection holds");
    }

    /// The next line that is said to it; nothing at the end.
    pub(crate) async fn hears(&mut self) -> Option<String> {
        let mut line = String::new();
        let bytes = soon(self.reader.read_line(&mut line)).await.expect("the connection holds");
        (bytes > 0).then(|| line.trim_end_matches('\n').to_owned())
    }

    pub(crate) async fn hears_a(&mut self, beginning: &str) {
        let line = self.hears().await.unwrap_or_else(|| panic!("the end instead of {beginning}"));
        assert!(line.starts_with(beginning), "{line} instead of {beginning}");
    }

    pub(crate) async fn hears_the_end(&mut self) {
        let mut rest = Vec::new();
        soon(self.reader.read_to_end(&mut rest)).await.expect("it ends without an error");
        assert!(rest.is_empty(), "before the end: {}", String::from_utf8_lossy(&rest));
    }

    /// Says no more, and still listens.
    pub(crate) async fn is_done(&mut self) {
        self.writer.shutdown().await.expect("the connection holds");
    }
}
