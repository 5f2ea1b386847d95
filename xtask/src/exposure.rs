//! `cargo xtask exposure`: how much the system lets the services of `deploy/` do, as systemd itself judges it.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context;

/// The exposure level that a unit may have, in tenths.
const EXPOSURE_MAX: u32 = 15;

/// Judges each unit; where there is no systemd it says so and passes.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("not compared: there is no systemd-analyze here");
        return Ok(ExitCode::SUCCESS);
    }
    let mut worse = 0;
    for unit in std::fs::read_dir(root.join("deploy")).context("cannot read deploy/")? {
        let path = unit?.path();
        if path.extension().is_none_or(|ending| ending != "service") {
            continue;
        }
        let judged = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", &format!("--threshold={EXPOSURE_MAX}")])
            .arg(&path)
            .output()
            .context("cannot run systemd-analyze")?;
        let said = String::from_utf8_lossy(&judged.stdout);
        let level =
            said.lines().find(|line| line.contains("Overall exposure level")).unwrap_or("nothing was said");
        println!("{}", level.trim_start_matches(['→', ' ']));
        if !judged.status.success() {
            println!("{}{}", said, String::from_utf8_lossy(&judged.stderr));
            worse += 1;
        }
    }
    Ok(if worse == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
