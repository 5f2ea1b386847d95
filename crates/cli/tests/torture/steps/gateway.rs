//! Devices behind a gateway: whatever ends, is cut or is dropped between the gateway and the hub, devices do not notice,
//! and the hub's books balance in the end.

use super::network::Drop;
use super::{Outcome, Run};
use crate::barn::Barn;
use crate::fleet::Load;
use crate::scene::Scene;

const LOAD: Load = Load { devices: 12, rate: 50.0, heartbeat: 15 };

/// Rounds after which the fleet is killed too: it comes back with fresh waits (rule D9), so that there is load.
const FLEET_EVERY: u64 = 8;

/// `kill -9` of the gateway, of the hub, and of both at once.
pub(super) fn kills(mut run: Run) -> Outcome {
    let rounds = run.times(6, 100);
    let mut scene = Scene::begin_behind(Barn::new(), LOAD);
    let mut kills = [0; 3];
    scene.slow.freeze();
    for round in 0..rounds {
        scene.wire.passes(run.dice.between(50, 1500));
        // Else it may strike while the gateway comes back, or is not back yet.
        if run.dice.between(0, 2) > 0 {
            scene.hub_hears();
        }
        // Each of the three comes, however few the rounds are.
        let whom = if round < 3 { round } else { run.dice.between(0, 2) };
        kills[whom as usize] += 1;
        match whom {
            0 => {
                scene.kill_gateway();
                scene.start_gateway();
            }
            1 => {
                scene.kill_hub();
                // The gateway acks on.
                scene.devices_are_acked();
                scene.wire.passes(run.dice.between(1, 1500));
                scene.start_hub();
            }
            _ => both(&mut scene, &mut run),
        }
        if round % FLEET_EVERY == FLEET_EVERY - 1 {
            scene.fleet.kill();
            scene.start_fleet();
            scene.slow.thaw();
            scene.slow.freeze();
        }
    }
    let [gateway, hub, both] = kills;
    let done = format!("{gateway} kills of the gateway, {hub} of the hub, {both} of both at once");
    Outcome { done, verdict: scene.end() }
}

/// Both die, and come back in any order.
fn both(scene: &mut Scene, run: &mut Run) {
    scene.kill_gateway();
    scene.kill_hub();
    if run.dice.between(0, 1) == 0 {
        scene.start_gateway();
        scene.start_hub();
    } else {
        scene.start_hub();
        scene.start_gateway();
    }
}

/// The chaos relay between gateway and hub: connections that are cut, stand still, or are half open.
pub(super) fn chaos(mut run: Run) -> Outcome {
    let rounds = run.times(1, 5);
    let mut scene = Scene::begin_behind(Barn::in_chaos(run.dice.next()), LOAD);
    let connected = scene.wire.connected();
    // Of a half-open connection the gateway is told at once, or learns by two heartbeats: that is long.
    let mut faults = vec!["cut", "stall", "half-open to"];
    faults.extend(run.long.then_some("half-open"));
    for _ in 0..rounds {
        for &fault in &faults {
            scene.hub_hears();
            match fault {
                // From the first bytes of a handshake to the middle of many messages.
                "cut" => {
                    let bytes = 1 << run.dice.between(0, 16);
                    let order = format!("cut {}", run.dice.between(bytes, 2 * bytes));
                    scene.barn().chaos(&order);
                }
                _ => scene.barn().chaos(fault),
            }
            scene.devices_are_acked();
            scene.wire.passes(run.dice.between(1, 500));
            scene.barn().chaos("heal");
        }
    }
    scene.hub_hears();
    assert_eq!(scene.wire.connected(), connected, "devices noticed faults behind the gateway");
    let done = format!("{rounds} times each: {} on the way to the hub", faults.join(", "));
    Outcome { done, verdict: scene.end() }
}

/// Packets between gateway and hub are dropped: a third of them, then all of one way, then all of both.
pub(super) fn packets(mut run: Run) -> Outcome {
    let rounds = run.times(1, 2);
    let mut scene = Scene::begin_behind(Barn::new(), LOAD);
    let connected = scene.wire.connected();
    let port = scene.barn().uplink.port();
    let (to, from) = (format!("tcp dport {port} drop"), format!("tcp sport {port} drop"));
    let third = format!("numgen random mod 3 0 {to}\nnumgen random mod 3 0 {from}");
    for _ in 0..rounds {
        scene.hub_hears();
        let drop = Drop::those(&third);
        scene.devices_are_acked();
        // What gets through is enough.
        scene.hub_hears();
        scene.wire.passes(run.dice.between(1, 500));
        drop.end();
        for rules in [&to, &from, &format!("{to}\n{from}")] {
            scene.hub_hears();
            scene.wire.passes(run.dice.between(1, 500));
            let drop = Drop::those(rules);
            scene.devices_are_acked();
            // Until the hub says that it cannot reach them.
            scene.all_offline();
            scene.devices_are_acked();
            drop.end();
            scene.all_online();
        }
    }
    assert_eq!(scene.wire.connected(), connected, "devices noticed what was dropped behind the gateway");
    let done =
        format!("{rounds} times a third of the packets was dropped, then all there, back, and both ways");
    Outcome { done, verdict: scene.end() }
}
