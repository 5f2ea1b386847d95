//! Names of files and folders: each says what is inside.

use crate::problem::Problem;
use crate::repository::{File, Repository};

/// Names that fit anything and so say nothing.
const EMPTY: &[&str] = &[
    "base",
    "common",
    "helper",
    "helpers",
    "info",
    "manager",
    "managers",
    "misc",
    "process",
    "service",
    "services",
    "shared",
    "stuff",
    "util",
    "utilities",
    "utils",
];

/// Source files, and folders of them, with a name that says nothing.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let is_code = |file: &&File| [".rs", ".js", ".css", ".html"].iter().any(|kind| file.ends(kind));
    let mut problems = Vec::new();
    for file in repository.files().iter().filter(is_code).filter(|file| !file.is_foreign()) {
        let names = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        let empty = names.filter(|name| EMPTY.contains(name));
        problems
            .extend(empty.map(|name| Problem::at(&file.path, 1, format!("what is in `{name}`? name it so"))));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_looked_at() {
        let repository = Repository::of(&[
            ("crates/hub/src/util.rs", ""),
            ("crates/common/src/line.rs", ""),
            ("web/utils.test.js", ""),
            ("crates/hub/src/utility_meter.rs", ""),
            ("docs/process.md", ""),
        ]);
        assert_eq!(check(&repository).len(), 3);
    }
}
