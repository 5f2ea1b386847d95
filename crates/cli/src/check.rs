//! `glassline check`: configuration, views and components, without a hub.

use crate::arguments;
use crate::configuration::{Configuration, FILE_NAME};
use crate::folders::shown;
use crate::output;
use anyhow::{Result, bail};
use hub::view::{Library, Place, Problem};
use std::path::Path;

/// Folders below `components/` and `views/` that are counted in.
const DEPTH_MAX: usize = 4;

/// Prints what is wrong, a line each, or that nothing is.
///
/// # Errors
/// How many problems there are, or that there is no such folder.
pub(crate) fn run(arguments: &arguments::Check) -> Result<()> {
    let folder = &arguments.folder;
    if !folder.is_dir() {
        bail!("there is no folder {}", folder.display());
    }
    let problems = [configuration(&folder.join(FILE_NAME)), pages(folder)].concat();
    problems.iter().try_for_each(|problem| output::line(problem))?;
    match (problems.len(), files(folder)) {
        (0, 0) => {
            bail!("there is nothing to check in {}: no {FILE_NAME}, no views, no components", shown(folder))
        }
        (0, files) => output::line(&format!("{}, no problems", counted(files, "file"))),
        (problems, files) => bail!("{} in {}", counted(problems, "problem"), counted(files, "file")),
    }
}

/// A folder may do without a configuration file: then the defaults hold.
fn configuration(file: &Path) -> Vec<String> {
    match file.exists().then(|| Configuration::read(file)) {
        Some(Err(error)) => vec![format!("{error:#}")],
        Some(Ok(_)) | None => Vec::new(),
    }
}

/// The library names files relative to its folder; here they are named as the person would.
pub(crate) fn pages(folder: &Path) -> Vec<String> {
    let named = |problem: Problem| {
        let file = folder.join(&*problem.place.file).display().to_string();
        Problem::new(Place { file: file.into(), ..problem.place }, problem.what).to_string()
    };
    Library::load(Some(folder), &[]).check().into_iter().map(named).collect()
}

/// How many files were looked at.
fn files(folder: &Path) -> usize {
    let below = |part: &str| files_below(&folder.join(part), DEPTH_MAX);
    usize::from(folder.join(FILE_NAME).is_file()) + below("views") + below("components")
}

fn files_below(folder: &Path, depth: usize) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |entry: std::fs::DirEntry| match entry.path() {
        path if path.is_dir() && depth > 0 => files_below(&path, depth - 1),
        path => usize::from(path.is_file()),
    };
    entries.flatten().map(count).sum()
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
