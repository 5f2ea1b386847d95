//! Drawing a day over HTTP: a reading a second as 1000 points. Beside it, the same readings as rows of a table of SQLite,
//! aggregated by a query in this process, with no server between.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use rusqlite::Connection;
use serde_json::Value;

use crate::figures::{Figures, heading, line};
use crate::peer::{Contender, Server};
use crate::report::Table;
use crate::scenario::Bench;
use crate::usage::Meter;

/// A reading a second.
const READINGS: i64 = 86_400;
const POINTS: i64 = 1000;
/// When the first one is, ms since 1970.
const BEGIN: i64 = 1_763_846_847_000;
const END: i64 = BEGIN + READINGS * 1000;
/// Messages that are sent before the acks of all are awaited.
const WINDOW: i64 = 64;
/// Times that each asks for the day.
const TIMES: usize = 31;

/// Runs the scenario.
pub(crate) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let mut server = Server::start(Contender::GlasslineAcked, &bench.installed)?;
    server.make_devices(1)?;
    fill(&server)?;
    let folder = tempfile::Builder::new().prefix("run-rows-").tempdir_in(&bench.options.dir)?;
    let rows = fill_rows(&folder.path().join("rows.db"))?;
    let hub = server.hub().context("Glassline has no address")?;
    let path = format!("/api/devices/d0/channels/t/history?from={BEGIN}&to={END}&points={POINTS}");
    let mut pages = Pages::open(hub.http, &hub.token)?;
    let (mut over_http, mut in_rows, mut bytes) =
        (Figures::default(), Figures::default(), Figures::default());
    pages.get(&path)?;
    let mut processor = Figures::default();
    for _ in 0..TIMES {
        let meter = Meter::start(&server)?;
        let begun = Instant::now();
        let answer = pages.get(&path)?;
        over_http.add(begun.elapsed().as_secs_f64() * 1e3);
        processor.add(meter.stop(&server)?.server / 1e3);
        bytes.add(answer.len() as f64 / 1024.0);
        ensure!(counted(&answer)? == READINGS, "the day has not all its readings");
        let begun = Instant::now();
        ensure!(day_of_rows(&rows)? == READINGS, "the rows are not all there");
        in_rows.add(begun.elapsed().as_secs_f64() * 1e3);
    }
    heading("history: a day of a reading a second as 1000 points");
    line("glassline, over HTTP", &over_http, 2, "ms", "≤ 20");
    line("… its processor time", &processor, 2, "ms", "");
    line("… the answer", &bytes, 0, "KiB", "");
    line("rows of SQLite, a query", &in_rows, 2, "ms", "");
    Ok(Vec::new())
}

/// The reading of that second.
fn reading(second: i64) -> String {
    format!("{}.{}", 20 + second * 37 % 97 / 10, second % 10)
}

/// Sends the day as a device does, and waits until it is durable.
fn fill(server: &Server) -> anyhow::Result<()> {
    let script = server.device(0);
    let mut device = BufReader::new(TcpStream::connect(script.address)?);
    device.get_ref().set_nodelay(true)?;
    let mut said = String::new();
    for step in script.steps {
        device.get_mut().write_all(&step.say)?;
        device.read_line(&mut said)?;
    }
    ensure!(said.contains("\"welcome\""), "the device is not welcome: {said}");
    for first in (0..READINGS).step_by(WINDOW as usize) {
        let last = READINGS.min(first + WINDOW);
        let mut lines = String::new();
        for second in first..last {
            let (seq, value, ts) = (second + 1, reading(second), BEGIN + second * 1000);
            lines.push_str(&format!("{{\"seq\":{seq},\"channel\":\"t\",\"value\":{value},\"ts\":{ts}}}\n"));
        }
        device.get_mut().write_all(lines.as_bytes())?;
        let awaited = format!("{{\"ack\":{last}}}");
        while said.trim_end() != awaited {
            said.clear();
            ensure!(device.read_line(&mut said)? > 0, "the connection was closed");
        }
    }
    Ok(())
}

fn fill_rows(file: &Path) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(file)?;
    connection.execute_batch(
        "CREATE TABLE sample (channel INTEGER NOT NULL, ts INTEGER NOT NULL, value TEXT NOT NULL) STRICT;
         CREATE INDEX sample_time ON sample (channel, ts);",
    )?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO sample VALUES (1, ?1, ?2)")?;
        for second in 0..READINGS {
            insert.execute((BEGIN + second * 1000, reading(second)))?;
        }
    }
    transaction.commit()?;
    Ok(connection)
}

/// How many readings the buckets have.
fn day_of_rows(connection: &Connection) -> anyhow::Result<i64> {
    let mut query = connection.prepare_cached(
        "SELECT (ts - ?1) / ?3, min(number), max(number), avg(number), count(*)
         FROM (SELECT ts, CAST(value AS REAL) AS number FROM sample WHERE channel = 1 AND ts >= ?1 AND ts < ?2)
         GROUP BY 1",
    )?;
    let width = (END - BEGIN).div_euclid(POINTS);
    let counts = query.query_map((BEGIN, END, width), |row| row.get::<_, i64>(4))?;
    counts.map(|count| Ok(count?)).sum()
}

/// The counts of `{"buckets":[[ts, min, max, mean, count], …]}` together.
fn counted(answer: &[u8]) -> anyhow::Result<i64> {
    let answer: Value = serde_json::from_slice(answer)?;
    let buckets = answer["buckets"].as_array().context("the answer has no buckets")?;
    buckets.iter().map(|bucket| bucket[4].as_i64().context("a bucket has no count")).sum()
}

/// A connection over which one page after the other is asked for.
struct Pages {
    connection: BufReader<TcpStream>,
    head: String,
}

impl Pages {
    fn open(address: SocketAddr, token: &str) -> anyhow::Result<Pages> {
        let connection = TcpStream::connect(address)?;
        connection.set_nodelay(true)?;
        let head = format!("Host: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
        Ok(Pages { connection: BufReader::new(connection), head })
    }

    /// The body of the answer.
    fn get(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = format!("GET {path} HTTP/1.1\r\n{}", self.head);
        self.connection.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (String::new(), None);
        self.connection.read_line(&mut status)?;
        loop {
            let mut header = String::new();
            self.connection.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse()?);
            }
        }
        let mut body = vec![0; length.with_context(|| format!("an answer without a length: {status}"))?];
        self.connection.read_exact(&mut body)?;
        ensure!(status.contains(" 200 "), "{status}{}", String::from_utf8_lossy(&body));
        Ok(body)
    }
}
