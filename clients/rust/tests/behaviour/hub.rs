use glassline_client::{Device, Settings};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Longer than anything here takes; what has not come by then does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where the hub can be reached.
pub(crate) struct Port(TcpListener);

/// One connection of a device.
pub(crate) struct Hub(BufReader<TcpStream>);

impl Port {
    pub(crate) async fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.expect("a free port"))
    }

    pub(crate) fn address(&self) -> String {
        format!("tcp://{}", self.0.local_addr().expect("it is bound"))
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::new(&self.address(), "pump-1", "").expect("settings").counting_nonces_from(0)
    }

    pub(crate) fn device(&self) -> Device {
        Device::with(self.settings()).expect("a device")
    }

    /// The next connection, whose identify contains `part`.
    pub(crate) async fn hears_identify(&self, part: &str) -> Hub {
        let accepted = timeout(PATIENCE, self.0.accept()).await.expect("a device comes");
        let mut hub = Hub(BufReader::new(accepted.expect("a connection").0));
        let line = hub.hears("identify").await;
        assert!(line.contains(part), "{line}");
        hub
    }
}

impl Hub {
    pub(crate) async fn says(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).await.expect("the connection holds");
    }

    pub(crate) async fn welcomes(&mut self, nonce: u32, session: &str, ack: u64) {
        self.says(&format!(
            "{{\"welcome\":\"pump-1\",\"nonce\":{nonce},\"session\":\"{session}\",\"ack\":{ack},\"window\":64,\
             \"heartbeat\":15,\"line_max\":65536,\"time\":0}}"
        ))
        .await;
    }

    /// The next line that contains `part`.
    pub(crate) async fn hears(&mut self, part: &str) -> String {
        loop {
            let line = self.line().await.unwrap_or_else(|| panic!("the end instead of {part}"));
            if line.contains(part) {
                return line;
            }
        }
    }

    /// The next line; nothing at the end of the connection.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("a line or the end");
        (read.unwrap_or(0) > 0).then_some(line)
    }
}

/// Waits until `it` holds.
pub(crate) async fn until(mut it: impl FnMut() -> bool) {
    let waiting = async {
        while !it() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it comes to hold");
}
