//! Taking over what 100 devices send as fast as it is acked.

use std::path::Path;
use std::time::Instant;

use store::{DeviceKey, Write};

use super::devices::{Device, Random, Rig};
use super::{Round, folder_bytes, used_bytes};
use crate::clock::Clock;

/// Devices that send at once.
pub(super) const DEVICES: u64 = 100;
/// Messages of a device that are not acked yet, at most.
pub(super) const WINDOW: usize = 64;
/// Messages of each device.
pub(super) const MESSAGES: usize = 10_000;

/// One round. The messages are made before the clock runs.
pub(super) fn run(dir: &Path, seed: u64) -> anyhow::Result<Round> {
    let rig = Rig::open(dir)?;
    rig.write((1..=DEVICES).map(|number| Device::new(number, 1).made()))?;
    let mut lines = outboxes(seed, MESSAGES);
    let samples = lines.iter().map(|line| line.len() as u64).sum();
    let clock = Clock::start();
    let mut sent: Vec<Vec<Instant>> = Vec::new();
    for line in &mut lines {
        let now = Instant::now();
        sent.push(vec![now; WINDOW]);
        for write in line.by_ref().take(WINDOW) {
            rig.store.submit(write);
        }
    }
    let mut longest_ms: f64 = 0.0;
    let mut waiting = samples;
    while waiting > 0 {
        let committed = rig.committed()?;
        waiting -= committed.len() as u64;
        let now = Instant::now();
        // As the hub does: a device that was acked so many sends as many again.
        for (line, (sent, count)) in lines.iter_mut().zip(sent.iter_mut().zip(per_device(&committed))) {
            for time in sent.drain(..count) {
                longest_ms = longest_ms.max(now.duration_since(time).as_secs_f64() * 1e3);
            }
            for write in line.by_ref().take(count) {
                rig.store.submit(write);
                sent.push(now);
            }
        }
    }
    let spent = clock.stop();
    let begun = Instant::now();
    rig.store.close();
    let close_ms = begun.elapsed().as_secs_f64() * 1e3;
    let (bytes, used) = (folder_bytes(dir)?, used_bytes(&dir.join("glassline.db"))?);
    Ok(Round { samples, spent, bytes, used, longest_ms, close_ms })
}

/// All that each device will send.
pub(super) fn outboxes(seed: u64, messages: usize) -> Vec<std::vec::IntoIter<Write>> {
    let mut random = Random::new(seed);
    let outbox = |number| {
        let mut device = Device::new(number, 1);
        let writes: Vec<Write> = (0..messages).map(|_| Write::Message(device.read(&mut random))).collect();
        writes.into_iter()
    };
    (1..=DEVICES).map(outbox).collect()
}

/// How many of the writes are of each device.
fn per_device(writes: &[Write]) -> Vec<usize> {
    let mut counts = vec![0; DEVICES as usize];
    for write in writes {
        if let Write::Message(message) = write {
            let DeviceKey(number) = message.device;
            counts[number as usize - 1] += 1;
        }
    }
    counts
}
