//! Names of rules: what code, tests and documents cite stands in the specification.

use std::collections::BTreeSet;

use crate::problem::Problem;
use crate::repository::{File, Repository};
use crate::words::words;

/// The letter of a family of rules and the document that states them.
const FAMILIES: &[(char, &str)] =
    &[('D', "spec/protocol.md"), ('H', "spec/protocol.md"), ('U', "spec/uplink.md")];

/// Citations of rules that are stated nowhere.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (letter, document) in FAMILIES {
        let stated: BTreeSet<&str> =
            repository.file(document).map(|file| rules(file, *letter)).unwrap_or_default();
        for file in repository.files().iter().filter(|file| cites(file) && file.path != *document) {
            for (number, line) in file.lines() {
                let unknown = words(line).filter(|word| is_rule(word, *letter) && !stated.contains(word));
                problems.extend(unknown.map(|rule| {
                    Problem::at(&file.path, number, format!("{document} states no rule {rule}"))
                }));
            }
        }
    }
    problems
}

/// Whether the file is of a kind that cites rules.
fn cites(file: &File) -> bool {
    (file.ends(".rs") && file.under("crates/")) || (file.ends(".md") && !file.is_foreign())
}

fn rules(file: &File, letter: char) -> BTreeSet<&str> {
    file.text.lines().flat_map(words).filter(|word| is_rule(word, letter)).collect()
}

/// Whether the word is the letter and one or two digits, the first not 0.
fn is_rule(word: &str, letter: char) -> bool {
    word.strip_prefix(letter).is_some_and(|number| {
        (1..=2).contains(&number.len())
            && !number.starts_with('0')
            && number.chars().all(|digit| digit.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cited_rule_is_stated() {
        let repository = Repository::of(&[
            ("spec/protocol.md", "- **D1** First.\n- **H11** Eleventh.\n"),
            ("crates/protocol/src/session.rs", "// D1, and D10\nconst ID1: u8 = 0xD9; // H11 H2"),
            ("docs/rules.md", "U1\n"),
        ]);
        let found: Vec<String> = check(&repository).into_iter().map(|problem| problem.what).collect();
        let expected = [
            "spec/protocol.md states no rule D10",
            "spec/protocol.md states no rule H2",
            "spec/uplink.md states no rule U1",
        ];
        assert_eq!(found, expected);
    }
}
