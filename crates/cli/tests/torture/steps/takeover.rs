//! Takeovers: devices come back by new connections while what they said on the old ones is still under way.

use super::{Outcome, Run};
use crate::fleet::Load;
use crate::scene::Scene;

/// Takeovers after which the fleet is killed: its devices come back with fresh waits (rule D9).
const FLEET_EVERY: u64 = 4;

/// Every device is taken over, again and again.
pub(crate) fn storm(mut run: Run) -> Outcome {
    let load = Load { devices: 12, rate: 100.0, heartbeat: 15 };
    let (times, devices) = (run.times(5, 40), load.devices);
    let mut scene = Scene::begin(load);
    for time in 1..=times {
        scene.wire.passes(run.dice.between(50, 800));
        scene.wire.hold_welcome(run.dice.between(1, 20));
        scene.wire.part();
        // None: the old lines and the new connection race for the hub. Many: the old lines come long after.
        scene.wire.passes(run.dice.between(0, 10 * devices));
        scene.wire.let_go();
        if time % FLEET_EVERY == 0 {
            scene.fleet.kill();
            scene.start_fleet();
        }
    }
    let done = format!("{times} takeovers of {devices} devices with lines under way");
    Outcome { done, verdict: scene.end() }
}
