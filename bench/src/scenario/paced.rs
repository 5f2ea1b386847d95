//! One device at a pace, many panels: what a delivery costs when the server is not busy, and how late it is.

use super::Bench;
use super::traffic::{COLUMNS, CPU, P99, Pattern, Traffic};
use crate::peer::{Contender, PLAIN};
use crate::report::{AtMost, Goal, Table};

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    Ok(vec![paced(bench, 1000.0, 100, GOALS_100), paced(bench, 30.0, 1000, GOALS_1000)])
}

const GOALS_100: &[Goal] = &[
    Goal { of: Contender::Glassline, column: CPU, at_most: AtMost::This(0.9) },
    Goal { of: Contender::Glassline, column: P99, at_most: AtMost::This(25.0) },
];
const GOALS_1000: &[Goal] = &[Goal { of: Contender::Glassline, column: P99, at_most: AtMost::This(25.0) }];

fn paced(bench: &Bench, per_second: f64, panels: usize, goals: &'static [Goal]) -> Table {
    let title = format!("{per_second}/s × {panels} panels");
    let table = Table::new("paced", &title, COLUMNS, goals);
    let pattern = Pattern { paced: 0..1, per_second, saturating: None };
    bench.compare(table, PLAIN, bench.options.rounds, |server| {
        let mut traffic = Traffic::new()?;
        traffic.open(server, 1, panels)?;
        Ok(traffic.run(server, &pattern, 1.0, bench.options.seconds(3.0))?.figures())
    })
}
