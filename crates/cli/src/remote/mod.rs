//! The commands that speak to a running hub: finding it, and what they have in common.

mod address;
pub(crate) mod audit;
pub(crate) mod devices;
mod dial;
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
use address::Address;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// A hub and what opens it.
struct Target {
    hub: Address,
    token: String,
    /// The authorities that its certificate may be from, instead of those of the system.
    ca: Option<PathBuf>,
}

/// The hub that the arguments mean.
fn find(hub: &arguments::Hub) -> Result<Target> {
    let given = hub.token.clone().filter(|token| !token.is_empty());
    if let Some(url) = &hub.url {
        let Some(token) = given else {
            bail!("--hub needs a token: give one with --token, or in GLASSLINE_TOKEN");
        };
        return Ok(Target { hub: Address::parse(url)?, token, ca: hub.ca.clone() });
    }
    let running = running(hub.state.as_deref())?;
    Ok(Target { hub: Address::parse(&running.http)?, token: given.unwrap_or(running.token), ca: None })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_hub_needs_a_token() {
        let mut hub = arguments::Hub { url: Some("hub:80".to_owned()), token: None, ca: None, state: None };
        assert!(find(&hub).is_err());
        hub.token = Some("t".to_owned());
        let Target { hub, token, .. } = find(&hub).expect("enough");
        assert_eq!((&*hub.to_string(), &*token), ("http://hub:80", "t"));
    }
}
