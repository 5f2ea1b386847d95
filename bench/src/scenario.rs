//! The scenarios, and how their rounds take turns.

mod churn;
mod fair;
mod fanout;
mod hop;
mod idle;
mod many;
mod one;
mod paced;
mod pairs;
mod registry;
mod roundtrip;
mod traffic;

use std::time::Instant;

use crate::options::Options;
use crate::peer::{Contender, Installed, Server};
use crate::report::Table;

/// Something to measure.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: Run,
}

/// What it takes.
pub(crate) enum Run {
    /// Servers, side by side.
    Servers(fn(&Bench) -> anyhow::Result<Vec<Table>>),
    /// Nothing but this program; it prints its figures itself.
    Alone(fn(&Options) -> anyhow::Result<()>),
}

/// All of them, in the order in which they run.
pub(crate) const SCENARIOS: &[Scenario] = &[
    servers("fanout", "one device, 100 and 1000 panels, as fast as the slowest panel takes it", fanout::run),
    servers(
        "paced",
        "one device, 1000/s to 100 panels and 30/s to 1000: processor time and latency",
        paced::run,
    ),
    servers("pairs", "1000 devices at 10/s, each with a panel of its own", pairs::run),
    servers("one", "one message at a time, one panel", one::run),
    servers("hop", "what a gateway between device and hub adds: one message at a time, and 1000/s", hop::run),
    servers("roundtrip", "a panel asks, a device answers, one at a time", roundtrip::run),
    servers("idle", "memory of connections on which nothing happens", idle::run),
    servers("churn", "connections opened and closed", churn::run),
    servers("many", "1,900 and 19,000 connections, each device at a message a second", many::run),
    servers("registry", "1,000 and 1,000,000 devices known, 100 of them connected", registry::run),
    servers("fair", "a quiet device beside one that sends all it can", fair::run),
    servers(
        "ingest",
        "100 devices, 64 messages unacked each, acked when they are durable",
        crate::ingest::run,
    ),
    servers("history", "a day of a reading a second as 1000 points", crate::history::run),
    servers("startup", "time until it is there, idle memory, size of the program", crate::startup::run),
    Scenario {
        name: "store",
        about: "what the store takes over, keeps and gives back, beside SQLite rows",
        run: Run::Alone(|options| crate::store::run(&options.dir)),
    },
    Scenario {
        name: "spool",
        about: "what a gateway's spool takes over and gives back",
        run: Run::Alone(|options| crate::store::spool::run(&options.dir)),
    },
];

const fn servers(
    name: &'static str,
    about: &'static str,
    run: fn(&Bench) -> anyhow::Result<Vec<Table>>,
) -> Scenario {
    Scenario { name, about, run: Run::Servers(run) }
}

/// What was asked for, and what there is to measure.
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) installed: Installed,
}

impl Bench {
    /// Fills a table: the contenders take turns, each with a server of its own in each round, so that whatever else the machine
    /// does meets all of them. One that fails says why, and the others go on.
    pub(crate) fn compare(
        &self,
        mut table: Table,
        contenders: &[Contender],
        rounds: usize,
        measure: impl Fn(&mut Server) -> anyhow::Result<Vec<f64>>,
    ) -> Table {
        for round in 1..=rounds {
            for &contender in contenders {
                if contender.peer().is_some_and(|peer| !self.installed.has(peer)) {
                    continue;
                }
                let begun = Instant::now();
                let measured =
                    Server::start(contender, &self.installed).and_then(|mut server| measure(&mut server));
                let seconds = begun.elapsed().as_secs_f64();
                eprintln!(
                    "{}, round {round} of {rounds}: {}, {seconds:.1} s",
                    table.title(),
                    contender.name()
                );
                table.add(contender, measured);
            }
        }
        table.print();
        table
    }
}
