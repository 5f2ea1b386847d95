//! Where the tools of others are: on this machine, or installed for this purpose.

use super::bounded::plain;
use crate::packages;
use anyhow::{Context as _, bail};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The scripting language in which Autobahn's suite is written still. No system has it any more; those who need it keep it here.
const PYTHON2: &[&str] = &["python2.7", "pypy2.7", "pypy"];
const PYTHON2_KEPT: &str = ".pyenv/versions";

/// How a tool is started.
pub(super) struct Program {
    words: Vec<OsString>,
    /// What it needs around it.
    surroundings: Vec<(&'static str, OsString)>,
    pub(super) version: String,
}

/// Where programs may come from.
pub(super) struct Sources<'a> {
    /// What is installed for this purpose lies below this folder.
    pub(super) folder: &'a Path,
    /// Autobahn's program, where somebody has said where it is.
    pub(super) wstest: Option<&'a Path>,
}

impl Program {
    fn new(path: impl Into<OsString>) -> Self {
        Self { words: vec![path.into()], surroundings: Vec::new(), version: String::new() }
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).envs(self.surroundings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Asks it for its version with `flag`, which also shows that it runs. It stands behind `words`.
    fn versioned(mut self, flag: &str, words: &str) -> anyhow::Result<Self> {
        let output = self.command().arg(flag).output();
        let output = output.with_context(|| format!("{} cannot be started", self.words[0].display()))?;
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        self.version = version(&said, words).with_context(|| {
            format!(
                "{} does not run: {}",
                self.words[0].display(),
                said.trim().lines().last().unwrap_or("it is silent")
            )
        })?;
        Ok(self)
    }
}

/// The first word behind `words` that looks like one.
fn version(said: &str, words: &str) -> Option<String> {
    let said = plain(said);
    let (_, said) = said.split_once(words)?;
    let is_version = |word: &&str| {
        word.starts_with(|first: char| first.is_ascii_digit())
            && word.contains('.')
            && word.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
    };
    said.split_whitespace().find(is_version).map(str::to_owned)
}

/// The system's own, or its package of the same name; `flag` asks for its version.
pub(super) fn of_system(name: &str, flag: &str) -> anyhow::Result<Program> {
    if on_path(name).is_none() {
        packages::install(&[name]);
    }
    let path =
        on_path(name).with_context(|| format!("there is no “{name}”, and it cannot be installed here"))?;
    Program::new(path).versioned(flag, "")
}

/// The system's own, or `package` of Python's index in a virtual environment.
pub(super) fn of_python(sources: &Sources<'_>, name: &str, package: &str) -> anyhow::Result<Program> {
    if let Some(path) = on_path(name) {
        return Program::new(path).versioned("--version", "");
    }
    let folder = sources.folder.join(format!("venv-{name}"));
    let path = folder.join("bin").join(name);
    if !path.exists() {
        fresh(&folder)?;
        println!("installing {package}");
        done(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package];
        done(Command::new(folder.join("bin/python3")).args(pip))?;
    }
    Program::new(path).versioned("--version", "")
}

/// What was named, what is on the path, or `package` for a Python 2.7 that is on this machine; never for another Python. `flag` asks for
/// its version, which stands behind the words `behind`.
pub(super) fn of_python2(
    sources: &Sources<'_>,
    name: &str,
    package: &str,
    (flag, behind): (&str, &str),
) -> anyhow::Result<Program> {
    let named = sources.wstest.map(Path::to_owned).or_else(|| on_path(name));
    if let Some(path) = named {
        return Program::new(path.canonicalize().unwrap_or(path)).versioned(flag, behind);
    }
    let python =
        python2().with_context(|| format!("there is no Python 2.7 here, nor a “{name}” (--{name} PATH)"))?;
    let folder = sources.folder.join(name);
    let path = folder.join("bin").join(name);
    // There, packages are also found that lie in a common name space.
    let place = ("PYTHONUSERBASE", folder.clone().into_os_string());
    if !path.exists() {
        fresh(&folder)?;
        println!("installing {package}");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--user", package];
        done(Command::new(&python).args(pip).env(place.0, &place.1))?;
    }
    let words = vec![python.into_os_string(), path.into_os_string()];
    Program { words, surroundings: vec![place], version: String::new() }.versioned(flag, behind)
}

/// A Python 2.7 that runs: there are also scripts of this name that only say that there is none.
fn python2() -> Option<PathBuf> {
    let kept = std::env::var_os("HOME").map(|home| Path::new(&home).join(PYTHON2_KEPT));
    let kept = kept.and_then(|kept| std::fs::read_dir(kept).ok()).into_iter().flatten().flatten();
    let kept = kept.map(|version| version.path().join("bin/python2.7"));
    let runs = |path: &PathBuf| {
        let output = Command::new(path).args(["-c", "import sys, ssl; print(sys.version_info[:2])"]).output();
        output.is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"(2, 7)"))
    };
    PYTHON2.iter().filter_map(|name| on_path(name)).chain(kept).find(runs)
}

/// A command of a program that ends with this one, however that ends, where the system can tell it to.
pub(super) fn ending_with_us(program: &Path) -> Command {
    if on_path("setpriv").is_none() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// Where a program is that the shell would find, or an administrator's.
fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).chain(["/usr/sbin".into()]).collect();
    folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// No folder: an installation that was broken off is begun anew.
fn fresh(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// Runs it to its end; with an error, what it said of it.
fn done(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("`{program}` cannot be started"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let arguments: Vec<&OsStr> = command.get_args().collect();
        bail!("`{program}` {arguments:?} failed: {}", said.trim().lines().last().unwrap_or("without a word"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_say_their_versions_in_many_ways() {
        for (said, expected) in [
            ("Nmap version 7.93 ( https://nmap.org )", "7.93"),
            ("\u{1b}[1;34m\t\t2.0.7\n\t\tOpenSSL 3.0.19 27 Jan 2026\n", "2.0.7"),
            ("Wapiti-3.0.4 (wapiti.sourceforge.io)\nWapiti 3.0.4\n", "3.0.4"),
            ("slow HTTP DoS vulnerabilities - version 1.8.2\nUsage: …", "1.8.2"),
            ("schemathesis, version 4.32.5", "4.32.5"),
        ] {
            assert_eq!(version(said, "").as_deref(), Some(expected));
        }
        assert_eq!(
            version("Autobahn 0.10.9\nAutobahnTestSuite 25.10.1", "Suite").as_deref(),
            Some("25.10.1")
        );
        assert_eq!(version("pyenv: python2.7: command not found", ""), None);
    }
}
