//! One message at a time, one panel: nothing to gather, and nothing waits.

use super::Bench;
use super::traffic::{COLUMNS, CPU, P50, Traffic};
use crate::peer::{ALL, Contender};
use crate::report::{AtMost, Goal, Table};

const GOALS: &[Goal] = &[
    Goal { of: Contender::GlasslineMemory, column: CPU, at_most: AtMost::ThisOrBestPeer(7.0, 1.0) },
    Goal { of: Contender::GlasslineMemory, column: P50, at_most: AtMost::Times(1.2, Contender::Node) },
];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let table = Table::new("one", "one message at a time, 1 device, 1 panel", COLUMNS, GOALS);
    let table = bench.compare(table, ALL, bench.options.rounds, |server| {
        let mut traffic = Traffic::new()?;
        traffic.open(server, 1, 1)?;
        Ok(traffic.run_singly(server, 1.0, bench.options.seconds(3.0))?.figures())
    });
    Ok(vec![table])
}
