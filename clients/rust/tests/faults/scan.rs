//! Every place of one log, one after the other.

use super::damage::{self, Damaged};
use super::{Scene, clear};
use glassline_client::outbox::Report;
use std::fs;
use std::path::Path;

/// Messages in the log.
const MESSAGES: u64 = 5;

/// Cuts the log off at every byte. Answers how many cases that were.
///
/// # Errors
/// What is wrong.
pub(crate) fn cuts(folder: &Path) -> Result<u64, String> {
    let bytes = log_bytes(folder)?;
    for at in 0..=bytes {
        let report = damaged(folder, |folder, log| damage::cut(folder, log, at));
        let report = report.map_err(|finding| format!("cut at {at}: {finding}"))?;
        let torn: u64 = report.damages.iter().map(|damage| damage.bytes).sum();
        // A torn line is named, and nothing but it.
        if torn > at || report.damages.len() > 1 || report.missing_count() > 1 {
            return Err(format!("cut at {at}: {report}"));
        }
    }
    Ok(bytes + 1)
}

/// Flips each bit whose place is a multiple of `step`. Answers how many cases that were.
///
/// # Errors
/// What is wrong.
pub(crate) fn flips(folder: &Path, step: usize) -> Result<u64, String> {
    let bits = log_bytes(folder)? * 8;
    let mut cases = 0;
    for bit in (0..bits).step_by(step) {
        let report = damaged(folder, |_, log| damage::flip_bit(log, bit));
        let report = report.map_err(|finding| format!("bit {bit} flipped: {finding}"))?;
        // Two, where it was the end of a line.
        let all_known = report.restored as u64 + report.missing_count() == MESSAGES;
        if !all_known || report.missing_count() > 2 || report.damages.len() > 1 {
            return Err(format!("bit {bit} flipped: {report}"));
        }
        cases += 1;
    }
    Ok(cases)
}

fn log_bytes(folder: &Path) -> Result<u64, String> {
    let mut bytes = 0;
    damaged(folder, |_, log| {
        bytes = fs::metadata(log).expect("it is there").len();
        Damaged::none()
    })?;
    Ok(bytes)
}

/// A device runs, its log is damaged, it runs to its end.
fn damaged(folder: &Path, how: impl FnOnce(&Path, &Path) -> Damaged) -> Result<Report, String> {
    clear(folder);
    let mut scene = Scene::new(1000, 1 << 20);
    let (mut device, mut outbox, _) = scene.open(folder, &Damaged::none())?;
    for _ in 0..MESSAGES {
        scene.publish(&mut device, &mut outbox)?;
    }
    drop((device, outbox));
    let damaged = how(folder, &damage::logs(folder)[0]);
    scene.ledger.note(&damaged);
    let report = scene.drain(folder, &damaged)?;
    let tally = scene.ledger.judge(scene.hub.log())?;
    tally.balances().then_some(report).ok_or_else(|| format!("{tally:?}"))
}
