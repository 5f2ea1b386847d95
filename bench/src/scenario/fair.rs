//! Whether one busy device delays another: a quiet pair by itself, and beside a device that sends all it can.

use super::Bench;
use super::traffic::{Pattern, Traffic, percentile};
use crate::peer::{PLAIN, Server};
use crate::report::{Column, OTHERS, Table};

/// Panels of the busy device.
const PANELS: usize = 100;
/// Messages a second of the quiet one.
const PER_SECOND: f64 = 200.0;

const COLUMNS: &[Column] = &[
    Column { name: "p50 alone", unit: "ms", decimals: 2 },
    Column { name: "p99 alone", unit: "ms", decimals: 2 },
    Column { name: "p50 beside", unit: "ms", decimals: 2 },
    Column { name: "p99 beside", unit: "ms", decimals: 2 },
    Column { name: "deliveries beside", unit: "1/s", decimals: 0 },
    Column { name: "dropped", unit: "", decimals: 0 },
    OTHERS,
];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let title = "latency of a quiet pair, alone and beside a saturating device with 100 panels";
    let table = Table::new("fair", title, COLUMNS, &[]);
    let seconds = bench.options.seconds(3.0);
    let table = bench.compare(table, PLAIN, bench.options.rounds, |server| round(server, seconds));
    Ok(vec![table])
}

fn round(server: &mut Server, seconds: f64) -> anyhow::Result<Vec<f64>> {
    let mut traffic = Traffic::new()?;
    traffic.open(server, 1, 1)?;
    traffic.open(server, 2, PANELS)?;
    let quiet = |saturating| Pattern { paced: 0..1, per_second: PER_SECOND, saturating };
    let alone = traffic.run(server, &quiet(None), 1.0, seconds)?;
    let beside = traffic.run(server, &quiet(Some(1)), 1.0, seconds)?;
    Ok(vec![
        percentile(&alone.latencies, 0.50),
        percentile(&alone.latencies, 0.99),
        percentile(&beside.latencies, 0.50),
        percentile(&beside.latencies, 0.99),
        beside.delivered as f64 / beside.spent.seconds,
        beside.dropped as f64,
        alone.spent.others.max(beside.spent.others),
    ])
}
