//! `cargo xtask attack [--seconds S] [--connections N]`: the long form of `crates/cli/tests/attack`, ten thousand slow and silent
//! connections for two minutes. It ends with an error where something was found.

use anyhow::Context as _;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Runs it with `options`, which are its own.
pub(crate) fn run(root: &Path, options: &[&str]) -> anyhow::Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").context("this runs by cargo")?;
    let attack = ["test", "--locked", "--package", "cli", "--test", "attack", "--", "--long"];
    let ended = Command::new(cargo).args(attack).args(options).current_dir(root).status()?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
