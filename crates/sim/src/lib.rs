//! A seeded simulation of the whole: devices, links, a hub with its store, and panels, over a virtual clock. Never shipped.
//!
//! Everything that decides is the real code: both sides of the session ([`protocol::session`]), the device's state machine
//! ([`router`]), the store's judgement of what may be written ([`store::Memory`], or the whole store over SQLite files).
//! Around it stands a world that does what the shells do, in any order and with every fault: a step of a simulation hands
//! some bytes on, lets time pass, makes a commit durable, cuts a connection, ends a program, crashes the hub. A seed chooses
//! the steps ([`plan`]), and nothing else does: the same seed is the same simulation, down to the hash of its trace.
//!
//! After its steps all faults stop, and the world must come to rest: every outbox empty, every command settled, every panel
//! where its device is. **Checkers** ([`check`]) look on from outside. Each is a file of its own and knows only what somebody
//! outside could see.
//!
//! | file | what it is |
//! |---|---|
//! | [`plan`] | what a world is made of, how often what happens, and how that is aimed at a rule |
//! | `world`, `carrying`, `powers`, `people` | all that is in it, and what one step does to it: to the network, the hub, by people |
//! | `calm` | the end: all comes to rest and is looked at |
//! | `program`, `device` | a device's program and its end of the conversation: plain, with an outbox in memory, in a file |
//! | `disk` | the file of a stored outbox: what a kill leaves and what a power cut leaves |
//! | `network` | TCP-like connections that are cut, stall or are open at one end only; serial lines that lose bytes |
//! | `hub`, `connection` | what `crates/hub` and `crates/gateway` do around the router and the session, without threads |
//! | `storage`, `files` | commits that gather, are under way, become durable, fail, or are dropped by a crash |
//! | `panel` | panels, fast and frozen |
//! | [`check`] | the checkers |
//! | [`field`] | another world, with gateways and several hubs |
//! | [`suite`] | many seeds on all cores; what to say of one that failed |
//! | [`trace`], [`random`], [`stored`] | what happened; the only source of chance; a device's log as checkers read it |
//!
//! `CONTRIBUTING.md` says how to run it and how to read what it says.
//!
//! What the world does not do: it runs no threads, so what only their races show is left to the tests of the real binary.
//! It garbles serial lines only so that a reader notices (without a checksum the protocol promises nothing else). Where
//! devices agreed on heartbeats, nothing but these finds a dead path; elsewhere TCP's keepalive does.

mod calm;
mod carrying;
pub mod check;
mod connection;
mod device;
mod disk;
pub mod field;
mod files;
mod hub;
mod network;
mod panel;
mod people;
pub mod plan;
mod powers;
mod program;
pub mod random;
mod storage;
pub mod stored;
pub mod suite;
pub mod trace;
mod world;

use crate::check::Finding;
use crate::plan::Plan;
use crate::random::Random;
use crate::world::World;
use protocol::rule::Rule;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Steps before all is calm.
    pub steps: usize,
    /// The rule that is switched off and aimed at.
    pub rule: Option<Rule>,
    /// Whether the trace can be read.
    pub readable: bool,
    /// Whether the hub's store is the real one over SQLite files.
    pub in_files: bool,
    /// Whether it is the field with gateways and several hubs.
    pub in_field: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { steps: 250, rule: None, readable: false, in_files: false, in_field: false }
    }
}

/// What came of a seed.
#[derive(Debug)]
pub struct Outcome {
    /// The hash of all that happened.
    pub hash: u64,
    /// What a checker found first, and the step at which it did.
    pub finding: Option<(usize, Finding)>,
    /// What happened, where it was to be readable.
    pub text: String,
}

/// Simulates one seed on this thread.
pub fn run(seed: u64, options: Options) -> Outcome {
    if options.in_field {
        return field::run(seed, options);
    }
    let _off = options.rule.map(protocol::rule::switch_off);
    let mut random = Random::new(seed);
    let plan = Plan::new(options.rule, &mut random);
    let mut world = World::new(plan, random, &options);
    let mut steps = 0;
    let lived = catch_unwind(AssertUnwindSafe(|| {
        while steps < options.steps && world.finding().is_none() {
            world.step();
            steps += 1;
        }
        if world.finding().is_none() {
            world.drain();
        }
    }));
    let panicked =
        lived.is_err().then(|| Finding { checker: "panic", said: "the code under test panicked".to_owned() });
    Outcome {
        hash: world.trace.hash(),
        finding: panicked.or_else(|| world.finding().cloned()).map(|finding| (steps, finding)),
        text: world.trace.text().to_owned(),
    }
}
