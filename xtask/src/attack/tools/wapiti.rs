//! wapiti: walks through all pages as an administrator, and puts into every form and address what breaks badly written ones.

use crate::attack::bounded;
use crate::attack::programs::{Program, of_python, of_system};
use crate::attack::target::Target;
use crate::attack::tool::{Outcome, Tool};
use anyhow::Context as _;
use serde_json::Value;
use std::fs;
use std::time::Duration;

pub(super) const TOOL: Tool = Tool {
    name: "wapiti",
    does: "injections, forgery and headers, in all pages and forms",
    // The one of Python's index runs with a Python up to 3.10.
    program: |sources| {
        of_system("wapiti", "--version").or_else(|_| of_python(sources, "wapiti", "wapiti3==3.0.4"))
    },
    play,
};

/// How long it may take: looking around, and each of the modules its time.
const LIMIT: Duration = Duration::from_secs(300);
const LOOKING_S: &str = "60";
const MODULE_S: &str = "10";
/// Pages and forms that its modules took up, at least: there are some hundred. Fewer show that it had no time, or no way in.
const PAGES_MIN: usize = 100;
/// Those that ask nobody but the hub.
const MODULES: &str = "blindsql,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,methods,permanentxss,\
                       redirect,shellshock,sql,xss";

/// What it says and what is so on purpose: the words in it, and the reason.
const ACCEPTED: &[(&str, &str)] = &[
    (
        "X-Frame-Options is not set",
        "frame-ancestors in the content policy says it, to every browser of today",
    ),
    (
        "X-XSS-Protection is not set",
        "no browser has that filter any more; the content policy forbids inline script",
    ),
    (
        "Strict-Transport-Security is not set",
        "it is said over TLS, for names: this is plain HTTP on this machine",
    ),
    (
        "Lack of anti CSRF token",
        "the login cookie is SameSite=Strict, and what changes something needs our own Origin",
    ),
];

fn play(program: &Program, target: &Target) -> anyhow::Result<Outcome> {
    let report = target.folder().join("wapiti.json");
    let mut walk = program.command();
    walk.args(["--url", &format!("{}/", target.of_ready("http")), "--scope", "folder", "--module", MODULES]);
    walk.args(["--header", &format!("Authorization: Bearer {}", target.of_ready("token"))]);
    walk.args([
        "--max-scan-time",
        LOOKING_S,
        "--max-attack-time",
        MODULE_S,
        "--timeout",
        "5",
        "--no-bugreport",
    ]);
    walk.args(["--store-session", "wapiti", "--store-config", "wapiti", "--flush-session", "--verbose", "1"]);
    walk.args(["--format", "json", "--output"]).arg(&report);
    let said = bounded::run(&walk, target.folder(), "wapiti", LIMIT)?;
    let report = fs::read(report).context("it wrote no report; see wapiti.txt")?;
    let mut outcome = judge(&serde_json::from_slice(&report)?);
    let pages =
        said.lines().filter(|line| line.starts_with("[+] GET ") || line.starts_with("[+] POST ")).count();
    let modules = said.lines().filter(|line| line.starts_with("[*] Launching module")).count();
    if pages < PAGES_MIN {
        outcome
            .findings
            .push(format!("it came no further than {pages} pages and forms in its time; see wapiti.txt"));
    }
    let (found, accepted) = (outcome.findings.len(), outcome.accepted.len());
    outcome.figures =
        format!("{modules} modules, {pages} pages and forms taken up, {found} findings, {accepted} accepted");
    Ok(outcome)
}

/// What its report holds, apart from what is accepted.
fn judge(report: &Value) -> Outcome {
    let mut outcome = Outcome::default();
    for kind in ["vulnerabilities", "anomalies"] {
        for (category, found) in report[kind].as_object().into_iter().flatten() {
            for one in found.as_array().into_iter().flatten() {
                let text = |key: &str| one[key].as_str().unwrap_or_default();
                let line = format!("{category}: {} {}: {}", text("method"), text("path"), text("info"));
                match ACCEPTED.iter().find(|(words, _)| text("info").contains(words)) {
                    Some((_, reason)) => outcome.accepted.push(format!("{line}: {reason}")),
                    None => outcome.findings.push(line),
                }
            }
        }
    }
    // One of a form is one of all its fields.
    outcome.accepted.dedup();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_has_no_reason_is_a_finding() {
        let outcome = judge(&json!({
            "vulnerabilities": {
                "SQL Injection": [{ "method": "GET", "path": "/audit", "info": "SQL Injection via who" }],
                "HTTP Secure Headers": [{ "method": "GET", "path": "/", "info": "X-Frame-Options is not set" }],
                "Backup file": []
            },
            "anomalies": { "Internal Server Error": [{ "method": "GET", "path": "/", "info": "500" }] }
        }));
        let expected =
            ["SQL Injection: GET /audit: SQL Injection via who", "Internal Server Error: GET /: 500"];
        assert_eq!(outcome.findings, expected);
        assert_eq!(outcome.accepted.len(), 1);
    }
}
