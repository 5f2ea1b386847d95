//! Length of files: one that grows too long is two.

use crate::problem::Problem;
use crate::repository::{File, Repository};

/// More lines than this is an error.
const LINES_MAX: usize = 600;
/// More lines than this is worth a second look, and is said.
const LINES_LONG: usize = 400;

const CODE: &[&str] = &[".rs", ".js", ".css", ".html", ".sql", ".sh"];

/// Source files that are too long.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    ours(repository)
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| Problem::at(&file.path, LINES_MAX, format!("{lines} lines: this is two files")))
        .collect()
}

/// Source files on their way there, with their lines.
pub(crate) fn long_files(repository: &Repository) -> impl Iterator<Item = (&str, usize)> {
    ours(repository)
        .filter(|(_, lines)| (LINES_LONG + 1..=LINES_MAX).contains(lines))
        .map(|(file, lines)| (file.path.as_str(), lines))
}

fn ours(repository: &Repository) -> impl Iterator<Item = (&File, usize)> {
    let is_code = |file: &&File| CODE.iter().any(|kind| file.ends(kind)) && !file.is_foreign();
    repository.files().iter().filter(is_code).map(|file| (file, file.text.lines().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_is_said_and_too_long_is_wrong() {
        let (long, too_long) = ("x\n".repeat(LINES_MAX), "x\n".repeat(LINES_MAX + 1));
        let repository =
            Repository::of(&[("a.rs", &long), ("b.rs", &too_long), ("web/vendor/c.js", &too_long)]);
        assert_eq!(
            check(&repository).iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(),
            ["b.rs"]
        );
        assert_eq!(long_files(&repository).collect::<Vec<_>>(), [("a.rs", LINES_MAX)]);
    }
}
