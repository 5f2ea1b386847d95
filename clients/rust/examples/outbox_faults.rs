//! Runs devices with stored outboxes whose files are damaged between runs, and checks that a hub ends up with everything
//! once and in order, or is told what is missing. Exits with 1 at the first case where it does not.
//!
//! ```sh
//! cargo run -p glassline-client --example outbox_faults -- --cases 100000 --seed 1
//! ```

#[path = "../tests/faults/mod.rs"]
mod faults;

use faults::Tally;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, otherwise: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(otherwise)
    };
    let folder = faults::place("outbox-faults");
    let found = run(number("--cases", 1000), number("--seed", 0), &folder);
    let _left_behind = std::fs::remove_dir_all(&folder);
    let said = found.and_then(|summary| {
        writeln!(std::io::stdout(), "{summary}").map_err(|error| format!("nothing can be said: {error}"))
    });
    match said {
        Ok(()) => ExitCode::SUCCESS,
        Err(finding) => {
            eprintln!("{finding}");
            ExitCode::FAILURE
        }
    }
}

fn run(cases: u64, first: u64, folder: &Path) -> Result<String, String> {
    let (cuts, flips) = (faults::cuts(folder)?, faults::flips(folder, 1)?);
    let mut all = Tally::default();
    for seed in first..first + cases {
        let ended = std::panic::catch_unwind(|| faults::case(seed, folder));
        let tally = ended.map_err(|_| format!("seed {seed}: a panic"))?;
        all += tally.map_err(|finding| format!("seed {seed}: {finding}"))?;
    }
    if !all.balances() {
        return Err(format!("the books do not balance: {all:?}"));
    }
    let Tally { accepted, delivered, declared, unpromised } = all;
    Ok(format!(
        "a log cut at each of {cuts} bytes, each of its {flips} bits flipped, and {cases} cases from seed {first}:\n\
         {accepted} accepted = {delivered} delivered + {declared} declared lost + {unpromised} cut off unsynced; \
         0 doubled, 0 out of order"
    ))
}
