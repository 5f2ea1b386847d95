//! `SIGSTOP` for seconds: a process that is there and does nothing.

use super::{Outcome, Run};
use crate::fleet::Load;
use crate::scene::Scene;

/// Both sides in turn, each for longer than the other waits in silence.
pub(crate) fn both(mut run: Run) -> Outcome {
    let times = run.times(1, 20);
    let load = Load { devices: 8, rate: 50.0, heartbeat: 1 };
    let scene = Scene::begin(load);
    for _ in 0..times {
        scene.wire.passes(run.dice.between(100, 500));
        scene.hub().program.signal("STOP");
        scene.fleet.accepts(load.messages(run.dice.between(1, 4)));
        scene.hub().program.signal("CONT");
        scene.wire.passes(run.dice.between(100, 500));
        scene.fleet.program().signal("STOP");
        // The hub gives the devices up after two heartbeats.
        scene.all_offline();
        scene.fleet.program().signal("CONT");
    }
    Outcome { done: format!("{times} stops of each side"), verdict: scene.end() }
}
