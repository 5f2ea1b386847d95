//! The repository as the checks see it: the tracked files, read once, and what cargo says of the packages.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

/// A file that is tracked, or that would be if it were added now.
#[derive(Debug)]
pub(crate) struct File {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    /// Empty if the file is not UTF-8 text.
    pub(crate) text: String,
    /// Size on disk.
    pub(crate) bytes: usize,
}

impl File {
    /// Whether the name ends so, `.rs` for example.
    pub(crate) fn ends(&self, with: &str) -> bool {
        self.path.ends_with(with)
    }

    /// Whether the file lies in this folder (which ends with `/`).
    pub(crate) fn under(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// The lines with their numbers from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether somebody else wrote the file, or a program did, or it is there to be odd: rules of style do not bind it.
    pub(crate) fn is_foreign(&self) -> bool {
        ["/vendor/", "/corpus/", "/fixtures/"].iter().any(|folder| self.path.contains(folder))
            || self.ends(".lock")
            || self.ends("package-lock.json")
    }
}

/// All that the checks look at.
#[derive(Debug)]
pub(crate) struct Repository {
    files: Vec<File>,
    paths: BTreeSet<String>,
    metadata: Value,
}

impl Repository {
    /// Reads the files that git tracks, and the new ones that it does not ignore, and asks cargo for the packages.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let listed = output(
            Command::new("git")
                .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
                .current_dir(root),
        )?;
        let mut files = Vec::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let full = root.join(path);
            if !full.is_file() {
                continue; // deleted in the work tree, not yet in the index
            }
            let content = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
            let bytes = content.len();
            let text = String::from_utf8(content).unwrap_or_default();
            files.push(File { path: path.to_owned(), text, bytes });
        }
        let metadata = output(
            Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
                .args(["metadata", "--format-version", "1", "--locked"])
                .current_dir(root),
        )?;
        Ok(Self::new(files, serde_json::from_str(&metadata).context("cargo metadata is not JSON")?))
    }

    fn new(mut files: Vec<File>, metadata: Value) -> Self {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let paths = files.iter().map(|file| file.path.clone()).collect();
        Self { files, paths, metadata }
    }

    /// A repository of these files, for the tests of the checks.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::with_packages(files, Value::Null)
    }

    /// The same with what `cargo metadata` would say.
    #[cfg(test)]
    pub(crate) fn with_packages(files: &[(&str, &str)], metadata: Value) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
            bytes: text.len(),
        };
        Self::new(files.iter().map(file).collect(), metadata)
    }

    /// The files in the order of their paths.
    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// The file with this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether the path is a file here, or a folder with files in it.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.paths.contains(path)
            || self.paths.range(folder.clone()..).next().is_some_and(|next| next.starts_with(&folder))
    }

    /// The packages that cargo knows: ours and those we depend on.
    pub(crate) fn packages(&self) -> &[Value] {
        self.metadata["packages"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// What the command printed; an error with what it said if it failed.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let done = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !done.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&done.stderr));
    }
    String::from_utf8(done.stdout).with_context(|| format!("{command:?} printed something that is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_there_when_a_file_is_in_them() {
        let repository = Repository::of(&[("docs/start.md", ""), ("docs-old.md", "")]);
        assert!(repository.has("docs"));
        assert!(repository.has("docs/"));
        assert!(repository.has("docs/start.md"));
        assert!(!repository.has("doc"));
        assert!(!repository.has("docs-old"));
    }
}
