//! Whitespace that nobody sees and every comparison shows.

use crate::problem::Problem;
use crate::repository::{File, Repository};

/// Files that are kept exactly as their tool writes them.
const EXACT: &[&str] = &[".snap", ".svg"];

/// Trailing blanks, tabs, carriage returns, and files without a newline at the end.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let bound = |file: &&File| !file.is_foreign() && !EXACT.iter().any(|kind| file.ends(kind));
    repository.files().iter().filter(bound).flat_map(problems_of).collect()
}

fn problems_of(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, line) in file.text.split('\n').enumerate() {
        let wrong = if line.ends_with('\r') {
            Some("a carriage return")
        } else if line.ends_with([' ', '\t']) {
            Some("blanks at the end")
        } else if line.contains('\t') {
            Some("a tab")
        } else {
            None
        };
        problems.extend(wrong.map(|what| Problem::at(&file.path, index + 1, what)));
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        problems.push(Problem::at(&file.path, file.text.lines().count(), "no newline at the end"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_found() {
        let repository = Repository::of(&[("a.md", "a \nb\r\nc\td\nlast"), ("b.md", "fine\n"), ("c.md", "")]);
        let lines: Vec<usize> = check(&repository).iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4]);
    }
}
