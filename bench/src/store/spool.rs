//! A gateway's spool: taking over what 100 devices send as fast as it is acked, giving it back to an uplink, and what it takes
//! on disk, also where entries come one by one.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use anyhow::Context;
use store::{Commit, DeviceKey, Event, Spool, SpoolOptions, Write};

use super::devices::{Device, Random};
use super::ingest::{DEVICES, MESSAGES, WINDOW, outboxes};
use super::used_bytes;
use crate::figures::{Figures, heading, line};

/// Rounds.
const ROUNDS: u64 = 3;
/// Entries that come one by one, each alone in its commit.
const SINGLE: u64 = 10_000;
/// Bytes that an uplink reads at once.
const PAGE: usize = 64 * 1024;

/// The scenario.
pub(crate) fn run(dir: &Path) -> anyhow::Result<()> {
    let dir = tempfile::Builder::new()
        .prefix("bench-spool-")
        .tempdir_in(dir)
        .with_context(|| format!("no folder can be made in {}", dir.display()))?;
    let dir = dir.path();
    println!("bench spool: files in {}, each commit waits for the disk", dir.display());
    let (mut rate, mut bytes, mut longest) = (Figures::default(), Figures::default(), Figures::default());
    let (mut read, mut counted) = (Figures::default(), Figures::default());
    let (mut alone, mut five) = (Figures::default(), Figures::default());
    for round in 0..ROUNDS {
        let busy = busy(&dir.join(format!("spool-{round}")), round)?;
        rate.add(busy.entries / busy.seconds / 1e3);
        read.add(busy.entries / busy.read_seconds / 1e3);
        bytes.add(busy.bytes / busy.entries);
        longest.add(busy.longest_ms);
        counted.add(busy.counted / busy.entries);
    }
    alone.add(singles(&dir.join("alone"), 1)?);
    five.add(singles(&dir.join("alone-of-five"), 5)?);
    heading("spool: 100 devices with 64 messages in flight each, a sample a message, acked when on disk");
    line("entries taken over", &rate, 0, "thousand/s", "");
    line("longest wait for an ack", &longest, 0, "ms", "≤ 250");
    line("on disk", &bytes, 1, "B/entry", "");
    line("… as it is counted", &counted, 1, "B/entry", "");
    line("… where each comes alone", &alone, 1, "B/entry", "");
    line("… with five samples", &five, 1, "B/entry", "");
    line("entries read for an uplink", &read, 0, "thousand/s", "");
    Ok(())
}

struct Busy {
    entries: f64,
    seconds: f64,
    read_seconds: f64,
    bytes: f64,
    /// What the spool says that they take.
    counted: f64,
    longest_ms: f64,
}

fn busy(dir: &Path, seed: u64) -> anyhow::Result<Busy> {
    let (spool, commits) = open(dir)?;
    write(&spool, &commits, (1..=DEVICES).map(|number| Device::new(number, 1).made()))?;
    let mut lines = outboxes(seed, MESSAGES);
    let begun = Instant::now();
    let mut sent: Vec<Vec<Instant>> = Vec::new();
    for line in &mut lines {
        sent.push(vec![begun; WINDOW]);
        line.by_ref().take(WINDOW).for_each(|write| spool.submit(write));
    }
    let (mut waiting, mut longest_ms) = (DEVICES * MESSAGES as u64, 0.0_f64);
    while waiting > 0 {
        let commit = commits.recv()?;
        commit.result?;
        waiting -= commit.writes.len() as u64;
        let now = Instant::now();
        for write in commit.writes {
            let Write::Message(message) = write else { continue };
            let DeviceKey(number) = message.device;
            let place = number as usize - 1;
            let waited = now.duration_since(sent[place].remove(0));
            longest_ms = longest_ms.max(waited.as_secs_f64() * 1e3);
            if let Some(next) = lines[place].next() {
                sent[place].push(now);
                spool.submit(next);
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let read_seconds = read_all(&spool)?;
    let counted = spool.bytes().0 as f64;
    spool.close();
    let bytes = used_bytes(&dir.join("spool.db"))? as f64;
    let entries = (DEVICES * MESSAGES as u64) as f64;
    Ok(Busy { entries, seconds, read_seconds, bytes, counted, longest_ms })
}

/// Seconds that it takes to read all, as an uplink does.
fn read_all(spool: &Spool) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let mut after = 0;
    while let Some(last) = spool.read(after, PAGE)?.last() {
        after = last.place;
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// Bytes of an entry where each is alone in its commit.
fn singles(dir: &Path, channels: usize) -> anyhow::Result<f64> {
    let (spool, commits) = open(dir)?;
    let (mut device, mut random) = (Device::new(1, channels), Random::new(1));
    write(&spool, &commits, [device.made()])?;
    for _ in 0..SINGLE {
        write(&spool, &commits, [Write::Message(device.read(&mut random))])?;
    }
    spool.close();
    Ok(used_bytes(&dir.join("spool.db"))? as f64 / SINGLE as f64)
}

fn open(dir: &Path) -> anyhow::Result<(Spool, Receiver<Commit>)> {
    let (sender, commits) = channel();
    let (spool, _) = Spool::open(dir, SpoolOptions::default(), move |event| {
        if let Event::Commit(commit) = event {
            // Nobody listens any longer when a scenario is over.
            drop(sender.send(commit));
        }
    })?;
    Ok((spool, commits))
}

fn write(
    spool: &Spool,
    commits: &Receiver<Commit>,
    writes: impl IntoIterator<Item = Write>,
) -> anyhow::Result<()> {
    let mut waiting = writes.into_iter().map(|write| spool.submit(write)).count();
    while waiting > 0 {
        let commit = commits.recv()?;
        commit.result?;
        waiting -= commit.writes.len();
    }
    Ok(())
}
