//! Counting instructions with valgrind.

use std::process::Command;

use anyhow::{Context, bail};
use bench::operations::Operation;

/// What doing `operation` once costs, on average over [`Operation::times`].
pub(super) fn instructions(operation: &Operation) -> anyhow::Result<u64> {
    let times = operation.times;
    let (once, twice) = (total(operation.name, times)?, total(operation.name, 2 * times)?);
    Ok(twice.saturating_sub(once).div_ceil(times))
}

/// All instructions of a process that does the operation so often, its start included.
fn total(name: &str, times: u64) -> anyhow::Result<u64> {
    let program = std::env::current_exe().context("this program is nowhere")?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["operation", name, &times.to_string()])
        .output()
        .context("valgrind cannot be run; Debian has it: apt-get install valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{name} failed under valgrind:\n{said}");
    }
    collected(&said)
        .with_context(|| format!("valgrind did not say how many instructions {name} had:\n{said}"))
}

/// The number in `==4711== Collected : 123456`.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn the_total_is_read_from_what_valgrind_says() {
        let said =
            "==7== Callgrind, a call-graph generator\n==7== Events    : Ir\n==7== Collected : 123456\n";
        assert_eq!(collected(said), Some(123_456));
        assert_eq!(collected("==7== Events    : Ir"), None);
    }
}
