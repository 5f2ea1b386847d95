//! Glassline as it is shipped: `glassline serve` with authentication, its limits and its store on the disk.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::Site;
use super::child::Child;
use super::install::Installed;

/// Connections by which devices are made, each with one request at a time.
const MAKING_CONNECTIONS: usize = 64;

/// Where it listens, and what opens its doors.
pub(crate) struct Hub {
    pub(crate) lines: SocketAddr,
    pub(crate) http: SocketAddr,
    /// The administrator's token.
    pub(crate) token: String,
    devices: Vec<String>,
}

/// Starts it with this durability.
pub(super) fn start(installed: &Installed, durability: &str) -> anyhow::Result<(Child, Site)> {
    let (child, hub) = serve(installed, durability)?;
    Ok((child, Site::Glassline(hub)))
}

/// The same for whoever speaks to it in a way of his own.
pub(crate) fn serve(installed: &Installed, durability: &str) -> anyhow::Result<(Child, Hub)> {
    serve_in(installed.folder("glassline")?, installed, durability)
}

/// The same in a folder of a run, whose `state` may hold something already.
pub(super) fn serve_in(
    folder: TempDir,
    installed: &Installed,
    durability: &str,
) -> anyhow::Result<(Child, Hub)> {
    let at = |name| folder.path().join(name);
    std::fs::write(at("glassline.toml"), format!("durability = \"{durability}\"\n"))?;
    let mut command = Child::command(&installed.glassline);
    command.args(["serve", "--http", "127.0.0.1:0", "--lines", "127.0.0.1:0"]);
    command.arg("--config").arg(at("glassline.toml"));
    command.arg("--state").arg(at("state")).arg("--ready").arg(at("ready.json"));
    let mut child = Child::spawn(command, folder)?;
    let ready = ready(&mut child)?;
    let text = |name: &str| ready[name].as_str().with_context(|| format!("no `{name}` in the ready file"));
    let hub = Hub {
        lines: text("lines")?.parse()?,
        http: text("http")?.trim_start_matches("http://").parse()?,
        token: text("token")?.to_owned(),
        devices: Vec::new(),
    };
    Ok((child, hub))
}

/// What a process says in its ready file once it listens.
fn ready(child: &mut Child) -> anyhow::Result<Value> {
    child.wait_for(|folder| {
        let text = std::fs::read_to_string(folder.join("ready.json")).ok()?;
        serde_json::from_str::<Value>(&text).ok()
    })
}

impl Hub {
    /// Starts a gateway as shipped in front of it: from now on devices connect there.
    pub(super) fn stand_behind(&mut self, installed: &Installed) -> anyhow::Result<Child> {
        let mut connection = BufReader::new(TcpStream::connect(self.http)?);
        self.post("/api/gateways", "{\"id\":\"bench\"}", connection.get_mut())?;
        let token = token_in_answer(&mut connection)?;
        let folder = installed.folder("gateway")?;
        let at = |name| folder.path().join(name);
        let mut command = Child::command(&installed.glassline);
        command.args(["gateway", "--id", "bench", "--lines", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        command.args(["--hub", &format!("ws://{}/uplink", self.http), "--token", &token]);
        command.arg("--state").arg(at("state")).arg("--ready").arg(at("ready.json"));
        let mut child = Child::spawn(command, folder)?;
        self.lines = ready(&mut child)?["lines"].as_str().context("no `lines` in the ready file")?.parse()?;
        Ok(child)
    }

    /// The token of the device with this number, which has been made.
    pub(crate) fn device_token(&self, number: usize) -> &str {
        &self.devices[number]
    }

    /// Makes devices `d0`, `d1` … over the API until there are so many. Many at a time: each waits for the disk.
    pub(crate) fn make_devices(&mut self, count: usize) -> anyhow::Result<()> {
        let missing = count.saturating_sub(self.devices.len());
        let mut connections = Vec::new();
        for _ in 0..MAKING_CONNECTIONS.min(missing) {
            connections.push(BufReader::new(TcpStream::connect(self.http)?));
        }
        while self.devices.len() < count {
            let first = self.devices.len();
            let some = connections.len().min(count - first);
            for (number, connection) in connections[..some].iter_mut().enumerate() {
                self.request(first + number, connection.get_mut())?;
            }
            for connection in &mut connections[..some] {
                self.devices.push(token_in_answer(connection)?);
            }
        }
        Ok(())
    }

    fn request(&self, number: usize, connection: &mut TcpStream) -> std::io::Result<()> {
        self.post("/api/devices", &format!("{{\"id\":\"d{number}\"}}"), connection)
    }

    fn post(&self, path: &str, body: &str, connection: &mut TcpStream) -> std::io::Result<()> {
        let (host, token, length) = (self.http, &self.token, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        connection.write_all(request.as_bytes())
    }
}

fn token_in_answer(connection: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let mut status = String::new();
    connection.read_line(&mut status)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        connection.read_line(&mut header)?;
        if let Some((name, value)) = header.trim_end().split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        } else {
            break;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    if !status.contains(" 201 ") {
        bail!("it was not made: {status}{}", String::from_utf8_lossy(&body));
    }
    let body: Value = serde_json::from_slice(&body)?;
    Ok(body["token"].as_str().context("it has no token")?.to_owned())
}
