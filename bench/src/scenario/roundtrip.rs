//! A panel asks and a device answers. With Glassline that is a command, its result, and every receipt of it; and what it writes
//! down of them behind the answers, which is waited for and counted too.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::Bench;
use super::traffic::percentile;
use crate::figures::Figures;
use crate::load::Load;
use crate::peer::{Contender, PLAIN, Server};
use crate::report::{AtMost, Column, Goal, OTHERS, Table};
use crate::usage::Meter;

/// Panels with a device each; they take turns. Glassline takes 60 commands of a panel at once, and 200 of a person.
const PAIRS: usize = 3;
/// Trips of a round, and those before it.
const TRIPS: usize = 150;
const WARM_TRIPS: usize = 30;
/// Messages from device to panel before any trip: servers that compile while they run have then compiled.
const WARM_MESSAGES: u64 = 2000;
const TRIP_MAX: Duration = Duration::from_secs(5);
const WAIT: Duration = Duration::from_millis(20);
/// In which a server does what it has put off: Glassline writes what it holds in memory within 100 ms.
const BEHIND: Duration = Duration::from_millis(300);

const COLUMNS: &[Column] = &[
    Column { name: "CPU a round trip", unit: "µs", decimals: 1 },
    Column { name: "p50", unit: "ms", decimals: 3 },
    Column { name: "p99", unit: "ms", decimals: 3 },
    Column { name: "load's CPU", unit: "µs", decimals: 1 },
    OTHERS,
];

const GOALS: &[Goal] = &[
    Goal { of: Contender::GlasslineMemory, column: 0, at_most: AtMost::BestPeer(1.0) },
    Goal { of: Contender::GlasslineMemory, column: 1, at_most: AtMost::BestPeer(1.0) },
];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let table = Table::new("roundtrip", "panel → device → panel, one at a time", COLUMNS, GOALS);
    // A round is short, because that many commands are all that one person may send at once.
    Ok(vec![bench.compare(table, PLAIN, bench.options.rounds, round)])
}

fn round(server: &mut Server) -> anyhow::Result<Vec<f64>> {
    server.make_devices(PAIRS)?;
    let mut load = Load::new()?;
    let devices = load.open_all((0..PAIRS).map(|number| server.answering_device(number)))?;
    let panels = load.open_all((0..PAIRS).map(|number| server.asking_panel(number)))?;
    warm_up(&mut load, &devices)?;
    let mut latencies = Figures::default();
    let mut meter = None;
    for trip in 0..WARM_TRIPS + TRIPS {
        if trip == WARM_TRIPS {
            rest(&mut load)?;
            meter = Some(Meter::start(server)?);
            latencies = Figures::default();
        }
        let pair = trip % PAIRS;
        latencies.add(ask(&mut load, devices[pair], panels[pair], trip as u64)?.as_secs_f64() * 1e3);
    }
    let Some(meter) = meter else { bail!("nothing was measured") };
    rest(&mut load)?;
    let spent = meter.stop(server)?;
    let trips = TRIPS as f64;
    let (p50, p99) = (percentile(&latencies, 0.50), percentile(&latencies, 0.99));
    Ok(vec![spent.server / trips, p50, p99, spent.load / trips, spent.others])
}

fn warm_up(load: &mut Load, devices: &[usize]) -> anyhow::Result<()> {
    for number in 0..WARM_MESSAGES {
        let device = devices[number as usize % devices.len()];
        load.say(device, number);
        load.flush(device)?;
        load.turn(Duration::from_millis(1), |_| ())?;
    }
    rest(load)
}

/// Says nothing until the servers have done what they have put off.
fn rest(load: &mut Load) -> anyhow::Result<()> {
    let until = Instant::now() + BEHIND;
    while Instant::now() < until {
        load.turn(until.saturating_duration_since(Instant::now()), |_| ())?;
    }
    Ok(())
}

/// One trip, and how long it took.
fn ask(load: &mut Load, device: usize, panel: usize, number: u64) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    load.ask(panel, number);
    load.flush(panel)?;
    loop {
        let (mut asked, mut answered) = (None, None);
        load.turn(WAIT, |heard| {
            if heard.connection == device {
                asked = Some(heard.number);
            } else if heard.connection == panel {
                answered = Some(heard.at);
            }
        })?;
        if let Some(number) = asked {
            load.answer(device, number);
            load.flush(device)?;
        }
        if let Some(at) = answered {
            return Ok(at - begun);
        }
        if begun.elapsed() > TRIP_MAX {
            bail!("question {number} was not answered within {TRIP_MAX:?}");
        }
    }
}
