//! A standalone gateway in a folder, and a device that is a bare socket.

use crate::hub::Hub;
use gateway::standalone::{HubSettings, Settings, Standalone};
use gateway::{Gateway, Limits, listen};
use serde_json::{Value, json};
use sockets::EventLoops;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::SpoolOptions;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// How long anything may take before a test is given up: far more than it ever takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway that runs.
pub(crate) struct Station {
    pub(crate) standalone: Arc<Standalone>,
    pub(crate) lines: SocketAddr,
    connections: Gateway,
    loops: EventLoops,
}

impl Station {
    /// Begins on the state in `state`, with these hubs in its configuration.
    pub(crate) async fn start(state: &Path, hubs: Vec<HubSettings>) -> Self {
        let loops = EventLoops::start(1).expect("a thread");
        let settings = Settings { id: "barn".into(), spool: SpoolOptions::default(), heartbeat: 5 };
        let standalone = Standalone::open(state, settings, &loops.handle()).expect("the folder is ours");
        let configuring = standalone.clone();
        let configured = tokio::task::spawn_blocking(move || configuring.configure(hubs)).await;
        configured.expect("no panic").expect("these hubs can be");
        let connections = Gateway::new(standalone.clone(), Limits::default(), loops.handle());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let lines = listener.local_addr().expect("it is bound");
        tokio::spawn(listen::serve_tcp(connections.clone(), listener));
        Self { standalone, lines, connections, loops }
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.connections.shutdown().await;
        let standalone = self.standalone;
        tokio::task::spawn_blocking(move || standalone.stop()).await.expect("it ends");
        let loops = self.loops;
        tokio::task::spawn_blocking(move || drop(loops)).await.expect("they end");
    }

    /// A device that identified with a session, and its welcome.
    pub(crate) async fn device(&self, id: &str) -> (Device, Value) {
        let mut device = Device::connect(self.lines).await;
        let identify = json!({"identify": id, "token": format!("token of {id}"), "nonce": 1, "boot": true});
        device.says(&identify.to_string()).await;
        let welcome = device.hears("welcome").await;
        assert_eq!(welcome["welcome"], id);
        (device, welcome)
    }
}

/// A hub in the configuration.
pub(crate) fn hub(name: &str, hub: &Hub) -> HubSettings {
    HubSettings::new(name, &hub.url(), "gl_test")
}

/// A device.
pub(crate) struct Device {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl Device {
    pub(crate) async fn connect(lines: SocketAddr) -> Self {
        let (read, write) = TcpStream::connect(lines).await.expect("it listens").into_split();
        Self { read: BufReader::new(read), write }
    }

    pub(crate) async fn says(&mut self, line: &str) {
        self.write.write_all(format!("{line}\n").as_bytes()).await.expect("it is heard");
    }

    /// The next line of this kind; others are passed over.
    pub(crate) async fn hears(&mut self, kind: &str) -> Value {
        let mut line = String::new();
        loop {
            let before = std::mem::take(&mut line);
            let read = tokio::time::timeout(PATIENCE, self.read.read_line(&mut line)).await;
            let read = read.unwrap_or_else(|_| panic!("no {kind} comes")).expect("it is open");
            assert!(read > 0, "it was closed before {kind}, behind {before}");
            let Ok(said) = serde_json::from_str::<Value>(&line) else { continue };
            if said.get(kind).is_some() {
                return said;
            }
        }
    }

    /// Sends numbered values `from` to `to`, and waits for the last ack.
    pub(crate) async fn sends(&mut self, from: u64, to: u64) {
        for seq in from..=to {
            self.says(&format!(r#"{{"seq":{seq},"channel":"count","value":{seq}}}"#)).await;
            if seq % 32 == 0 || seq == to {
                while self.hears("ack").await["ack"].as_u64() < Some(seq) {}
            }
        }
    }
}
