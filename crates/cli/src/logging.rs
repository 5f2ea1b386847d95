//! The log: to standard error, as much of it as was asked for.

use anyhow::{Context as _, Result};
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Begins to log what `filter` lets through: a level (`info`) or more (`hub=debug,warn`).
///
/// # Errors
/// It is no filter.
pub(crate) fn begin(filter: &str) -> Result<()> {
    let parsed = EnvFilter::builder().parse(filter).with_context(|| {
        format!("--log {filter} is no level; the levels are error, warn, info, debug and trace")
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
    Ok(())
}
