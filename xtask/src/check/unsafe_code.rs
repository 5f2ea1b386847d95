//! No unsafe code of ours: the compiler refuses it in every crate, and no crate steps out of that unseen.

use crate::problem::Problem;
use crate::repository::Repository;
use crate::rust_code::code_of;
use crate::words::words;

/// Files that may have some, each one small module, and why.
const ALLOWED: &[(&str, &str)] = &[];

/// Crates that are not of the workspace, and why the compiler's rule is not theirs.
const APART: &[(&str, &str)] = &[("fuzz/Cargo.toml", "the fuzzer's entry point is an exported symbol")];

/// Crates in which the compiler does not forbid it, and code that has some.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    crates(repository).chain(code(repository)).collect()
}

fn crates(repository: &Repository) -> impl Iterator<Item = Problem> {
    let manifests =
        repository.files().iter().filter(|file| file.path == "Cargo.toml" || file.ends("/Cargo.toml"));
    manifests.filter_map(|file| {
        let is_apart = APART.iter().any(|(path, _)| *path == file.path);
        let is_workspace = file.text.contains("[workspace.package]");
        let forbids = match is_workspace {
            true => file.text.contains("\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n"),
            false => file.text.contains("\n[lints]\nworkspace = true\n"),
        };
        let what = "unsafe code is not forbidden here: `[lints] workspace = true`";
        (!is_apart && !forbids).then(|| Problem::at(&file.path, 1, what))
    })
}

fn code(repository: &Repository) -> impl Iterator<Item = Problem> {
    let sources = repository.files().iter().filter(|file| file.ends(".rs") && !file.is_foreign());
    sources.filter(|file| ALLOWED.iter().all(|(path, _)| *path != file.path)).flat_map(|file| {
        let code = code_of(&file.text);
        let found = code
            .lines()
            .zip(1..)
            .filter(|(line, _)| words(line).any(|word| word == "unsafe"))
            .map(|(_, number)| number);
        let problems =
            found.map(|line| Problem::at(&file.path, line, "unsafe code: forbidden in crates of ours"));
        problems.collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_code_is_found_where_it_is_code() {
        let source = "//! unsafe\nfn ack_unsafely() {}\nconst A: &str = \"unsafe\";\nunsafe fn b() {}\n";
        let problems = check(&Repository::of(&[("crates/a/src/lib.rs", source)]));
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn a_crate_that_does_not_take_the_workspaces_rule_is_found() {
        let whole = "[workspace.package]\n\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
        let one = |manifest: &str| {
            check(&Repository::of(&[("Cargo.toml", whole), ("crates/a/Cargo.toml", manifest)]))
        };
        assert_eq!(one("[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n"), []);
        assert_eq!(one("[package]\nname = \"a\"\n").len(), 1);
        assert_eq!(check(&Repository::of(&[("Cargo.toml", "[workspace.package]\n")])).len(), 1);
    }
}
