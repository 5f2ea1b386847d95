//! Many devices, each with a panel of its own: nothing goes to two.

use super::Bench;
use super::traffic::{COLUMNS, CPU, P99, Pattern, Traffic};
use crate::peer::{ALL, Contender};
use crate::report::{AtMost, Goal, Table};

const PAIRS: usize = 1000;
/// Messages a second of all of them together.
const PER_SECOND: f64 = 10_000.0;

const GOALS: &[Goal] = &[
    Goal { of: Contender::Glassline, column: CPU, at_most: AtMost::This(22.0) },
    Goal { of: Contender::Glassline, column: P99, at_most: AtMost::This(25.0) },
];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let table = Table::new("pairs", "1000 devices at 10/s, each its own panel", COLUMNS, GOALS);
    let pattern = Pattern { paced: 0..PAIRS, per_second: PER_SECOND, saturating: None };
    let table = bench.compare(table, ALL, bench.options.rounds, |server| {
        let mut traffic = Traffic::new()?;
        traffic.open(server, PAIRS, 1)?;
        Ok(traffic.run(server, &pattern, 1.0, bench.options.seconds(3.0))?.figures())
    });
    Ok(vec![table])
}
