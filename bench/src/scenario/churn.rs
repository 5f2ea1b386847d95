//! Connections that come and go: each is opened, has said who it is or what it watches, is answered, and closed.

use std::time::{Duration, Instant};

use super::Bench;
use crate::load::{Load, Script};
use crate::peer::{PLAIN, Server};
use crate::report::{Column, OTHERS, Table};
use crate::usage::Meter;

/// Devices that take turns: none comes back before it is gone.
const DEVICES: usize = 1000;
/// Connections that are being opened at a time.
const AT_ONCE: usize = 32;
/// Connections of one kind in a round: each one keeps a port of the load for a minute.
const CONNECTIONS_MAX: usize = 8_000;

const COLUMNS: &[Column] = &[
    Column { name: "CPU a device", unit: "µs", decimals: 0 },
    Column { name: "devices", unit: "1/s", decimals: 0 },
    Column { name: "CPU a panel", unit: "µs", decimals: 0 },
    Column { name: "panels", unit: "1/s", decimals: 0 },
    OTHERS,
];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let table = Table::new("churn", "connections opened, answered and closed, 32 at a time", COLUMNS, &[]);
    let seconds = bench.options.seconds(2.0);
    let table = bench.compare(table, PLAIN, bench.options.rounds, |server| {
        server.make_devices(DEVICES)?;
        let devices = come_and_go(server, seconds, Server::device)?;
        let panels = come_and_go(server, seconds, Server::panel)?;
        let others = devices.others.max(panels.others);
        Ok(vec![devices.cost, devices.per_second, panels.cost, panels.per_second, others])
    });
    Ok(vec![table])
}

/// What those of one kind cost.
struct Comings {
    /// µs of the server's processors for each.
    cost: f64,
    per_second: f64,
    others: f64,
}

fn come_and_go(
    server: &Server,
    seconds: f64,
    script: fn(&Server, usize) -> Script,
) -> anyhow::Result<Comings> {
    let mut load = Load::new()?;
    let (mut opened, mut closed) = (0, 0);
    let meter = Meter::start(server)?;
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < until && closed < CONNECTIONS_MAX {
        while opened - closed < AT_ONCE {
            load.open(script(server, opened % DEVICES))?;
            opened += 1;
        }
        load.turn(Duration::from_millis(50), |_| ())?;
        for connection in load.take_opened() {
            load.close(connection);
            closed += 1;
        }
    }
    let spent = meter.stop(server)?;
    anyhow::ensure!(closed > 0, "nothing was opened");
    let closed = closed as f64;
    Ok(Comings { cost: spent.server / closed, per_second: closed / spent.seconds, others: spent.others })
}
