//! `cargo xtask conformance`: all device libraries, played the same vectors and the same faults, judged by one checker.

use anyhow::Context as _;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Builds the hub that the libraries speak to, and runs the harness with these options, which are its own.
pub(crate) fn run(root: &Path, options: &[&str]) -> anyhow::Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet", "-p", "cli"]).current_dir(root).status()?;
    if !built.success() {
        return Ok(ExitCode::FAILURE);
    }
    let mut node = Command::new("node");
    let status = node.arg("clients/conformance/run.js").args(options).current_dir(root).status();
    let status = status.context("node is needed, 20.11 or newer")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
