//! Drawing a day: 86,400 readings as 1000 points.

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use store::{Series, Write};

use super::devices::{BEGIN, Device, Random, Rig, STEP};
use crate::figures::{Figures, heading, line};

/// A reading a second.
const DAY: i64 = 86_400;
const POINTS: usize = 1000;
const ROUNDS: usize = 31;

/// Measures and prints.
pub(super) fn run(dir: &Path) -> anyhow::Result<()> {
    let rig = Rig::open(dir)?;
    let mut device = Device::new(1, 4);
    let mut random = Random::new(1);
    rig.write([device.made()])?;
    // In windows, as a device sends: in one go all would be one commit.
    for _ in 0..DAY / 64 {
        rig.write((0..64).map(|_| Write::Message(device.read(&mut random))))?;
    }
    let mut day = Figures::default();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let history =
            rig.store.reader().history(device.key, "temperature", BEGIN, BEGIN + DAY * STEP, POINTS)?;
        day.add(begun.elapsed().as_secs_f64() * 1e3);
        let Series::Buckets(buckets) = history.series else { anyhow::bail!("a day came as points") };
        let count: u64 = buckets.iter().map(|bucket| bucket.count).sum();
        ensure!(count == DAY.cast_unsigned() && buckets.len() > POINTS / 2, "{count} samples came back");
    }
    let mut samples = Figures::default();
    for _ in 0..3 {
        let mut count = 0;
        let begun = Instant::now();
        rig.store.reader().samples(device.key, "temperature", i64::MIN, i64::MAX, &mut |_| {
            count += 1;
            std::ops::ControlFlow::Continue(())
        })?;
        samples.add(f64::from(count) / begun.elapsed().as_secs_f64() / 1e6);
        ensure!(i64::from(count) == DAY, "{count} samples came back");
    }
    rig.store.close();
    heading("history: a day of a reading a second, of a device with four channels");
    line("as 1000 points", &day, 2, "ms", "≤ 20");
    line("every sample, streamed", &samples, 2, "million/s", "");
    Ok(())
}
