//! `glassline devices`: the device list as a table.

use super::frame::Listed;
use super::panel::Panel;
use crate::{arguments, clock, output};
use anyhow::Result;
use serde_json::json;

/// Prints the devices that the hub knows.
///
/// # Errors
/// No hub is found or reached.
pub(crate) async fn run(arguments: &arguments::Devices) -> Result<()> {
    let mut panel = Panel::open(&super::find(&arguments.hub)?).await?;
    panel.say(&json!({"watch_devices": true})).await?;
    let (text, devices) = loop {
        let received = panel.next().await?;
        if let Some(devices) = received.message.devices {
            break (received.text, devices);
        }
    };
    if arguments.json {
        return output::line(&output::printable(list_of(text.get())));
    }
    if devices.is_empty() {
        eprintln!("there are no devices yet");
        return Ok(());
    }
    table(&devices).iter().try_for_each(|row| output::line(row))
}

/// The array in `{"devices":[…]}`: from the first bracket to the last.
fn list_of(message: &str) -> &str {
    match (message.find('['), message.rfind(']')) {
        (Some(first), Some(last)) if first < last => &message[first..=last],
        _ => message,
    }
}

fn table(devices: &[Listed]) -> Vec<String> {
    let cells = |device: &Listed| {
        let since = device.since.map(clock::utc).unwrap_or_default();
        let name = if device.name == device.id { String::new() } else { output::printable(&device.name) };
        [output::printable(&device.id), output::printable(&device.presence), since, name]
    };
    let head = ["DEVICE", "PRESENCE", "SINCE", "NAME"].map(str::to_owned);
    let mut rows: Vec<[String; 4]> = devices.iter().map(cells).collect();
    rows.sort();
    rows.insert(0, head);
    let named = rows.iter().skip(1).any(|row| !row[3].is_empty());
    let columns = if named { 4 } else { 3 };
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    let line = |row: &[String; 4]| {
        let cells: Vec<String> =
            row.iter().zip(widths).take(columns).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, presence: &str, name: &str) -> Listed {
        Listed { id: id.into(), presence: presence.into(), since: Some(0), name: name.into() }
    }

    #[test]
    fn columns_are_aligned_and_names_shown_where_they_differ() {
        let rows = table(&[device("weather-1", "online", "weather-1"), device("b", "offline", "Boiler")]);
        let expected = [
            "DEVICE     PRESENCE  SINCE                     NAME",
            "b          offline   1970-01-01T00:00:00.000Z  Boiler",
            "weather-1  online    1970-01-01T00:00:00.000Z",
        ];
        assert_eq!(rows, expected);
        let rows = table(&[device("b", "offline", "b")]);
        assert_eq!(rows[0], "DEVICE  PRESENCE  SINCE");
    }

    #[test]
    fn the_list_is_taken_out_of_its_message() {
        assert_eq!(list_of(r#"{"devices":[{"id":"a"}]}"#), r#"[{"id":"a"}]"#);
    }
}
