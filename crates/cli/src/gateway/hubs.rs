//! `glassline gateway hubs`: asked of a gateway that runs on this machine.

use super::asking::{Answer, Question, Shown};
use super::door::ask;
use super::settings::Told;
use crate::arguments::{AddHub, Hubs, ListHubs, RemoveHub, Which};
use crate::configuration::{Age, Size};
use crate::folders::{Purpose, state_default};
use crate::output;
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;

/// Does what is asked.
///
/// # Errors
/// No gateway runs there, or it says why not.
pub(super) async fn run(asked: &Hubs) -> Result<()> {
    match asked {
        Hubs::List(asked) => list(asked).await,
        Hubs::Add(asked) => add(asked).await,
        Hubs::Remove(asked) => remove(asked).await,
    }
}

fn state(which: &Which) -> Result<PathBuf> {
    which.state.clone().map_or_else(|| state_default(Purpose::Gateway), Ok)
}

async fn hubs(which: &Which) -> Result<Vec<Shown>> {
    match ask(&state(which)?, &Question::List).await? {
        Answer::Hubs(hubs) => Ok(hubs),
        Answer::Error(error) => bail!("{error}"),
        Answer::Done => bail!("the gateway says what nobody understands"),
    }
}

async fn list(asked: &ListHubs) -> Result<()> {
    let hubs = hubs(&asked.which).await?;
    if asked.json {
        return output::line(&output::printable(&serde_json::to_string(&hubs)?));
    }
    if hubs.is_empty() {
        eprintln!("there are no hubs; add one with `glassline gateway hubs add NAME URL --token TOKEN`");
        return Ok(());
    }
    table(&hubs).iter().try_for_each(|row| output::line(row))
}

async fn add(asked: &AddHub) -> Result<()> {
    let told = Told {
        name: asked.name.clone(),
        url: asked.url.clone(),
        token: asked.token.clone(),
        begin: Some(asked.begin.clone()),
        commands: !asked.no_commands,
        admits: !asked.no_admits,
        devices: asked.devices.clone(),
        channels: asked.channels.clone(),
        quota: asked.quota.clone().map(read::<Size>).transpose()?.map(|size| size.0),
        age: asked.age.clone().map(read::<Age>).transpose()?.map(|age| age.0),
        // The gateway may run in another folder.
        ca: asked.ca.as_deref().map(std::path::absolute).transpose().context("no such file")?,
    };
    done(ask(&state(&asked.which)?, &Question::Add(Box::new(told))).await?)?;
    let (name, url) = (output::printable(&asked.name), output::printable(&asked.url));
    output::line(&format!("The hub “{name}” was added: {url}"))
}

fn read<T: TryFrom<String, Error = &'static str>>(text: String) -> Result<T> {
    T::try_from(text).map_err(|what| anyhow::anyhow!(what))
}

async fn remove(asked: &RemoveHub) -> Result<()> {
    let hubs = hubs(&asked.which).await?;
    let Some(hub) = hubs.iter().find(|hub| hub.name == asked.name) else {
        bail!("there is no hub “{}”", asked.name);
    };
    if !asked.yes {
        print_question(hub)?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).context("nobody answers")?;
        if !matches!(answer.trim(), "y" | "yes") {
            bail!("the hub “{}” was not removed", asked.name);
        }
    }
    done(ask(&state(&asked.which)?, &Question::Remove(asked.name.clone())).await?)?;
    output::line(&format!("The hub “{}” was removed.{}", output::printable(&hub.name), missed(hub)))
}

fn print_question(hub: &Shown) -> Result<()> {
    eprint!("Remove the hub “{}”?{} [y/N] ", output::printable(&hub.name), missing(hub));
    std::io::stderr().flush().context("nothing can be asked")
}

/// What it has not got, before it is removed.
fn missing(hub: &Shown) -> String {
    let them = if hub.behind == 1 { "it" } else { "them" };
    match hub.behind {
        0 => String::new(),
        behind => {
            format!(" It has not got {} yet and will not get {them}.", counted_messages(behind))
        }
    }
}

/// The same afterwards.
fn missed(hub: &Shown) -> String {
    match hub.behind {
        0 => String::new(),
        behind => format!(" It will not get {} that waited for it.", counted_messages(behind)),
    }
}

fn counted_messages(count: u64) -> String {
    format!("{count} message{}", if count == 1 { "" } else { "s" })
}

fn done(answer: Answer) -> Result<()> {
    match answer {
        Answer::Done | Answer::Hubs(_) => Ok(()),
        Answer::Error(error) => bail!("{error}"),
    }
}

/// The list as a table.
fn table(hubs: &[Shown]) -> Vec<String> {
    let mut rows =
        vec![["HUB", "STATE", "ADDRESS", "BEHIND", "FOR", "SPOOLED", "LAST ERROR"].map(str::to_owned)];
    rows.extend(hubs.iter().map(|hub| {
        [
            output::printable(&hub.name),
            hub.state.clone(),
            hub.address.clone().unwrap_or_else(|| output::printable(&hub.url)),
            hub.behind.to_string(),
            format!("{} s", hub.behind_ms / 1000),
            bytes(hub.bytes),
            output::printable(hub.error.as_deref().unwrap_or_default()),
        ]
    }));
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0))
        .collect();
    let shown = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    shown.collect()
}

/// Bytes for people.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(name: &str, behind: u64, error: Option<&str>) -> Shown {
        Shown {
            name: name.to_owned(),
            url: "ws://10.0.0.5:8080/uplink".to_owned(),
            address: error.is_none().then(|| "10.0.0.5:8080".to_owned()),
            state: if error.is_some() { "waiting" } else { "connected" }.to_owned(),
            since: 0,
            behind,
            behind_ms: behind * 1000,
            bytes: behind * 60_000,
            dropped: 0,
            commands: true,
            added: false,
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn one_message_is_one_message() {
        let said = |behind| (missing(&hub("attic", behind, None)), missed(&hub("attic", behind, None)));
        assert_eq!(said(0), (String::new(), String::new()));
        assert_eq!(said(1).0, " It has not got 1 message yet and will not get it.");
        assert_eq!(said(1).1, " It will not get 1 message that waited for it.");
        assert_eq!(said(12).0, " It has not got 12 messages yet and will not get them.");
    }

    #[test]
    fn the_table_says_how_far_each_hub_is_behind() {
        let expected = [
            "HUB    STATE      ADDRESS                    BEHIND  FOR   SPOOLED  LAST ERROR",
            "house  connected  10.0.0.5:8080              0       0 s   0 B",
            "attic  waiting    ws://10.0.0.5:8080/uplink  42      42 s  2 MB     no answer",
        ];
        assert_eq!(table(&[hub("house", 0, None), hub("attic", 42, Some("no answer"))]), expected);
    }
}
