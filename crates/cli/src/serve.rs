//! `glassline serve`: a hub and a gateway, durable, until they are told to stop.

use crate::configuration::Configuration;
use crate::folders::{Purpose, state_default};
use crate::output::announce;
use crate::running::{Plan, Running};
use crate::stop::Stop;
use crate::{arguments, check, open_files};
use anyhow::Result;

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// The configuration is wrong, or as [`Running::begin`] and [`Running::end`].
pub(crate) async fn run(arguments: &arguments::Serve) -> Result<()> {
    let stop = Stop::on_signal()?;
    let configuration = configuration(arguments)?;
    open_files::warn_of_limit();
    let plan = plan(arguments, configuration.clone())?;
    let (state, durability) = (plan.state.clone(), plan.durability.name());
    for problem in plan.folder.as_deref().map(check::pages).unwrap_or_default() {
        tracing::warn!("{problem}");
    }
    let mut running = Running::begin(plan, arguments.ready.as_deref()).await?;
    if let Some(file) = &arguments.config {
        running.follow(file, configuration, overridden(arguments));
    }
    announce(&format!(
        "{}\nState    {} (durability: {durability})\n{}",
        running.table,
        state.display(),
        way_in(&running)
    ));
    stop.asked().await;
    tracing::info!("stopping");
    running.end().await
}

/// How to get in: by a link while there is nobody with an account who could make others.
fn way_in(running: &Running) -> String {
    if running.hub.auth().has_administrator() {
        return format!(
            "Log in   {}/login (glassline login-link makes a link for whoever owns the machine)",
            running.ready.http
        );
    }
    format!(
        "Log in   {}?to=/account/first (once, within {} minutes; it makes the first administrator)",
        running.ready.link,
        hub::auth::limits::LINK_LIFE_MS / 60_000
    )
}

/// Keys of the file that a flag outranks: whatever they say, it changes nothing.
fn overridden(arguments: &arguments::Serve) -> Vec<&'static str> {
    let keys = [("http", arguments.http.is_some()), ("lines", arguments.lines.is_some())];
    keys.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key).collect()
}

fn configuration(arguments: &arguments::Serve) -> Result<Configuration> {
    match &arguments.config {
        Some(file) => Configuration::read(file),
        None => Ok(Configuration::without_file()),
    }
}

/// Flags outrank the file.
fn plan(arguments: &arguments::Serve, configuration: Configuration) -> Result<Plan> {
    let state = match &arguments.state {
        Some(state) => state.clone(),
        None => state_default(Purpose::Serve)?,
    };
    Ok(Plan {
        state,
        durability: configuration.durability.into(),
        gather: configuration.gather,
        retention: configuration.retention,
        folder: configuration.folder,
        hosts: configuration.hosts,
        http: arguments.http.unwrap_or(configuration.http),
        lines: arguments.lines.unwrap_or(configuration.lines),
        listeners: configuration.listeners,
        front: configuration.front,
        enrolment: configuration.enrolment,
        landing: "/",
    })
}
