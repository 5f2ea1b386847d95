//! Starting with a folder of many devices.

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use store::Write;

use super::devices::{Device, Random, Rig};
use crate::figures::{Figures, heading, line};

const DEVICES: u64 = 1000;
const CHANNELS: usize = 5;
/// Messages of each device, so that there is a history.
const MESSAGES: usize = 300;
const ROUNDS: usize = 9;

/// Measures and prints.
pub(super) fn run(dir: &Path) -> anyhow::Result<()> {
    let mut devices: Vec<Device> = (1..=DEVICES).map(|number| Device::new(number, CHANNELS)).collect();
    let mut random = Random::new(1);
    let rig = Rig::open(dir)?;
    rig.write(devices.iter().map(Device::made))?;
    for _ in 0..MESSAGES / 20 {
        let writes = devices.iter_mut().flat_map(|device| {
            (0..20).map(|_| Write::Message(device.read(&mut random))).collect::<Vec<Write>>()
        });
        rig.write(writes)?;
    }
    drop(rig);
    let (mut opening, mut closing) = (Figures::default(), Figures::default());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let rig = Rig::open(dir)?;
        opening.add(begun.elapsed().as_secs_f64() * 1e3);
        ensure!(rig.loaded.devices.len() as u64 == DEVICES, "devices are missing");
        let begun = Instant::now();
        rig.store.close();
        closing.add(begun.elapsed().as_secs_f64() * 1e3);
    }
    heading("open: a folder of 1000 devices with 5 channels each, 300 samples in each channel");
    line("opening", &opening, 1, "ms", "");
    line("closing again", &closing, 1, "ms", "");
    Ok(())
}
