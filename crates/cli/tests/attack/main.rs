//! The real program under slow and silent connections: each must be closed in time, and who may be there must notice nothing.
//!
//! A program of its own, without the usual test harness: `cargo test` plays a short form with some hundred connections, `cargo
//! xtask attack` the long one with ten thousand, which also judges what the legitimate device and panel had to wait.
#![allow(clippy::print_stdout, reason = "a program whose output is its purpose")]

mod figures;
mod guests;
mod kinds;
#[path = "../program/rig/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part of it")]
mod rig;
mod swarm;
mod target;

use figures::{Finding, Report};
use guests::Guests;
use std::process::ExitCode;
use std::time::Duration;
use swarm::Swarm;
use target::Target;

/// What is asked for. Options of the usual harness are passed over.
struct Asked {
    /// Judge times too.
    long: bool,
    connections: usize,
    seconds: u64,
    /// How long the guests are watched before.
    quiet: Duration,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("attack: test");
        return ExitCode::SUCCESS;
    }
    let asked = Asked::read(&arguments);
    println!("\nrunning 1 test: {} connections for {} s", asked.connections, asked.seconds);
    let (report, findings) = play(&asked);
    report.print();
    for Finding(what) in &findings {
        println!("finding: {what}");
    }
    let (word, passed) = if findings.is_empty() { ("ok", 1) } else { ("FAILED", 0) };
    println!(
        "test attack ... {word}\n\ntest result: {word}. {passed} passed; {} failed; 0 skipped",
        1 - passed
    );
    ExitCode::from(u8::from(!findings.is_empty()))
}

impl Asked {
    fn read(arguments: &[String]) -> Self {
        let long = arguments.iter().any(|argument| argument == "--long");
        let number = |name: &str| {
            let at = arguments.iter().position(|argument| argument == name)?;
            arguments.get(at + 1)?.parse::<u64>().ok()
        };
        let (connections, seconds, quiet) = if long { (10_000, 120, 20) } else { (400, 7, 1) };
        Self {
            long,
            connections: number("--connections").map_or(connections, |count| count as usize),
            seconds: number("--seconds").unwrap_or(seconds),
            quiet: Duration::from_secs(quiet),
        }
    }
}

fn play(asked: &Asked) -> (Report, Vec<Finding>) {
    let target = Target::start();
    let mut guests = Guests::begin(&target);
    let quiet = guests.watch(asked.quiet);
    let memory_before = target.memory();
    let swarm =
        Swarm::begin(target.addresses().clone(), asked.connections, Duration::from_secs(asked.seconds));
    let mut memory_most = memory_before;
    let attacked = guests.watch_while(|| {
        memory_most = memory_most.max(target.memory());
        !swarm.is_over()
    });
    let fates = swarm.end();
    let strangers = target.strangers_leave();
    let report = Report {
        quiet,
        attacked,
        fates,
        memory: (memory_before, memory_most),
        strangers,
        books: guests.end(&target),
    };
    let findings = report.judge(asked.long);
    (report, findings)
}
