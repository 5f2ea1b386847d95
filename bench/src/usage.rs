//! What a server has used, as Linux counts it: processor time of all its threads, and memory.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::clock::this_thread;
use crate::peer::Server;

/// Runs while something is measured.
pub(crate) struct Meter {
    begun: Instant,
    server: Processor,
    load: Duration,
    machine: Machine,
}

/// Hundredths of seconds of all processors so far.
struct Machine {
    busy: u64,
    all: u64,
}

/// What it showed.
pub(crate) struct Spent {
    /// Seconds that passed.
    pub(crate) seconds: f64,
    /// µs that the server was on processors, over all its threads.
    pub(crate) server: f64,
    /// µs that the load was.
    pub(crate) load: f64,
    /// Which part of the machine's processors others had, in percent: with more than a few, figures say little.
    pub(crate) others: f64,
}

/// Processor time of a process, or of several, so far.
struct Processor {
    /// Of each of its threads that live, by its id.
    threads: BTreeMap<u32, Duration>,
    /// Of all that ever were, to 10 ms.
    all: Duration,
}

impl Meter {
    pub(crate) fn start(server: &Server) -> anyhow::Result<Meter> {
        let processor = Processor::of_all(server)?;
        Ok(Meter { begun: Instant::now(), server: processor, load: own(), machine: Machine::now()? })
    }

    pub(crate) fn stop(&self, server: &Server) -> anyhow::Result<Spent> {
        let spent = self.server.until(&Processor::of_all(server)?).as_secs_f64();
        let load = own().saturating_sub(self.load).as_secs_f64();
        let machine = Machine::now()?;
        let busy = (machine.busy - self.machine.busy) as f64 / 100.0;
        let all = (machine.all - self.machine.all) as f64 / 100.0;
        Ok(Spent {
            seconds: self.begun.elapsed().as_secs_f64(),
            server: spent * 1e6,
            load: load * 1e6,
            others: if all > 0.0 { (busy - spent - load).max(0.0) / all * 100.0 } else { 0.0 },
        })
    }
}

impl Machine {
    fn now() -> anyhow::Result<Machine> {
        let text = std::fs::read_to_string("/proc/stat")?;
        let fields = text.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8);
        let hundredths = fields.map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        let all: u64 = hundredths.iter().sum();
        // The fourth and fifth are idle, and idle while a disk writes.
        let idle: u64 = hundredths.iter().skip(3).take(2).sum();
        Ok(Machine { busy: all - idle, all })
    }
}

impl Processor {
    /// Of all processes of a server together.
    fn of_all(server: &Server) -> anyhow::Result<Processor> {
        let mut all = Processor { threads: BTreeMap::new(), all: Duration::ZERO };
        for pid in server.pids() {
            let one = Processor::of(pid)?;
            all.threads.extend(one.threads);
            all.all += one.all;
        }
        Ok(all)
    }

    fn of(pid: u32) -> anyhow::Result<Processor> {
        let mut threads = BTreeMap::new();
        for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
            let thread = thread?;
            let id = thread.file_name().to_string_lossy().parse()?;
            // A thread may end while it is looked at.
            let Ok(text) = std::fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let nanos = text.split_whitespace().next().context("an empty schedstat")?.parse()?;
            threads.insert(id, Duration::from_nanos(nanos));
        }
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name in parentheses may have spaces; what follows it may not.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields).context("a strange stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let hundredths = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(Processor { threads, all: Duration::from_millis(hundredths * 10) })
    }

    /// What was spent from here to `later`: exactly, unless a thread ended in between.
    fn until(&self, later: &Processor) -> Duration {
        if !self.threads.keys().all(|id| later.threads.contains_key(id)) {
            return later.all.saturating_sub(self.all);
        }
        let spent = |(id, now): (&u32, &Duration)| {
            now.saturating_sub(self.threads.get(id).copied().unwrap_or_default())
        };
        later.threads.iter().map(spent).sum()
    }
}

/// µs that the server was on processors since it was started, over all its threads; to 10 ms.
pub(crate) fn since_start(server: &Server) -> anyhow::Result<f64> {
    Ok(Processor::of_all(server)?.all.as_secs_f64() * 1e6)
}

fn own() -> Duration {
    this_thread().unwrap_or_default()
}

/// Memory that a process uses for itself, bytes: its proportional share (PSS), without what the kernel keeps for its sockets.
pub(crate) fn memory(server: &Server) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", server.pid()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024.0)
}
