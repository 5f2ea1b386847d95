//! Which crate may depend on which: of our own, and of those from outside that have one home.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::problem::Problem;
use crate::repository::Repository;

/// Crates of ours that stand beside the folder `crates`.
const OUTSIDE: &[&str] = &["bench", "fuzz", "xtask"];

/// A crate of ours and the crates of ours that it may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("sockets", &[]),
    ("store", &["protocol"]),
    ("router", &["protocol", "store"]),
    ("gateway", &["protocol", "router", "sockets", "store"]),
    ("hub", &["protocol", "router", "sockets", "store"]),
    ("glassline-client", &["protocol"]),
    ("sim", &["protocol", "router", "store"]),
    ("bench", &["protocol", "router", "sockets", "store"]),
    ("cli", &["glassline-client", "protocol", "sockets", "store", "gateway", "hub"]),
    ("xtask", &[]),
];

/// A crate from outside and the crates of ours that may import it.
const HOMES: &[(&str, &[&str])] = &[
    ("anyhow", &["bench", "cli", "xtask"]),
    ("axum", &["hub", "cli"]),
    ("clap", &["cli"]),
    ("hyper", &["hub"]),
    ("hyper-util", &["hub"]),
    ("lol_html", &["hub"]),
    ("mimalloc", &["cli"]),
    ("minijinja", &["hub"]),
    ("mio", &["bench", "sockets"]),
    ("rusqlite", &["store", "bench"]),
    ("rust-embed", &["hub"]),
    ("socket2", &["sockets"]),
    ("tokio", &["gateway", "glassline-client", "hub", "cli"]),
    ("toml", &["bench", "cli", "hub", "xtask"]),
    ("tracing-subscriber", &["cli"]),
];

/// Crates of ours that import one they must not.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in ours(repository) {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == package.name) else {
            problems.push(package.problem("a new crate: give it a row in the table of layers"));
            continue;
        };
        for dependency in &package.imports {
            let below = LAYERS.iter().any(|(name, _)| name == dependency);
            if below && !allowed.contains(&dependency.as_str()) {
                problems.push(package.problem(&format!("{} must not import {dependency}", package.name)));
            }
        }
    }
    problems
}

/// Crates of ours that import something from outside whose home is elsewhere. Tests may: only what ships counts.
pub(crate) fn homes(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in ours(repository) {
        for (outside, homes) in HOMES {
            if package.ships.contains(*outside) && !homes.contains(&package.name.as_str()) {
                problems.push(package.problem(&format!("{outside} has its home in {}", homes.join(", "))));
            }
        }
    }
    problems
}

struct Package {
    name: String,
    manifest: String,
    /// What it depends on in any way.
    imports: BTreeSet<String>,
    /// What it depends on in the program itself, not in its tests.
    ships: BTreeSet<String>,
}

impl Package {
    fn read(package: &Value) -> Self {
        let name = package["name"].as_str().unwrap_or_default().to_owned();
        let folder = if OUTSIDE.contains(&name.as_str()) { "" } else { "crates/" };
        let manifest = format!("{folder}{name}/Cargo.toml");
        let dependencies = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
        let named = |dependency: &Value| dependency["name"].as_str().map(str::to_owned);
        let imports = dependencies.iter().filter_map(named).collect();
        let ships =
            dependencies.iter().filter(|dependency| dependency["kind"] != "dev").filter_map(named).collect();
        Self { name, manifest, imports, ships }
    }

    fn problem(&self, what: &str) -> Problem {
        Problem::at(&self.manifest, 1, what)
    }
}

/// The packages of this workspace: those that come from no registry.
fn ours(repository: &Repository) -> impl Iterator<Item = Package> {
    repository.packages().iter().filter(|package| package["source"].is_null()).map(Package::read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn repository(name: &str, imports: &[(&str, Option<&str>)]) -> Repository {
        let dependencies: Vec<Value> =
            imports.iter().map(|(name, kind)| json!({"name": name, "kind": kind})).collect();
        let package = json!({"name": name, "source": null, "dependencies": dependencies});
        Repository::with_packages(&[], json!({"packages": [package]}))
    }

    #[test]
    fn nobody_imports_upwards() {
        let problems = check(&repository("hub", &[("protocol", None), ("gateway", Some("dev"))]));
        assert_eq!(problems, [Problem::at("crates/hub/Cargo.toml", 1, "hub must not import gateway")]);
    }

    #[test]
    fn a_crate_without_a_row_is_told_to_get_one() {
        assert_eq!(check(&repository("newcomer", &[])).len(), 1);
    }

    #[test]
    fn sql_lives_in_the_store() {
        assert_eq!(homes(&repository("hub", &[("rusqlite", None)])).len(), 1);
        assert_eq!(homes(&repository("hub", &[("rusqlite", Some("dev"))])).len(), 0);
        assert_eq!(homes(&repository("store", &[("rusqlite", None)])).len(), 0);
    }
}
