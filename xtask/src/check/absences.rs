//! `ARCHITECTURE.md` states what is deliberately absent, each with the check in brackets that keeps it so.

use std::collections::BTreeMap;

use super::CHECKS;
use crate::problem::Problem;
use crate::repository::{File, Repository};

const DOCUMENT: &str = "ARCHITECTURE.md";

/// Invariants without a check, and checks of invariants that the document does not state.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let Some(file) = repository.file(DOCUMENT) else {
        return vec![Problem::at(DOCUMENT, 1, "there is no such file: it states the invariants")];
    };
    let named = names_in_brackets(file);
    let unknown = named.iter().filter(|(name, _)| !CHECKS.iter().any(|check| check.name == **name));
    let mut problems: Vec<Problem> = unknown
        .map(|(name, line)| Problem::at(DOCUMENT, *line, format!("there is no check [{name}]")))
        .collect();
    for check in CHECKS.iter().filter(|check| check.invariant && !named.contains_key(check.name)) {
        problems.push(Problem::at(
            DOCUMENT,
            1,
            format!("the invariant of [{}] is not stated: {}", check.name, check.keeps),
        ));
    }
    problems
}

/// The names in brackets that are no links, with the line of the last use.
fn names_in_brackets(file: &File) -> BTreeMap<&str, usize> {
    let mut named = BTreeMap::new();
    for (number, line) in file.lines() {
        for (at, _) in line.match_indices('[') {
            let Some((inside, after)) = line[at + 1..].split_once(']') else { continue };
            let inside = inside.trim_matches('`');
            let is_name = !inside.is_empty()
                && inside.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
            if is_name && !after.starts_with(['(', '[', ':']) {
                named.insert(inside, number);
            }
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_name_the_same() {
        let mut text = String::from("A [link](x.md), a list[a], and an invariant [of-nobody].\n");
        for check in CHECKS.iter().filter(|check| check.invariant && check.name != "layers") {
            text.push_str(&format!("- {} [{}]\n", check.keeps, check.name));
        }
        let found: Vec<String> =
            check(&Repository::of(&[(DOCUMENT, &text)])).into_iter().map(|problem| problem.what).collect();
        let no_layers = "the invariant of [layers] is not stated";
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[2].starts_with(no_layers), "{found:?}");
    }
}
