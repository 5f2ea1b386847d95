//! `glassline eject`: the page that a device gets by itself becomes a view, a file to go on with.

use super::{Target, http};
use crate::{arguments, browser, output};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Writes the view, here or on the hub, and says where it is shown.
///
/// # Errors
/// No hub is found or reached, it does not know the device, or the file is there already or cannot be written.
pub(crate) async fn run(arguments: &arguments::Eject) -> Result<()> {
    let target = super::find(&arguments.hub)?;
    match &arguments.to {
        Some(folder) => here(&target, arguments, folder).await,
        None => there(&target, arguments).await,
    }
}

/// What the hub is asked to write.
#[derive(Serialize)]
struct Wanted<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    devices: Option<&'a str>,
}

/// What it wrote.
#[derive(Deserialize)]
struct Written {
    path: String,
    file: String,
}

async fn there(target: &Target, arguments: &arguments::Eject) -> Result<()> {
    let wanted = Wanted { name: arguments.name.as_deref(), devices: arguments.devices.as_deref() };
    let body = serde_json::to_string(&wanted).context("texts can be written as JSON")?;
    let answer = http::post(target, &path_of(&arguments.device), &body).await?;
    let written: Written = serde_json::from_str(&answer).context("the hub's answer cannot be read")?;
    let address = format!("{}{}", target.hub, written.path);
    output::line(&format!(
        "wrote {}\nOpen  {}",
        output::printable(&written.file),
        output::printable(&address)
    ))?;
    if !arguments.no_open {
        browser::open(&address);
    }
    Ok(())
}

async fn here(target: &Target, arguments: &arguments::Eject, folder: &Path) -> Result<()> {
    let query = arguments.devices.as_deref().map(|devices| format!("?devices={}", encoded(devices)));
    let path = path_of(&arguments.device) + &query.unwrap_or_default();
    let text = http::get(target, &path).await?;
    let name = arguments.name.as_deref().unwrap_or(&arguments.device);
    let file = hub::view::write_new_view(folder, name, &text)?;
    output::line(&format!("wrote {}", file.display()))?;
    output::line(&format!("A hub with this folder shows it at /views/{name}"))
}

fn path_of(device: &str) -> String {
    format!("/api/devices/{}/view", encoded(device))
}

/// A text as a piece of an address.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*~".contains(&byte);
    let write = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_written_as_a_piece_of_an_address() {
        assert_eq!(path_of("pump-7"), "/api/devices/pump-7/view");
        assert_eq!(encoded("a b/ä?*"), "a%20b%2F%C3%A4%3F*");
    }
}
