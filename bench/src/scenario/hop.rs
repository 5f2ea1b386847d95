//! What a gateway between devices and hub adds. It has each message on its own disk before it goes on.

use super::Bench;
use super::traffic::{COLUMNS, Pattern, Traffic};
use crate::peer::Contender;
use crate::report::Table;

const CONTENDERS: &[Contender] = &[Contender::Glassline, Contender::GlasslineGateway];

/// Messages a second where several may gather.
const PER_SECOND: f64 = 1000.0;

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let (rounds, seconds) = (bench.options.rounds, bench.options.seconds(3.0));
    let table = Table::new("hop", "through a gateway, one message at a time, 1 panel", COLUMNS, &[]);
    let singly = bench.compare(table, CONTENDERS, rounds, |server| {
        let mut traffic = Traffic::new()?;
        traffic.open(server, 1, 1)?;
        Ok(traffic.run_singly(server, 1.0, seconds)?.figures())
    });
    let table = Table::new("hop", "through a gateway, 1000/s, 1 panel", COLUMNS, &[]);
    let paced = bench.compare(table, CONTENDERS, rounds, |server| {
        let mut traffic = Traffic::new()?;
        traffic.open(server, 1, 1)?;
        let pattern = Pattern { paced: 0..1, per_second: PER_SECOND, saturating: None };
        Ok(traffic.run(server, &pattern, 1.0, seconds)?.figures())
    });
    Ok(vec![singly, paced])
}
