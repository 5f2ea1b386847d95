//! Crates that are there in several versions: each costs size, and each is a place more that may have to be mended. The list says
//! which there are and who needs the older one, so that a new one is seen.

use std::collections::BTreeMap;

use crate::problem::Problem;
use crate::repository::Repository;

/// Crates in several versions, and why. One that is no longer needed is taken out.
const KNOWN: &[(&str, &str)] = &[
    ("base64", "pem, which makes certificates in tests, has the newer one"),
    ("block-buffer", "of digest"),
    ("cpufeatures", "of argon2, sha1 and sha2; chacha20 of proptest has the newer one"),
    ("crypto-common", "of digest"),
    ("digest", "of sha2"),
    ("getrandom", "ring has the oldest; rand of proptest and tempfile, in tests, the newest"),
    ("r-efi", "of getrandom, for machines that we do not build for"),
    ("rand", "tungstenite's; proptest, in tests, has the newer one"),
    ("rand_core", "of rand and password-hash"),
    ("sha2", "rust-embed, which hashes files as it builds, has the newer one"),
    ("syn", "procedural macros, as they build; half of them have the newer one"),
    ("windows-sys", "for Windows, which we do not build for; ring has the older one"),
];

/// Crates in several versions that are not in the list, and those of the list that are not.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in repository.packages() {
        if let (Some(name), Some(version)) = (package["name"].as_str(), package["version"].as_str()) {
            versions.entry(name).or_default().push(version);
        }
    }
    if versions.is_empty() {
        return Vec::new();
    }
    versions.retain(|_, versions| versions.len() > 1);
    let is_known = |name: &str| KNOWN.iter().any(|(known, _)| *known == name);
    let new = versions.iter().filter(|(name, _)| !is_known(name)).map(|(name, versions)| {
        let what =
            format!("{name} is there as {}: avoid it, or say why in {}", versions.join(" and "), file!());
        Problem::at("Cargo.lock", 1, what)
    });
    let gone = KNOWN.iter().filter(|(name, _)| !versions.contains_key(name)).map(|(name, _)| {
        Problem::at("Cargo.lock", 1, format!("{name} is there once: take it out of the list in {}", file!()))
    });
    new.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_new_duplicate_and_a_reason_that_holds_no_longer_are_found() {
        let package = |name: &str, version: &str| json!({ "name": name, "version": version });
        let known = KNOWN.iter().flat_map(|(name, _)| [package(name, "1.0.0"), package(name, "2.0.0")]);
        let all: Vec<_> = known.clone().chain([package("a", "1.0.0")]).collect();
        let check =
            |packages: Vec<_>| check(&Repository::with_packages(&[], json!({ "packages": packages })));
        assert_eq!(check(all.clone()), []);
        let more: Vec<_> = all.iter().cloned().chain([package("a", "2.0.0")]).collect();
        assert!(check(more)[0].what.starts_with("a is there as 1.0.0 and 2.0.0"));
        let fewer: Vec<_> = all[1..].to_vec();
        assert_eq!(check(fewer).len(), 1);
    }
}
