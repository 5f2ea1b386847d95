//! `kill -9`, of the hub and of the devices' program, at random moments under load.

use super::{Outcome, Run};
use crate::fleet::Load;
use crate::scene::Scene;

const LOAD: Load = Load { devices: 12, rate: 100.0, heartbeat: 15 };

/// Kills of the hub after which the fleet is killed too: it comes back with fresh waits (rule D9), so that there is load.
const FLEET_EVERY: u64 = 8;

/// The hub dies.
pub(crate) fn hub(mut run: Run) -> Outcome {
    let kills = run.times(5, 500);
    let mut scene = Scene::begin(LOAD);
    scene.slow.freeze();
    for kill in 1..=kills {
        scene.wire.passes(run.dice.between(50, 1500));
        if kill % FLEET_EVERY == 0 {
            scene.fleet.kill();
        }
        scene.kill_hub();
        scene.start_hub();
        if kill % FLEET_EVERY == 0 {
            scene.start_fleet();
            scene.slow.thaw();
            scene.slow.freeze();
        }
    }
    Outcome { done: format!("{kills} kills of the hub"), verdict: scene.end() }
}

/// The program of the devices dies.
pub(crate) fn fleet(mut run: Run) -> Outcome {
    let kills = run.times(5, 200);
    let mut scene = Scene::begin(LOAD);
    for _ in 0..kills {
        scene.wire.passes(run.dice.between(50, 1500));
        scene.fleet.kill();
        scene.start_fleet();
    }
    Outcome { done: format!("{kills} kills of the devices' program"), verdict: scene.end() }
}
