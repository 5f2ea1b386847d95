//! Eject: the page that a device gets by itself becomes a view, a file that a person goes on with.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use minijinja::Value;

use super::braces;
use super::data::Scene;
use super::definition::{Body, Given, GivenSetting, Part, Placement, View, check_view_name};
use super::escape::escape;
use super::library::Library;
use super::limits::{MADE_VIEWS_MAX, SPAN_MAX};
use super::shelf::Shelf;
use super::shell::Page;

/// The template of the button.
const BUTTON: &str = "web/eject.html";

/// Columns of such a view: as many as components of the usual width stand beside each other on a device's page.
const COLUMNS: u8 = 4;

/// Why a view was not written.
#[derive(Debug, thiserror::Error)]
pub enum EjectError {
    /// There is no folder for views.
    #[error(
        "This hub has no folder for views. `glassline init DIR` makes one, and `glassline serve --config DIR/glassline.toml` uses it."
    )]
    NoFolder,
    /// The name cannot be that of a view.
    #[error("{0}")]
    BadName(String),
    /// A view has the name already.
    #[error(
        "There is a view “{0}” already, at /views/{0}: it is left as it is. Rename it, or give this one another name."
    )]
    Exists(String),
    /// A built-in view has the name, and would be replaced.
    #[error("“{0}” is the name of a built-in view, which this one would replace. Give it another name.")]
    BuiltIn(String),
    /// There are as many views as may be made so.
    #[error("There are {MADE_VIEWS_MAX} views or more: remove one of the files in the folder “views”.")]
    Full,
    /// The file cannot be written.
    #[error("{0} cannot be written: {1}.")]
    Failed(String, std::io::Error),
}

/// The button on the page of a device.
pub(super) fn button(library: &Library, device: &str) -> String {
    let variables = Value::from_pairs([("device", Value::from(device))]);
    let html = library.templates.get_template(BUTTON).and_then(|template| template.render(variables));
    // The page is worth more than the button.
    html.unwrap_or_default()
}

impl Library {
    /// The page that says why a device's page was not made a view, with what would have been written.
    pub fn not_ejected_page(
        &self,
        path: &str,
        id: &str,
        error: &EjectError,
        text: &str,
        scene: &dyn Scene,
    ) -> Page {
        let by_hand = self.say("eject.by-hand", &[("name", id), ("device", id)]);
        let body = format!(
            "<p class=\"notice span-12\" role=\"alert\">{}</p>\n<p class=\"span-12\">{}</p>\n\
             <pre class=\"file span-12\" tabindex=\"0\"><code>{}</code></pre>",
            escape(&error.to_string()),
            escape(&by_hand),
            escape(text)
        );
        self.plain_page(path, &self.say("eject.failed", &[]), body, scene)
    }

    /// The page that a device gets by itself, as the text of a view in TOML; nothing when the hub has never heard of it.
    /// Where `devices` is given (patterns of ids, `pump-*`), the view is for all of those, and this one is the first shown.
    pub fn ejected(&self, id: &str, devices: Option<&str>, scene: &dyn Scene) -> Option<String> {
        let (view, left_out) = self.derived_view(&scene.device(id)?);
        let mut text = format!(
            "# The page of {id}, as it made itself. It is yours now: what you save here is shown at once.\n"
        );
        match devices {
            Some(devices) => {
                text += &format!(
                    "title = \"{{name}}\"\ndevices = {}\ndevice = {}\n",
                    quoted(devices),
                    quoted(id)
                );
            }
            None => {
                text += &format!("title = {}\ndevice = {}\n", said(&view.title), quoted(id));
            }
        }
        text += &format!("columns = {COLUMNS}\n");
        text += &components(&view);
        if let Some(problem) = left_out {
            text += &format!("\n# {}\n", problem.what);
        }
        Some(text)
    }
}

/// The components of a view of its own making.
fn components(view: &View) -> String {
    let Body::Grid(parts) = &view.body else { return String::new() };
    let mut text = String::new();
    let mut is_broken = false;
    for part in parts {
        let Part::Component(placed) = part else { continue };
        // Only charts have a width of their own: they do not go on in the row of the values.
        if placed.size.span.is_some() && !is_broken {
            text += "\n# A section begins a row, and may have a title.\n[[section]]\n";
            is_broken = true;
        }
        text += &component(placed);
    }
    text
}

fn component(placed: &Placement) -> String {
    let mut text = format!("\n[[component]]\nkind = {}\n", quoted(&placed.kind));
    if let Some(channel) = &placed.channel {
        text += &format!("channel = {}\n", said(channel));
    }
    if let Some(span) = placed.size.span {
        text += &format!("span = {}\n", span / (SPAN_MAX / COLUMNS));
    }
    text + &placed.settings.iter().filter_map(setting).collect::<String>()
}

/// A setting as a line. What TOML has no word for is left to the default.
fn setting(given: &GivenSetting) -> Option<String> {
    let value = match &given.value {
        Given::Value(value) => toml::Value::try_from(value).ok()?.to_string(),
        Given::Text(text) => said(text),
    };
    Some(format!("{} = {value}\n", given.name))
}

/// A text in which nothing is to be filled in.
fn said(text: &str) -> String {
    quoted(&braces::escape(text))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

impl Shelf {
    /// Writes a new view into the user's folder and loads it; gives its file. A view that is there is never overwritten. It
    /// writes to the disk, so it may take its time.
    ///
    /// # Errors
    /// There is no folder, the name is taken or no name, or the file cannot be written.
    pub fn add_view(&self, name: &str, text: &str) -> Result<PathBuf, EjectError> {
        check_view_name(name).map_err(EjectError::BadName)?;
        let folder = self.folder().ok_or(EjectError::NoFolder)?;
        let library = self.present();
        if library.own.views.contains(name) {
            return Err(EjectError::Exists(name.to_owned()));
        }
        if library.own.views.len() >= MADE_VIEWS_MAX {
            return Err(EjectError::Full);
        }
        if library.views.contains_key(name) {
            return Err(EjectError::BuiltIn(name.to_owned()));
        }
        let file = write_new_view(folder, name, text)?;
        self.look_now();
        Ok(file)
    }
}

/// Writes `views/NAME.toml` in a folder; gives its path. A view that is there is never overwritten.
///
/// # Errors
/// The name is taken, or the file cannot be written.
pub fn write_new_view(folder: &Path, name: &str, text: &str) -> Result<PathBuf, EjectError> {
    check_view_name(name).map_err(EjectError::BadName)?;
    let views = folder.join("views");
    let file = views.join(format!("{name}.toml"));
    if views.join(format!("{name}.html")).exists() {
        return Err(EjectError::Exists(name.to_owned()));
    }
    let written = || {
        fs::create_dir_all(&views)?;
        let mut new = fs::File::create_new(&file)?;
        let whole = new.write_all(text.as_bytes()).and_then(|()| new.sync_all());
        if whole.is_err() {
            // A part of it would stand in the way of the next attempt.
            drop(fs::remove_file(&file));
        }
        whole
    };
    match written() {
        Ok(()) => Ok(file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(EjectError::Exists(name.to_owned())),
        Err(error) => Err(EjectError::Failed(file.display().to_string(), error)),
    }
}
