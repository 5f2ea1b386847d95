//! Autobahn's suite for WebSockets: five hundred conversations, right and wrong, with the frames and event loops of `crates/sockets`.
//! The hub's own sockets answer nobody's every word, so the server is `crates/sockets/examples/echo.rs`.

use crate::attack::bounded;
use crate::attack::programs::{Program, ending_with_us, of_python2};
use crate::attack::target::{Target, wait_for};
use crate::attack::tool::{Outcome, Tool};
use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

pub(super) const TOOL: Tool = Tool {
    name: "autobahn",
    does: "a suite of conversations over WebSocket",
    program: |sources| {
        of_python2(
            sources,
            "wstest",
            "autobahntestsuite==25.10.1",
            ("--autobahnversion", "AutobahnTestSuite"),
        )
    },
    play,
};

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(240);
/// The folder of its report.
const REPORT: &str = "autobahn";
/// Cases that must not be fewer: without those of compression, which we do not offer, there are 301.
const CASES_MIN: usize = 301;

fn play(program: &Program, target: &Target) -> anyhow::Result<Outcome> {
    // It is free again at once; nobody else takes just this one meanwhile.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut echo = ending_with_us(&target.beside("examples/echo"));
    let said = File::create(target.folder().join("echo.txt"))?;
    echo.arg(address.to_string()).stdin(Stdio::null()).stderr(said);
    let _echo = Echo(echo.spawn().context("the echo server cannot be started")?);
    wait_for(|| Ok(TcpStream::connect(address).ok())).context("the echo server does not listen")?;
    let spec = json!({
        "outdir": REPORT, "servers": [{ "agent": "Glassline", "url": format!("ws://{address}") }],
        "cases": ["*"], "exclude-cases": [], "exclude-agent-cases": {}
    });
    fs::write(target.folder().join("autobahn.json"), spec.to_string())?;
    let mut suite = program.command();
    suite.args(["--mode", "fuzzingclient", "--spec", "autobahn.json"]);
    bounded::run(&suite, target.folder(), "autobahn", LIMIT)?;
    let report = target.folder().join(REPORT).join("index.json");
    let report = fs::read(report).context("it wrote no report; see autobahn.txt")?;
    let report: Value = serde_json::from_slice(&report)?;
    let Some(cases) = report["Glassline"].as_object() else { bail!("its report names no server") };
    let behaviors =
        cases.iter().map(|(case, judged)| (case.as_str(), &judged["behavior"], &judged["behaviorClose"]));
    Ok(judge(behaviors.map(|(case, first, last)| {
        (case, first.as_str().unwrap_or_default(), last.as_str().unwrap_or_default())
    })))
}

/// What comes out of cases with how the server behaved, and how it closed.
fn judge<'a>(cases: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> Outcome {
    let (mut outcome, mut counts) = (Outcome::default(), BTreeMap::<&str, usize>::new());
    for (case, behavior, close) in cases {
        *counts.entry(behavior).or_default() += 1;
        let is_well = |word| matches!(word, "OK" | "NON-STRICT" | "INFORMATIONAL" | "UNIMPLEMENTED");
        if !is_well(behavior) || !is_well(close) {
            outcome.findings.push(format!("case {case}: {behavior}, closing: {close}"));
        }
    }
    let count = |word| counts.get(word).copied().unwrap_or(0);
    let judged = count("OK") + count("NON-STRICT") + count("INFORMATIONAL") + outcome.findings.len();
    if judged < CASES_MIN {
        outcome.findings.push(format!("only {judged} cases were played"));
    }
    outcome.figures = format!(
        "{} ok, {} non-strict, {} informational, {} failed; {} of compression, which is not offered",
        count("OK"),
        count("NON-STRICT"),
        count("INFORMATIONAL"),
        outcome.findings.len(),
        count("UNIMPLEMENTED")
    );
    outcome
}

/// The echo server, until this is dropped.
struct Echo(Child);

impl Drop for Echo {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: it is gone already, or it goes now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_case_is_found_and_a_suite_that_does_not_run_too() {
        let cases = |first, last| {
            let others = (0..CASES_MIN).map(|_| ("1.1.1", "OK", "OK"));
            judge(others.chain([("6.4.1", first, last)]))
        };
        let well = cases("NON-STRICT", "OK");
        assert!(
            well.findings.is_empty()
                && well.figures.starts_with("301 ok, 1 non-strict, 0 informational, 0 failed")
        );
        assert_eq!(cases("FAILED", "OK").findings, ["case 6.4.1: FAILED, closing: OK"]);
        assert_eq!(cases("OK", "UNCLEAN").findings, ["case 6.4.1: OK, closing: UNCLEAN"]);
        assert_eq!(judge([("1.1.1", "OK", "OK")].into_iter()).findings, ["only 1 cases were played"]);
    }
}
