//! Devices that publish and panels that are shown it: who said what when, and what has arrived.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::figures::Figures;
use crate::load::{Heard, Load};
use crate::peer::Server;
use crate::report::{Column, OTHERS};
use crate::usage::{Meter, Spent};

/// Messages that a saturating device is ahead of its slowest panel, at most; the same for every server.
const AHEAD_MAX: u64 = 1000;
/// Messages that a device has unacked at most, where there are acks: what Glassline's welcome grants.
const UNACKED_MAX: u64 = 64;
/// After so long without any delivery, what is under way is taken for lost, and counted so.
const LOST_AFTER: Duration = Duration::from_millis(500);
/// How long what is under way at the end may take to arrive, and how long nothing may arrive meanwhile.
const DRAIN_MAX: Duration = Duration::from_secs(10);
const DRAIN_SILENCE_MAX: Duration = Duration::from_secs(1);
/// How long a single message may take.
const ARRIVAL_MAX: Duration = Duration::from_secs(5);
/// The longest wait for sockets.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// What most scenarios measure.
pub(super) const COLUMNS: &[Column] = &[
    Column { name: "CPU a delivery", unit: "µs", decimals: 2 },
    Column { name: "deliveries", unit: "1/s", decimals: 0 },
    Column { name: "dropped", unit: "", decimals: 0 },
    Column { name: "p50", unit: "ms", decimals: 2 },
    Column { name: "p99", unit: "ms", decimals: 2 },
    Column { name: "load's CPU", unit: "µs", decimals: 2 },
    OTHERS,
];
/// The same where a message waits for the slowest panel by intent, and its latency says nothing.
pub(super) const COLUMNS_SATURATED: &[Column] = &[COLUMNS[0], COLUMNS[1], COLUMNS[2], COLUMNS[5], OTHERS];
/// Places in [`COLUMNS`].
pub(super) const CPU: usize = 0;
pub(super) const P50: usize = 3;
pub(super) const P99: usize = 4;

/// Devices and panels with open connections.
pub(super) struct Traffic {
    load: Load,
    devices: Vec<Device>,
    /// Of each connection.
    ends: Vec<End>,
    delivered: u64,
    heard_at: Instant,
    /// Messages said from here on, and until there, have their latency noted, if their device is paced.
    noted_from: Option<Instant>,
    noted_until: Option<Instant>,
    latencies: Figures,
}

/// A device and the panels that watch it.
struct Device {
    connection: usize,
    panels: Vec<usize>,
    /// When each of its messages was said.
    said: Vec<Instant>,
    acked: u64,
    /// So many of its messages are not waited for any more.
    given_up: u64,
    is_noted: bool,
}

/// Whose end a connection is.
#[derive(Clone, Copy)]
enum End {
    Device(usize),
    /// Shown what the device says: how many messages, and the number behind that of the newest.
    Panel {
        device: usize,
        shown: u64,
        next: u64,
    },
}

/// Who says how much.
pub(super) struct Pattern {
    /// These take turns …
    pub(super) paced: std::ops::Range<usize>,
    /// … with so many messages a second together.
    pub(super) per_second: f64,
    /// This one says as much as its slowest panel takes.
    pub(super) saturating: Option<usize>,
}

/// What was measured.
pub(super) struct Measured {
    pub(super) spent: Spent,
    pub(super) delivered: u64,
    /// Deliveries that never came, from the very beginning.
    pub(super) dropped: u64,
    /// ms, of the messages of paced devices.
    pub(super) latencies: Figures,
}

impl Measured {
    /// As [`COLUMNS`] has it.
    pub(super) fn figures(&self) -> Vec<f64> {
        let delivered = self.delivered as f64;
        vec![
            self.spent.server / delivered,
            delivered / self.spent.seconds,
            self.dropped as f64,
            percentile(&self.latencies, 0.50),
            percentile(&self.latencies, 0.99),
            self.spent.load / delivered,
            self.spent.others,
        ]
    }

    /// As [`COLUMNS_SATURATED`] has it.
    pub(super) fn figures_saturated(&self) -> Vec<f64> {
        let mut figures = self.figures();
        figures.drain(P50..=P99);
        figures
    }
}

/// So large a part of the figures is not above this one; not a number where there are none.
pub(super) fn percentile(figures: &Figures, part: f64) -> f64 {
    let sorted = figures.sorted();
    let place = (sorted.len() as f64 * part) as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

impl Traffic {
    pub(super) fn new() -> anyhow::Result<Traffic> {
        Ok(Traffic {
            load: Load::new()?,
            devices: Vec::new(),
            ends: Vec::new(),
            delivered: 0,
            heard_at: Instant::now(),
            noted_from: None,
            noted_until: None,
            latencies: Figures::default(),
        })
    }

    /// Adds devices until there are so many, each of the new ones with so many panels.
    pub(super) fn open(
        &mut self,
        server: &mut Server,
        devices: usize,
        panels_each: usize,
    ) -> anyhow::Result<()> {
        server.make_devices(devices)?;
        let first = self.devices.len();
        let connections = self.load.open_all((first..devices).map(|number| server.device(number)))?;
        for connection in connections {
            self.set_end(connection, End::Device(self.devices.len()));
            self.devices.push(Device {
                connection,
                panels: Vec::new(),
                said: Vec::new(),
                acked: 0,
                given_up: 0,
                is_noted: false,
            });
        }
        let watched = (first..devices).flat_map(|device| std::iter::repeat_n(device, panels_each));
        let connections = self.load.open_all(watched.clone().map(|number| server.panel(number)))?;
        for (device, connection) in watched.zip(connections) {
            self.set_end(connection, End::Panel { device, shown: 0, next: 0 });
            self.devices[device].panels.push(connection);
        }
        Ok(())
    }

    fn set_end(&mut self, connection: usize, end: End) {
        if self.ends.len() <= connection {
            self.ends.resize(connection + 1, end);
        }
        self.ends[connection] = end;
    }

    /// Lets them talk for `warm` seconds and then measures for `seconds`; behind that waits for what is under way.
    pub(super) fn run(
        &mut self,
        server: &Server,
        pattern: &Pattern,
        warm: f64,
        seconds: f64,
    ) -> anyhow::Result<Measured> {
        let begun = Instant::now();
        let mut meter = None;
        let mut paced = 0;
        for device in pattern.paced.clone() {
            self.devices[device].is_noted = true;
        }
        loop {
            let elapsed = begun.elapsed().as_secs_f64();
            if meter.is_none() && elapsed >= warm {
                (self.noted_from, self.noted_until) = (Some(Instant::now()), None);
                meter = Some((Meter::start(server)?, self.delivered));
            }
            if elapsed >= warm + seconds {
                break;
            }
            while paced < (elapsed * pattern.per_second) as u64 {
                let place = (paced % pattern.paced.len() as u64) as usize;
                self.say(pattern.paced.start + place)?;
                paced += 1;
            }
            if let Some(device) = pattern.saturating {
                self.saturate(device)?;
            }
            self.turn(wait(paced, pattern.per_second, elapsed))?;
        }
        let Some((meter, before)) = meter else { bail!("nothing was measured") };
        let (spent, delivered) = (meter.stop(server)?, self.delivered - before);
        self.noted_until = Some(Instant::now());
        let dropped = self.drain()?;
        anyhow::ensure!(delivered > 0, "nothing was delivered");
        Ok(Measured { spent, delivered, dropped, latencies: std::mem::take(&mut self.latencies) })
    }

    /// Says one message and waits until the panel of the device has it, and the ack where there is one; again and again.
    pub(super) fn run_singly(
        &mut self,
        server: &Server,
        warm: f64,
        seconds: f64,
    ) -> anyhow::Result<Measured> {
        self.devices[0].is_noted = true;
        self.say_singly(warm)?;
        self.noted_from = Some(Instant::now());
        let (meter, before) = (Meter::start(server)?, self.delivered);
        self.say_singly(seconds)?;
        let (spent, delivered) = (meter.stop(server)?, self.delivered - before);
        Ok(Measured { spent, delivered, dropped: 0, latencies: std::mem::take(&mut self.latencies) })
    }

    fn say_singly(&mut self, seconds: f64) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        while Instant::now() < until {
            self.say(0)?;
            let device = &self.devices[0];
            let (said, acks) = (device.said.len() as u64, self.load.acks(device.connection));
            let lost_at = Instant::now() + ARRIVAL_MAX;
            while self.slowest(0) < said || acks && self.devices[0].acked < said {
                if Instant::now() > lost_at {
                    bail!("message {said} did not arrive within {ARRIVAL_MAX:?}");
                }
                self.turn(WAIT_MAX)?;
            }
        }
        Ok(())
    }

    fn say(&mut self, device: usize) -> anyhow::Result<()> {
        let device = &mut self.devices[device];
        self.load.say(device.connection, device.said.len() as u64);
        device.said.push(Instant::now());
        self.load.flush(device.connection)
    }

    /// Lets a device say as much as it may.
    fn saturate(&mut self, number: usize) -> anyhow::Result<()> {
        if self.heard_at.elapsed() > LOST_AFTER {
            self.heard_at = Instant::now();
            self.devices[number].given_up = self.devices[number].said.len() as u64;
        }
        let mut may = self.slowest(number).max(self.devices[number].given_up) + AHEAD_MAX;
        let device = &mut self.devices[number];
        if self.load.acks(device.connection) {
            may = may.min(device.acked + UNACKED_MAX);
        }
        // What its socket did not take yet goes first.
        if self.load.unsent(device.connection) > 0 {
            return Ok(());
        }
        let now = Instant::now();
        while (device.said.len() as u64) < may {
            self.load.say(device.connection, device.said.len() as u64);
            device.said.push(now);
        }
        self.load.flush(device.connection)
    }

    /// How many messages of a device the slowest of its panels has seen or passed over.
    fn slowest(&self, device: usize) -> u64 {
        let seen = self.devices[device].panels.iter().map(|&panel| match self.ends[panel] {
            End::Panel { next, .. } => next,
            End::Device(_) => 0,
        });
        seen.min().unwrap_or(0)
    }

    fn turn(&mut self, wait: Duration) -> anyhow::Result<()> {
        let Traffic { load, devices, ends, delivered, heard_at, noted_from, noted_until, latencies } = self;
        let is_noted = |said: Instant| {
            noted_from.is_some_and(|from| said >= from) && noted_until.is_none_or(|until| said < until)
        };
        load.turn(wait, |Heard { connection, number, at }| match &mut ends[connection] {
            End::Device(device) => devices[*device].acked = number,
            End::Panel { device, shown, next } => {
                *shown += 1;
                *next = number + 1;
                *delivered += 1;
                *heard_at = at;
                let device = &devices[*device];
                if device.is_noted
                    && let Some(said) = device.said.get(number as usize).filter(|said| is_noted(**said))
                {
                    latencies.add(at.saturating_duration_since(*said).as_secs_f64() * 1e3);
                }
            }
        })
    }

    /// Waits for what is under way, and says how much of all that was ever said did not come. Where it is still coming when
    /// there is no more time, what is missing among that which came.
    fn drain(&mut self) -> anyhow::Result<u64> {
        let expected: u64 =
            self.devices.iter().map(|device| (device.said.len() * device.panels.len()) as u64).sum();
        let until = Instant::now() + DRAIN_MAX;
        self.heard_at = Instant::now();
        while self.delivered < expected
            && Instant::now() < until
            && self.heard_at.elapsed() < DRAIN_SILENCE_MAX
        {
            self.turn(WAIT_MAX)?;
        }
        if self.heard_at.elapsed() < DRAIN_SILENCE_MAX && Instant::now() >= until {
            let missing = |end: &End| match end {
                End::Panel { shown, next, .. } => next.saturating_sub(*shown),
                End::Device(_) => 0,
            };
            return Ok(self.ends.iter().map(missing).sum());
        }
        Ok(expected.saturating_sub(self.delivered))
    }
}

/// How long to wait for sockets until the next message is due.
fn wait(paced: u64, per_second: f64, elapsed: f64) -> Duration {
    if per_second == 0.0 {
        return WAIT_MAX;
    }
    let due = (paced + 1) as f64 / per_second;
    Duration::from_secs_f64((due - elapsed).max(0.0)).min(WAIT_MAX)
}
