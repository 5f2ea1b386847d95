//! `cargo xtask torture [STEP…] [--seed S]`: the long form of `crates/cli/tests/torture`, in surroundings of its own.
//!
//! What may be installed is installed. Where the system permits it, everything runs in a network and with mounts that
//! nobody else sees and that end with it, so that packets can be dropped and disks filled. Steps for which something is
//! still missing are skipped, and say so.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Programs and files that the steps ask for, and Debian's packages that bring them.
const PACKAGES: &[(&str, &str)] = &[
    ("linux.uml", "user-mode-linux"),
    ("mkfs.ext4", "e2fsprogs"),
    ("nft", "nftables"),
    ("ip", "iproute2"),
    ("libfaketimeMT.so.1", "libfaketime"),
];

/// Where what is no program lies.
const LIBRARIES: &str = concat!("/usr/lib/", "x86_64-linux-gnu/faketime");

/// Ways into a network and mounts of our own: as root, or as a user where the system lets users be root among themselves.
const WAYS_APART: &[&[&str]] =
    &[&["unshare", "--mount", "--net"], &["unshare", "--map-root-user", "--mount", "--net"]];

/// The test program, in the profile of every day: it is built already.
const TORTURE: &[&str] = &["test", "--locked", "--package", "cli", "--test", "torture"];

/// Runs it with `arguments`: names of steps, and `--seed S`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<ExitCode> {
    install_packages();
    let cargo = std::env::var_os("CARGO").context("this runs by cargo")?;
    let built = Command::new(&cargo).args(TORTURE).arg("--no-run").current_dir(root).status()?;
    if !built.success() {
        bail!("the tests do not build");
    }
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

/// Where something is missing and this user may install it. It is no error if that fails: steps say what they lack.
fn install_packages() {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(file, _)| !is_here(file)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return;
    }
    let as_root: &[&str] = if succeeds(&["sudo", "-n"], &["true"]) { &["sudo", "-n"] } else { &["env"] };
    let quietly =
        ["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends"];
    println!("installing {}", missing.join(", "));
    if !succeeds(as_root, &[&quietly[..], &missing].concat()) {
        println!("that cannot be installed by this user; steps that need it are skipped");
    }
}

fn is_here(file: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([LIBRARIES.into()]);
    folders.into_iter().any(|folder| folder.join(file).exists())
}

fn succeeds(program: &[&str], arguments: &[&str]) -> bool {
    let mut command = Command::new(program[0]);
    command
        .args(&program[1..])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
