//! What the store takes over, keeps and gives back.

mod codec;
mod devices;
mod history;
mod ingest;
mod open;
mod rows;
pub(crate) mod spool;

use std::path::Path;

use anyhow::Context;

use crate::figures::{Figures, heading, line};

/// Rounds of the comparison of chunks and rows.
const ROUNDS: u64 = 5;

/// All scenarios, in a folder of their own under `dir` that goes at the end.
pub(crate) fn run(dir: &Path) -> anyhow::Result<()> {
    let dir = tempfile::Builder::new()
        .prefix("bench-store-")
        .tempdir_in(dir)
        .with_context(|| format!("no folder can be made in {}", dir.display()))?;
    let dir = dir.path();
    println!(
        "bench store: files in {}, each commit waits for the disk; median (least … greatest)",
        dir.display()
    );
    codec::run();
    compare(dir)?;
    history::run(&dir.join("history"))?;
    open::run(&dir.join("open"))
}

/// Taking over: the store as it is, and one SQLite row a sample.
fn compare(dir: &Path) -> anyhow::Result<()> {
    let mut ours = Takeover::default();
    let mut rows = Takeover::default();
    for round in 0..ROUNDS {
        ours.add(ingest::run(&dir.join(format!("ingest-{round}")), round)?);
        rows.add(rows::run(&dir.join(format!("rows-{round}")), round)?);
    }
    heading("ingest: 100 devices with 64 messages in flight each, a sample a message, acked when on disk");
    ours.show("≥ 500", "≤ 4");
    heading("rows (the peer): a quarter of the same samples, a SQLite row each, in transactions as large");
    rows.show("", "");
    Ok(())
}

/// What one round of taking over measured.
struct Round {
    samples: u64,
    spent: crate::clock::Spent,
    /// Bytes on disk after it was closed.
    bytes: u64,
    /// Of these, those in which something stands.
    used: u64,
    /// The longest that a sample waited for its ack, ms.
    longest_ms: f64,
    /// Closing it, ms.
    close_ms: f64,
}

#[derive(Default)]
struct Takeover {
    thousands_per_second: Figures,
    processor_micros: Figures,
    bytes_per_sample: Figures,
    used_per_sample: Figures,
    longest_ms: Figures,
    close_ms: Figures,
}

impl Takeover {
    fn add(&mut self, round: Round) {
        let samples = round.samples as f64;
        self.thousands_per_second.add(samples / round.spent.time.as_secs_f64() / 1e3);
        if let Some(processor) = round.spent.processor {
            self.processor_micros.add(processor.as_secs_f64() * 1e6 / samples);
        }
        self.bytes_per_sample.add(round.bytes as f64 / samples);
        self.used_per_sample.add(round.used as f64 / samples);
        self.longest_ms.add(round.longest_ms);
        self.close_ms.add(round.close_ms);
    }

    fn show(&self, rate: &str, bytes: &str) {
        line("samples taken over", &self.thousands_per_second, 0, "thousand/s", rate);
        line("processor time", &self.processor_micros, 2, "µs/sample", "");
        line("on disk, closed", &self.bytes_per_sample, 2, "B/sample", bytes);
        line("… without room that is free again", &self.used_per_sample, 2, "B/sample", "");
        line("longest wait for an ack", &self.longest_ms, 0, "ms", "≤ 250");
        line("closing", &self.close_ms, 0, "ms", "");
    }
}

/// Bytes of a database without the pages that are free for what comes next.
fn used_bytes(database: &Path) -> anyhow::Result<u64> {
    let connection = rusqlite::Connection::open(database)?;
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok((pages * number("page_size")?).cast_unsigned())
}

/// Bytes of all files in a folder.
fn folder_bytes(dir: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(dir)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}
