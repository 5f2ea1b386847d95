//! The file of figures, and what they hold for.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

/// Figures, as they are kept in `bench/instructions.toml`.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// Where they were counted.
    pub(super) machine: Machine,
    /// Of each operation.
    pub(super) instructions: BTreeMap<String, u64>,
}

/// What decides how many instructions it takes: only figures of equal ones are compared.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Machine {
    /// `rustc -V`.
    rustc: String,
    /// The C library: its functions have several forms, by processor.
    libc: String,
    /// The model of the processor.
    cpu: String,
}

impl Kept {
    /// The file's text.
    pub(super) fn to_toml(&self) -> String {
        let Machine { rustc, libc, cpu } = &self.machine;
        let mut text = format!(
            "# Instructions per operation, by `cargo xtask bench instructions --bless`; compared by `./test --full`.\n\n\
             [machine]\nrustc = {rustc:?}\nlibc = {libc:?}\ncpu = {cpu:?}\n\n[instructions]\n"
        );
        for (name, count) in &self.instructions {
            text.push_str(&format!("{name} = {count}\n"));
        }
        text
    }
}

impl Machine {
    /// What this program was built with, most likely, and runs on.
    pub(super) fn here() -> anyhow::Result<Machine> {
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut rustc = Command::new(compiler);
        rustc.arg("-V").current_dir(env!("CARGO_MANIFEST_DIR"));
        Ok(Machine {
            rustc: said(&mut rustc)?,
            libc: said(Command::new("getconf").arg("GNU_LIBC_VERSION"))?,
            cpu: cpu_model().unwrap_or_else(|| "unknown".to_owned()),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.rustc, self.libc, self.cpu)
    }
}

/// What a program says in its first line.
fn said(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{:?} cannot be run", command.get_program()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_as_it_was_written() {
        let machine =
            Machine { rustc: "rustc 1".into(), libc: "glibc 2".into(), cpu: "one \"fast\" core".into() };
        let instructions = BTreeMap::from([("decode-sample".to_owned(), 900)]);
        let kept = Kept { machine, instructions };
        assert_eq!(toml::from_str::<Kept>(&kept.to_toml()).expect("it can be read"), kept);
    }
}
