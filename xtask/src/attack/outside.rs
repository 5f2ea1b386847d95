//! The course of an attack by tools of others: each has a hub of its own, and a row in the table at the end.

use super::programs::Sources;
use super::target::Target;
use super::tool::{Outcome, Tool};
use anyhow::{Context as _, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What became of one tool.
struct Row {
    tool: &'static Tool,
    version: String,
    took: Duration,
    end: End,
}

enum End {
    Played(Outcome),
    /// Why not.
    NotRun(String),
}

/// Uses `tools`, and prints what came out. Whether nothing was found; a tool that cannot be had finds nothing.
pub(super) fn run(root: &Path, tools: &[&'static Tool], wstest: Option<&Path>) -> anyhow::Result<bool> {
    let target = root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
    build(root)?;
    let folder = target.join("attack");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let sources = Sources { folder: &folder, wstest };
    let mut rows = Vec::new();
    for tool in tools {
        println!("{}: {}", tool.name, tool.does);
        let row = used(tool, &sources, &target.join("debug"))?;
        println!("{}: {}", tool.name, row.word());
        rows.push(row);
    }
    print(&rows);
    println!("\nwhat each said, and the hub, is in {}/run-TOOL", folder.display());
    Ok(rows.iter().all(Row::is_well))
}

/// Builds the hub, and the server of Autobahn's suite.
fn build(root: &Path) -> anyhow::Result<()> {
    for what in [&["--package", "cli"][..], &["--package", "sockets", "--example", "echo"]] {
        let built =
            super::cargo()?.args(["build", "--locked", "--quiet"]).args(what).current_dir(root).status()?;
        if !built.success() {
            bail!("what is attacked does not build");
        }
    }
    Ok(())
}

/// Sees to it that the tool is there, and uses it against a new hub, whose program is in `built`.
fn used(tool: &'static Tool, sources: &Sources<'_>, built: &Path) -> anyhow::Result<Row> {
    let program = match (tool.program)(sources) {
        Ok(program) => program,
        Err(error) => {
            let end = End::NotRun(format!("{error:#}"));
            return Ok(Row { tool, version: String::new(), took: Duration::ZERO, end });
        }
    };
    let target = Target::start(built, &empty(sources.folder.join(format!("run-{}", tool.name)))?)?;
    let begin = Instant::now();
    let mut outcome = (tool.play)(&program, &target).unwrap_or_else(|error| Outcome {
        findings: vec![format!("it was not used to its end: {error:#}")],
        ..Outcome::default()
    });
    let took = begin.elapsed();
    outcome.findings.extend(target.end());
    Ok(Row { tool, version: program.version, took, end: End::Played(outcome) })
}

fn empty(folder: PathBuf) -> anyhow::Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}

impl Row {
    fn is_well(&self) -> bool {
        matches!(&self.end, End::NotRun(_)) || self.findings().is_empty()
    }

    fn findings(&self) -> &[String] {
        match &self.end {
            End::Played(outcome) => &outcome.findings,
            End::NotRun(_) => &[],
        }
    }

    fn word(&self) -> String {
        match &self.end {
            End::NotRun(why) => format!("not run: {why}"),
            End::Played(outcome) if outcome.findings.is_empty() => "ok".to_owned(),
            End::Played(outcome) => format!("FAILED, {} findings", outcome.findings.len()),
        }
    }
}

fn print(rows: &[Row]) {
    println!("\n| tool | version | what it did | took | |\n|---|---|---|---|---|");
    for row in rows {
        let figures = match &row.end {
            End::Played(outcome) => outcome.figures.as_str(),
            End::NotRun(_) => row.tool.does,
        };
        let (name, version, took) = (row.tool.name, &row.version, row.took.as_secs());
        println!("| {name} | {version} | {} | {took} s | {} |", figures.trim_end(), row.word());
    }
    println!();
    for row in rows {
        for finding in row.findings() {
            println!("finding: {}: {finding}", row.tool.name);
        }
        if let End::Played(outcome) = &row.end {
            for accepted in &outcome.accepted {
                println!("accepted: {}: {accepted}", row.tool.name);
            }
        }
    }
}
