//! A Chromium without a window: found, started, and ended with everything it has written.

use anyhow::{Context as _, Result, anyhow, bail};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Names under which systems have it on the PATH.
const NAMES: [&str; 7] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "chromium-headless-shell",
];
/// Where it is on systems that have it on no PATH.
const ELSEWHERE: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
/// It asks nobody but our hub for anything: no updates, no look-ups, no synchronisation.
const QUIET: [&str; 9] = [
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];
/// What it says before the address at which it can be driven.
const LISTENS: &str = "DevTools listening on ";
/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(30);
/// Lines of what it complained about that are told when it does not start.
const SAID_MAX: usize = 5;

/// One that runs. It ends when this is dropped.
pub(super) struct Chromium {
    child: Child,
    /// Where it can be driven: the address of a WebSocket.
    pub(super) address: String,
}

impl Chromium {
    /// Starts the one at `browser`, or the one on the PATH, with a profile of its own in `profile`.
    ///
    /// # Errors
    /// There is none, or it does not start: then with what it said.
    pub(super) async fn start(browser: Option<&Path>, profile: &Path) -> Result<Self> {
        let program = match browser {
            Some(program) => program.to_owned(),
            None => find(std::env::var_os("PATH").as_deref())?,
        };
        let mut command = Command::new(&program);
        command.args(QUIET).arg(format!("--user-data-dir={}", profile.display()));
        if is_root() {
            // Root has no user namespace to build the sandbox in.
            command.arg("--no-sandbox");
        }
        let spawned = command
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child =
            spawned.with_context(|| format!("the browser {} cannot be started", program.display()))?;
        let said = child.stderr.take().context("what it says is heard")?;
        let mut chromium = Self { child, address: String::new() };
        let (tell, told) = oneshot::channel();
        std::thread::spawn(move || listen(said, tell));
        let address = timeout(START_MAX, told).await.context("the browser does not start")?;
        chromium.address =
            address?.map_err(|said| anyhow!("the browser {} does not start: {said}", program.display()))?;
        Ok(chromium)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have ended by itself; whatever it says to that, it is waited for, so that it does not stay behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells the address once it is said, or what was said instead; then reads on, so that it can go on speaking.
fn listen(said: ChildStderr, tell: oneshot::Sender<Result<String, String>>) {
    let mut tell = Some(tell);
    let mut last = Vec::new();
    for line in BufReader::new(said).lines().map_while(Result::ok) {
        if let Some(address) = line.strip_prefix(LISTENS) {
            // Nobody waiting any more is fine.
            let _ = tell.take().map(|tell| tell.send(Ok(address.trim().to_owned())));
        } else if tell.is_some() {
            last.push(line);
        }
    }
    let from = last.len().saturating_sub(SAID_MAX);
    let _ = tell.take().map(|tell| tell.send(Err(last[from..].join("\n"))));
}

/// The first one on `path`, or where else it may be.
fn find(path: Option<&std::ffi::OsStr>) -> Result<PathBuf> {
    let folders: Vec<PathBuf> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let on_path = folders.iter().flat_map(|folder| NAMES.iter().map(|name| folder.join(name)));
    let found = on_path.chain(ELSEWHERE.iter().map(PathBuf::from)).find(|program| program.is_file());
    match found {
        Some(program) => Ok(program),
        None => bail!(
            "pictures need Chromium or Chrome, and none of {} is on the PATH; install one, or name it with --browser PATH",
            NAMES.join(", ")
        ),
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // The folder of this very process belongs to whoever runs it.
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_browser_the_error_says_what_to_do() {
        let empty = tempfile::tempdir().expect("a folder");
        let Err(error) = find(Some(empty.path().as_os_str())) else { return };
        assert!(error.to_string().ends_with("install one, or name it with --browser PATH"), "{error}");
    }
}
