//! Memory of connections on which nothing happens, as far as it is the server's own: the kernel's share is not in it.

use std::time::{Duration, Instant};

use super::Bench;
use crate::load::Load;
use crate::peer::{Contender, Server};
use crate::report::{AtMost, Column, Goal, Table};
use crate::usage::memory;

/// Devices, and panels.
const EACH: usize = 9_900;
/// What comes late has come then.
const SETTLE: Duration = Duration::from_secs(2);

const COLUMNS: &[Column] = &[
    Column { name: "before", unit: "MiB", decimals: 1 },
    Column { name: "a device known, offline", unit: "KiB", decimals: 2 },
    Column { name: "a device connected", unit: "KiB", decimals: 2 },
    Column { name: "a panel that watches one", unit: "KiB", decimals: 2 },
];

const GOALS: &[Goal] = &[
    Goal { of: Contender::Glassline, column: 2, at_most: AtMost::This(0.5) },
    Goal { of: Contender::Glassline, column: 3, at_most: AtMost::This(0.6) },
];

/// One row each: nothing is sent, so that nothing is acked or stored.
const CONTENDERS: &[Contender] =
    &[Contender::Glassline, Contender::Mosquitto, Contender::Nats, Contender::Uws, Contender::Node];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let each = super::many::connections_max().min(2 * EACH) / 2;
    let table = Table::new("idle", &format!("{each} devices, {each} panels"), COLUMNS, GOALS);
    let measure = |server: &mut Server| round(server, each);
    Ok(vec![bench.compare(table, CONTENDERS, bench.options.rounds.min(2), measure)])
}

fn round(server: &mut Server, each: usize) -> anyhow::Result<Vec<f64>> {
    let mut load = Load::new()?;
    let start = settled(server, &mut load)?;
    server.make_devices(each)?;
    let known = settled(server, &mut load)?;
    load.open_all((0..each).map(|number| server.device(number)))?;
    let devices = settled(server, &mut load)?;
    load.open_all((0..each).map(|number| server.panel(number)))?;
    let panels = settled(server, &mut load)?;
    let kib_each = |later: f64, earlier: f64| (later - earlier) / each as f64 / 1024.0;
    Ok(vec![
        start / 1024.0 / 1024.0,
        kib_each(known, start),
        kib_each(devices, known),
        kib_each(panels, devices),
    ])
}

/// What the server takes when it has come to rest. Panels go on to say that they are there.
fn settled(server: &Server, load: &mut Load) -> anyhow::Result<f64> {
    let until = Instant::now() + SETTLE;
    while Instant::now() < until {
        load.turn(Duration::from_millis(50), |_| ())?;
    }
    memory(server)
}
