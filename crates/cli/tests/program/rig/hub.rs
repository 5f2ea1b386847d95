//! A running hub in a folder of its own.

use super::{Answer, Device, Ended, Program, request};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// `glassline serve` (or `demo`) on free ports, ready.
pub(crate) struct Hub {
    pub(crate) program: Program,
    /// The ready file.
    pub(crate) ready: Value,
    home: TempDir,
}

impl Hub {
    /// `glassline serve` on new state.
    pub(crate) fn serve() -> Self {
        Self::serve_in(tempfile::tempdir().expect("a folder"))
    }

    /// `glassline serve` on the state in `home`.
    pub(crate) fn serve_in(home: TempDir) -> Self {
        Self::begin(home, &["serve"])
    }

    /// `glassline COMMAND` with `more` arguments, on the state in `home`.
    pub(crate) fn begin(home: TempDir, arguments: &[&str]) -> Self {
        Self::begin_under(&[], home, arguments)
    }

    /// The same under another program, as in [`Program::start_under`].
    pub(crate) fn begin_under(under: &[&str], home: TempDir, arguments: &[&str]) -> Self {
        let ready = home.path().join("ready.json");
        let own =
            ["--state", "state", "--http", "127.0.0.1:0", "--lines", "127.0.0.1:0", "--ready", "ready.json"];
        let mut program = Program::start_under(under, home.path(), &[arguments, &own].concat());
        // It is written before the first line is said.
        program.line(|_| true);
        let ready = std::fs::read_to_string(ready).expect("the ready file is there");
        Self { program, ready: serde_json::from_str(&ready).expect("it is JSON"), home }
    }

    /// A text of the ready file.
    pub(crate) fn of_ready(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_else(|| panic!("no {key} in {}", self.ready))
    }

    /// The folder in which everything is.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The state folder.
    pub(crate) fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// `host:port` of HTTP.
    pub(crate) fn address(&self) -> &str {
        self.of_ready("http").strip_prefix("http://").expect("a URL")
    }

    /// A client command against this hub, run to its end.
    pub(crate) fn command(&self, arguments: &[&str]) -> Ended {
        Program::run(self.home(), &[arguments, &["--state", "state"]].concat())
    }

    /// A client command against this hub.
    pub(crate) fn start(&self, arguments: &[&str]) -> Program {
        Program::start(self.home(), &[arguments, &["--state", "state"]].concat())
    }

    /// An API request with the administrator's token.
    pub(crate) fn get(&self, path: &str) -> Answer {
        request(self.address(), "GET", path, Some(self.of_ready("token")))
    }

    /// A raw connection to the device port.
    pub(crate) fn connect(&self) -> Device {
        Device::connect(self.of_ready("lines"))
    }

    /// A plain device that has joined and was welcomed.
    pub(crate) fn plain(&self, id: &str) -> Device {
        let mut device = self.connect();
        device.says(&format!(r#"{{"identify":"{id}","token":"{}"}}"#, self.of_ready("join")));
        assert_eq!(device.hears("welcome")["welcome"], id);
        device
    }

    /// A device with a session, and its welcome.
    pub(crate) fn numbered(&self, id: &str) -> (Device, Value) {
        let mut device = self.connect();
        device.says(&format!(
            r#"{{"identify":"{id}","token":"{}","nonce":1,"boot":true}}"#,
            self.of_ready("join")
        ));
        let welcome = device.hears("welcome");
        assert_eq!((&welcome["nonce"], &welcome["ack"]), (&1.into(), &0.into()));
        (device, welcome)
    }

    /// Waits until the latest value of a channel is `value`.
    pub(crate) fn shows(&self, device: &str, channel: &str, value: &str) {
        let mut tail = self.start(&["tail", device]);
        tail.line(|line| line.ends_with(&format!("  {channel}  {value}")));
    }

    /// Asks it to end, and gives its end and the folder with its state.
    pub(crate) fn stop(self, signal: &str) -> (Ended, TempDir) {
        self.program.signal(signal);
        (self.program.ended(), self.home)
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(self) -> TempDir {
        self.program.kill();
        self.home
    }
}
