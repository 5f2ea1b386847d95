//! Simulates seeds from the command line; see [`USAGE`].

use protocol::rule::Rule;
use sim::suite::first_failure;
use sim::{Options, run};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: cargo run --release -p sim -- [--seeds N] [--from S] [--steps 250] [--rule D5] [--sqlite] [--field] [--trace]

  --seeds N   how many seeds to simulate (1000)
  --from S    the first of them (1)
  --steps N   steps of each before all is calm (250)
  --rule R    the rule that is switched off and aimed at: D1 to D8, H1 to H11, C1 to C9; U1 to U8 with --field
  --sqlite    over the real store in SQLite files
  --field     the field, with gateways and several hubs
  --trace     only the first seed, with all that happens in it";

/// What is asked for.
struct Asked {
    seeds: u64,
    from: u64,
    options: Options,
}

fn main() -> ExitCode {
    match read(std::env::args().skip(1)) {
        Some(asked) if asked.options.readable => show(&asked),
        Some(asked) => simulate(&asked),
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Option<Asked> {
    let mut asked = Asked { seeds: 1000, from: 1, options: Options::default() };
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--seeds" => asked.seeds = arguments.next()?.parse().ok()?,
            "--from" => asked.from = arguments.next()?.parse().ok()?,
            "--steps" => asked.options.steps = arguments.next()?.parse().ok()?,
            "--rule" => asked.options.rule = Some(rule(&arguments.next()?)?),
            "--sqlite" => asked.options.in_files = true,
            "--field" => asked.options.in_field = true,
            "--trace" => asked.options.readable = true,
            _ => return None,
        }
    }
    Some(asked)
}

fn rule(name: &str) -> Option<Rule> {
    Rule::ALL.iter().copied().find(|rule| rule.name() == name)
}

/// One seed, to be read.
fn show(asked: &Asked) -> ExitCode {
    let outcome = run(asked.from, asked.options);
    eprint!("{}", outcome.text);
    match outcome.finding {
        Some((step, finding)) => {
            eprintln!("\nat step {step} {} finds that {}", finding.checker, finding.said);
            ExitCode::FAILURE
        }
        None => {
            eprintln!("\nnothing is found; the hash of the trace is {:016x}", outcome.hash);
            ExitCode::SUCCESS
        }
    }
}

/// Many seeds, until one fails.
fn simulate(asked: &Asked) -> ExitCode {
    let Asked { seeds, from, options } = *asked;
    let begin = Instant::now();
    match first_failure(from..from.saturating_add(seeds), options) {
        Some(failed) => {
            eprintln!("{}", failed.explain());
            ExitCode::FAILURE
        }
        None => {
            let seconds = begin.elapsed().as_secs_f64();
            eprintln!(
                "{seeds} seeds in {seconds:.1} s, {:.0} a second: nothing is found",
                seeds as f64 / seconds
            );
            ExitCode::SUCCESS
        }
    }
}
