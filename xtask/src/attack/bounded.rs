//! A program that runs for a bounded time, with what it said in a file.

use anyhow::{Context as _, bail};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// After this it is killed, if it was only asked to end when its time was over.
const KILLED_AFTER: &str = "--kill-after=5";
/// What `timeout` ends with when it asked, and when it had to kill.
const OVER: &[i32] = &[124, 137];
/// Requests go to this machine alone: what a tool wants from elsewhere, such as lists of its own, it does not get.
const NOWHERE: &str = "http://127.0.0.1:9";
const PROXIES: &[&str] =
    &["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const HERE: &str = "127.0.0.1,localhost";

/// Runs `command` in `folder`, for `limit` at most. What it says, without colours; it also stays there, in
/// `NAME.txt`.
///
/// # Errors
/// It cannot be started, or was not over in time.
pub(super) fn run(command: &Command, folder: &Path, name: &str, limit: Duration) -> anyhow::Result<String> {
    let path = folder.join(format!("{name}.txt"));
    let said = File::create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    let mut bounded = Command::new("timeout");
    bounded.args([KILLED_AFTER, &limit.as_secs().to_string()]).arg(command.get_program());
    bounded.args(command.get_args()).current_dir(folder);
    for (name, value) in command.get_envs() {
        bounded.env(name, value.unwrap_or_default());
    }
    bounded.envs(PROXIES.iter().map(|name| (name, NOWHERE))).envs([("no_proxy", HERE), ("NO_PROXY", HERE)]);
    let ended = bounded.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said).status();
    let ended = ended.context("`timeout` cannot be started: it is one of coreutils")?;
    if ended.code().is_none_or(|code| OVER.contains(&code)) {
        bail!("{name} was not over after {} s; what it said is in {}", limit.as_secs(), path.display());
    }
    let said = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
    Ok(plain(&said))
}

/// A text without the sequences by which terminals colour it.
pub(super) fn plain(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|letter: char| letter.is_ascii_alphabetic()).map_or(piece.len(), |at| at + 1);
        plain.push_str(&piece[end..]);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_away() {
        assert_eq!(plain("a \u{1b}[1;34mblue\u{1b}[0m word\u{1b}[2J"), "a blue word");
        assert_eq!(plain("plain\u{1b}["), "plain");
    }

    #[test]
    fn what_does_not_end_is_ended() {
        let folder = std::env::temp_dir();
        let name = format!("glassline-bounded-{}", std::process::id());
        let mut tail = Command::new("tail");
        tail.args(["-f", "/dev/null"]);
        let error = run(&tail, &folder, &name, Duration::from_secs(1)).expect_err("it goes on for ever");
        assert!(error.to_string().contains("was not over after 1 s"), "{error}");
        let mut echo = Command::new("sh");
        echo.args(["-c", "echo one; echo two >&2; exit 3"]);
        let said = run(&echo, &folder, &name, Duration::from_secs(20)).expect("it ends");
        assert_eq!(said, "one\ntwo\n");
        fs::remove_file(folder.join(format!("{name}.txt"))).expect("it is there");
    }
}
