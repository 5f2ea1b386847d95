//! A whole page: the shell around rendered components, with the scripts and styles that they need and no others.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::Value;
use sha2::{Digest, Sha256};

use super::data::Scene;
use super::definition::{Body, View};
use super::derive;
use super::html::{self, ToPaint};
use super::library::Library;
use super::problem::Problem;
use super::render::Painter;

/// The template of every page.
const SHELL: &str = "web/page.html";

/// The module that starts everything in the browser.
const BOOT: &str = "glassline/boot";

/// Views that have a page of their own, and where that is.
const OWN_PATHS: &[(&str, &str)] = &[("devices", "/"), ("status", "/status")];

/// A page, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The document.
    pub html: String,
    /// Its content policy, for `Content-Security-Policy`.
    pub csp: String,
}

/// A page with what went wrong on it.
pub(crate) struct Rendered {
    pub(crate) page: Page,
    pub(crate) problems: Vec<Problem>,
}

/// What is painted, and what the shell has to know of it.
struct Painted<'a> {
    title: String,
    view: &'a str,
    path: String,
    body: String,
    /// The id of the device whose page makes itself.
    auto: Option<&'a str>,
    free: bool,
    kinds: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Library {
    /// The page of a view; nothing when there is none of this name. A broken view is a page that says what is wrong.
    pub fn view_page(&self, name: &str, scene: &dyn Scene) -> Option<Page> {
        self.rendered_view(name, scene).map(|rendered| rendered.page)
    }

    /// The page that a device gets by itself; nothing when the hub has never heard of it.
    pub fn device_page(&self, id: &str, scene: &dyn Scene) -> Option<Page> {
        let device = scene.device(id)?;
        let (view, left_out) = derive::view(&device, self.value_has_sparkline());
        let mut painter = Painter::new(self, scene);
        let mut body = paint_grid(&mut painter, &view);
        if let Some(problem) = left_out {
            body.push_str(&painter.tile("device", None, problem));
        }
        let painted = Painted {
            title: view.title,
            view: derive::NAME,
            path: format!("/devices/{id}"),
            body,
            auto: Some(id),
            free: false,
            kinds: painter.kinds,
            problems: painter.problems,
        };
        Some(self.shell(painted, scene).page)
    }

    /// A page that says one thing: nothing found, not allowed, something failed. `path` is the one that was asked for.
    pub fn message_page(&self, path: &str, title: &str, message: &str, scene: &dyn Scene) -> Page {
        let body = format!("<p class=\"notice span-12\">{}</p>", super::escape::escape(message));
        let painted = Painted {
            title: title.to_owned(),
            view: "message",
            path: path.to_owned(),
            body,
            auto: None,
            free: false,
            kinds: BTreeSet::new(),
            problems: Vec::new(),
        };
        self.shell(painted, scene).page
    }

    fn value_has_sparkline(&self) -> bool {
        self.manifest("value").is_some_and(|manifest| manifest.settings.contains_key(derive::SPARKLINE))
    }

    pub(crate) fn rendered_view(&self, name: &str, scene: &dyn Scene) -> Option<Rendered> {
        let (name, loaded) = self.views.get_key_value(name)?;
        let mut painter = Painter::new(self, scene);
        let (title, body, free) = match loaded {
            Ok(view) => paint_view(self, &mut painter, view),
            Err(problems) => {
                let tiles = problems.iter().map(|problem| painter.tile(name, None, problem.clone()));
                (super::filters::humanize(name), tiles.collect(), false)
            }
        };
        let path = path_of(name);
        let (kinds, problems) = (painter.kinds, painter.problems);
        let painted = Painted { title, view: name, path, body, auto: None, free, kinds, problems };
        Some(self.shell(painted, scene))
    }

    fn shell(&self, painted: Painted<'_>, scene: &dyn Scene) -> Rendered {
        let script = format!("view/{}", painted.view);
        let modules = self.modules(&painted, &script);
        let import_map = self.import_map(&modules.in_map);
        let url = |name: &str| self.assets.url(name).map_or(Value::UNDEFINED, Value::from);
        let list = |urls: Vec<&str>| Value::from(urls.into_iter().map(Value::from).collect::<Vec<_>>());
        let variables = Value::from_pairs([
            ("title", Value::from(painted.title.as_str())),
            ("page", Value::from(painted.path.as_str())),
            ("view", Value::from(painted.view)),
            ("time", Value::from(scene.now_ms())),
            ("nav", self.navigation(&painted.path)),
            ("styles", list(self.styles(&painted))),
            ("import_map", Value::from_safe_string(import_map)),
            ("preloads", list(modules.at_once.iter().filter_map(|name| self.assets.url(name)).collect())),
            ("boot", url(BOOT)),
            ("theme", url("glassline/theme")),
            ("icon", url("icon.svg")),
            ("script", url(&script)),
            ("auto", painted.auto.map_or(Value::UNDEFINED, Value::from)),
            ("free", Value::from(painted.free)),
            ("storage", scene.storage().as_ref().map_or(Value::UNDEFINED, super::context::storage)),
            ("body", Value::from_safe_string(painted.body)),
        ]);
        let mut problems = painted.problems;
        let html = self.templates.get_template(SHELL).and_then(|template| template.render(variables));
        let html = html.unwrap_or_else(|error| {
            // The shell is built in, so this is an error in it: say so rather than nothing.
            let problem = Problem::from_template(SHELL, "", &error);
            let message = super::tile::error("page", None, &problem);
            problems.push(problem);
            format!("<!doctype html>\n<title>{}</title>\n{message}", super::escape::escape(&painted.title))
        });
        let csp = content_policy(&html);
        Rendered { page: Page { html, csp }, problems }
    }

    fn modules<'a>(&'a self, painted: &'a Painted<'_>, script: &'a str) -> Modules<'a> {
        let names = painted.kinds.iter().map(|kind| self.module_of(kind));
        let placed: Vec<&str> = names.flatten().chain([BOOT, script]).collect();
        let at_once = self.assets.needed_at_once(placed.iter().copied());
        let later =
            painted.auto.into_iter().flat_map(|_| derive::KINDS).filter_map(|kind| self.module_of(kind));
        let mut in_map = self.assets.needed(placed.iter().copied().chain(later));
        in_map.extend(self.assets.runtime_modules());
        Modules { at_once, in_map }
    }

    fn module_of(&self, kind: &str) -> Option<&str> {
        self.assets.module(&format!("component/{kind}"))
    }

    fn import_map(&self, modules: &BTreeSet<&str>) -> String {
        let imports: BTreeMap<&str, &str> = modules
            .iter()
            .filter(|module| !module.starts_with("view/"))
            .filter_map(|module| Some((*module, self.assets.url(module)?)))
            .collect();
        let map = serde_json::json!({ "imports": imports }).to_string();
        // Nothing in it may end the script element that it stands in.
        map.replace('<', "\\u003c")
    }

    fn styles(&self, painted: &Painted<'_>) -> Vec<&str> {
        let components = painted.kinds.iter().map(|kind| format!("component/{kind}.css"));
        let names = ["glassline.css", "component.css"].map(str::to_owned).into_iter().chain(components);
        let names = names.chain([format!("view/{}.css", painted.view)]);
        names.filter_map(|name| self.assets.url(&name)).collect()
    }

    fn navigation(&self, path: &str) -> Value {
        let item = |href: &str, label: &str| {
            Value::from_pairs([
                ("href", Value::from(href)),
                ("label", Value::from(label)),
                ("current", Value::from(href == path)),
            ])
        };
        let views = self.views().filter(|(name, _)| OWN_PATHS.iter().all(|(own, _)| own != name));
        let mut items = vec![item("/", "Devices")];
        items.extend(views.map(|(name, title)| item(&path_of(name), title)));
        items.push(item("/status", "Status"));
        Value::from(items)
    }
}

/// Scripts of a page.
struct Modules<'a> {
    /// Loaded at once.
    at_once: BTreeSet<&'a str>,
    /// May be imported.
    in_map: BTreeSet<&'a str>,
}

fn path_of(view: &str) -> String {
    let own = OWN_PATHS.iter().find(|(name, _)| *name == view);
    own.map_or_else(|| format!("/views/{view}"), |(_, path)| (*path).to_owned())
}

fn paint_view(library: &Library, painter: &mut Painter<'_>, view: &View) -> (String, String, bool) {
    let (file, variables) = match &view.body {
        Body::Grid(_) => return (view.title.clone(), paint_grid(painter, view), false),
        Body::Html { template, variables } => (template, variables),
    };
    let variables = Value::from_pairs(painter.lists().named_in(variables));
    let rendered = html::Rendered::new(&library.templates, file, variables);
    let body = rendered.and_then(|rendered| {
        let device = rendered.device.as_deref();
        let body = rendered.expand(|painted| match painted {
            ToPaint::Component(placed) => painter.paint(&placed, device),
            ToPaint::Tile(what, problem) => painter.tile_in_place(&what, problem),
        })?;
        Ok((rendered.title.clone().unwrap_or_else(|| view.title.clone()), body))
    });
    match body {
        Ok((title, body)) => (title, body + &painter.finish(file), true),
        Err(problem) => (view.title.clone(), painter.tile(&view.name, None, problem), false),
    }
}

fn paint_grid(painter: &mut Painter<'_>, view: &View) -> String {
    let Body::Grid(placements) = &view.body else {
        return String::new();
    };
    let device = view.device.as_deref();
    let wrong = view.wrong.iter().map(|problem| painter.tile_in_place(&view.name, problem.clone()));
    let mut body: String = wrong.collect();
    body.extend(placements.iter().map(|placed| painter.paint(placed, device)));
    body.push_str(&painter.finish(&format!("views/{}.toml", view.name)));
    body
}

/// The content policy of a document: nothing but what this hub serves, and the import map that is in it.
fn content_policy(html: &str) -> String {
    let import_map = html
        .split_once("<script type=\"importmap\">")
        .and_then(|(_, rest)| rest.split_once("</script>"))
        .map(|(map, _)| format!(" 'sha256-{}'", BASE64.encode(Sha256::digest(map))));
    let import_map = import_map.unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'{import_map}; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}
