//! How soon a server is there, how much it takes before anybody came, and how large it is.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::peer::{Contender, Installed, Server};
use crate::report::{Column, Table};
use crate::scenario::Bench;
use crate::usage::memory;

/// What comes late has come then.
const SETTLE: Duration = Duration::from_secs(1);
/// Starts are short: more rounds than of other scenarios, as many times as many.
const ROUNDS_TIMES: usize = 3;

const COLUMNS: &[Column] = &[
    Column { name: "until it accepts", unit: "ms", decimals: 0 },
    Column { name: "memory, idle", unit: "MiB", decimals: 1 },
    Column { name: "program", unit: "MiB", decimals: 1 },
];

const CONTENDERS: &[Contender] =
    &[Contender::Glassline, Contender::Mosquitto, Contender::Nats, Contender::Uws, Contender::Node];

/// Runs the scenario. Glassline is there when its ready file is, behind its first accepted connection and an empty store made.
pub(crate) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let title = "a new folder, nobody connected; of uws and node the program is the runtime";
    let mut table = Table::new("startup", title, COLUMNS, &[]);
    for _ in 0..bench.options.rounds * ROUNDS_TIMES {
        for &contender in CONTENDERS {
            if contender.peer().is_none_or(|peer| bench.installed.has(peer)) {
                table.add(contender, round(contender, &bench.installed));
            }
        }
    }
    table.print();
    Ok(vec![table])
}

fn round(contender: Contender, installed: &Installed) -> anyhow::Result<Vec<f64>> {
    let begun = Instant::now();
    let server = Server::start(contender, installed)?;
    let ready = begun.elapsed().as_secs_f64() * 1e3;
    std::thread::sleep(SETTLE);
    let program = std::fs::metadata(format!("/proc/{}/exe", server.pid())).context("no program")?;
    let mebibytes = |bytes: f64| bytes / 1024.0 / 1024.0;
    Ok(vec![ready, mebibytes(memory(&server)?), mebibytes(program.len() as f64)])
}
