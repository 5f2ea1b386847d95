//! Size of files: what is larger than this belongs somewhere else.

use crate::problem::Problem;
use crate::repository::Repository;

/// 1 MiB.
const BYTES_MAX: usize = 1 << 20;

/// Files that are too large to be tracked.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    repository
        .files()
        .iter()
        .filter(|file| file.bytes >= BYTES_MAX)
        .map(|file| Problem::at(&file.path, 1, format!("{} bytes; the bound is {BYTES_MAX}", file.bytes)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_a_mebibyte() {
        let large = "x".repeat(BYTES_MAX);
        let repository = Repository::of(&[("large.bin", &large), ("small.bin", &large[1..])]);
        assert_eq!(check(&repository).len(), 1);
    }
}
