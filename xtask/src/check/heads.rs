//! The head of a source file: a comment that says what it is for.

use crate::problem::Problem;
use crate::repository::{File, Repository};

/// Source files that begin without saying what they are for.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let headless = |file: &&File| match head_of(file) {
        Some(heads) => !heads.iter().any(|head| file.text.starts_with(head)),
        None => false,
    };
    repository
        .files()
        .iter()
        .filter(headless)
        .map(|file| Problem::at(&file.path, 1, "begin with a comment that says what the file is for"))
        .collect()
}

/// How the file has to begin, if it is one that has to.
fn head_of(file: &File) -> Option<&'static [&'static str]> {
    // What a component is for stands in its component.toml; a file of behaviours is named for them.
    let is_told_elsewhere =
        file.under("components/") || ["/test/", "/tests/"].iter().any(|tests| file.path.contains(tests));
    if file.is_foreign() || is_told_elsewhere || file.text.trim().is_empty() {
        None
    } else if file.ends(".rs") {
        Some(&["//! "])
    } else if file.ends(".js") {
        Some(&["// ", "/** ", "/**\n"])
    } else if file.ends(".css") {
        Some(&["/* ", "/**\n", "/*\n"])
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_head() {
        let repository = Repository::of(&[
            ("a.rs", "//! For a.\n"),
            ("b.rs", "use a;\n"),
            ("c.js", "// @ts-check\n"),
            ("d.js", "import a;\n"),
            ("e.css", "/* For e. */\n"),
            ("web/vendor/f.js", "f\n"),
            ("components/g/element.js", "import g;\n"),
            ("crates/a/tests/resume_after_a_cut.rs", "use a;\n"),
        ]);
        let wrong: Vec<String> = check(&repository).into_iter().map(|problem| problem.path).collect();
        assert_eq!(wrong, ["b.rs", "d.js"]);
    }
}
