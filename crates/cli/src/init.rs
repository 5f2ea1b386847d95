//! `glassline init`: a small commented configuration folder to start from.

use crate::arguments;
use crate::configuration::FILE_NAME;
use crate::folders::shown;
use crate::output;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

/// What is written, relative to the folder.
const FILES: [(&str, &str); 3] = [
    (FILE_NAME, include_str!("init/glassline.toml")),
    ("views/weather.toml", include_str!("init/weather.toml")),
    ("components/README.md", include_str!("init/components.md")),
];

/// Writes the folder and says what to do next.
///
/// # Errors
/// One of the files is there already (nothing is written then), or the folder cannot be written.
pub(crate) fn run(arguments: &arguments::Init) -> Result<()> {
    let folder = &arguments.folder;
    if let Some((name, _)) = FILES.iter().find(|(name, _)| folder.join(name).exists()) {
        bail!("{} exists already; nothing was written", folder.join(name).display());
    }
    for (name, text) in FILES {
        write_new(&folder.join(name), text)?;
    }
    for (name, _) in FILES {
        output::line(&format!("wrote {}", folder.join(name).display()))?;
    }
    output::line(&format!("\nNext: glassline serve --config {}", quoted(&folder.join(FILE_NAME))))?;
    output::line(&format!(
        "and a device for it: glassline simulate weather\nCheck it with: {}",
        check(folder)
    ))
}

/// Writes a file that is not there, and the folders above it.
///
/// # Errors
/// Something is in the way, or it cannot be written.
pub(crate) fn write_new(file: &Path, text: &str) -> Result<()> {
    let written = || -> std::io::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::File::create_new(file)?.write_all(text.as_bytes())
    };
    written()
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => std::io::Error::new(error.kind(), "something is in the way"),
            _ => error,
        })
        .with_context(|| format!("{} cannot be written", file.display()))
}

fn check(folder: &Path) -> String {
    format!("glassline check {}", quoted(Path::new(&shown(folder))))
}

/// A path as a word for a shell.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;

    #[test]
    fn what_is_written_says_the_defaults() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(FILE_NAME);
        fs::write(&file, FILES[0].1).expect("written");
        let commented = Configuration::read(&file).expect("valid");
        let uncommented: String = FILES[0]
            .1
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(key) if key.contains(" = ") || key.starts_with('[') => format!("{key}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        fs::write(&file, uncommented).expect("written");
        let mut said = Configuration::read(&file).expect("valid");
        // Nothing is thrown away unless somebody says so: this is an example.
        assert_eq!(said.retention.drain(..).count(), 1);
        // Devices come in by `lines` alone unless somebody says so: these are examples too.
        let listeners = std::mem::take(&mut said.listeners);
        assert!(listeners.unix.is_some() && listeners.tls.is_some() && listeners.serial.len() == 1);
        assert!(said.front.https.take().is_some(), "and so is this");
        assert_eq!(said, commented);
    }

    #[test]
    fn paths_with_spaces_can_be_pasted() {
        assert_eq!(quoted(Path::new("plant/a")), "plant/a");
        assert_eq!(quoted(Path::new("my plant's")), "'my plant'\\''s'");
    }
}
