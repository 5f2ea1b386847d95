//! `glassline audit`: who did what, from a state folder, a copy or a hub elsewhere.

use super::http;
use crate::folders::{Purpose, state_default};
use crate::ready::Ready;
use crate::{arguments, clock, output, span};
use anyhow::{Context as _, Result, anyhow, bail};
use hub::audit::What;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;
use store::{AuditQuery, AuditRow, AuditVerdict, Reader};

/// Rows that are said where no time was named.
const ROWS: usize = 100;
/// Rows that are asked for at a time.
const PAGE: usize = 1_000;

/// Says rows, the oldest first, or whether the chain holds.
///
/// # Errors
/// There is no audit there, it cannot be read, or its chain is broken.
pub(crate) async fn run(asked: &arguments::Audit) -> Result<()> {
    let since = asked.since.as_deref().map(|since| moment(since, clock::now())).transpose()?;
    let source = Source::of(asked)?;
    if asked.verify {
        return verify(&source, asked).await;
    }
    let mut rows = Vec::new();
    let mut before = None;
    loop {
        let limit = if since.is_some() { PAGE } else { ROWS };
        let page = source.rows(asked, since, before, limit).await?;
        before = page.last().map(|row| row.number);
        let is_all = page.len() < limit || since.is_none();
        rows.extend(page);
        if is_all {
            break;
        }
    }
    if rows.is_empty() {
        eprintln!("there is nothing like this in the audit");
    }
    rows.iter().rev().try_for_each(|row| output::line(&if asked.json { row.json()? } else { row.text() }))
}

async fn verify(source: &Source, asked: &arguments::Audit) -> Result<()> {
    let found = source.verdict().await?;
    let Verdict { holds, rows, anchor, head, broken } = &found;
    let expected = match (&asked.expect, source) {
        (Some(expected), Source::File(reader)) => is_there(reader, expected, &found)?,
        _ => true,
    };
    if asked.json {
        output::line(&serde_json::to_string(&found)?)?;
    } else if *holds {
        let from = anchor.number + 1;
        output::line(&format!(
            "{rows} rows hold, from {from} on; the head is {}:{}",
            head.number, head.hash
        ))?;
    }
    if let Some(broken) = broken {
        bail!("the audit was changed: {} (behind {rows} rows that hold)", broken.why);
    }
    if !expected {
        bail!("the chain holds, but the head that was noted down is not in it: it is another chain");
    }
    Ok(())
}

/// Whether a head that was noted down is still in the chain. What stood before the rows that are kept cannot be said.
fn is_there(reader: &Reader, expected: &str, found: &Verdict) -> Result<bool> {
    let told = || anyhow!("“{expected}” is no head: it is said as NUMBER:HASH");
    let (number, hash) = expected.split_once(':').ok_or_else(told)?;
    let number: u64 = number.parse().map_err(|_| told())?;
    if number < found.anchor.number {
        bail!("row {number} is not kept any more: the oldest is {}", found.anchor.number + 1);
    }
    if number == found.anchor.number {
        return Ok(hash == found.anchor.hash);
    }
    let query = AuditQuery { before: Some(number.saturating_add(1)), limit: 1, ..AuditQuery::default() };
    Ok(reader.audit(&query)?.first().is_some_and(|row| row.number == number && row.hash.to_string() == hash))
}

/// Where it is read.
enum Source {
    File(Box<Reader>),
    Hub(super::Target),
}

impl Source {
    fn of(asked: &arguments::Audit) -> Result<Source> {
        if let Some(url) = &asked.url {
            let (url, token, ca) = (Some(url.clone()), asked.token.clone(), asked.ca.clone());
            return Ok(Source::Hub(super::find(&arguments::Hub { url, token, ca, state: None })?));
        }
        // Of a hub elsewhere, it knows its words best.
        what_of(asked)?;
        let database = database(asked)?;
        if !database.is_file() {
            bail!("there is no {}", database.display());
        }
        let unreadable = || format!("{} cannot be read", database.display());
        let reader = Reader::of_file(&database).with_context(unreadable)?;
        let none = || anyhow!("{} is older than the audit: start its hub once", database.display());
        Ok(Source::File(Box::new(reader.ok_or_else(none)?)))
    }

    /// Rows before one, the newest first.
    async fn rows(
        &self,
        asked: &arguments::Audit,
        since: Option<i64>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Row>> {
        match self {
            Source::File(reader) => {
                let query = AuditQuery {
                    who: asked.who.as_deref().map(Into::into),
                    what: what_of(asked)?.into_iter().map(|what| what.as_str().into()).collect(),
                    device: asked.device.as_deref().map(Into::into),
                    since,
                    until: None,
                    before,
                    limit,
                };
                Ok(reader.audit(&query)?.into_iter().map(Row::of).collect())
            }
            Source::Hub(target) => {
                let text = |number: &dyn ToString| number.to_string();
                let pairs = [
                    ("who", asked.who.clone()),
                    ("what", asked.what.clone()),
                    ("device", asked.device.clone()),
                    ("since", since.as_ref().map(|since| text(since))),
                    ("before", before.as_ref().map(|before| text(before))),
                    ("limit", Some(limit.to_string())),
                ];
                let given = pairs
                    .iter()
                    .filter_map(|(name, given)| Some(format!("{name}={}", escaped(given.as_ref()?))));
                let path = format!("/api/audit?{}", given.collect::<Vec<_>>().join("&"));
                let answer = http::get(target, &path).await?;
                let page: Page = serde_json::from_str(&answer).context("the hub's answer cannot be read")?;
                Ok(page.rows)
            }
        }
    }

    async fn verdict(&self) -> Result<Verdict> {
        match self {
            Source::File(reader) => Ok(reader.verify_audit()?.into()),
            Source::Hub(target) => {
                let answer = http::get(target, "/api/audit/verdict").await?;
                serde_json::from_str(&answer).context("the hub's answer cannot be read")
            }
        }
    }
}

fn what_of(asked: &arguments::Audit) -> Result<Vec<What>> {
    Ok(asked.what.as_deref().map(What::of_words).transpose()?.unwrap_or_default())
}

fn database(asked: &arguments::Audit) -> Result<PathBuf> {
    if let Some(file) = &asked.file {
        return Ok(file.clone());
    }
    Ok(store::database(&asked.state.clone().map_or_else(state, Ok)?))
}

/// The state folder that nobody named: of the hub that runs, as for the commands that ask one, or else the first that is there.
fn state() -> Result<PathBuf> {
    let folders = [state_default(Purpose::Serve)?, state_default(Purpose::Demo)?];
    let runs = |folder: &&PathBuf| matches!(Ready::of_state(folder), Ok(Some(_)));
    let is_there = |folder: &&PathBuf| store::database(folder).is_file();
    let found = folders.iter().find(runs).or_else(|| folders.iter().find(is_there));
    Ok(found.unwrap_or(&folders[0]).clone())
}

/// What a hub answers.
#[derive(Deserialize)]
struct Page {
    rows: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    number: u64,
    at: i64,
    what: String,
    who: String,
    device: String,
    details: Value,
    hash: String,
}

impl Row {
    fn of(row: AuditRow) -> Row {
        let AuditRow { number, entry, hash } = row;
        Row {
            number,
            at: entry.at,
            what: entry.what.into(),
            who: entry.who.into(),
            device: entry.device.into(),
            details: serde_json::from_str(&entry.details)
                .unwrap_or_else(|_| Value::String(entry.details.into())),
            hash: hash.to_string(),
        }
    }

    fn json(&self) -> Result<String> {
        Ok(output::printable(&serde_json::to_string(self)?))
    }

    /// One line for people: when, what, who, about which device, and the rest.
    fn text(&self) -> String {
        let none = Map::new();
        let details = self.details.as_object().unwrap_or(&none).iter();
        let said = details.map(|(name, said)| {
            format!("{name}={}", said.as_str().map_or_else(|| said.to_string(), str::to_owned))
        });
        let (what, details) = (self.what.replace('_', " "), said.collect::<Vec<_>>().join(", "));
        let blank = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
        let (when, who, device) = (clock::utc(self.at), blank(&self.who), blank(&self.device));
        output::printable(format!("{when}  {what:<14}  {who:<16}  {device:<16}  {details}").trim_end())
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Verdict {
    holds: bool,
    rows: u64,
    anchor: Place,
    head: Place,
    broken: Option<Broken>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Place {
    number: u64,
    hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Broken {
    row: u64,
    why: String,
}

impl From<AuditVerdict> for Verdict {
    fn from(found: AuditVerdict) -> Self {
        let place = |place: store::AuditPlace| Place { number: place.number, hash: place.hash.to_string() };
        Verdict {
            holds: found.broken.is_none(),
            rows: found.rows,
            anchor: place(found.anchor),
            head: place(found.head),
            broken: found.broken.map(|broken| Broken { row: broken.row(), why: broken.to_string() }),
        }
    }
}

/// Milliseconds since 1970 that `30m`, `2h`, `7d`, a day or such a number name.
fn moment(text: &str, now: i64) -> Result<i64> {
    let ago = || span::milliseconds(text).and_then(|ms| now.checked_sub_unsigned(ms));
    let named = ago().or_else(|| text.parse().ok()).or_else(|| Some(hub::audit::day(text)? * 86_400_000));
    named.ok_or_else(|| anyhow!("“{text}” is no time: say 30m, 2h, 7d or a day such as 2026-11-23"))
}

/// For the query of a URL.
fn escaped(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~,".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_named_as_people_name_them() {
        let now = 1_000_000_000_000;
        let of = |text| moment(text, now).ok();
        assert_eq!(of("30s"), Some(now - 30_000));
        assert_eq!(of("2h"), Some(now - 7_200_000));
        assert_eq!(of("7d"), Some(now - 7 * 86_400_000));
        assert_eq!((of("30m"), of("30min")), (Some(now - 1_800_000), Some(now - 1_800_000)));
        assert_eq!(of("1970-01-02"), Some(86_400_000));
        assert_eq!(of("12345"), Some(12_345));
        assert!(of("").is_none() && of("soon").is_none() && of("h").is_none() && of("-1h").is_none());
    }

    #[test]
    fn what_stands_in_a_row_cannot_steer_a_terminal() {
        let row = Row {
            number: 1,
            at: 0,
            what: "login_failed".into(),
            who: "\u{1b}[2Jada".into(),
            device: String::new(),
            details: serde_json::json!({ "network": "192.0.2.0/24" }),
            hash: String::new(),
        };
        let said = row.text();
        assert!(
            !said.contains('\u{1b}')
                && said.contains("login failed")
                && said.ends_with("network=192.0.2.0/24"),
            "{said}"
        );
        assert_eq!(escaped("a b&c"), "a%20b%26c");
    }
}
