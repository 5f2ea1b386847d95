//! Places that exist on one machine only: home folders, and hosts of package registries.

use crate::problem::Problem;
use crate::repository::Repository;

/// Each is written in two pieces, so that this file does not find itself.
const PLACES: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("C:", "\\"),
    concat!("registry.np", "mjs.org"),
    concat!("static.cra", "tes.io"),
    concat!("index.cra", "tes.io"),
    concat!("py", "pi.org/simple"),
    concat!("deb.de", "bian.org"),
];

/// Tracked files that name such a place.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in repository.files() {
        for (number, line) in file.lines() {
            let named = PLACES.iter().filter(|place| begins_a_path(line, place));
            problems.extend(named.map(|place| {
                Problem::at(&file.path, number, format!("`{place}` is a place of one machine"))
            }));
        }
    }
    problems
}

/// Whether the place stands in the line and is not the middle of a longer path or address.
fn begins_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || matches!(before, '.' | '_' | '-' | '}'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_path_counts() {
        let repository = Repository::of(&[
            ("a.md", &format!("see {}ada/x", PLACES[1])),
            ("b.md", &format!("see http://hub{}x", PLACES[1])),
            ("package-lock.json", &format!("https://{}/a", PLACES[5])),
        ]);
        let found: Vec<String> = check(&repository).into_iter().map(|problem| problem.path).collect();
        assert_eq!(found, ["a.md", "package-lock.json"]);
    }
}
