//! `glassline component`: a component of one's own, from its first file to pictures of it.

mod chromium;
mod devtools;
mod new;
mod pictures;

use crate::arguments::component::{CheckOne, Component};
use crate::folders::shown;
use crate::{check, nearest, output};
use anyhow::{Result, bail};
use hub::view::Library;
use std::path::Path;

/// Does what was asked.
///
/// # Errors
/// What keeps it from being done, and that something is wrong with a component.
pub(crate) async fn run(asked: &Component) -> Result<()> {
    match asked {
        Component::New(asked) => new::run(asked),
        Component::Check(asked) => check_one(asked),
        Component::Test(asked) => pictures::run(asked).await,
    }
}

fn check_one(asked: &CheckOne) -> Result<()> {
    let folder = &asked.place.folder;
    let checked = match &asked.name {
        Some(name) => vec![named(folder, name)?],
        None => own(folder),
    };
    if checked.is_empty() {
        bail!("there are no components in {}; “glassline component new NAME” writes one", shown(folder));
    }
    let wrong = |name: &String| check::component(folder, name);
    let problems: Vec<String> = checked.iter().flat_map(wrong).collect();
    problems.iter().try_for_each(|problem| output::line(problem))?;
    if !problems.is_empty() {
        bail!("{}", check::counted(problems.len(), "problem"));
    }
    output::line(&format!("{}, no problems", check::counted(checked.len(), "component")))
}

/// The component of this name in the folder.
fn named(folder: &Path, name: &str) -> Result<String> {
    let own = own(folder);
    if own.iter().any(|own| own == name) {
        return Ok(name.to_owned());
    }
    let names: Vec<&str> = own.iter().map(String::as_str).collect();
    bail!("there is no component “{name}” in {}{}", shown(folder), nearest::did_you_mean(name, &names))
}

/// The components of a folder, by name, whole or broken.
fn own(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder.join("components")) else { return Vec::new() };
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| !name.starts_with('.') && !name.ends_with('~'));
    names.sort();
    names
}

/// Whether a component can be shown: one of the folder, or a built-in one.
fn shown_by(library: &Library, name: &str) -> Result<()> {
    if library.manifest(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = library.components().map(|(name, _)| name).collect();
    bail!("there is no component “{name}”{}", nearest::did_you_mean(name, &names))
}
