//! `cargo xtask torture [STEP…] [--seed S]`: the long form of `crates/cli/tests/torture`, in surroundings of its own.
//!
//! What may be installed is installed. Where the system permits it, everything runs in a network and with mounts that
//! nobody else sees and that end with it, so that packets can be dropped and disks filled. Steps for which something is
//! still missing are skipped, and say so.

use crate::packages::{install, succeeds};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Ways into a network and mounts of our own: as root, or as a user where the system lets users be root among themselves.
const WAYS_APART: &[&[&str]] =
    &[&["unshare", "--mount", "--net"], &["unshare", "--map-root-user", "--mount", "--net"]];

/// The test program, in the profile of every day: it is built already.
const TORTURE: &[&str] = &["test", "--locked", "--package", "cli", "--test", "torture"];

/// The step that is a program of its own: ten minutes of slow and silent connections.
const ATTACK: &str = "attack";
const ATTACK_OPTIONS: &[&str] = &["--seconds", "600"];

/// Runs it with `arguments`: names of steps, and `--seed S`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<ExitCode> {
    if arguments == [ATTACK] {
        return crate::attack::swarm(root, ATTACK_OPTIONS);
    }
    let cargo = std::env::var_os("CARGO").context("this runs by cargo")?;
    let built = Command::new(&cargo).args(TORTURE).arg("--no-run").current_dir(root).status()?;
    if !built.success() {
        bail!("the tests do not build");
    }
    install_packages(Command::new(&cargo).args(TORTURE).args(["--", "--missing"]).current_dir(root))?;
    let way = WAYS_APART.iter().find(|way| succeeds(way, &["true"]));
    let mut torture = match way {
        Some(way) => {
            let mut apart = Command::new(way[0]);
            // In a network of its own not even the loopback interface is up.
            apart.args(&way[1..]).args(["sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]).arg(&cargo);
            apart
        }
        None => Command::new(&cargo),
    };
    torture.args(TORTURE).args(["--offline", "--", "--long"]).args(way.map(|_| "--apart")).args(arguments);
    let ended = torture.current_dir(root).status().context("the torture does not start")?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Installs what `missing` names, where this user may. It is no error if that fails: steps say what they lack.
fn install_packages(missing: &mut Command) -> Result<()> {
    let missing = String::from_utf8(missing.output()?.stdout)?;
    let packages: Vec<&str> = missing.lines().collect();
    if packages.is_empty() {
        return Ok(());
    }
    if !install(&packages) {
        println!("this user cannot install that; steps that need it are skipped");
    }
    Ok(())
}
