//! Ten times as many connections: what each of their messages costs then, and whether all arrive.

use super::Bench;
use super::traffic::{Pattern, Traffic, percentile};
use crate::peer::{Contender, PLAIN, Server};
use crate::report::{AtMost, Column, Goal, OTHERS, Table};

/// Pairs of a device and a panel: 1,900 connections, and 19,000.
const FEW: usize = 950;
const MANY: usize = 9_500;
/// Files that server and load need besides.
const OTHER_FILES: usize = 200;

const COLUMNS: &[Column] = &[
    Column { name: "CPU a delivery, few", unit: "µs", decimals: 1 },
    Column { name: "many", unit: "µs", decimals: 1 },
    Column { name: "ratio", unit: "", decimals: 2 },
    Column { name: "dropped", unit: "", decimals: 0 },
    Column { name: "p50, many", unit: "ms", decimals: 2 },
    Column { name: "p99, many", unit: "ms", decimals: 2 },
    Column { name: "load's CPU", unit: "µs", decimals: 1 },
    OTHERS,
];

const GOALS: &[Goal] = &[
    Goal { of: Contender::Glassline, column: 2, at_most: AtMost::This(1.3) },
    Goal { of: Contender::Glassline, column: 3, at_most: AtMost::This(0.0) },
];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let many = MANY.min(connections_max() / 2);
    let title = format!("{} and {} connections, each device 1 message/s", 2 * FEW, 2 * many);
    let table = Table::new("many", &title, COLUMNS, GOALS);
    let seconds = if bench.options.quick { [3.0, 8.0] } else { [15.0, 60.0] };
    let measure = |server: &mut Server| round(server, many, seconds);
    // A round takes a minute and a half; one is enough to see whether it holds.
    Ok(vec![bench.compare(table, PLAIN, 1, measure)])
}

fn round(server: &mut Server, many: usize, seconds: [f64; 2]) -> anyhow::Result<Vec<f64>> {
    let mut traffic = Traffic::new()?;
    traffic.open(server, FEW, 1)?;
    let few = traffic.run(server, &each_once_a_second(FEW), 1.0, seconds[0])?;
    traffic.open(server, many, 1)?;
    let all = traffic.run(server, &each_once_a_second(many), 1.0, seconds[1])?;
    let cost = |spent: f64, delivered: u64| spent / delivered as f64;
    let (cost_few, cost_many) =
        (cost(few.spent.server, few.delivered), cost(all.spent.server, all.delivered));
    Ok(vec![
        cost_few,
        cost_many,
        cost_many / cost_few,
        all.dropped as f64,
        percentile(&all.latencies, 0.50),
        percentile(&all.latencies, 0.99),
        cost(all.spent.load, all.delivered),
        all.spent.others,
    ])
}

fn each_once_a_second(pairs: usize) -> Pattern {
    Pattern { paced: 0..pairs, per_second: pairs as f64, saturating: None }
}

/// Connections that server and load may have open, by how many files this system permits a process.
pub(super) fn connections_max() -> usize {
    let text = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    files.unwrap_or(1024).saturating_sub(OTHER_FILES)
}
