//! `glassline check`: configuration, views and components, without a hub.

use crate::arguments;
use crate::configuration::{Configuration, FILE_NAME};
use crate::folders::shown;
use crate::gateway;
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
    let of_hub = configuration(&folder.join(FILE_NAME), |file| Configuration::read(file).map(drop));
    let of_gateway = configuration(&folder.join(gateway::FILE_NAME), gateway::check);
    let problems = [of_hub, of_gateway, pages(folder)].concat();
    problems.iter().try_for_each(|problem| output::line(problem))?;
    match (problems.len(), files(folder)) {
        (0, 0) => {
            let neither = format!("no {FILE_NAME}, no {}", gateway::FILE_NAME);
            bail!("there is nothing to check in {}: {neither}, no views, no components", shown(folder))
        }
        (0, files) => output::line(&format!("{}, no problems", counted(files, "file"))),
        (problems, files) => bail!("{} in {}", counted(problems, "problem"), counted(files, "file")),
    }
}

/// A folder may do without a configuration file: then the defaults hold.
fn configuration(file: &Path, check: impl FnOnce(&Path) -> Result<()>) -> Vec<String> {
    match file.exists().then(|| check(file)) {
        Some(Err(error)) => vec![format!("{error:#}")],
        Some(Ok(())) | None => Vec::new(),
    }
}

/// What is wrong with the views and components of a folder.
pub(crate) fn pages(folder: &Path) -> Vec<String> {
    Library::load(Some(folder), &[]).check().into_iter().map(|problem| named(folder, problem)).collect()
}

/// What is wrong with one component of a folder.
pub(crate) fn component(folder: &Path, name: &str) -> Vec<String> {
    let of_it = format!("components/{name}");
    let is_of_it = |problem: &Problem| {
        problem.place.file.strip_prefix(&of_it).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let problems = Library::load(Some(folder), &[]).check().into_iter().filter(is_of_it);
    problems.map(|problem| named(folder, problem)).collect()
}

/// The library names files relative to its folder; here they are named as the person would.
fn named(folder: &Path, problem: Problem) -> String {
    let file = folder.join(&*problem.place.file).display().to_string();
    Problem::new(Place { file: file.into(), ..problem.place }, problem.what).to_string()
}

/// How many files were looked at.
fn files(folder: &Path) -> usize {
    let below = |part: &str| files_below(&folder.join(part), DEPTH_MAX);
    let configured =
        [FILE_NAME, gateway::FILE_NAME].iter().filter(|name| folder.join(name).is_file()).count();
    configured + below("views") + below("components")
}

fn files_below(folder: &Path, depth: usize) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |entry: std::fs::DirEntry| match entry.path() {
        path if path.is_dir() && depth > 0 => files_below(&path, depth - 1),
        path => usize::from(path.is_file()),
    };
    entries.flatten().map(count).sum()
}

/// `3 files`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
