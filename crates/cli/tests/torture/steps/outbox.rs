//! Damaged outboxes: between two runs of the devices' program their files are cut off or a bit in them is turned over.
//!
//! What stood on a damaged line is gone, for its only copy was there: that is no loss of ours. Everything else must
//! arrive, once and in order, and every device must come back.

use super::{Outcome, Run};
use crate::dice::Dice;
use crate::fleet::{CHANNEL, Load};
use crate::scene::Scene;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One file in so many that are damaged is a head.
const HEADS: u64 = 8;

/// Every device's outbox is damaged, again and again.
pub(super) fn damaged(mut run: Run) -> Outcome {
    let (devices, rounds) = if run.long { (1000, 100) } else { (50, 4) };
    let load = Load { devices, rate: 1000.0 / devices as f64, heartbeat: 15 };
    let mut scene = Scene::begin(load);
    let (mut cuts, mut flips) = (0, 0);
    let mut destroyed = BTreeMap::<String, BTreeSet<u64>>::new();
    for _ in 0..rounds {
        // Kept back, so that there is something in the outboxes.
        scene.wire.hold(run.dice.between(devices, 4 * devices));
        scene.fleet.kill();
        scene.wire.cut();
        for id in scene.fleet.devices() {
            let Some(file) = pick(&scene.fleet.outboxes().join(&id), &mut run.dice) else { continue };
            let before = counters(&fs::read(&file).expect("it was there"));
            let is_cut = run.dice.between(0, 1) == 0;
            damage(&file, is_cut, &mut run.dice);
            *(if is_cut { &mut cuts } else { &mut flips }) += 1;
            let after = counters(&fs::read(&file).expect("it is there"));
            destroyed.entry(id).or_default().extend(before.difference(&after));
        }
        scene.start_fleet();
        scene.all_online();
    }
    let gone: usize = destroyed.values().map(BTreeSet::len).sum();
    let done = format!(
        "{cuts} files cut off, {flips} bits turned over, in outboxes of {devices} devices; {gone} messages destroyed by it"
    );
    Outcome { done, verdict: scene.end_without(&destroyed) }
}

/// A file of the outbox that has something in it: mostly the newest of the log, which is being written.
fn pick(outbox: &Path, dice: &mut Dice) -> Option<PathBuf> {
    let files = fs::read_dir(outbox).ok()?.flatten().map(|entry| entry.path());
    let has_bytes = |file: &PathBuf| fs::metadata(file).is_ok_and(|file| file.len() > 0);
    let mut files: Vec<PathBuf> = files.filter(has_bytes).collect();
    files.sort();
    let is_log = |file: &&PathBuf| file.extension().is_some_and(|end| end == "log");
    let head = files.iter().find(|file| file.ends_with("head")).filter(|_| dice.between(1, HEADS) == 1);
    head.or_else(|| files.iter().rfind(is_log)).cloned()
}

fn damage(file: &Path, is_cut: bool, dice: &mut Dice) {
    let mut bytes = fs::read(file).expect("it is there");
    let at = dice.between(0, bytes.len() as u64 - 1) as usize;
    if is_cut {
        bytes.truncate(at);
    } else {
        bytes[at] ^= 1 << dice.between(0, 7);
    }
    fs::write(file, bytes).expect("it is ours");
}

/// The counters of the messages on whole lines: those whose checksum is right.
fn counters(log: &[u8]) -> BTreeSet<u64> {
    let marker = format!(r#""channel":"{CHANNEL}","value":"#);
    let counter = |line: &[u8]| {
        let line = std::str::from_utf8(line).ok()?;
        let (json, seal) = line.split_once(" *")?;
        let value = json.split_once(&marker)?.1;
        let digits = value.find(|c: char| !c.is_ascii_digit()).map_or(value, |end| &value[..end]);
        (format!("{:08x}", checksum(json.as_bytes())) == seal).then(|| digits.parse().ok())?
    };
    log.split(|byte| *byte == b'\n').filter_map(counter).collect()
}

/// CRC-32, as behind every line of an outbox; written out once more so that the checker does not trust what it checks.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}
