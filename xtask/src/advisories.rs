//! `cargo xtask advisories`: whether something in a lock file is known to be vulnerable.
//!
//! It reads the RustSec advisory database from a folder, a clone of <https://github.com/rustsec/advisory-db>, and fetches nothing:
//! whoever runs it decides how fresh that is. Without a database it fails, and says where it looked: a check that finds nothing
//! because it looked at nothing is worse than none.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use semver::{Version, VersionReq};
use toml::Table;

/// Where it looks unless told otherwise: where cargo's own tools keep it, below the home folder.
const DATABASE: &str = ".cargo/advisory-db";
/// Lock files that are looked at.
const LOCKS: &[&str] = &["Cargo.lock", "fuzz/Cargo.lock"];
/// Advisories that do not concern us, and why. One that no longer applies is told.
const ACCEPTED: &[(&str, &str)] = &[];

/// Compares the locks with the database.
pub(crate) fn run(root: &Path, options: &[&str]) -> anyhow::Result<ExitCode> {
    let database = match options {
        [] => std::env::home_dir()
            .context("there is no home folder: name the database with --database DIR")?
            .join(DATABASE),
        ["--database", folder] => PathBuf::from(folder),
        _ => bail!("usage: cargo xtask advisories [--database DIR]"),
    };
    let advisories = read(&database)?;
    let mut vulnerable = 0;
    let mut told = Vec::new();
    for lock in LOCKS {
        let text = std::fs::read_to_string(root.join(lock)).with_context(|| format!("cannot read {lock}"))?;
        for (name, version) in locked(&text)? {
            for advisory in advisories.iter().filter(|advisory| advisory.is_about(&name, &version)) {
                let accepted = ACCEPTED.iter().find(|(id, _)| *id == advisory.id);
                told.extend(accepted.map(|(id, _)| *id));
                let weight = match (accepted, &advisory.informational) {
                    (Some((_, why)), _) => format!("accepted: {why}"),
                    (None, Some(kind)) => kind.clone(),
                    (None, None) => {
                        vulnerable += 1;
                        "VULNERABLE".to_owned()
                    }
                };
                println!("{lock}: {name} {version}: {}: {} ({weight})", advisory.id, advisory.title);
            }
        }
    }
    for (id, _) in ACCEPTED.iter().filter(|(id, _)| !told.contains(id)) {
        println!("{id} applies no longer: take it out of {}", file!());
        vulnerable += 1;
    }
    println!("advisories: {} in {}, {vulnerable} to act upon", advisories.len(), database.display());
    Ok(if vulnerable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is known of a package.
#[derive(Debug)]
struct Advisory {
    id: String,
    title: String,
    package: String,
    /// Not a vulnerability but `unmaintained`, `unsound` or `notice`.
    informational: Option<String>,
    /// Versions that are not affected: mended, or never were.
    fine: Vec<VersionReq>,
}

impl Advisory {
    fn is_about(&self, name: &str, version: &Version) -> bool {
        self.package == name && !self.fine.iter().any(|fine| fine.matches(version))
    }

    /// An advisory as the database has it: TOML between two fences, a title behind it. Nothing for one that was withdrawn.
    fn parse(text: &str) -> anyhow::Result<Option<Advisory>> {
        let (head, body) = text
            .strip_prefix("```toml\n")
            .and_then(|rest| rest.split_once("\n```"))
            .context("it does not begin with TOML between fences")?;
        let head: Table = head.parse().context("its TOML cannot be read")?;
        let advisory =
            head.get("advisory").and_then(|advisory| advisory.as_table()).context("it has no [advisory]")?;
        if advisory.contains_key("withdrawn") {
            return Ok(None);
        }
        let text = |name: &str| advisory.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let versions =
            head.get("versions").and_then(|versions| versions.as_table()).context("it has no [versions]")?;
        let mut fine = Vec::new();
        for list in ["patched", "unaffected"].iter().filter_map(|name| versions.get(*name)?.as_array()) {
            for version in list {
                let version = version.as_str().context("a version is no text")?;
                fine.push(version.parse().with_context(|| format!("“{version}” is no version"))?);
            }
        }
        let title = body.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("without a title");
        Ok(Some(Advisory {
            id: text("id").context("it has no id")?,
            title: title.to_owned(),
            package: text("package").context("it names no package")?,
            informational: text("informational"),
            fine,
        }))
    }
}

/// All advisories of the database. One that cannot be read is an error: it may be the one that counts.
fn read(database: &Path) -> anyhow::Result<Vec<Advisory>> {
    let crates = database.join("crates");
    let Ok(packages) = std::fs::read_dir(&crates) else {
        bail!(
            "there is no advisory database: {} is not there. Clone https://github.com/rustsec/advisory-db and name it \
             with --database DIR",
            crates.display()
        );
    };
    let mut advisories = Vec::new();
    for package in packages {
        for file in std::fs::read_dir(package?.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let text = std::fs::read_to_string(&path)?;
                let advisory =
                    Advisory::parse(&text).with_context(|| format!("cannot read {}", path.display()))?;
                advisories.extend(advisory);
            }
        }
    }
    if advisories.is_empty() {
        bail!("there is no advisory in {}", crates.display());
    }
    Ok(advisories)
}

/// Names and versions of what a lock holds that comes from a registry.
fn locked(lock: &str) -> anyhow::Result<Vec<(String, Version)>> {
    let lock: Table = lock.parse().context("the lock cannot be read")?;
    let packages =
        lock.get("package").and_then(|packages| packages.as_array()).context("the lock has no packages")?;
    let from_outside = packages.iter().filter(|package| package.get("source").is_some());
    from_outside
        .map(|package| {
            let text = |name: &str| package.get(name).and_then(|value| value.as_str());
            let (name, version) =
                text("name").zip(text("version")).context("a package has no name or version")?;
            Ok((name.to_owned(), version.parse()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"a\"\n[versions]\n\
                       patched = [\">= 1.2.3\", \">= 1.1.9, < 1.2.0\"]\nunaffected = [\"< 1.0.0\"]\n```\n\n# It breaks\n\nText.\n";

    fn one() -> Advisory {
        Advisory::parse(ONE).expect("it can be read").expect("it counts")
    }

    #[test]
    fn a_version_is_affected_where_it_is_neither_mended_nor_too_old() {
        let about = |version: &str| one().is_about("a", &version.parse().expect("a version"));
        for affected in ["1.0.0", "1.1.8", "1.2.0", "1.2.2"] {
            assert!(about(affected), "{affected}");
        }
        for fine in ["0.9.9", "1.1.9", "1.2.3", "2.0.0"] {
            assert!(!about(fine), "{fine}");
        }
        assert!(!one().is_about("b", &Version::new(1, 0, 0)));
        assert_eq!((&*one().id, &*one().title), ("RUSTSEC-2020-0001", "It breaks"));
    }

    #[test]
    fn what_was_withdrawn_counts_for_nothing_and_what_cannot_be_read_is_an_error() {
        let withdrawn = ONE.replace("package =", "withdrawn = \"2021-01-01\"\npackage =");
        assert!(Advisory::parse(&withdrawn).expect("it can be read").is_none());
        for broken in
            ["# No head\n", &ONE.replace(">= 1.2.3", "new"), &ONE.replace("[versions]", "[version]")]
        {
            assert!(Advisory::parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn without_a_database_it_fails() {
        let folder = std::env::temp_dir().join("glassline-no-advisories");
        let error = read(&folder).expect_err("nothing is there").to_string();
        assert!(error.contains("there is no advisory database"), "{error}");
    }

    #[test]
    fn what_is_ours_in_a_lock_is_left_out() {
        let lock = "[[package]]\nname = \"hub\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
                    source = \"registry+x\"\n";
        assert_eq!(locked(lock).expect("a lock"), [("a".to_owned(), Version::new(1, 0, 0))]);
    }
}
