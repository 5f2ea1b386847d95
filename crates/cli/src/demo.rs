//! `glassline demo`: everything in one process, with a simulated weather station that comes in by the device port.

use crate::arguments;
use crate::folders::{Purpose, state_default};
use crate::output::announce;
use crate::running::{Plan, Running};
use crate::simulate::Memory;
use crate::stop::Stop;
use crate::{browser, paste, simulate};
use anyhow::{Context as _, Result};
use hub::{CreateError, Hub};
use std::net::SocketAddr;
use std::sync::Arc;

/// The simulated station's id.
const STATION: &str = "weather-1";
/// Where its random weather begins.
const SEED: u64 = 1;
/// Its view.
const VIEW: &str = "/views/weather";

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// As [`Running::begin`].
pub(crate) async fn run(arguments: &arguments::Demo) -> Result<()> {
    let stop = Stop::on_signal()?;
    let running = Running::begin(plan(arguments)?, arguments.ready.as_deref()).await?;
    let lines: SocketAddr = running.ready.lines.parse().context("the listener has an address")?;
    let (token, memory) = station_token(&running.hub).await?;
    announce(&greeting(&running, lines));
    if !arguments.no_open {
        // A link of its own: the printed one stays good.
        browser::open(&running.new_link());
    }
    let simulated =
        simulate::weather(lines.to_string(), STATION.to_owned(), token, SEED, memory, stop.clone().asked());
    if let Err(error) = simulated.await {
        // Somebody removed it, say. The hub goes on without it.
        tracing::warn!("{error:#}");
        stop.asked().await;
    }
    running.end().await;
    Ok(())
}

fn plan(arguments: &arguments::Demo) -> Result<Plan> {
    let state = match &arguments.state {
        Some(state) => state.clone(),
        None => state_default(Purpose::Demo)?,
    };
    Ok(Plan {
        state,
        durability: store::Durability::Disk,
        gather: 2,
        retention: Vec::new(),
        folder: None,
        hosts: Vec::new(),
        http: arguments.http,
        lines: arguments.lines,
        landing: VIEW,
    })
}

fn greeting(running: &Running, lines: SocketAddr) -> String {
    let paste = paste::line(lines, &running.ready.join);
    format!(
        "Open     {}\nDevices  {lines}\nPaste    this into another terminal, and a second device appears:\n\n{paste}\n\n\
         Ctrl-C ends the demo.",
        running.ready.link
    )
}

/// A token for the station, which an earlier run may have made already: of that one only the hash was kept. A station that
/// is new here comes with the weather of the last hour.
async fn station_token(hub: &Arc<Hub>) -> Result<(String, Memory)> {
    let auth = hub.auth();
    let grant =
        auth.bearer(auth.admin_token(), hub.now().wall).context("the administrator's token counts")?;
    let (token, memory) = match hub.create_device(&grant, STATION).await {
        Err(CreateError::Exists) => {
            (hub.renew_token(&grant, STATION).context("the station is there")?, Memory::Empty)
        }
        made => (made?, Memory::LastHour),
    };
    Ok((token.into_text(), memory))
}
