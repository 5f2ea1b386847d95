//! Packages of the system, installed where this user may.

use std::process::{Command, Stdio};

/// Installs them, and says so. It is no error if that fails: whoever needs them says what is missing. Whether it succeeded.
pub(crate) fn install(packages: &[&str]) -> bool {
    println!("installing {}", packages.join(", "));
    let as_root: &[&str] = if succeeds(&["sudo", "-n"], &["true"]) { &["sudo", "-n"] } else { &["env"] };
    let quietly =
        ["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends"];
    succeeds(as_root, &[&quietly[..], packages].concat())
}

/// Whether the program says that it did it.
pub(crate) fn succeeds(program: &[&str], arguments: &[&str]) -> bool {
    let mut command = Command::new(program[0]);
    command
        .args(&program[1..])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
