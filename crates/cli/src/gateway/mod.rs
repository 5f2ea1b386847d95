//! `glassline gateway`: a gateway of its own, and what is asked of one that runs.
//!
//! | file | what |
//! |---|---|
//! | `configuration`, `settings`, `following` | `gateway.toml`, what it says of a hub, and how it is followed |
//! | `running`, `ready` | opened, listening, ended in order; what scripts are told |
//! | `http` | devices over WebSocket, health, metrics, administration |
//! | `door`, `asking` | the local socket; what can be asked by either door |
//! | `hubs` | `glassline gateway hubs` |

mod asking;
mod configuration;
mod door;
mod following;
mod http;
mod hubs;
mod ready;
mod running;
mod settings;

use self::configuration::Configuration;
use self::following::Followed;
use self::running::{Plan, Running};
use crate::arguments::{Gateway, GatewayCommand, RunGateway};
use crate::folders::{Purpose, state_default};
use crate::listen::{GATEWAY_HTTP, check_loopback};
use crate::output::announce;
use crate::stop::Stop;
use ::gateway::standalone::HubSettings;
use anyhow::{Result, bail};
use protocol::id::DeviceId;
use std::path::Path;

/// What the configuration of a gateway is called, in a folder.
pub(crate) const FILE_NAME: &str = "gateway.toml";

/// Whether a gateway would begin with what `file` says.
///
/// # Errors
/// What it would say instead.
pub(crate) fn check(file: &Path) -> Result<()> {
    let configuration = Configuration::read(file)?;
    check_loopback(configuration.http, GATEWAY_HTTP)?;
    configuration.id.as_deref().map_or(Ok(()), check_id)
}

/// Runs a gateway until Ctrl-C or SIGTERM, or asks one that runs.
///
/// # Errors
/// The configuration or the flags are wrong, or as [`Running::begin`]; what was asked is not done.
pub(crate) async fn run(arguments: &Gateway) -> Result<()> {
    match &arguments.command {
        None => run_gateway(&arguments.run).await,
        Some(GatewayCommand::Hubs(asked)) => hubs::run(asked).await,
    }
}

async fn run_gateway(arguments: &RunGateway) -> Result<()> {
    let stop = Stop::on_signal()?;
    let configuration = match &arguments.config {
        Some(file) => Configuration::read(file)?,
        None => Configuration::without_file(),
    };
    let plan = plan(arguments, configuration.clone())?;
    let (state, durability) = (plan.state.clone(), plan.durability.name());
    let running = Running::begin(plan, arguments.ready.as_deref()).await?;
    let following = arguments.config.as_ref().map(|file| {
        let followed = Followed::new(file, configuration, overridden(arguments));
        tokio::spawn(followed.follow(running.standalone.clone()))
    });
    announce(&format!(
        "Gateway  {} (tag {})\nDevices  {}\nHTTP     {}\nState    {} (durability: {durability})",
        running.ready.id,
        running.ready.tag,
        running.ready.lines,
        running.ready.http,
        state.display(),
    ));
    stop.asked().await;
    tracing::info!("stopping");
    if let Some(following) = following {
        following.abort();
    }
    running.end().await;
    Ok(())
}

/// Keys of the file that a flag outranks: whatever they say, it changes nothing.
fn overridden(arguments: &RunGateway) -> Vec<&'static str> {
    let keys = [
        ("id", arguments.id.is_some()),
        ("http", arguments.http.is_some()),
        ("lines", arguments.lines.is_some()),
        ("hub", !arguments.hubs.is_empty()),
    ];
    keys.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key).collect()
}

/// Flags outrank the file.
fn plan(arguments: &RunGateway, configuration: Configuration) -> Result<Plan> {
    let state = match &arguments.state {
        Some(state) => state.clone(),
        None => state_default(Purpose::Gateway)?,
    };
    let id = arguments.id.clone().or_else(|| configuration.id.clone()).unwrap_or_else(machine);
    check_id(&id)?;
    let mut plan = Plan::of(configuration, state, id);
    plan.lines = arguments.lines.unwrap_or(plan.lines);
    plan.http = arguments.http.unwrap_or(plan.http);
    if !arguments.hubs.is_empty() {
        plan.hubs = hubs_of_flags(arguments)?;
    }
    Ok(plan)
}

fn check_id(id: &str) -> Result<()> {
    if DeviceId::parse(id).is_none() {
        bail!("“{id}” is no id of a gateway: one has 1 to 64 letters, digits, _ or -");
    }
    Ok(())
}

/// The hubs that flags name, each called by its host and port.
fn hubs_of_flags(arguments: &RunGateway) -> Result<Vec<HubSettings>> {
    let (hubs, tokens) = (&arguments.hubs, &arguments.token);
    if tokens.len() != 1 && tokens.len() != hubs.len() {
        bail!(
            "there are {} hubs and {} tokens: give one --token for each --hub, or one for all",
            hubs.len(),
            tokens.len()
        );
    }
    let mut settings: Vec<HubSettings> = Vec::new();
    for (at, url) in hubs.iter().enumerate() {
        let authority = url.split_once("://").map_or(&**url, |(_, rest)| rest);
        let name = authority.split('/').next().unwrap_or_default();
        let usual = HubSettings::new(name, url, tokens.get(at).unwrap_or(&tokens[0]));
        let hub = HubSettings { ca: arguments.ca.clone(), ..usual };
        if let Some((_, what)) = hub.problem() {
            bail!("--hub: {what}");
        }
        if settings.iter().any(|other| other.name == hub.name) {
            bail!("--hub: {name} is there twice; a configuration file can give each a name of its own");
        }
        settings.push(hub);
    }
    Ok(settings)
}

/// What this machine is called, as far as that can be an id.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let name: String =
        name.trim().chars().map(|letter| if allowed(letter) { letter } else { '-' }).take(64).collect();
    if name.is_empty() { "gateway".to_owned() } else { name }
}
