//! Opening the login link in the browser of the person at this machine.

use std::process::{Command, Stdio};

/// Asks the desktop to open `url`, where there is a desktop. Says nothing if that fails: the link stands in the
/// terminal as well.
pub(crate) fn open(url: &str) {
    let Some(opener) = opener() else { return };
    let spawned = Command::new(opener)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match spawned {
        // Waited for on a thread of its own, so that it does not stay behind as a zombie.
        Ok(mut child) => drop(std::thread::spawn(move || child.wait())),
        Err(error) => tracing::debug!("{opener} cannot be started: {error}"),
    }
}

/// The program that opens URLs here, if somebody can see what it opens.
fn opener() -> Option<&'static str> {
    if cfg!(target_os = "macos") {
        return Some("open");
    }
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    (set("WAYLAND_DISPLAY") || set("DISPLAY")).then_some("xdg-open")
}
