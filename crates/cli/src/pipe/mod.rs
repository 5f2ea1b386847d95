//! `glassline pipe`: the lines that a program prints are a device.

mod lines;
mod reading;

use crate::arguments::Pipe;
use crate::folders::{Purpose, state_default};
use crate::output::{self, line};
use crate::remote;
use crate::stop::Stop;
use anyhow::{Context as _, Result, anyhow, bail};
use glassline_client::{Books, Device, Settings};
use lines::Understanding;
use reading::{Account, read_all};
use serde_json::json;
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::oneshot;

/// Bytes of lines that are held for each message that may be: as many as the longest that are usual.
const BYTES_A_MESSAGE: usize = 1024;

/// Reads and sends until the input ends, or until it is asked to end.
///
/// # Errors
/// The arguments contradict each other, no hub is found, the hub does not want the device, or something is lost.
pub(crate) fn run(arguments: &Pipe) -> Result<()> {
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().context("no sockets can be used")?;
    let done = runtime.block_on(pipe(arguments));
    // Whoever reads the commands may not: the end does not wait for that.
    runtime.shutdown_background();
    done
}

async fn pipe(arguments: &Pipe) -> Result<()> {
    let stop = Stop::on_signal()?;
    let understanding = Understanding::new(arguments)?;
    let device = Device::with(settings(arguments)?)?;
    if let Some(channels) = described(arguments)? {
        device.describe(channels);
    }
    if arguments.commands {
        device.on_other_commands(printed);
    }
    device.connect();
    let (ended, end) = oneshot::channel();
    let (to, waits) = (device.clone(), (arguments.wait || reading::is_file()).then_some(arguments.holding));
    // It ends with its input, or with the program.
    std::thread::spawn(move || ended.send(read_all(&to, understanding, waits)));
    let account = tokio::select! {
        account = end => account.context("the reading broke down")??,
        refused = device.ended() => bail!("{} is refused: {refused}", arguments.device),
        () = stop.asked() => Account::default(),
    };
    finish(arguments, &device, account).await
}

/// What the device is made from.
fn settings(arguments: &Pipe) -> Result<Settings> {
    let given = match &arguments.token_file {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            Some(text.with_context(|| format!("the token cannot be read from {}", file.display()))?)
        }
        None => arguments.token.clone(),
    };
    let given = given.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    let (to, token) = match (arguments.to.clone(), given) {
        (Some(to), token) => (to, token.unwrap_or_default()),
        (None, token) => {
            let here = remote::running(arguments.state.as_deref())
                .context("without --to it is the hub that runs here")?;
            (here.lines, token.unwrap_or(here.join))
        }
    };
    let bytes = arguments.holding.saturating_mul(BYTES_A_MESSAGE);
    let settings = Settings::new(&to, &arguments.device, &token)?.holding(arguments.holding, bytes);
    let settings = match &arguments.ca {
        Some(file) => settings.trusting(file),
        None => settings,
    };
    Ok(match (&arguments.outbox, state_default(Purpose::Pipe)) {
        (Some(folder), _) => settings.stored_in(folder),
        // The messages are in memory; who it is should outlive them: a join token lets it in once.
        (None, Ok(state)) => {
            settings.keeping_identity_in(state.join(format!("{}.identity", arguments.device)))
        }
        (None, Err(_)) => settings,
    })
}

/// What the channels are, as `--describe` and `--unit` say.
fn described(arguments: &Pipe) -> Result<Option<Box<RawValue>>> {
    if let Some(text) = &arguments.describe {
        let channels: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
            .context("--describe is no JSON object such as {\"fan\":{\"input\":\"switch\"}}")?;
        return Ok(Some(serde_json::value::to_raw_value(&channels)?));
    }
    let units = arguments.channels.iter().zip(&arguments.units).filter(|(_, unit)| !unit.is_empty());
    let channels: serde_json::Map<_, _> =
        units.map(|(channel, unit)| (channel.clone(), json!({ "unit": unit }))).collect();
    Ok(if channels.is_empty() { None } else { Some(serde_json::value::to_raw_value(&channels)?) })
}

/// A command for whoever reads the output.
fn printed(channel: &str, value: Box<RawValue>) -> Result<(), glassline_client::Failure> {
    let said = line(&json!({ "channel": channel, "value": value }).to_string());
    said.map_err(|_| "nobody reads the commands any more".into())
}

/// Gives what is held its time, and says what became of all.
async fn finish(arguments: &Pipe, device: &Device, account: Account) -> Result<()> {
    let refused = tokio::select! {
        _ = device.flush(Duration::from_secs(arguments.flush)) => None,
        refused = device.ended() => Some(refused),
    };
    let trouble = device.trouble();
    let is_safe = device.close().await;
    let Books { queued, dropped, .. } = device.books();
    account.tell();
    if let (Some(trouble), None, 1..) = (&trouble, &refused, queued) {
        eprintln!(
            "glassline: {} is not connected: {}",
            arguments.device,
            output::printable(&trouble.to_string())
        );
    }
    if let (Some(folder), 1.., true) = (&arguments.outbox, queued, is_safe) {
        eprintln!("glassline: {queued} messages are kept in {} for the next time", folder.display());
    }
    match refused {
        Some(refused) => Err(anyhow!("{} is refused: {refused}", arguments.device)),
        None if !is_safe => Err(anyhow!("{queued} messages did not arrive and are lost")),
        None if dropped > 0 => {
            Err(anyhow!("{dropped} messages were too many to be held and are lost; the hub knows"))
        }
        None if account.not_taken > 0 => Err(anyhow!("{} messages could not be held", account.not_taken)),
        None => Ok(()),
    }
}
