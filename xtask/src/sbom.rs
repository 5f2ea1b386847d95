//! `cargo xtask sbom`: what the binary is made of, as CycloneDX JSON. The same tree gives the same bytes: no time, no random number.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// The package whose binary it is about.
const BINARY: &str = "cli";

/// What is built into the binary and comes from no registry of crates: name, version, licence, file.
const VENDORED: &[(&str, &str, &str, &str)] = &[("uplot", "1.6.32", "MIT", "web/vendor/uplot.js")];

/// Writes it to standard output, or to a file.
pub(crate) fn run(root: &Path, options: &[&str]) -> anyhow::Result<ExitCode> {
    let (mut to, mut target) = (None, "x86_64-unknown-linux-gnu");
    let mut rest = options;
    loop {
        match rest {
            [] => break,
            ["--to", file, more @ ..] => (to, rest) = (Some(*file), more),
            ["--target", triple, more @ ..] => (target, rest) = (*triple, more),
            _ => bail!("usage: cargo xtask sbom [--to FILE] [--target TRIPLE]"),
        }
    }
    let metadata = metadata(root, target)?;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let text = format!("{:#}\n", bill(&metadata, &checksums(&lock)?, target)?);
    match to {
        Some(file) => std::fs::write(file, text).with_context(|| format!("cannot write {file}"))?,
        None => print!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn metadata(root: &Path, target: &str) -> anyhow::Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", target];
    let done = Command::new(cargo).args(arguments).current_dir(root).output().context("cannot run cargo")?;
    if !done.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&done.stderr));
    }
    serde_json::from_slice(&done.stdout).context("cargo metadata is not JSON")
}

/// SHA-256 of each package's archive, by name and version.
fn checksums(lock: &str) -> anyhow::Result<BTreeMap<(String, String), String>> {
    let lock: toml::Table = lock.parse().context("Cargo.lock cannot be read")?;
    let packages =
        lock.get("package").and_then(|packages| packages.as_array()).context("Cargo.lock has no packages")?;
    let text = |package: &toml::Value, name: &str| package.get(name)?.as_str().map(str::to_owned);
    let one =
        |package| Some(((text(package, "name")?, text(package, "version")?), text(package, "checksum")?));
    Ok(packages.iter().filter_map(one).collect())
}

/// The whole bill: the packages that the binary links, directly or not. What only builds or tests it is not in it.
fn bill(
    metadata: &Value,
    checksums: &BTreeMap<(String, String), String>,
    target: &str,
) -> anyhow::Result<Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (id(&package["id"]), package)).collect();
    let nodes: BTreeMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (id(&node["id"]), node)).collect();
    let binary = packages.values().find(|package| package["name"] == BINARY && package["source"].is_null());
    let binary = binary.with_context(|| format!("there is no package {BINARY}"))?;
    let links = |of: &str| -> BTreeSet<String> {
        let wanted = |dependency: &Value| {
            list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
                && packages.get(&id(&dependency["pkg"])).is_some_and(|package| !is_macro(package))
        };
        let dependencies = nodes.get(of).map(|node| list(&node["deps"])).unwrap_or_default();
        dependencies
            .iter()
            .filter(|dependency| wanted(dependency))
            .map(|dependency| id(&dependency["pkg"]))
            .collect()
    };
    let mut linked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut open = vec![id(&binary["id"])];
    while let Some(next) = open.pop() {
        if let Entry::Vacant(place) = linked.entry(next) {
            let further = links(place.key());
            open.extend(further.iter().cloned());
            place.insert(further);
        }
    }
    let reference = |of: &String| purl(&packages[of]);
    let components =
        linked.keys().filter(|of| **of != id(&binary["id"])).map(|of| component(&packages[of], checksums));
    let dependencies = linked.iter().map(|(of, further)| {
        json!({ "ref": reference(of), "dependsOn": further.iter().map(reference).collect::<BTreeSet<_>>() })
    });
    let dependencies: Vec<Value> = dependencies.collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": purl(binary),
                "name": "glassline",
                "version": binary["version"],
                "licenses": [{ "expression": binary["license"] }],
                "properties": [{ "name": "target", "value": target }],
            },
        },
        "components": components.chain(vendored()).collect::<Vec<_>>(),
        "dependencies": dependencies,
    }))
}

fn id(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Whether it runs in the compiler and is not linked.
fn is_macro(package: &Value) -> bool {
    let targets = package["targets"].as_array().map_or(&[][..], Vec::as_slice);
    targets
        .iter()
        .any(|target| target["kind"].as_array().is_some_and(|kinds| kinds.contains(&json!("proc-macro"))))
}

fn purl(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", id(&package["name"]), id(&package["version"]))
}

fn component(package: &Value, checksums: &BTreeMap<(String, String), String>) -> Value {
    let (name, version) = (id(&package["name"]), id(&package["version"]));
    let hash = checksums.get(&(name.clone(), version.clone()));
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(package),
        "name": name,
        "version": version,
        "purl": purl(package),
        "licenses": [{ "expression": id(&package["license"]).replace('/', " OR ") }],
    });
    if let Some(hash) = hash {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": hash }]);
    }
    if let Some(repository) = package["repository"].as_str() {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

fn vendored() -> impl Iterator<Item = Value> {
    VENDORED.iter().map(|(name, version, licence, file)| {
        json!({
            "type": "library",
            "bom-ref": format!("pkg:npm/{name}@{version}"),
            "name": name,
            "version": version,
            "purl": format!("pkg:npm/{name}@{version}"),
            "licenses": [{ "expression": licence }],
            "properties": [{ "name": "file", "value": file }],
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_in_it_and_what_builds_or_tests_it_is_not() {
        let package = |name: &str, kind: &str, source: Option<&str>| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0", "source": source, "targets": [{ "kind": [kind] }] });
        let needs = |name: &str, kind: Option<&str>| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [
                package("cli", "bin", None), package("a", "lib", Some("x")), package("b", "lib", Some("x")),
                package("derive", "proc-macro", Some("x")), package("cc", "lib", Some("x")), package("test", "lib", Some("x")),
            ],
            "resolve": { "nodes": [
                { "id": "cli", "deps": [needs("a", None), needs("derive", None), needs("test", Some("dev"))] },
                { "id": "a", "deps": [needs("b", None), needs("cc", Some("build"))] },
            ] },
        });
        let sums = [(("a".to_owned(), "1.0.0".to_owned()), "abc".to_owned())].into();
        let bill = bill(&metadata, &sums, "t").expect("a bill");
        let components = bill["components"].as_array().expect("components");
        let names: Vec<&str> = components.iter().filter_map(|component| component["name"].as_str()).collect();
        assert_eq!(names, ["a", "b", "uplot"]);
        assert_eq!(components[0]["hashes"][0]["content"], "abc");
        assert_eq!(components[0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(
            bill["dependencies"][0],
            json!({ "ref": "pkg:cargo/a@1.0.0", "dependsOn": ["pkg:cargo/b@1.0.0"] })
        );
    }
}
