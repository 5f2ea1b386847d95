//! A component as a folder: its manifest and template, and what it brings for the browser. And the door for programs that
//! embed the hub: a Rust type that gives a component's template more to show.

use std::collections::HashSet;

use minijinja::Environment;
use serde_json::{Map, Value as Json};

use super::assets::Assets;
use super::data::DeviceData;
use super::depth::with_room;
use super::files::Files;
use super::inline;
use super::manifest::{Manifest, check_component_name};
use super::problem::{Problem, nearest};

/// The files of a component that mean something.
const ROLES: &[&str] = &["component.toml", "template.html", "element.js", "style.css", "sample.json"];

/// Extra data for a component's template, from a program that embeds the hub. The component's folder is as any other's.
pub trait Component: Send + Sync {
    /// The component it belongs to: the name of its folder.
    fn name(&self) -> &str;

    /// An object whose members the template sees by their names, next to its settings and before everything that is
    /// its own: a name that every template has (`device`, `value`, …) cannot be taken over. Anything else than an object
    /// adds nothing. It is called for each rendering, so it should not wait for anything.
    fn context(&self, place: &PlacedAt<'_>) -> Json;
}

/// Where a component stands.
#[derive(Clone, Copy, Debug)]
pub struct PlacedAt<'a> {
    /// The device it is bound to, if the hub knows it.
    pub device: Option<&'a DeviceData>,
    /// The channel it is bound to.
    pub channel: Option<&'a str>,
    /// Its settings, defaults filled in.
    pub settings: &'a Map<String, Json>,
}

/// A loaded component folder.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its manifest.
    pub(crate) manifest: Manifest,
    /// The name of its template, which is that of its file.
    pub(crate) template: String,
    /// The variables that the template names.
    pub(crate) variables: HashSet<String>,
    /// `sample.json`, for galleries and tests.
    pub(crate) sample: Option<String>,
}

impl Kind {
    /// Loads the folder `components/name`: its template goes into `templates`, its script and style into `assets`.
    /// A folder in which anything is wrong is not loaded; every problem is told.
    pub(crate) fn load(
        files: &Files,
        name: &str,
        templates: &mut Environment<'static>,
        assets: &mut Assets,
    ) -> Result<Self, Vec<Problem>> {
        let path = |file: &str| format!("components/{name}/{file}");
        check_component_name(name)
            .map_err(|what| vec![Problem::whole(&format!("components/{name}"), what)])?;
        let mut problems = Vec::new();
        let manifest = keep(required(files, &path("component.toml")), &mut problems)
            .and_then(|source| keep(Manifest::parse(&path("component.toml"), &source), &mut problems));
        let template = path("template.html");
        let variables = keep(required(files, &template), &mut problems).and_then(|source| {
            // Browsers would ignore it, so it is said here.
            problems.extend(inline::find(&template, &source));
            add_template(&template, source, templates, &mut problems)
        });
        problems.extend(misnamed(files, name));
        let sample = files.text(&path("sample.json")).and_then(|sample| keep(sample, &mut problems));
        let element = files.bytes(&path("element.js")).and_then(|element| keep(element, &mut problems));
        if let Some(element) = &element
            && !has_default_export(element)
        {
            problems.push(Problem::whole(
                &path("element.js"),
                "There is no default export: the component's class.",
            ));
        }
        let style = files.bytes(&path("style.css")).and_then(|style| keep(style, &mut problems));
        let (Some(manifest), Some(variables), true) = (manifest, variables, problems.is_empty()) else {
            return Err(problems);
        };
        if let Some(element) = element {
            assets.add_module(&format!("component/{name}"), name, element);
        }
        if let Some(style) = style {
            assets.add_component_style(name, &style);
        }
        Ok(Self { manifest, template, variables, sample })
    }
}

/// Whether a script seems to have one: whether it is a class can only be told by a browser.
fn has_default_export(script: &[u8]) -> bool {
    let script = String::from_utf8_lossy(script);
    script.contains("export default") || script.contains("as default")
}

/// Compiles a template under the name of its file and says which variables it names.
pub(crate) fn add_template(
    file: &str,
    source: String,
    templates: &mut Environment<'static>,
    problems: &mut Vec<Problem>,
) -> Option<HashSet<String>> {
    let compiled = with_room(file, || {
        let added = templates.add_template_owned(file.to_owned(), source.clone());
        added.map_err(|error| Problem::from_template(file, &source, &error))?;
        let named = templates.get_template(file).map(|template| template.undeclared_variables(false));
        Ok(named.unwrap_or_default())
    });
    compiled.flatten().map_err(|problem| problems.push(problem)).ok()
}

/// Files whose names are almost those that mean something.
fn misnamed(files: &Files, name: &str) -> Vec<Problem> {
    let folder = format!("components/{name}");
    let almost = files.names(&folder).into_iter().filter(|file| !ROLES.contains(file)).filter_map(|file| {
        let role = nearest(file, ROLES.iter().copied())?;
        Some(Problem::whole(
            &format!("{folder}/{file}"),
            format!("Did you mean “{role}”? “{file}” has no meaning."),
        ))
    });
    almost.collect()
}

fn required(files: &Files, path: &str) -> Result<String, Problem> {
    files.text(path).unwrap_or_else(|| Err(Problem::whole(path, "The file is missing.")))
}

fn keep<T>(result: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}
