//! `glassline token`: the tokens of devices and gateways of a running hub.

use super::http;
use crate::arguments::{Token, Whose};
use crate::output;
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// Does what is asked for.
///
/// # Errors
/// No hub is found or reached, it does not permit it, or it says why not.
pub(crate) async fn run(asked: &Token) -> Result<()> {
    /// What the hub made.
    #[derive(Deserialize)]
    struct Made {
        token: String,
    }
    match asked {
        Token::Renew(whose) => {
            let answer = http::post(&super::find(&whose.hub)?, &path(whose)?, "").await?;
            let Made { token } = serde_json::from_str(&answer).context("the hub's answer cannot be read")?;
            output::line(&output::printable(&token))?;
            eprintln!("the one before it counts until this one is used");
            Ok(())
        }
        Token::Revoke(whose) => {
            http::delete(&super::find(&whose.hub)?, &path(whose)?).await?;
            output::line(&format!("no token of “{}” counts any more", whose.id))
        }
    }
}

/// Where a token is renewed and taken back. What is no id is not sent: nothing in it may begin another line or path.
fn path(Whose { id, gateway, .. }: &Whose) -> Result<String> {
    if protocol::id::DeviceId::parse(id).is_none() {
        bail!("“{}” is no id: it is 1 to 64 letters, digits, _ or -", output::printable(id));
    }
    let of = if *gateway { "gateways" } else { "devices" };
    Ok(format!("/api/{of}/{id}/token"))
}
