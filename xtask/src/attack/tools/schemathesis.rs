//! schemathesis: makes requests of all kinds from `/openapi.json`, right and wrong ones. None may be answered with a fault of the hub.

use crate::attack::bounded;
use crate::attack::guests::DEVICES;
use crate::attack::programs::{Program, of_python};
use crate::attack::target::Target;
use crate::attack::tool::{Outcome, Tool};
use anyhow::Context as _;
use serde_json::Value;
use std::fs;
use std::time::{Duration, SystemTime};

pub(super) const TOOL: Tool = Tool {
    name: "schemathesis",
    does: "requests of all kinds, made from /openapi.json",
    program: |sources| of_python(sources, "schemathesis", "schemathesis==4.32.5"),
    play,
};

/// How long each of the rounds may take: they take less than a minute where the machine has nothing else to do.
const LIMIT: Duration = Duration::from_secs(360);
/// Cases of each operation in a phase.
const EXAMPLES: &str = "25";

/// One run of it.
struct Round {
    /// Who asks, and with which names of devices, channels and people.
    name: &'static str,
    is_known: bool,
    settings: fn() -> String,
    options: &'static [&'static str],
}

const ROUNDS: &[Round] = &[
    Round { name: "an administrator", is_known: true, settings: String::new, options: &[] },
    // What is made up is not there: with names that there are it gets further. The device is to stay for that.
    Round {
        name: "the same about what there is",
        is_known: true,
        settings: known,
        options: &["--exclude-operation-id", "removeDevice"],
    },
    Round { name: "nobody", is_known: false, settings: known, options: &[] },
];

fn known() -> String {
    format!(
        "[parameters]\n\"path.id\" = \"{}\"\n\"path.channel\" = \"temperature\"\n\"path.name\" = \"ada\"\n",
        DEVICES[0]
    )
}

fn play(program: &Program, target: &Target) -> anyhow::Result<Outcome> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let seed = now.as_secs().to_string();
    println!("schemathesis: seed {seed}");
    let mut outcome = Outcome::default();
    for (number, round) in ROUNDS.iter().enumerate() {
        fs::write(target.folder().join("schemathesis.toml"), (round.settings)())?;
        let report = target.folder().join(format!("schemathesis-{number}.json"));
        let mut run = program.command();
        run.arg("run").arg(format!("{}/openapi.json", target.of_ready("http")));
        if round.is_known {
            run.arg("--header").arg(format!("Authorization: Bearer {}", target.of_ready("token")));
        }
        run.args(["--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing,stateful"]);
        run.args([
            "--max-examples",
            EXAMPLES,
            "--seed",
            &seed,
            "--generation-database",
            "none",
            "--no-color",
        ]);
        run.args(["--continue-on-failure", "--report", "json", "--report-json-path"])
            .arg(&report)
            .args(round.options);
        let log = format!("schemathesis-{number}");
        bounded::run(&run, target.folder(), &log, LIMIT)?;
        let report = fs::read(&report).with_context(|| format!("it wrote no report; see {log}.txt"))?;
        let (figures, findings) = judge(&serde_json::from_slice(&report)?);
        outcome.figures.push_str(&format!("{}: {figures}; ", round.name));
        outcome.findings.extend(findings);
    }
    outcome.figures.push_str(&format!("seed {seed}"));
    Ok(outcome)
}

/// Figures and findings in its report.
fn judge(report: &Value) -> (String, Vec<String>) {
    let count = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64);
    let list =
        |pointer: &str| report.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut findings: Vec<String> =
        list("/failures").iter().chain(list("/errors")).map(Value::to_string).collect();
    let (tested, cases) =
        (count("/operations/tested").unwrap_or(0), count("/test_cases/generated").unwrap_or(0));
    let (failed, errors) = (count("/test_cases/with_failures"), count("/test_cases/errored"));
    if findings.is_empty()
        && (failed != Some(0) || errors != Some(0) || report["complete"] != Value::Bool(true))
    {
        findings.push(format!("it is not content, and does not say why: {}", report["stop_reason"]));
    }
    if tested == 0 || cases == 0 {
        findings.push("it tried nothing".to_owned());
    }
    (format!("{tested} operations, {cases} cases, {} with 5xx", failed.unwrap_or(0)), findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_server_error_is_found() {
        let report = |failed: u64, failures: Value, complete: bool| {
            judge(&json!({
                "operations": { "tested": 75 }, "complete": complete, "stop_reason": "completed",
                "test_cases": { "generated": 2176, "with_failures": failed, "errored": 0 },
                "failures": failures, "errors": []
            }))
        };
        let well = report(0, json!([]), true);
        assert_eq!(well, ("75 operations, 2176 cases, 0 with 5xx".to_owned(), vec![]));
        assert_eq!(report(2, json!([{ "operation": "GET /" }]), true).1, [r#"{"operation":"GET /"}"#]);
        assert_eq!(report(2, json!([]), true).1.len(), 1);
        assert_eq!(report(0, json!([]), false).1.len(), 1);
        assert_eq!(judge(&json!({})).1.len(), 2);
    }
}
