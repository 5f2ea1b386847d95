//! The project's own chores: `cargo xtask tidy` reads the repository and says what breaks its rules.
//!
//! A rule that only people keep is forgotten. Each one that a program can see is a row in [`check::CHECKS`], with a
//! name; `ARCHITECTURE.md` states the invariants and names the check that keeps each.
#![allow(clippy::print_stdout, reason = "a command-line program whose output is its purpose")]

mod advisories;
mod attack;
mod bench;
mod check;
mod conformance;
mod exposure;
mod packages;
mod problem;
mod repository;
mod rust_code;
mod sbom;
mod torture;
mod words;

use std::path::Path;
use std::process::ExitCode;

use check::CHECKS;
use repository::Repository;

const USAGE: &str = "usage: cargo xtask tidy [--list] | bench [SCENARIO…] [--peers NAMES] | bench chart [SECONDS] | \
                     torture [STEP…] [--seed S] | attack [outside [TOOL…]] [--seconds S] [--connections N] [--wstest PATH] | conformance [PART…] [--library NAME] [--rounds N] [--seed S] | \
                     advisories [--database DIR] | sbom [--to FILE] [--target TRIPLE] | exposure";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["tidy"] => tidy(),
        ["tidy", "--list"] => {
            list();
            Ok(ExitCode::SUCCESS)
        }
        ["advisories", options @ ..] => advisories::run(root(), options),
        ["exposure"] => exposure::run(root()),
        ["sbom", options @ ..] => sbom::run(root(), options),
        ["bench", options @ ..] => bench::run(root(), options),
        ["conformance", options @ ..] => conformance::run(root(), options),
        ["attack", options @ ..] => attack::run(root(), options),
        ["torture", options @ ..] => torture::run(root(), options),
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

/// The folder of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Runs every check and prints what each found, one problem a line.
fn tidy() -> anyhow::Result<ExitCode> {
    let repository = Repository::read(root())?;
    for (path, lines) in check::length::long_files(&repository) {
        println!("{path}: {lines} lines: not too long yet; is it one thing?");
    }
    let mut found = 0;
    for check in CHECKS {
        for problem in (check.run)(&repository) {
            println!("{}:{}: {}: {}", problem.path, problem.line, check.name, problem.what);
            found += 1;
        }
    }
    let files = repository.files().len();
    println!("tidy: {} checks, {files} files, {found} problems", CHECKS.len());
    Ok(if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints each check with the rule that it keeps.
fn list() {
    for check in CHECKS {
        println!("{:<28} {}", check.name, check.keeps);
    }
}
