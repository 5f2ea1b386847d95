//! `glassline demo`: everything in one process, with a simulated weather station that comes in by the device port.

use crate::arguments;
use crate::folders::{Purpose, state_default};
use crate::output::announce;
use crate::running::{Plan, Running};
use crate::simulate::Memory;
use crate::stop::Stop;
use crate::{browser, paste, simulate};
use anyhow::{Context as _, Result, bail};
use hub::{CreateError, Hub};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The simulated station's id.
const STATION: &str = "weather-1";
/// Where its random weather begins.
const SEED: u64 = 1;
/// Its view.
const VIEW: &str = "/views/weather";

/// The views that it begins with.
const EXAMPLES: &[(&str, &str)] = &[
    ("weather.toml", include_str!("../../../views/weather.toml")),
    ("weather-html.html", include_str!("../../../views/weather-html.html")),
    ("weather-html.css", include_str!("../../../views/weather-html.css")),
];

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// As [`Running::begin`].
pub(crate) async fn run(arguments: &arguments::Demo) -> Result<()> {
    check(arguments.http)?;
    let stop = Stop::on_signal()?;
    let state = state(arguments)?;
    let folder = pages(&state)?;
    let running = Running::begin(plan(arguments, state, folder.clone()), arguments.ready.as_deref()).await?;
    let lines: SocketAddr = running.ready.lines.parse().context("the listener has an address")?;
    let (token, memory) = station_token(&running.hub).await?;
    announce(&greeting(&running, lines, &folder));
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
    running.end().await
}

/// A demo has no TLS, and no configuration that could give it any.
fn check(http: SocketAddr) -> Result<()> {
    if !http.ip().is_loopback() {
        bail!(
            "{http} is refused for pages: the demo is for this machine alone, at a loopback address such as 127.0.0.1:{}. For \
             other machines write a configuration with `glassline init`, and start that with `glassline serve`",
            http.port()
        );
    }
    Ok(())
}

fn state(arguments: &arguments::Demo) -> Result<PathBuf> {
    arguments.state.clone().map_or_else(|| state_default(Purpose::Demo), Ok)
}

fn plan(arguments: &arguments::Demo, state: PathBuf, folder: PathBuf) -> Plan {
    Plan {
        state,
        durability: store::Durability::Disk,
        gather: 2,
        retention: Vec::new(),
        folder: Some(folder),
        hosts: Vec::new(),
        http: arguments.http,
        lines: arguments.lines,
        listeners: crate::configuration::listeners::Listeners::default(),
        front: crate::configuration::front::Front::default(),
        enrolment: hub::auth::Enrolment::default(),
        landing: VIEW,
    }
}

/// The folder of the demo's own views and components, in its state folder: a place to try what one has read. Its examples are
/// written once, and whatever becomes of them afterwards is left alone.
fn pages(state: &Path) -> Result<PathBuf> {
    let folder = state.join("pages");
    if folder.is_dir() {
        return Ok(folder);
    }
    let written = || {
        owners_only(state)?;
        std::fs::create_dir_all(folder.join("views"))?;
        std::fs::create_dir_all(folder.join("components"))?;
        EXAMPLES.iter().try_for_each(|(name, text)| std::fs::write(folder.join("views").join(name), text))
    };
    written().with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    Ok(folder)
}

/// Makes a state folder as the store would: for nobody else.
fn owners_only(state: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(state)
}

fn greeting(running: &Running, lines: SocketAddr, folder: &Path) -> String {
    let paste = paste::line(lines, &running.ready.join);
    format!(
        "Open     {}\nDevices  {lines}\nViews    {}\nPaste    this into another terminal, and a second device appears:\n\n{paste}\n\n\
         Ctrl-C ends the demo.",
        running.ready.link,
        folder.join("views").display()
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
            (hub.renew_token(&grant, STATION).await.context("the station is there")?, Memory::Empty)
        }
        made => (made?, Memory::LastHour),
    };
    Ok((token.into_text(), memory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_for_other_machines_is_refused_with_what_there_is_for_them() {
        let check = |address: &str| check(address.parse().expect("an address"));
        assert!(check("127.0.0.1:0").is_ok() && check("[::1]:8080").is_ok());
        let said = check("0.0.0.0:8080").expect_err("it has no TLS").to_string();
        assert!(said.contains("127.0.0.1:8080") && said.contains("`glassline init`"), "{said}");
        assert!(!said.contains("[https]") && !said.contains("insecure_http"), "{said}");
    }
}
