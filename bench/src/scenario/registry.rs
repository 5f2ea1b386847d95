//! Very many devices known and few of them connected: what the others cost a start, memory and routing.
//!
//! Each store is filled once and kept between runs; each round starts a server on a copy of it. The devices that are
//! connected are made behind the start, as on any other server.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Context, ensure};
use store::{DeviceKey, Event, Message, NewDevice, Options, Position, Sample, Store, Write};

use super::Bench;
use super::traffic::{Pattern, Traffic};
use crate::figures::{Figures, line};
use crate::peer::{Contender, Server};
use crate::report::{Column, OTHERS, Table};
use crate::usage::{memory, since_start};

const FEW: u64 = 1000;
/// As many as a hub keeps.
const MANY: u64 = 1_000_000;
/// Devices with a panel each that are connected: the last ones to be made.
const PAIRS: usize = 100;
/// Messages a second of all of them together.
const PER_SECOND: f64 = 1000.0;
/// Devices that are written before their commits are awaited.
const FILLED_TOGETHER: u64 = 4096;
/// What comes late has come then.
const SETTLE: Duration = Duration::from_secs(1);
/// When the devices were made and said what they said, ms since 1970.
const BEGIN: i64 = 1_763_846_847_000;
/// The store's file, in its folder.
const DATABASE: &str = "glassline.db";

const COLUMNS: &[Column] = &[
    Column { name: "until it is ready", unit: "ms", decimals: 0 },
    Column { name: "CPU until then", unit: "ms", decimals: 0 },
    Column { name: "memory, idle", unit: "MiB", decimals: 1 },
    Column { name: "CPU a delivery", unit: "µs", decimals: 2 },
    Column { name: "dropped", unit: "", decimals: 0 },
    Column { name: "p99", unit: "ms", decimals: 2 },
    OTHERS,
];
/// Places in [`COLUMNS`].
const READY: usize = 0;
const CPU: usize = 3;
/// Places in what traffic measures.
const TRAFFIC: [usize; 4] = [0, 2, 4, 6];

/// Runs the scenario.
pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let connected = PAIRS as u64;
    let few = filled(&bench.options.dir, FEW - connected)?;
    let many = filled(&bench.options.dir, MANY - connected)?;
    let table = |title| Table::new("registry", title, COLUMNS, &[]);
    let mut tables = vec![table("1,000 devices known"), table("1,000,000 devices known")];
    let seconds = bench.options.seconds(3.0);
    for round in 1..=bench.options.rounds {
        for (table, database) in tables.iter_mut().zip([&few, &many]) {
            table.add(Contender::Glassline, measure(database, bench, seconds));
            eprintln!("{}, round {round} of {}", table.title(), bench.options.rounds);
        }
    }
    tables.iter().for_each(Table::print);
    compare(&tables[0], &tables[1]);
    Ok(tables)
}

fn measure(database: &Path, bench: &Bench, seconds: f64) -> anyhow::Result<Vec<f64>> {
    let (mut server, ready) = Server::start_with(database, &bench.installed)?;
    let processor = since_start(&server)?;
    std::thread::sleep(SETTLE);
    let memory = memory(&server)?;
    let mut traffic = Traffic::new()?;
    traffic.open(&mut server, PAIRS, 1)?;
    let pattern = Pattern { paced: 0..PAIRS, per_second: PER_SECOND, saturating: None };
    let routed = traffic.run(&server, &pattern, 1.0, seconds)?.figures();
    let mut figures = vec![ready.as_secs_f64() * 1e3, processor / 1e3, memory / 1024.0 / 1024.0];
    figures.extend(TRAFFIC.map(|column| routed[column]));
    Ok(figures)
}

/// What a million devices add.
fn compare(few: &Table, many: &Table) {
    let (mut later, mut dearer) = (Figures::default(), Figures::default());
    let both =
        |column| few.median(Contender::Glassline, column).zip(many.median(Contender::Glassline, column));
    if let Some((few, many)) = both(READY) {
        later.add(many - few);
    }
    if let Some((few, many)) = both(CPU) {
        dearer.add(many / few);
    }
    line("ready later with a million", &later, 0, "ms", "≤ 2000");
    line("a delivery beside a million", &dearer, 2, "times", "≤ 1.05");
}

/// The database of a store with so many devices: the one of an earlier run, or a new one.
fn filled(dir: &Path, devices: u64) -> anyhow::Result<PathBuf> {
    let kept = dir.join(format!("registry-{devices}"));
    let database = kept.join(DATABASE);
    if !database.exists() {
        eprintln!("a store is filled with {devices} devices");
        let folder = tempfile::Builder::new().prefix("filling-").tempdir_in(dir)?;
        fill(folder.path(), devices)?;
        let folder = folder.keep();
        std::fs::rename(&folder, &kept).with_context(|| format!("{} cannot be kept", kept.display()))?;
    }
    Ok(database)
}

fn fill(dir: &Path, devices: u64) -> anyhow::Result<()> {
    let (sender, commits) = channel();
    let options = Options { dormant: true, ..Options::default() };
    let (store, _) = Store::open(dir, options, move |event| {
        if let Event::Commit(commit) = event {
            // Nobody listens any longer when something went wrong before.
            drop(sender.send((commit.writes.len(), commit.result)));
        }
    })?;
    for first in (1..=devices).step_by(FILLED_TOGETHER as usize) {
        let last = devices.min(first + FILLED_TOGETHER - 1);
        let mut waiting = 0;
        for write in (first..=last).flat_map(|number| [made(number), said(number)]) {
            store.submit(write);
            waiting += 1;
        }
        while waiting > 0 {
            let (writes, result) = commits.recv()?;
            result?;
            waiting -= writes;
        }
    }
    store.close();
    ensure!(dir.join(DATABASE).exists(), "the store has no {DATABASE}");
    Ok(())
}

fn made(number: u64) -> Write {
    Write::Device(NewDevice {
        key: DeviceKey(number),
        id: format!("known-{number}").into(),
        token: None,
        joined: false,
        created: BEGIN,
    })
}

/// The one thing that each of them ever said.
fn said(number: u64) -> Write {
    let sample = Sample {
        channel: "temperature".into(),
        ts: BEGIN,
        device_ts: None,
        late: false,
        value: format!("{}.{}", 15 + number % 10, number % 7).into(),
    };
    Write::Message(Message {
        device: DeviceKey(number),
        cursor: 1,
        position: Some(Position { session: format!("bench-{number}").into(), seq: 1 }),
        received: BEGIN,
        samples: vec![sample],
    })
}
