//! Half-open connections: packets are dropped, and neither end is told.

use super::{Outcome, Run};
use crate::fleet::Load;
use crate::scene::Scene;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Seconds between heartbeats.
const HEARTBEAT: u64 = 2;
/// Within which an end must notice: two heartbeats, and one more for a machine that is busy.
const NOTICED_MAX: Duration = Duration::from_secs(3 * HEARTBEAT);

/// Every connection of a device is half open, for longer than either end waits.
pub(super) fn half_open(mut run: Run) -> Outcome {
    let times = run.times(1, 5);
    let load = Load { devices: 12, rate: 20.0, heartbeat: HEARTBEAT };
    let mut scene = Scene::begin(load);
    let (mut devices, mut hub) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..times {
        // The connections of now are dead, new ones live: what the devices see of it.
        scene.all_heard();
        scene.wire.passes(run.dice.between(1, 100));
        let (connected, ends) = (scene.wire.connected(), scene.wire.ends());
        let (begin, drop) = (Instant::now(), Drop::between(&ends));
        scene.wire.connects(connected, load.devices);
        devices = devices.max(begin.elapsed());
        drop.end();
        scene.wire.stands(load.devices as usize);
        scene.all_heard();
        // Nothing comes through at all: what the hub sees of it. What is accepted meanwhile waits.
        scene.wire.passes(run.dice.between(1, 100));
        let (begin, drop) = (Instant::now(), Drop::at(scene.listening_ports()));
        scene.all_offline();
        hub = hub.max(begin.elapsed());
        drop.end();
        // A new run, so that its devices do not wait ever longer before they come back (rule D9).
        scene.fleet.kill();
        scene.wire.cut();
        scene.start_fleet();
        scene.all_online();
    }
    for (who, noticed) in [("the devices", devices), ("the hub", hub)] {
        assert!(
            noticed <= NOTICED_MAX,
            "{who} noticed only after {noticed:?}, with a heartbeat of {HEARTBEAT} s"
        );
    }
    let done = format!(
        "{times} times each end was left half open, heartbeat {HEARTBEAT} s; devices noticed within {:.1} s, the hub within {:.1} s",
        devices.as_secs_f64(),
        hub.as_secs_f64()
    );
    Outcome { done, verdict: scene.end() }
}

/// Packets are dropped. This network is nobody else's.
pub(super) struct Drop;

impl Drop {
    /// Those of some connections. One port may serve several, so both ends count.
    fn between(ends: &[(u16, u16)]) -> Self {
        let both: Vec<String> =
            ends.iter().map(|(one, other)| format!("{one} . {other}, {other} . {one}")).collect();
        Self::those(&format!("tcp sport . tcp dport {{ {} }} drop", both.join(", ")))
    }

    /// Those from and to these ports.
    fn at([one, other]: [u16; 2]) -> Self {
        Self::those(&format!("tcp sport {{ {one}, {other} }} drop\ntcp dport {{ {one}, {other} }} drop"))
    }

    /// Those that `rules` drop.
    pub(super) fn those(rules: &str) -> Self {
        nft(&format!(
            "table inet torture {{\nchain input {{\ntype filter hook input priority 0;\n{rules}\n}}\n}}\n"
        ));
        Self
    }

    pub(super) fn end(self) {
        nft("delete table inet torture\n");
    }
}

fn nft(rules: &str) {
    let mut nft = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("it is here");
    let mut stdin = nft.stdin.take().expect("piped");
    stdin.write_all(rules.as_bytes()).expect("it reads");
    drop(stdin);
    assert!(nft.wait().expect("it is our child").success(), "nft refuses: {rules}");
}
