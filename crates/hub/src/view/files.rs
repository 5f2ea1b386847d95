//! The files that components, views and the browser runtime are made of: those inside the binary, and a user's folder.
//! Both have the same layout, and everything after this module treats them alike.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rust_embed::Embed;

use super::limits::{ASSET_BYTES_MAX, FOLDER_FILES_MAX, TEMPLATE_BYTES_MAX};
use super::problem::Problem;
use super::volume::volume_of;

#[derive(Embed)]
#[folder = "../../components"]
struct BuiltInComponents;

#[derive(Embed)]
#[folder = "../../views"]
struct BuiltInViews;

#[derive(Embed)]
#[folder = "../../web"]
struct BuiltInWeb;

/// Files by their path, which is relative and has forward slashes: `components/gauge/style.css`.
#[derive(Clone, Default)]
pub(crate) struct Files(BTreeMap<String, Result<Bytes, Problem>>);

impl Files {
    /// Those inside the binary: `components/`, `views/` and `web/`.
    pub(crate) fn built_in() -> Self {
        let mut files = BTreeMap::new();
        embed::<BuiltInComponents>("components", &mut files);
        embed::<BuiltInViews>("views", &mut files);
        embed::<BuiltInWeb>("web", &mut files);
        Self(files)
    }

    /// Those of a user's folder: `components/` and `views/`, either of which may be absent.
    pub(crate) fn on_disk(folder: &Path) -> Self {
        Self(
            listing(folder)
                .into_iter()
                .map(|(path, on_disk)| (path.clone(), read(&path, &on_disk)))
                .collect(),
        )
    }

    /// The templates of our pages, and their words.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn only_texts_of_web(self) -> Self {
        let is_text =
            |path: &str| path.starts_with("web/") && (path.ends_with(".html") || path.contains("words.js"));
        Self(self.0.into_iter().filter(|(path, _)| is_text(path)).collect())
    }

    /// Those with these texts.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn of(texts: &[(&str, &str)]) -> Self {
        let file =
            |(path, text): &(&str, &str)| ((*path).to_owned(), Ok(Bytes::copy_from_slice(text.as_bytes())));
        Self(texts.iter().map(file).collect())
    }

    /// All of them, by path, each with its bytes or why it cannot be used.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Result<Bytes, Problem>)> {
        self.0.iter().map(|(path, content)| (path.as_str(), content))
    }

    /// Those of one volume alone.
    pub(crate) fn of_volume(&self, volume: &str) -> Self {
        let own = self.0.iter().filter(|(path, _)| volume_of(path) == Some(volume));
        Self(own.map(|(path, content)| (path.clone(), content.clone())).collect())
    }

    /// These, with `files` in the place of those of a volume.
    #[must_use]
    pub(crate) fn with_volume(mut self, volume: &str, files: &Self) -> Self {
        self.0.retain(|path, _| volume_of(path) != Some(volume));
        self.0.extend(files.0.iter().map(|(path, content)| (path.clone(), content.clone())));
        self
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes they are.
    pub(crate) fn bytes_in_all(&self) -> usize {
        self.0.values().flatten().map(Bytes::len).sum()
    }

    /// Whether there are as many as may be, so that some may be missing.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= FOLDER_FILES_MAX
    }

    /// The names of the folders right below `folder`, in order.
    pub(crate) fn folders(&self, folder: &str) -> BTreeSet<&str> {
        self.below(folder).filter_map(|rest| rest.split_once('/')).map(|(name, _)| name).collect()
    }

    /// The names of the files right in `folder`, in order.
    pub(crate) fn names(&self, folder: &str) -> Vec<&str> {
        self.below(folder).filter(|rest| !rest.contains('/')).collect()
    }

    /// A file's bytes, or why it cannot be used; nothing when there is none.
    pub(crate) fn bytes(&self, path: &str) -> Option<Result<Bytes, Problem>> {
        self.0.get(path).cloned()
    }

    /// A file's text, or why it cannot be used; nothing when there is none. Longer than [`TEMPLATE_BYTES_MAX`] cannot.
    pub(crate) fn text(&self, path: &str) -> Option<Result<String, Problem>> {
        let text = |bytes: Bytes| {
            if bytes.len() > TEMPLATE_BYTES_MAX {
                return Err(Problem::whole(path, too_large(bytes.len(), TEMPLATE_BYTES_MAX)));
            }
            String::from_utf8(bytes.into()).map_err(|_| Problem::whole(path, "The file is not UTF-8 text."))
        };
        self.bytes(path).map(|bytes| bytes.and_then(text))
    }

    /// The paths of the files below `folder`, relative to it.
    pub(crate) fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter_map(move |path| path.strip_prefix(folder)?.strip_prefix('/'))
    }
}

/// A user's files: path as in [`Files`], and where it is on disk. Folders that cannot be read have none.
pub(crate) fn listing(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for (name, path) in entries(&folder.join("components")) {
        for (file, path) in entries(&path) {
            found.push((format!("components/{name}/{file}"), path));
        }
    }
    for (file, path) in entries(&folder.join("views")) {
        // What views include stands in folders of its own.
        for (piece, path) in entries(&path) {
            found.push((format!("views/{file}/{piece}"), path));
        }
        found.push((format!("views/{file}"), path));
    }
    found.retain(|(_, path)| path.is_file());
    found.truncate(FOLDER_FILES_MAX);
    found
}

/// What is in a folder, by name. Hidden files and the copies that editors leave behind are no part of anything.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let named = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        Some((entry.file_name().into_string().ok()?, entry.path()))
    });
    let mut found: Vec<_> =
        named.filter(|(name, _)| !name.starts_with('.') && !name.ends_with('~')).collect();
    found.sort();
    found
}

fn read(path: &str, on_disk: &Path) -> Result<Bytes, Problem> {
    let failed = |error: std::io::Error| Problem::whole(path, format!("The file cannot be read: {error}."));
    let size = on_disk.metadata().map_err(failed)?.len();
    if size > ASSET_BYTES_MAX as u64 {
        return Err(Problem::whole(path, too_large(size, ASSET_BYTES_MAX)));
    }
    std::fs::read(on_disk).map(Bytes::from).map_err(failed)
}

fn too_large(bytes: impl std::fmt::Display, most: usize) -> String {
    format!("The file has {bytes} bytes; {most} are the most.")
}

fn embed<E: Embed>(folder: &str, files: &mut BTreeMap<String, Result<Bytes, Problem>>) {
    for path in E::iter() {
        if let Some(file) = E::get(&path) {
            files.insert(format!("{folder}/{path}"), Ok(Bytes::from_owner(file.data)));
        }
    }
}
