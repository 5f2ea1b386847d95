//! Measures how fast Glassline is, beside peers in the same run.
//!
//! Where things are compared their rounds take turns, so that whatever else the machine does meets all of them; a figure is
//! the median, with the least and the greatest. `cargo xtask bench` builds it and Glassline as users' programs are built.
#![allow(clippy::print_stdout, reason = "a command-line program whose output is its purpose")]

mod clock;
mod figures;
mod history;
mod ingest;
mod instructions;
mod load;
mod machine;
mod options;
mod peer;
mod report;
mod scenario;
mod startup;
mod store;
mod usage;

use std::process::ExitCode;

use anyhow::Context;

use machine::Machine;
use options::Options;
use peer::Installed;
use scenario::{Bench, Run, SCENARIOS, Scenario};

const USAGE: &str = "usage: bench instructions [--bless]
       bench [SCENARIO …] [--peers NAME,…] [--rounds N] [--quick] [--glassline PROGRAM] [--dir FOLDER] [--json FILE]

  instructions          counts the instructions of single operations, and compares them with those kept
  --bless               keeps them instead

  --peers NAME,…        mosquitto, nats, uws, node (default: all of them), or none
  --rounds N            rounds of each comparison (default: 3)
  --quick               short, and one round: to see whether all works
  --glassline PROGRAM   what to measure (default: target/release/glassline)
  --dir FOLDER          where peers are installed and files are during the run; on a real disk (default: target/bench)
  --json FILE           where to write the figures for programs, too

scenarios (default: all):";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(done) = instructions::asked_for(&arguments) {
        return done;
    }
    let options = match Options::read(arguments.into_iter()) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error:#}\n\n{USAGE}");
            for scenario in SCENARIOS {
                eprintln!("  {:<21} {}", scenario.name, scenario.about);
            }
            return Ok(ExitCode::from(2));
        }
    };
    std::fs::create_dir_all(&options.dir)
        .with_context(|| format!("{} cannot be made", options.dir.display()))?;
    for scenario in &options.scenarios {
        if let Run::Alone(run) = scenario.run {
            run(&options)?;
        }
    }
    let is_of_servers = |scenario: &&Scenario| matches!(scenario.run, Run::Servers(_));
    if options.scenarios.iter().any(is_of_servers) {
        compare(options)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the scenarios that compare servers.
fn compare(options: Options) -> anyhow::Result<()> {
    let installed = Installed::new(&options.dir, &options.glassline, &options.peers)?;
    let machine = Machine::new(&installed);
    machine.print();
    let bench = Bench { options, installed };
    let mut tables = Vec::new();
    for scenario in &bench.options.scenarios {
        if let Run::Servers(run) = scenario.run {
            tables.extend(run(&bench)?);
        }
    }
    if let Some(file) = &bench.options.json {
        let text = serde_json::to_string_pretty(&report::json(&machine, &tables))?;
        std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}
