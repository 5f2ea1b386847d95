//! The commands that speak to a running hub: finding it, and what they have in common.

pub(crate) mod audit;
pub(crate) mod devices;
pub(crate) mod eject;
mod frame;
mod http;
pub(crate) mod join_token;
mod panel;
pub(crate) mod person;
pub(crate) mod send;
pub(crate) mod tail;
pub(crate) mod token;

use crate::arguments;
use crate::folders::{Purpose, state_default};
use crate::ready::{RUN_FILE, Ready};
use anyhow::{Context as _, Result, bail};
use std::path::Path;

/// A hub and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    /// `http://host:port`, without a slash at its end.
    url: String,
    token: String,
}

/// The hub that the arguments mean.
fn find(hub: &arguments::Hub) -> Result<Target> {
    let given = hub.token.clone().filter(|token| !token.is_empty());
    if let Some(url) = &hub.url {
        let Some(token) = given else {
            bail!("--hub needs a token: give one with --token, or in GLASSLINE_TOKEN");
        };
        return Ok(Target { url: base_url(url)?, token });
    }
    let running = running(hub.state.as_deref())?;
    Ok(Target { url: running.http, token: given.unwrap_or(running.token) })
}

/// What the hub says that runs on the state folder `state`; without one, on that of `serve` or else of `demo`.
///
/// # Errors
/// No hub runs there.
pub(crate) fn running(state: Option<&Path>) -> Result<Ready> {
    if let Some(state) = state {
        let Some(ready) = Ready::of_state(state)? else {
            bail!("no hub runs on {}: there is no {RUN_FILE} in it", state.display());
        };
        return Ok(ready);
    }
    for purpose in [Purpose::Serve, Purpose::Demo] {
        if let Some(ready) = Ready::of_state(&state_default(purpose)?)? {
            return Ok(ready);
        }
    }
    bail!(
        "no hub runs here; start one with `glassline demo` or `glassline serve`, or name one with --state DIR, or \
         with --hub URL and --token TOKEN"
    )
}

/// The URL as it was typed, checked and without what is too much: people copy it from a browser.
fn base_url(text: &str) -> Result<String> {
    let rest = match text.split_once("://") {
        Some(("http", rest)) => rest,
        Some(("https", _)) => {
            bail!("{text}: this program speaks HTTP without TLS only; give the address behind the proxy")
        }
        Some((scheme, _)) => bail!("{text}: a hub's address begins with http://, not {scheme}://"),
        None => text,
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let parsed: axum::http::Uri =
        format!("http://{host}/").parse().with_context(|| format!("{text} is no address of a hub"))?;
    match parsed.authority() {
        Some(authority) if !authority.host().is_empty() && !authority.as_str().contains('@') => {
            Ok(format!("http://{authority}"))
        }
        _ => bail!("{text} is no address of a hub"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_people_copy_them() {
        let url = |text: &str| base_url(text).map_err(|error| error.to_string());
        assert_eq!(url("http://10.0.0.5:8080"), Ok("http://10.0.0.5:8080".to_owned()));
        assert_eq!(url("10.0.0.5:8080"), Ok("http://10.0.0.5:8080".to_owned()));
        assert_eq!(url("http://[::1]:80/devices/a?x"), Ok("http://[::1]:80".to_owned()));
        for wrong in ["", "http://", "https://hub", "ftp://hub", "a b", "http://me@hub"] {
            assert!(base_url(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_named_hub_needs_a_token() {
        let mut hub = arguments::Hub { url: Some("hub:80".to_owned()), token: None, state: None };
        assert!(find(&hub).is_err());
        hub.token = Some("t".to_owned());
        assert_eq!(find(&hub).expect("enough"), Target { url: "http://hub:80".into(), token: "t".into() });
    }
}
