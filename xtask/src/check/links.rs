//! Links between the documents: to files that exist and to headings that are there.

use crate::problem::Problem;
use crate::repository::{File, Repository};

/// Links in Markdown files that lead nowhere.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in repository.files().iter().filter(|file| file.ends(".md") && !file.is_foreign()) {
        for (line, target) in links(file) {
            let wrong = broken(repository, file, &target);
            problems.extend(wrong.map(|what| Problem::at(&file.path, line, what)));
        }
    }
    problems
}

/// What is wrong with a link, if anything is. Links to the web are taken as they are.
fn broken(repository: &Repository, from: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { from.path.clone() } else { resolve(&from.path, path) };
    if !repository.has(&path) {
        return Some(format!("`{target}` leads to no file"));
    }
    let page = repository.file(&path)?;
    let has_heading =
        heading.is_empty() || !page.ends(".md") || anchors(page).any(|anchor| anchor == heading);
    (!has_heading).then(|| format!("`{path}` has no heading `#{heading}`"))
}

/// The path of a link target, from the root.
fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The targets of the links outside of code, with their lines.
fn links(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(file) {
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for (at, _) in prose.match_indices("](") {
            let target = prose[at + 2..].split([')', ' ']).next().unwrap_or_default();
            found.push((number, target.to_owned()));
        }
        if let Some((_, target)) = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            found.push((number, target.trim().to_owned()));
        }
    }
    found
}

/// The lines outside of fenced code.
fn prose(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    file.lines().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

/// The anchors that the headings of a page get.
fn anchors(file: &File) -> impl Iterator<Item = String> {
    prose(file).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'));
        kept.map(|character| if character == ' ' { '-' } else { character }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_folders_and_headings_are_followed() {
        let start = "# Start\n[a](../README.md) [b](../spec) [c](#start) [d](../README.md#the-one-idea)\n\
             ```\n[no](link.md)\n```\n`[no](link.md)` [web](https://example.org/x)\n\
             [e](missing.md)\n[f](../README.md#missing)\n";
        let repository = Repository::of(&[
            ("docs/start.md", start),
            ("README.md", "# Glassline\n## The one idea\n"),
            ("spec/protocol.md", ""),
        ]);
        let lines: Vec<usize> = check(&repository).iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [7, 8]);
    }
}
