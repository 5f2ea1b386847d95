//! Passwords at a terminal: asked for without showing them, read from standard input, or made.

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::io::{BufRead as _, IsTerminal as _, Read as _};

/// Random bytes of a password that is made.
const GENERATED_BYTES: usize = 15;
/// Bytes of standard input that are read for a password. A longer first line is none.
const LINE_BYTES_MAX: u64 = 1024;

/// A random one.
///
/// # Panics
/// If the operating system has no randomness to give.
pub(crate) fn generated() -> String {
    let mut bytes = [0; GENERATED_BYTES];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Asked for twice at a terminal; else the first line of standard input.
///
/// # Errors
/// There is none, the two differ, or the terminal cannot be read.
pub(crate) fn asked_for() -> Result<String> {
    if !std::io::stdin().is_terminal() {
        return first_line();
    }
    let hidden = Hidden::begin();
    let first = prompted("Password: ");
    let again = first.is_ok().then(|| prompted("Again: "));
    drop(hidden);
    match (first?, again) {
        (first, Some(Ok(again))) if first == again => Ok(first),
        (_, Some(Err(error))) => Err(error),
        _ => bail!("these are two different passwords: nothing was changed"),
    }
}

fn prompted(prompt: &str) -> Result<String> {
    eprint!("{prompt}");
    let line = first_line();
    eprintln!();
    line
}

fn first_line() -> Result<String> {
    let mut line = String::new();
    let mut input = std::io::stdin().lock().take(LINE_BYTES_MAX);
    input.read_line(&mut line).context("the password cannot be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!(
            "there is no password: give it in the first line of standard input, or have one made with --generate"
        );
    }
    Ok(password.to_owned())
}

/// While it lives, the terminal does not show what is typed.
#[cfg(unix)]
struct Hidden(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl Hidden {
    fn begin() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let Ok(before) = tcgetattr(std::io::stdin()) else { return Self(None) };
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // A terminal that cannot be told shows it: better than not to be able to set one.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &hidden);
        Self(Some(before))
    }
}

#[cfg(unix)]
impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            use rustix::termios::{OptionalActions, tcsetattr};
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// Elsewhere what is typed is shown.
#[cfg(not(unix))]
struct Hidden;

#[cfg(not(unix))]
impl Hidden {
    fn begin() -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_is_made_is_long_enough_and_another_each_time() {
        assert!(generated().len() >= hub::auth::limits::PASSWORD_CHARS_MIN);
        assert_ne!(generated(), generated());
    }
}
