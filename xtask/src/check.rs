//! The table of checks.
//!
//! A check is a function from the repository to what breaks one rule. To add one: write it in a file of its own here,
//! with a test, and give it a row. An invariant of the architecture is also named in `ARCHITECTURE.md`.

mod absences;
mod browser;
mod dependencies;
mod duplicates;
mod heads;
mod layers;
mod leftovers;
pub(crate) mod length;
mod links;
mod modules;
mod names;
mod nouns;
mod places;
mod rules;
mod size;
mod unsafe_code;
mod waiting;
mod whitespace;

use crate::problem::Problem;
use crate::repository::Repository;

/// One rule and the function that finds what breaks it.
pub(crate) struct Check {
    /// Its name in the output and, for invariants, in `ARCHITECTURE.md`.
    pub(crate) name: &'static str,
    /// The rule in a sentence.
    pub(crate) keeps: &'static str,
    /// Whether it keeps an invariant of the architecture, which `ARCHITECTURE.md` has to state.
    pub(crate) invariant: bool,
    /// Finds what breaks the rule.
    pub(crate) run: fn(&Repository) -> Vec<Problem>,
}

/// A row for an invariant of the architecture.
const fn invariant(name: &'static str, keeps: &'static str, run: fn(&Repository) -> Vec<Problem>) -> Check {
    Check { name, keeps, invariant: true, run }
}

/// A row for a rule of the house.
const fn rule(name: &'static str, keeps: &'static str, run: fn(&Repository) -> Vec<Problem>) -> Check {
    Check { name, keeps, invariant: false, run }
}

/// Every check, in the order in which it runs.
pub(crate) const CHECKS: &[Check] = &[
    invariant("layers", "A crate imports only the crates of ours that stand below it.", layers::check),
    invariant("homes", "SQL, templates, the command line and the like each have one home.", layers::homes),
    invariant(
        "pure-protocol",
        "crates/protocol knows no socket, file, clock, randomness or SQL.",
        |repository| names::never(repository, &names::PROTOCOL),
    ),
    invariant("pure-router", "crates/router never awaits and never asks for the time.", |repository| {
        names::never(repository, &names::ROUTER)
    }),
    invariant("store-alone", "crates/store knows no async runtime, no HTTP and no session.", |repository| {
        names::never(repository, &names::STORE)
    }),
    invariant("no-devices-in-hub", "crates/hub never listens for devices.", |repository| {
        names::never(repository, &names::HUB)
    }),
    invariant("no-values-in-gateway", "crates/gateway hands values on without reading them.", |repository| {
        names::never(repository, &names::GATEWAY)
    }),
    invariant("surroundings", "Only crates/cli reads the environment.", |repository| {
        names::never(repository, &names::SURROUNDINGS)
    }),
    invariant("no-inline", "No page carries inline script or style.", browser::no_inline),
    invariant(
        "bare-imports",
        "Browser modules import each other by bare names, never by file.",
        browser::bare_imports,
    ),
    rule("licences", "Every dependency has a licence of our list.", dependencies::licences),
    rule(
        "sources",
        "Every dependency comes from crates.io; the npm lock names no host.",
        dependencies::sources,
    ),
    rule("duplicates", "Every crate is there in one version, or the list says why not.", duplicates::check),
    rule("unsafe", "No crate of ours has unsafe code, nor may have.", unsafe_code::check),
    rule("rule-names", "A rule that is cited stands in the specification.", rules::check),
    rule("absences", "ARCHITECTURE.md and this table name the same invariants.", absences::check),
    rule("length", "No file of ours has more than 600 lines.", length::check),
    rule("heads", "A source file begins by saying what it is for.", heads::check),
    rule("nouns", "No module has a name that says nothing.", nouns::check),
    rule("dead-modules", "Every Rust file is named by a `mod`.", modules::check),
    rule("leftovers", "No notes to oneself, ignored or focused tests.", leftovers::check),
    rule("waiting", "No test sleeps.", waiting::check),
    rule("places", "No path of a machine, no host of a registry.", places::check),
    rule("size", "Every file is smaller than 1 MiB.", size::check),
    rule("links", "Every link to a file in the documents leads somewhere.", links::check),
    rule(
        "whitespace",
        "No trailing blanks, tabs or carriage returns; a newline at the end.",
        whitespace::check,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
    }

    #[test]
    fn an_empty_repository_breaks_nothing_but_its_missing_architecture() {
        let repository = Repository::of(&[]);
        for check in CHECKS {
            let expected = usize::from(check.name == "absences");
            assert_eq!((check.run)(&repository).len(), expected, "{}", check.name);
        }
    }
}
