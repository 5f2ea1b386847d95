//! `cargo xtask attack [outside [TOOL…]] [--seconds S] [--connections N] [--wstest PATH]`: the hub under attack. First by a swarm of
//! ours, the long form of `crates/cli/tests/attack`: ten thousand slow and silent connections for two minutes. Then by tools that
//! others wrote, each against a hub of its own; `outside` is these alone. It ends with an error where something was found.

mod bounded;
mod client;
mod guests;
mod outside;
mod programs;
mod target;
mod tool;
mod tools;
mod watch;

use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The word for the tools of others alone.
const OUTSIDE: &str = "outside";

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked<'a> {
    outside_alone: bool,
    /// Names of tools; none are all.
    tools: Vec<&'a str>,
    /// What goes to the swarm, which knows it.
    swarm: Vec<&'a str>,
    /// Autobahn's program, where it is not found by itself.
    wstest: Option<PathBuf>,
}

impl<'a> Asked<'a> {
    fn read(options: &[&'a str]) -> anyhow::Result<Self> {
        let mut asked = Self::default();
        let mut options = options.iter().copied();
        while let Some(option) = options.next() {
            match option {
                OUTSIDE => asked.outside_alone = true,
                "--wstest" => asked.wstest = Some(options.next().context("--wstest needs a path")?.into()),
                "--seconds" | "--connections" => {
                    let number = options.next().filter(|number| number.parse::<u64>().is_ok());
                    asked.swarm.extend([option, number.with_context(|| format!("{option} needs a number"))?]);
                }
                tool if asked.outside_alone && !tool.starts_with('-') => asked.tools.push(tool),
                _ => bail!("attack does not know “{option}”"),
            }
        }
        Ok(asked)
    }
}

/// Runs what `options` ask for.
pub(crate) fn run(root: &Path, options: &[&str]) -> anyhow::Result<ExitCode> {
    let asked = Asked::read(options)?;
    let tools = tools::named(&asked.tools)?;
    let withstood = asked.outside_alone || withstands_swarm(root, &asked.swarm)?;
    let judged = outside::run(root, &tools, asked.wstest.as_deref())?;
    Ok(if withstood && judged { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The swarm alone, with `options` of its own.
pub(crate) fn swarm(root: &Path, options: &[&str]) -> anyhow::Result<ExitCode> {
    Ok(if withstands_swarm(root, options)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn withstands_swarm(root: &Path, options: &[&str]) -> anyhow::Result<bool> {
    let attack = ["test", "--locked", "--package", "cli", "--test", "attack", "--", "--long"];
    Ok(cargo()?.args(attack).args(options).current_dir(root).status()?.success())
}

fn cargo() -> anyhow::Result<Command> {
    Ok(Command::new(std::env::var_os("CARGO").context("this runs by cargo")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_go_to_whom_they_are_for() {
        let both = Asked::read(&["--seconds", "60", "--wstest", "/opt/wstest"]).expect("it is right");
        assert!(!both.outside_alone && both.swarm == ["--seconds", "60"]);
        assert_eq!(both.wstest, Some("/opt/wstest".into()));
        let outside = Asked::read(&["outside", "nmap", "sslscan"]).expect("it is right");
        assert!(outside.outside_alone && outside.tools == ["nmap", "sslscan"]);
        for wrong in [&["nmap"][..], &["--second", "1"], &["--seconds"], &["--seconds", "x"], &["--wstest"]] {
            Asked::read(wrong).expect_err("it is wrong");
        }
    }
}
