//! Measures how fast Glassline is, beside a peer in the same run where there is one.
//!
//! `cargo run --release -p bench -- store` takes less than a minute. Where two things are compared their rounds
//! take turns, so that whatever else the machine does meets both; a figure is the median, with the least and the greatest.
#![allow(clippy::print_stdout, reason = "a command-line program whose output is its purpose")]

mod clock;
mod figures;
mod store;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: bench store [--dir FOLDER]

  store           what the store takes over, keeps and gives back
  --dir FOLDER    where its files go for the time of the run; on a real disk (default: the folder `target`)";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let dir = match arguments.as_slice() {
        ["store"] => default_dir(),
        ["store", "--dir", dir] => PathBuf::from(dir),
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    store::run(&dir)?;
    Ok(ExitCode::SUCCESS)
}

/// Beside the program: that is on the disk that it was built on, and not in memory as temporary files often are.
fn default_dir() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    beside.unwrap_or_else(|| PathBuf::from("."))
}
