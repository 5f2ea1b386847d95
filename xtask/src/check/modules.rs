//! Dead modules: Rust files that no `mod` names are compiled by nobody, and rot.

use std::collections::BTreeSet;

use crate::problem::Problem;
use crate::repository::{File, Repository};
use crate::rust_code::code_of;

/// Rust files that cannot be reached from the root of a crate.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let is_rust = |file: &&File| file.ends(".rs");
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = repository
        .files()
        .iter()
        .filter(is_rust)
        .filter(|file| is_root(&file.path))
        .map(|file| file.path.clone())
        .collect();
    while let Some(path) = open.pop() {
        if let Some(file) = repository.file(&path)
            && reached.insert(path.clone())
        {
            open.extend(children(file));
        }
    }
    repository
        .files()
        .iter()
        .filter(is_rust)
        .filter(|file| !reached.contains(&file.path))
        .map(|file| Problem::at(&file.path, 1, "no `mod` names this file"))
        .collect()
}

/// Whether cargo itself finds the file: the root of a library, a program, a test, a benchmark or an example. The first program in
/// Rust is filled in, compiled and run by a test.
fn is_root(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = folder.rsplit('/').next().unwrap_or(folder);
    match parent {
        "src" => matches!(name, "lib.rs" | "main.rs"),
        "first-minute" => true,
        "bin" | "tests" | "benches" | "examples" | "fuzz_targets" => !folder.contains("/src/tests"),
        _ => name == "build.rs" || (name == "main.rs" && folder.contains("/tests/")),
    }
}

/// Where the modules that the file declares may lie.
fn children(file: &File) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let stem = name.trim_end_matches(".rs");
    let inside = if matches!(stem, "mod" | "lib" | "main") || is_root(&file.path) {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    let mut paths = Vec::new();
    let code = code_of(&file.text);
    for (line, original) in code.lines().zip(file.text.lines()) {
        if let Some(named) =
            original.trim().strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]"))
        {
            paths.push(format!("{folder}/{named}"));
        }
        if let Some(module) = declared(line) {
            paths.push(format!("{inside}/{module}.rs"));
            paths.push(format!("{inside}/{module}/mod.rs"));
        }
    }
    paths
}

/// The name in `mod name;`, whatever its visibility.
fn declared(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("mod ")?;
    let visible = before.trim();
    let is_declaration = visible.is_empty() || visible.starts_with("pub") || visible.ends_with(']');
    let name = after.split(';').next()?.trim();
    (is_declaration && after.contains(';') && !name.contains([' ', '{'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_mod_is_dead() {
        let repository = Repository::of(&[
            (
                "crates/a/src/lib.rs",
                "pub mod line;\n// mod dead;\n#[cfg(test)]\nmod tests { }\npub(crate) mod code;",
            ),
            ("crates/a/src/line.rs", "mod inner;\nmod tests;"),
            ("crates/a/src/line/inner.rs", ""),
            ("crates/a/src/line/tests.rs", ""),
            ("crates/a/src/code/mod.rs", ""),
            ("crates/a/src/dead.rs", ""),
            ("crates/a/tests/behaviour.rs", "mod world;"),
            ("crates/a/tests/world/mod.rs", ""),
            ("crates/a/tests/nobody/mod.rs", ""),
        ]);
        let dead: Vec<String> = check(&repository).into_iter().map(|problem| problem.path).collect();
        assert_eq!(dead, ["crates/a/src/dead.rs", "crates/a/tests/nobody/mod.rs"]);
    }
}
