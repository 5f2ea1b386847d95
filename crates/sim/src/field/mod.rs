//! The field: devices, gateways with their spools, uplinks, and several hubs, over a virtual clock (rules U1 to U8).
//!
//! All that decides is the real code: both sides of the session, the devices' state machine at gateways and at hubs, both ends
//! of the uplink, how spool numbers and tags belong together, what a hub's store takes of an uplink, the spool's rows and books
//! (without a disk). Around them uplinks are cut at any byte, stall, are open at one end only; gateways and hubs crash; spools
//! and hubs go back to a backup; devices move between gateways, and to hubs and back; hubs are added and removed, and fall behind their quotas.
//!
//! | file | what it is |
//! |---|---|
//! | `world`, `steps` | all that is in it, and what a step does to it |
//! | `plan` | how often what happens |
//! | `devices` | programs of devices |
//! | `gateway`, `spool` | a gateway that runs, and what is durable of it |
//! | `hub` | a hub that runs |
//! | `line` | a WebSocket between them |
//! | `check` | the checkers |
//! | `calm` | the end: all comes to rest and is looked at |

mod calm;
mod check;
mod devices;
mod gateway;
mod hub;
mod line;
mod plan;
pub(crate) mod spool;
mod steps;
mod world;

use crate::check::Finding;
use crate::random::Random;
use crate::{Options, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Simulates one seed on this thread.
pub fn run(seed: u64, options: Options) -> Outcome {
    let _off = options.rule.map(protocol::rule::switch_off);
    let mut random = Random::new(seed);
    let plan = plan::Plan::new(options.rule, &mut random);
    let mut world = world::Field::new(plan, random, &options);
    let mut steps = 0;
    let lived = catch_unwind(AssertUnwindSafe(|| {
        while steps < options.steps && world.checks.finding().is_none() {
            world.step();
            steps += 1;
        }
        if world.checks.finding().is_none() {
            world.drain();
        }
    }));
    let panicked =
        lived.is_err().then(|| Finding { checker: "panic", said: "the code under test panicked".to_owned() });
    Outcome {
        hash: world.trace.hash(),
        finding: panicked.or_else(|| world.checks.finding().cloned()).map(|finding| (steps, finding)),
        text: world.trace.text().to_owned(),
    }
}
