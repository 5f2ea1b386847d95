//! Taking over durably: 100 devices with 64 messages unacked each, a sample a message.
//!
//! What an ack says differs. Glassline's: it survives a power cut. JetStream's as shipped: the system has it; with
//! `sync_interval: always`, as Glassline's. Mosquitto's: it is in memory, and every half an hour in a file that no disk is
//! waited for.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use crate::load::Load;
use crate::peer::{Contender, Server};
use crate::report::{AtMost, Column, Goal, OTHERS, Table};
use crate::scenario::Bench;
use crate::usage::Meter;

const DEVICES: usize = 100;
/// Messages that a device has unacked at most: what Glassline's welcome grants.
const UNACKED_MAX: u64 = 64;
/// Seconds until everything is as it stays.
const WARM: f64 = 1.0;
/// The longest wait for sockets.
const WAIT_MAX: Duration = Duration::from_millis(50);
/// After so long without an ack the server is stuck. One that waits for the disk for each message and acks them together
/// takes seconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);

const COLUMNS: &[Column] = &[
    Column { name: "acked", unit: "1/s", decimals: 0 },
    Column { name: "time a message", unit: "µs", decimals: 2 },
    Column { name: "CPU a message", unit: "µs", decimals: 2 },
    Column { name: "load's CPU", unit: "µs", decimals: 2 },
    Column { name: "wait for an ack", unit: "ms", decimals: 1 },
    OTHERS,
];
const TIME: usize = 1;

/// Half a million a second.
const GOALS: &[Goal] = &[Goal { of: Contender::GlasslineAcked, column: TIME, at_most: AtMost::This(2.0) }];

const CONTENDERS: &[Contender] = &[
    Contender::GlasslineAcked,
    Contender::JetStream,
    Contender::JetStreamSynced,
    Contender::MosquittoStored,
];

/// Runs the scenario.
pub(crate) fn run(bench: &Bench) -> anyhow::Result<Vec<Table>> {
    let title = "durable, 100 devices, 64 messages unacked each";
    let table = Table::new("ingest", title, COLUMNS, GOALS);
    let seconds = bench.options.seconds(5.0);
    Ok(vec![bench.compare(table, CONTENDERS, bench.options.rounds, |server| round(server, seconds))])
}

fn round(server: &mut Server, seconds: f64) -> anyhow::Result<Vec<f64>> {
    server.make_devices(DEVICES)?;
    let mut load = Load::new()?;
    let connections = load.open_all((0..DEVICES).map(|number| server.device(number)))?;
    let mut ingest = Ingest::new(load, &connections, server.hub().is_some());
    ingest.run(WARM)?;
    let (meter, before) = (Meter::start(server)?, ingest.acked);
    ingest.run(seconds)?;
    let (spent, acked) = (meter.stop(server)?, (ingest.acked - before) as f64);
    ensure!(acked > 0.0, "nothing was acked");
    let seconds_each = spent.seconds / acked;
    Ok(vec![
        acked / spent.seconds,
        seconds_each * 1e6,
        spent.server / acked,
        spent.load / acked,
        // As many are under way as may be, always.
        seconds_each * 1e3 * (DEVICES as u64 * UNACKED_MAX) as f64,
        spent.others,
    ])
}

/// Devices that say as much as they may.
struct Ingest {
    load: Load,
    /// By connection.
    senders: Vec<Option<Sender>>,
    /// Whether an ack says up to which number, or stands for one message.
    is_cumulative: bool,
    acked: u64,
}

#[derive(Clone, Copy, Default)]
struct Sender {
    said: u64,
    acked: u64,
}

impl Ingest {
    fn new(load: Load, connections: &[usize], is_cumulative: bool) -> Ingest {
        let room = connections.iter().max().map_or(0, |last| last + 1);
        let mut senders = vec![None; room];
        for &connection in connections {
            senders[connection] = Some(Sender::default());
        }
        Ingest { load, senders, is_cumulative, acked: 0 }
    }

    /// For so many seconds, and until as many are acked as may be unacked: some ack many together, and seldom.
    fn run(&mut self, seconds: f64) -> anyhow::Result<()> {
        let enough = self.acked + DEVICES as u64 * UNACKED_MAX;
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        let mut heard_at = Instant::now();
        loop {
            self.say_what_may_be_said()?;
            let Ingest { load, senders, is_cumulative, acked } = self;
            load.turn(WAIT_MAX, |heard| {
                let Some(sender) = senders[heard.connection].as_mut() else { return };
                let up_to = if *is_cumulative { heard.number.max(sender.acked) } else { sender.acked + 1 };
                *acked += up_to - sender.acked;
                sender.acked = up_to;
                heard_at = heard.at;
            })?;
            let now = Instant::now();
            if now >= until && self.acked >= enough {
                return Ok(());
            }
            if now > heard_at + SILENCE_MAX {
                bail!("nothing was acked for {SILENCE_MAX:?}");
            }
        }
    }

    fn say_what_may_be_said(&mut self) -> anyhow::Result<()> {
        for (connection, sender) in self.senders.iter_mut().enumerate() {
            let Some(sender) = sender else { continue };
            if sender.said == sender.acked + UNACKED_MAX {
                continue;
            }
            while sender.said < sender.acked + UNACKED_MAX {
                self.load.say(connection, sender.said);
                sender.said += 1;
            }
            self.load.flush(connection)?;
        }
        Ok(())
    }
}
