//! Tests wait for what they expect, never for a while: a sleep is slow on a good day and wrong on a bad one.

use crate::problem::Problem;
use crate::repository::{File, Repository};
use crate::rust_code::{code_of, paths_of};

/// What puts a Rust test to sleep.
const IN_RUST: &[&str] = &["thread::sleep", "time::sleep", "sleep"];
/// What puts a test in JavaScript to sleep. A deadline of a wait is set in the fixtures, outside `tests/`.
const IN_SCRIPTS: &[&str] = &["waitForTimeout", "setTimeout(", "timers/promises", "Atomics.wait"];

/// Tests that sleep.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in repository.files() {
        if let Some(first) = tests_begin(file) {
            let sleeps = paths_of(&code_of(&file.text))
                .into_iter()
                .filter(|path| path.line >= first && IN_RUST.iter().any(|sleep| path.contains(sleep)));
            problems.extend(sleeps.map(|path| sleeping(file, path.line)));
        } else if file.ends(".js") && (file.under("e2e/tests/") || file.path.contains("/test/")) {
            let sleeps = |line: &str| IN_SCRIPTS.iter().any(|sleep| line.contains(sleep));
            problems.extend(file.lines().filter(|(_, line)| sleeps(line)).map(|(at, _)| sleeping(file, at)));
        }
    }
    problems
}

fn sleeping(file: &File, line: usize) -> Problem {
    Problem::at(&file.path, line, "a test that sleeps: wait for what it expects, with a deadline")
}

/// The line where the tests of a Rust file begin, if it has any.
fn tests_begin(file: &File) -> Option<usize> {
    if !file.ends(".rs") || !file.under("crates/") {
        return None;
    }
    if file.path.contains("/tests/") || file.ends("/tests.rs") {
        return Some(1);
    }
    file.lines().find(|(_, line)| line.trim() == "#[cfg(test)]").map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_is_for_programs() {
        let repository = Repository::of(&[
            (
                "crates/a/src/retry.rs",
                "fn f() { std::thread::sleep(x) }\n#[cfg(test)]\nmod tests {\n use std::thread::sleep; }",
            ),
            ("crates/a/tests/b.rs", "fn f() { thread::sleep(x) }"),
            ("e2e/tests/c.test.js", "await page.waitForTimeout(500);"),
            ("e2e/device.js", "setTimeout(fail, 500);"),
        ]);
        let found: Vec<(String, usize)> =
            check(&repository).into_iter().map(|problem| (problem.path, problem.line)).collect();
        let expected = [("crates/a/src/retry.rs", 4), ("crates/a/tests/b.rs", 1), ("e2e/tests/c.test.js", 1)];
        assert_eq!(found, expected.map(|(path, line)| (path.to_owned(), line)));
    }
}
