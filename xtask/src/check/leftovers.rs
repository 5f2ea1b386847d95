//! What is meant to be gone before others see it: notes to oneself, tests switched off or singled out.

use crate::problem::Problem;
use crate::repository::{File, Repository};
use crate::words::has_word;

/// Notes to oneself. Written in two pieces each, so that this file does not find itself.
const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];

/// Rust that is no program yet, and tests that do not run.
const IN_RUST: &[&str] =
    &[concat!("#[ig", "nore"), concat!("dbg", "!("), concat!("todo", "!("), concat!("unimplemented", "!(")];

/// Tests of the browser runtime and of the whole that are switched off or single out one.
const IN_TESTS: &[&str] =
    &[".only(", ".skip(", ".todo(", "only: true", "skip: true", "todo: true", "debugger;"];

/// Notes to oneself and tests that do not run.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in repository.files().iter().filter(|file| !file.is_foreign()) {
        for (number, line) in file.lines() {
            problems.extend(
                left_in(file, line)
                    .map(|found| Problem::at(&file.path, number, format!("`{found}` is left over"))),
            );
        }
    }
    problems
}

fn left_in(file: &File, line: &str) -> Option<&'static str> {
    let note = NOTES.iter().find(|note| has_word(line, note));
    let rust = IN_RUST.iter().find(|left| file.ends(".rs") && line.contains(**left));
    let is_script = file.ends(".js") && (file.under("e2e/") || file.path.contains("/test/"));
    let script = IN_TESTS.iter().find(|left| is_script && line.contains(**left));
    note.or(rust).or(script).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_found_where_it_counts() {
        let note = format!("// {}: later\n", NOTES[0]);
        let ignored = format!("{}]\nfn f() {{ x.skip(1) }}\n", IN_RUST[0]);
        let repository = Repository::of(&[
            ("a.rs", &note),
            ("b.rs", &ignored),
            ("e2e/tests/c.test.js", "test.only(\"x\")\n"),
            ("web/skip.js", "rows.skip(1)\n"),
        ]);
        let found: Vec<String> = check(&repository).into_iter().map(|problem| problem.path).collect();
        assert_eq!(found, ["a.rs", "b.rs", "e2e/tests/c.test.js"]);
    }
}
