//! `glassline simulate weather`: weather stations against the device port of a running hub.

use super::destination::destination;
use crate::simulate::Memory;
use crate::stop::Stop;
use crate::{arguments, output, simulate};
use anyhow::{Context as _, Result, bail};
use tokio::task::JoinSet;

/// Runs `weather-1` to `weather-N` until Ctrl-C or SIGTERM.
///
/// # Errors
/// No hub is found or answers, or some of the stations were refused for good.
pub(crate) async fn run(arguments: &arguments::Weather) -> Result<()> {
    let stop = Stop::on_signal()?;
    let arguments::Weather { to, token, state, .. } = arguments;
    let (to, token) = destination(to.as_deref(), token.as_deref(), state.as_deref()).await?;
    let stations = arguments.devices;
    let mut running = JoinSet::new();
    for number in 1..=stations {
        let seed = arguments.seed.wrapping_add(u64::from(number - 1));
        running.spawn(simulate::weather(
            to.clone(),
            format!("weather-{number}"),
            token.clone(),
            seed,
            Memory::Empty,
            stop.clone().asked(),
        ));
    }
    let last = if stations == 1 { String::new() } else { format!(" to weather-{stations}") };
    output::announce(&format!("weather-1{last} → {to}; Ctrl-C ends it"));
    let mut refused = 0;
    while let Some(ended) = running.join_next().await {
        if let Err(error) = ended.context("a station broke down")? {
            // The others go on.
            eprintln!("glassline: {error:#}");
            refused += 1;
        }
    }
    match refused {
        0 => Ok(()),
        _ => bail!("{refused} of {stations} were refused"),
    }
}
