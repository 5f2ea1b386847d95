//! Where simulated devices connect, and by which token.

use crate::remote;
use anyhow::{Context as _, Result};
use std::path::Path;
use tokio::net::TcpStream;

/// The device port to connect to and the join token to show: as given, otherwise those of the hub that runs here.
///
/// # Errors
/// No hub is found, or none answers: devices try again for ever, so whoever mistyped the address is told now.
pub(crate) async fn destination(
    to: Option<&str>,
    join: Option<&str>,
    state: Option<&Path>,
) -> Result<(String, String)> {
    let (to, join) = match (to, join) {
        (Some(to), Some(join)) => (to.to_owned(), join.to_owned()),
        (to, join) => {
            let running = remote::running(state)
                .context("without an address and a token they are those of the hub that runs here")?;
            (to.map_or(running.lines, str::to_owned), join.map_or(running.join, str::to_owned))
        }
    };
    drop(TcpStream::connect(&to).await.with_context(|| format!("no device port answers at {to}"))?);
    Ok((to, join))
}
