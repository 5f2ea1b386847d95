//! `cargo xtask bench`: builds the measurements, and what they measure, as users' programs are built, and runs them.

use anyhow::Context as _;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Parts that measure what is built into them. All others start the program `glassline`.
const ALONE: &[&str] = &["instructions", "operation", "store"];

/// The part that is measured in a browser.
const CHART: &str = "chart";

/// Runs the measurements with these options, which are theirs.
pub(crate) fn run(root: &Path, options: &[&str]) -> anyhow::Result<ExitCode> {
    if let [CHART, options @ ..] = options {
        return chart(root, options);
    }
    let alone = options.first().is_some_and(|part| ALONE.contains(part));
    let mut run: Vec<&OsStr> = ["run", "--release", "--quiet", "-p", "bench", "--"].map(OsStr::new).to_vec();
    run.extend(options.iter().map(OsStr::new));
    let built = built(root);
    if !alone && !options.contains(&"--glassline") {
        if !cargo(root, &["build", "--release", "--quiet", "-p", "cli"].map(OsStr::new))? {
            return Ok(ExitCode::FAILURE);
        }
        run.extend([OsStr::new("--glassline"), built.as_os_str()]);
    }
    Ok(if cargo(root, &run)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How smooth charts are: in a browser, with the packages of the end-to-end tests.
fn chart(root: &Path, options: &[&str]) -> anyhow::Result<ExitCode> {
    if !cargo(root, &["build", "--release", "--quiet", "-p", "cli"].map(OsStr::new))? {
        return Ok(ExitCode::FAILURE);
    }
    let mut node = Command::new("node");
    let node = node.arg("bench/chart.mjs").args(options).env("GLASSLINE", built(root)).current_dir(root);
    let status = node.status();
    let status = status.context("node is needed; the packages of e2e/ are installed by ./test")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where cargo puts the program.
fn built(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root.join(target).join("release/glassline")
}

fn cargo(root: &Path, arguments: &[&OsStr]) -> anyhow::Result<bool> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Ok(Command::new(cargo).args(arguments).current_dir(root).status()?.success())
}
