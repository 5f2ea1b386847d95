//! A connection to a hub, over TLS or not.

use super::Target;
use crate::output;
use anyhow::{Context as _, Result, anyhow};
use gateway::trust;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What bytes go over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

/// Connects to the hub.
///
/// # Errors
/// Nobody answers there, or over TLS somebody whose certificate is not trusted.
pub(super) async fn dial(Target { hub, ca, .. }: &Target) -> Result<Box<dyn Wire>> {
    let unreached = || format!("no hub answers at {hub}");
    let stream = TcpStream::connect((hub.host(), hub.port())).await.with_context(unreached)?;
    if !hub.is_secure {
        return Ok(Box::new(stream));
    }
    let secured = trust::secure(stream, hub.host(), ca.clone()).await;
    Ok(Box::new(secured.map_err(|why| anyhow!("{}", output::printable(&why)))?))
}
