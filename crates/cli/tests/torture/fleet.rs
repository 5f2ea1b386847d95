//! The load: a fleet of devices in a process of its own, with their outboxes in files and a journal of what they accepted.

use crate::rig::Program;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The channel that carries the counters.
pub(crate) const CHANNEL: &str = "count";

/// Runs after which a fleet that still has something to say is stuck. Each waits for ten seconds.
const DRAINING_RUNS_MAX: usize = 6;
/// So few messages that a run is only there to say what was accepted before.
const QUIET_RATE: f64 = 0.001;

/// How a fleet loads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// How many devices.
    pub(crate) devices: u64,
    /// Messages of each in a second.
    pub(crate) rate: f64,
    /// Seconds between heartbeats.
    pub(crate) heartbeat: u64,
}

impl Load {
    /// Messages of the whole fleet in so many seconds.
    pub(crate) fn messages(&self, seconds: u64) -> u64 {
        (self.devices as f64 * self.rate * seconds as f64) as u64
    }
}

/// `glassline simulate fleet`, over its runs.
pub(crate) struct Fleet {
    load: Load,
    home: TempDir,
    to: String,
    join: String,
    program: Option<Program>,
}

/// What the devices of a fleet accepted.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    /// The counters in the journal, in this order.
    pub(crate) counters: Vec<u64>,
    /// Counters that a run may have accepted and not written down any more: each run leaves out the one after the last
    /// that it finds in the journal.
    pub(crate) unsure: BTreeSet<u64>,
}

impl Fleet {
    /// A fleet that will connect to `to`.
    pub(crate) fn new(load: Load, to: String) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        Self { load, home, to, join: String::new(), program: None }
    }

    /// A run of the program begins. New devices join with `join`.
    pub(crate) fn start(&mut self, join: &str) {
        join.clone_into(&mut self.join);
        self.start_with(self.load.rate);
    }

    fn start_with(&mut self, rate: f64) {
        let Load { devices, heartbeat, .. } = self.load;
        let (devices, rate, heartbeat) = (devices.to_string(), rate.to_string(), heartbeat.to_string());
        let arguments = [
            &["simulate", "fleet", "--to", &self.to, "--join", &self.join, "--devices", &devices][..],
            &["--rate", &rate, "--heartbeat", &heartbeat, "--outbox", "outboxes", "--journal", "journal"],
        ];
        let mut program = Program::start(self.home.path(), &arguments.concat());
        // From its first line on it can be told to end.
        program.line(|_| true);
        self.program = Some(program);
    }

    /// The running program.
    pub(crate) fn program(&self) -> &Program {
        self.program.as_ref().expect("the fleet runs")
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.program.take().expect("the fleet runs").kill();
    }

    /// It ends, and what it has accepted is acked.
    pub(crate) fn drain(&mut self) {
        for _ in 0..DRAINING_RUNS_MAX {
            let program = self.program.take().expect("the fleet runs");
            program.signal("TERM");
            let ended = program.ended();
            assert_eq!(ended.code, Some(0), "the fleet did not end well: {ended:?}");
            if ended.said.contains("queued 0 ") && ended.said.contains("sent ") {
                return;
            }
            self.start_with(QUIET_RATE);
        }
        panic!("the fleet does not get rid of what it has accepted");
    }

    /// Waits until it has accepted `messages` more.
    pub(crate) fn accepts(&self, messages: u64) {
        let mut tail = Command::new("timeout")
            .args(["60", "tail", "--lines=0", "--follow", "journal"])
            .current_dir(self.home.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a tail");
        let lines = BufReader::new(tail.stdout.take().expect("piped")).lines();
        let heard = lines.map_while(Result::ok).take(messages as usize).count() as u64;
        let _ = tail.kill();
        let _ = tail.wait();
        assert_eq!(heard, messages, "the fleet accepts nothing more");
    }

    /// The folder of the outboxes.
    pub(crate) fn outboxes(&self) -> PathBuf {
        self.home.path().join("outboxes")
    }

    /// What was accepted, by device. A line that the end of a run has cut is none.
    pub(crate) fn accepted(&self) -> BTreeMap<String, Accepted> {
        let journal = self.home.path().join("journal");
        let text = std::fs::read_to_string(journal).expect("the fleet has written its journal");
        let mut accepted = BTreeMap::<String, Accepted>::new();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let mut words = line.split(' ');
            let (Some(device), Some(counter), Some(_)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let counter = counter.parse().expect("a counter");
            let of_device = accepted.entry(device.to_owned()).or_default();
            let last = of_device.counters.last().copied().unwrap_or(0);
            of_device.unsure.extend(last + 1..counter);
            of_device.counters.push(counter);
        }
        for of_device in accepted.values_mut() {
            of_device.unsure.extend(of_device.counters.last().map(|last| last + 1));
        }
        accepted
    }

    /// The devices' ids.
    pub(crate) fn devices(&self) -> Vec<String> {
        (1..=self.load.devices).map(|number| format!("fleet-{number:04}")).collect()
    }
}
