//! `glassline devices`: the device list as a table, with what became of all that they sent.

use super::http;
use crate::{arguments, clock, output};
use anyhow::{Context as _, Result};
use serde::Deserialize;

/// Prints the devices that the hub knows.
///
/// # Errors
/// No hub is found or reached.
pub(crate) async fn run(arguments: &arguments::Devices) -> Result<()> {
    let list = http::get(&super::find(&arguments.hub)?, "/api/devices").await?;
    if arguments.json {
        return output::line(&output::printable(&list));
    }
    let devices: Vec<Listed> = serde_json::from_str(&list).context("the hub's list cannot be read")?;
    if devices.is_empty() {
        eprintln!("there are no devices yet");
        return Ok(());
    }
    table(&devices).iter().try_for_each(|row| output::line(row))
}

/// A device in the list, as far as a terminal is interested.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listed {
    id: String,
    name: String,
    presence: String,
    since: i64,
    contested: Option<i64>,
    ledger: Ledger,
}

/// What came from it, and what became of that.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ledger {
    committed: u64,
    in_flight: u64,
    duplicate: u64,
    skipped: u64,
    late: u64,
    gaps: Vec<Gaps>,
    outbox: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Gaps {
    reason: String,
    gaps: u64,
}

/// A column of the table.
struct Column {
    head: &'static str,
    cell: fn(&Listed) -> String,
    /// Numbers stand under each other by their ends.
    is_number: bool,
    /// Shown although no device has anything in it.
    always: bool,
}

const fn text(head: &'static str, always: bool, cell: fn(&Listed) -> String) -> Column {
    Column { head, cell, is_number: false, always }
}

const fn number(head: &'static str, always: bool, cell: fn(&Listed) -> String) -> Column {
    Column { head, cell, is_number: true, always }
}

/// What is nothing in most tables takes no room in them.
const COLUMNS: [Column; 11] = [
    text("DEVICE", true, |device| output::printable(&device.id)),
    text("PRESENCE", true, presence),
    text("SINCE", true, |device| clock::utc(device.since)),
    number("COMMITTED", true, |device| device.ledger.committed.to_string()),
    number("IN FLIGHT", false, |device| unless_none(device.ledger.in_flight)),
    number("DUPLICATE", false, |device| unless_none(device.ledger.duplicate)),
    number("LATE", false, |device| unless_none(device.ledger.late)),
    number("SKIPPED", false, |device| unless_none(device.ledger.skipped)),
    text("GAPS", false, gaps),
    number("OUTBOX", false, |device| unless_none(device.ledger.outbox.unwrap_or(0))),
    text("NAME", false, |device| match device.name == device.id {
        true => String::new(),
        false => output::printable(&device.name),
    }),
];

fn unless_none(count: u64) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

fn presence(device: &Listed) -> String {
    let contested = if device.contested.is_some() { ", contested" } else { "" };
    format!("{}{contested}", output::printable(&device.presence))
}

/// `3 overflow, 1 lost`.
fn gaps(device: &Listed) -> String {
    let counts = device.ledger.gaps.iter();
    let counts = counts.map(|count| format!("{} {}", count.gaps, output::printable(&count.reason)));
    counts.collect::<Vec<_>>().join(", ")
}

fn table(devices: &[Listed]) -> Vec<String> {
    let mut devices: Vec<&Listed> = devices.iter().collect();
    devices.sort_by(|a, b| a.id.cmp(&b.id));
    let mut rows = vec![String::new(); devices.len() + 1];
    for column in &COLUMNS {
        let cells: Vec<String> = devices.iter().map(|device| (column.cell)(device)).collect();
        if !column.always && cells.iter().all(String::is_empty) {
            continue;
        }
        let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).max(column.head.len());
        let heads = std::iter::once(column.head).chain(cells.iter().map(String::as_str));
        for (row, cell) in rows.iter_mut().zip(heads) {
            match column.is_number {
                true => row.push_str(&format!("{cell:>width$}  ")),
                false => row.push_str(&format!("{cell:width$}  ")),
            }
        }
    }
    rows.iter().map(|row| row.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(json: &str) -> Vec<String> {
        table(&serde_json::from_str::<Vec<Listed>>(json).expect("a list"))
    }

    #[test]
    fn columns_are_aligned_and_names_shown_where_they_differ() {
        let rows = list(
            r#"[{"id":"weather-1","presence":"online","since":0,"name":"weather-1","ledger":{"committed":7}},
                {"id":"b","presence":"offline","since":0,"name":"Boiler","ledger":{"committed":12345}}]"#,
        );
        let expected = [
            "DEVICE     PRESENCE  SINCE                     COMMITTED  NAME",
            "b          offline   1970-01-01T00:00:00.000Z      12345  Boiler",
            "weather-1  online    1970-01-01T00:00:00.000Z          7",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn what_went_wrong_anywhere_has_a_column() {
        let rows = list(
            r#"[{"id":"a","presence":"online","since":0,"name":"a","contested":5,"channels":{"t":{"value":1e400}},
                 "ledger":{"committed":7,"duplicate":2,"skipped":40,"late":1,"outbox":900,
                 "gaps":[{"reason":"overflow","gaps":3,"messages":39},{"reason":"lost","gaps":1,"messages":1}]}},
                {"id":"b","presence":"offline","since":0,"name":"b","ledger":{}}]"#,
        );
        let expected = [
            "DEVICE  PRESENCE           SINCE                     COMMITTED  DUPLICATE  LATE  SKIPPED  GAPS                OUTBOX",
            "a       online, contested  1970-01-01T00:00:00.000Z          7          2     1       40  3 overflow, 1 lost     900",
            "b       offline            1970-01-01T00:00:00.000Z          0",
        ];
        assert_eq!(rows, expected);
    }
}
