//! Peers that keep what they take over: JetStream of NATS, and mosquitto with persistence.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, ensure};

use super::child::Child;
use super::install::Installed;
use super::{mosquitto, nats};

/// When JetStream asks the disk for safety.
#[derive(Clone, Copy)]
pub(super) enum Sync {
    /// Every two minutes, as shipped: a message is acked when the system has it, and a power cut takes it.
    Default,
    /// Before each ack.
    Always,
}

/// Everything that is published is one stream in files. What is published under `d.…` belongs to it, and the answers do not.
const STREAM: &str = r#"{"name":"bench","subjects":["d.*"],"storage":"file","retention":"limits","discard":"old","num_replicas":1}"#;

/// Persistence as shipped, which writes the whole state every half an hour and at the end, and never waits for the disk.
const PERSISTENT: &str = "persistence true
persistence_location ./
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
";

/// Starts NATS with JetStream.
pub(super) fn jetstream(installed: &Installed, sync: Sync) -> anyhow::Result<(Child, SocketAddr)> {
    let interval = match sync {
        Sync::Default => "",
        Sync::Always => "\n  sync_interval: always",
    };
    let settings = format!("{}jetstream {{\n  store_dir: \"jetstream\"{interval}\n}}\n", nats::CORE);
    let (child, address) = nats::start(installed, &settings)?;
    make_stream(address).context("JetStream gave no stream")?;
    Ok((child, address))
}

fn make_stream(address: SocketAddr) -> anyhow::Result<()> {
    let mut connection = BufReader::new(TcpStream::connect(address)?);
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let (subject, length) = ("$JS.API.STREAM.CREATE.bench", STREAM.len());
    let request =
        format!("CONNECT {{\"verbose\":false}}\r\nSUB made 1\r\nPUB {subject} made {length}\r\n{STREAM}\r\n");
    connection.get_mut().write_all(request.as_bytes())?;
    while !line.starts_with("MSG made") {
        line.clear();
        ensure!(connection.read_line(&mut line)? > 0, "the server closed the connection");
    }
    line.clear();
    connection.read_line(&mut line)?;
    ensure!(!line.contains("\"error\""), "{line}");
    Ok(())
}

/// Starts mosquitto with a client that is away and wants it all: without one, nothing would be kept.
pub(super) fn persistent_mosquitto(installed: &Installed) -> anyhow::Result<(Child, SocketAddr)> {
    let (child, address) = mosquitto::start(installed, PERSISTENT)?;
    subscribe_and_leave(address).context("mosquitto has no subscriber")?;
    Ok((child, address))
}

fn subscribe_and_leave(address: SocketAddr) -> anyhow::Result<()> {
    let mut connection = TcpStream::connect(address)?;
    // MQTT 3.1.1, a session that stays, no keep-alive, the client `k`.
    connection.write_all(b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x00\x00\x01k")?;
    let mut answer = [0; 4];
    connection.read_exact(&mut answer)?;
    ensure!(answer[0] == 0x20 && answer[3] == 0, "it refused a connection: {answer:?}");
    // All topics, QoS 1.
    connection.write_all(b"\x82\x06\x00\x01\x00\x01#\x01")?;
    let mut answer = [0; 5];
    connection.read_exact(&mut answer)?;
    ensure!(answer[0] == 0x90 && answer[4] == 1, "it refused a subscription: {answer:?}");
    Ok(connection.write_all(b"\xe0\x00")?)
}
