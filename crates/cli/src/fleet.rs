//! `glassline simulate`: many simulated devices against the device port of a running hub.

use crate::simulate::Memory;
use crate::stop::Stop;
use crate::{arguments, output, remote, simulate};
use anyhow::{Context as _, Result, bail};
use protocol::id::DeviceId;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Runs `weather-1` to `weather-N` until Ctrl-C or SIGTERM.
///
/// # Errors
/// No hub is found or answers, or some of the stations were refused for good.
pub(crate) async fn weather(arguments: &arguments::Weather) -> Result<()> {
    let stop = Stop::on_signal()?;
    let (to, token) = destination(arguments)?;
    // The stations try again for ever; whoever mistyped the address is told now.
    drop(TcpStream::connect(&to).await.with_context(|| format!("no device port answers at {to}"))?);
    let stations = arguments.devices;
    let mut running = JoinSet::new();
    for number in 1..=stations {
        let id = DeviceId::parse(&format!("weather-{number}")).context("a number makes an id")?;
        let seed = arguments.seed.wrapping_add(u64::from(number - 1));
        running.spawn(simulate::weather(
            to.clone(),
            id,
            Some(token.clone()),
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

/// Where to, and by which token: as given, otherwise those of the hub that runs here.
fn destination(arguments: &arguments::Weather) -> Result<(String, String)> {
    if let (Some(to), Some(token)) = (&arguments.to, &arguments.token) {
        return Ok((to.clone(), token.clone()));
    }
    let running = remote::running(arguments.state.as_deref())
        .context("without --to and --token they are those of the hub that runs here")?;
    Ok((arguments.to.clone().unwrap_or(running.lines), arguments.token.clone().unwrap_or(running.join)))
}
