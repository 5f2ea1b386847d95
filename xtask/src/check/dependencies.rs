//! Licences and sources of what we depend on.

use serde_json::Value;

use crate::problem::Problem;
use crate::repository::Repository;

/// Licences that let our users do what our own does. All are permissive; none asks for more than its notice.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NPM_LOCK: &str = "package-lock.json";

/// Packages of cargo and of npm whose licence is not in the list.
pub(crate) fn licences(repository: &Repository) -> Vec<Problem> {
    let of_cargo = outside(repository).filter_map(|package| {
        let licence = package["license"].as_str().unwrap_or("none");
        (!allows(licence)).then(|| named(package, &format!("its licence is {licence}")))
    });
    of_cargo
        .chain(npm(repository, |_, package| {
            let licence = package["license"].as_str().unwrap_or("none");
            (!allows(licence)).then(|| format!("its licence is {licence}"))
        }))
        .collect()
}

/// Packages of cargo that are not from crates.io, and packages of npm whose lock names a host or no checksum.
pub(crate) fn sources(repository: &Repository) -> Vec<Problem> {
    let of_cargo = outside(repository).filter_map(|package| {
        let source = package["source"].as_str().unwrap_or("a folder");
        (source != CRATES_IO).then(|| named(package, &format!("it comes from {source}, not from crates.io")))
    });
    of_cargo
        .chain(npm(repository, |path, package| {
            if !package["resolved"].is_null() {
                return Some(
                    "it has a `resolved` address: install with --omit-lockfile-registry-resolved".to_owned(),
                );
            }
            (path.starts_with("node_modules/") && package["integrity"].is_null())
                .then(|| "it has no checksum (`integrity`)".to_owned())
        }))
        .collect()
}

fn outside(repository: &Repository) -> impl Iterator<Item = &Value> {
    repository.packages().iter().filter(|package| !package["source"].is_null())
}

fn named(package: &Value, what: &str) -> Problem {
    let name = package["name"].as_str().unwrap_or("?");
    let version = package["version"].as_str().unwrap_or("?");
    Problem::at("Cargo.lock", 1, format!("{name} {version}: {what}"))
}

/// What `wrong` says of each package in the locks of npm.
fn npm(repository: &Repository, wrong: impl Fn(&str, &Value) -> Option<String>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in repository.files().iter().filter(|file| file.ends(NPM_LOCK)) {
        let lock: Value = match serde_json::from_str(&file.text) {
            Ok(lock) => lock,
            Err(error) => {
                problems.push(Problem::at(&file.path, error.line(), error.to_string()));
                continue;
            }
        };
        for (path, package) in lock["packages"].as_object().into_iter().flatten() {
            let what = wrong(path, package);
            problems.extend(what.map(|what| Problem::at(&file.path, 1, format!("{path}: {what}"))));
        }
    }
    problems
}

/// Whether an SPDX expression can be met with licences of the list. `OR` binds weaker than `AND`; the old `/` is `OR`.
fn allows(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = expression.split_whitespace().peekable();
    let allowed = any(&mut words);
    allowed && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words) -> bool {
    let mut met = all(words);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words);
    }
    met
}

fn all(words: &mut Words) -> bool {
    let mut met = one(words);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words);
    }
    met
}

fn one(words: &mut Words) -> bool {
    let Some(word) = words.next() else { return false };
    if word == "(" {
        let met = any(words);
        return words.next() == Some(")") && met;
    }
    let mut licence = word.to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next().unwrap_or_default());
    }
    LICENCES.contains(&licence.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_are_read() {
        for allowed in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(allows(allowed), "{allowed}");
        }
        for refused in ["GPL-3.0", "MIT AND GPL-3.0", "none", "", "(MIT", "(GPL-3.0 OR LGPL-3.0) AND MIT"] {
            assert!(!allows(refused), "{refused}");
        }
    }

    #[test]
    fn a_package_from_git_is_found() {
        let packages = json!({"packages": [
            {"name": "a", "version": "1.0.0", "license": "MIT", "source": CRATES_IO},
            {"name": "b", "version": "1.0.0", "license": "AGPL-3.0", "source": "git+https://example.org/b"},
        ]});
        let repository = Repository::with_packages(&[], packages);
        assert_eq!(sources(&repository).len(), 1);
        assert_eq!(licences(&repository).len(), 1);
    }

    #[test]
    fn the_npm_lock_names_no_host_and_every_checksum() {
        let lock = r#"{"packages": {
            "": {"license": "MIT"},
            "node_modules/a": {"license": "MIT", "integrity": "sha512-x", "resolved": "https://example.org/a.tgz"},
            "node_modules/b": {"license": "MIT"}
        }}"#;
        let repository = Repository::of(&[("e2e/package-lock.json", lock)]);
        assert_eq!(sources(&repository).len(), 2);
        assert!(licences(&repository).is_empty());
    }
}
