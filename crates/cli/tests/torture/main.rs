//! The real program under real faults: a fleet of devices sends, faults strike at random moments, and in the end the
//! books must balance. What that means stands in `program/rig/books.rs`.
//!
//! A program of its own, without the usual test harness: `cargo test` plays the short form of the daily steps, `cargo
//! xtask torture` the long form of all, some of which need a network and mounts of their own. A step that cannot be
//! played here counts as skipped, never as passed.
#![allow(clippy::print_stdout, reason = "a program whose output is its purpose")]

mod barn;
mod dice;
mod fleet;
#[path = "../program/gateway/rig.rs"]
#[allow(dead_code, reason = "each test program uses its part of it")]
mod gateway;
mod guest;
mod machine;
mod panel;
#[path = "../program/rig/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part of it")]
mod rig;
mod scene;
mod steps;
mod wire;

use dice::Dice;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};
use steps::{Outcome, Run, STEPS, Step};

/// What is asked for. Options of the usual harness are passed over.
#[derive(Default)]
struct Asked {
    long: bool,
    /// This is a network and mounts of our own.
    apart: bool,
    seed: Option<u64>,
    steps: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [guest, rest @ ..] = arguments.as_slice()
        && guest == guest::COMMAND
    {
        return guest::run(rest);
    }
    match arguments.first().map(String::as_str) {
        Some("--list") => {
            STEPS.iter().filter(|step| step.is_in(false)).for_each(|step| println!("{}: test", step.name));
            return ExitCode::SUCCESS;
        }
        Some("--missing") => {
            steps::missing_packages().iter().for_each(|package| println!("{package}"));
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let asked = Asked::read(arguments.into_iter());
    let seed = asked.seed.unwrap_or_else(any_seed);
    let wanted = |step: &&Step| {
        let named =
            asked.steps.is_empty() || asked.steps.iter().any(|name| step.name.contains(name.as_str()));
        named && step.is_in(asked.long)
    };
    let steps: Vec<&Step> = STEPS.iter().filter(wanted).collect();
    if steps.is_empty() && asked.long {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        eprintln!("there is no such step; there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    println!("\nrunning {} steps, seed {seed}", steps.len());
    let played: Vec<Played> = steps.into_iter().map(|step| Played::now(step, seed, &asked)).collect();
    if asked.long {
        print_table(&played, seed);
    }
    let count = |end: fn(&End) -> bool| played.iter().filter(|played| end(&played.end)).count();
    let (skipped, failed) = (count(End::is_skipped), count(End::is_failed));
    let passed = played.len() - skipped - failed;
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; {skipped} skipped");
    ExitCode::from(u8::from(failed > 0))
}

impl Asked {
    fn read(arguments: impl Iterator<Item = String>) -> Self {
        let (mut asked, mut arguments) = (Self::default(), arguments);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--long" => asked.long = true,
                "--apart" => asked.apart = true,
                "--seed" => asked.seed = arguments.next().and_then(|seed| seed.parse().ok()),
                option if option.starts_with('-') => {}
                step => asked.steps.push(step.to_owned()),
            }
        }
        asked
    }
}

fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| u64::from(now.subsec_nanos()))
}

/// A step and its end.
struct Played {
    name: &'static str,
    seconds: f64,
    end: End,
}

enum End {
    Judged(Outcome),
    /// It came to no verdict.
    Broke,
    /// It cannot be played here: why.
    Skipped(String),
}

impl End {
    fn is_skipped(&self) -> bool {
        matches!(self, End::Skipped(_))
    }

    fn is_failed(&self) -> bool {
        match self {
            End::Judged(outcome) => !outcome.verdict.is_clean(),
            End::Broke => true,
            End::Skipped(_) => false,
        }
    }
}

impl Played {
    fn now(step: &Step, seed: u64, asked: &Asked) -> Self {
        let begin = Instant::now();
        let end = match step.lacks(asked.apart) {
            Some(lack) => End::Skipped(lack),
            None => {
                let run = Run { dice: Dice::new(seed, step.name), long: asked.long };
                // What broke was printed by the panic.
                catch_unwind(AssertUnwindSafe(|| step.play(run))).map_or(End::Broke, End::Judged)
            }
        };
        let played = Self { name: step.name, seconds: begin.elapsed().as_secs_f64(), end };
        println!("test {} ... {}", step.name, played.said());
        played
    }

    fn said(&self) -> String {
        let word = if self.end.is_failed() { "FAILED" } else { "ok" };
        match &self.end {
            End::Judged(outcome) => {
                format!("{word} ({}: {}; {:.1} s)", outcome.done, outcome.verdict, self.seconds)
            }
            End::Broke => word.to_owned(),
            End::Skipped(lack) => format!("skipped: {lack}"),
        }
    }
}

/// The summary: step, seed, what was done, and the verdict.
fn print_table(played: &[Played], seed: u64) {
    println!("\n| step | seed | what was done | accepted | lost | doubled | reordered | seconds |");
    println!("|---|---|---|---|---|---|---|---|");
    for Played { name, seconds, end } in played {
        let (done, counts) = match end {
            End::Judged(Outcome { done, verdict: v }) => {
                (done.clone(), format!("{} | {} | {} | {}", v.accepted, v.lost, v.doubled, v.reordered))
            }
            End::Broke => ("broke".to_owned(), " | | | ".to_owned()),
            End::Skipped(lack) => (format!("skipped: {lack}"), " | | | ".to_owned()),
        };
        println!("| {name} | {seed} | {done} | {counts} | {seconds:.0} |");
    }
}
