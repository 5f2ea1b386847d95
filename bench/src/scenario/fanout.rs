//! One device, many panels, as fast as it goes without running away from the slowest panel.

use super::Bench;
use super::traffic::{COLUMNS_SATURATED, CPU, Pattern, Traffic};
use crate::peer::{ALL, Contender};
use crate::report::{AtMost, Goal, Table};

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    Ok(vec![saturated(bench, 100, GOALS_100), saturated(bench, 1000, GOALS_1000)])
}

const GOALS_100: &[Goal] = &[Goal { of: Contender::Glassline, column: CPU, at_most: AtMost::This(0.20) }];
const GOALS_1000: &[Goal] = &[Goal { of: Contender::Glassline, column: CPU, at_most: AtMost::This(0.30) }];

fn saturated(bench: &Bench, panels: usize, goals: &'static [Goal]) -> Table {
    let title = format!("saturated, 1 device × {panels} panels");
    let table = Table::new("fanout", &title, COLUMNS_SATURATED, goals);
    let pattern = Pattern { paced: 0..0, per_second: 0.0, saturating: Some(0) };
    bench.compare(table, ALL, bench.options.rounds, |server| {
        let mut traffic = Traffic::new()?;
        traffic.open(server, 1, panels)?;
        Ok(traffic.run(server, &pattern, 1.0, bench.options.seconds(3.0))?.figures_saturated())
    })
}
