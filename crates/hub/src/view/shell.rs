//! The shell of a page: what stands around rendered components, with the scripts and styles that they need and no others.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::Value;
use sha2::{Digest, Sha256};

use super::audit;
use super::data::Scene;
use super::deadline::Lifted;
use super::gallery;
use super::library::Library;
use super::page::Rendered;
use super::people;
use super::problem::Problem;
use super::volume::RUNTIME;
use crate::Configuration;

/// The template of every page.
const SHELL: &str = "web/page.html";

/// The module that starts everything in the browser.
const BOOT: &str = "glassline/boot";

/// Views that have a page of their own, and where that is.
const OWN_PATHS: &[(&str, &str)] = &[("devices", "/"), ("gateways", "/gateways"), ("status", "/status")];

/// A page, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The document.
    pub html: String,
    /// Its content policy, for `Content-Security-Policy`, all but who may frame it (`frame-ancestors`).
    pub csp: String,
}

/// What is painted, and what the shell has to know of it.
pub(crate) struct Painted<'a> {
    pub(crate) title: String,
    pub(crate) view: &'a str,
    pub(crate) path: String,
    /// What stands between the title and the body: HTML.
    pub(crate) above: String,
    pub(crate) body: String,
    /// The id of the device whose page makes itself.
    pub(crate) auto: Option<&'a str>,
    pub(crate) free: bool,
    pub(crate) kinds: BTreeSet<String>,
    pub(crate) problems: Vec<Problem>,
}

impl Library {
    /// The whole page of what is painted.
    pub(crate) fn shell(&self, painted: Painted<'_>, scene: &dyn Scene) -> Rendered {
        // However long its components took, there is a page around them.
        let _lifted = Lifted::begin();
        let script = format!("view/{}", painted.view);
        let modules = self.modules(&painted, &script);
        let import_map = self.import_map(&modules.in_map);
        // Several modules may be one script.
        let preloads: BTreeSet<&str> =
            modules.at_once.iter().filter_map(|name| self.assets.url(name)).collect();
        let url = |name: &str| self.assets.url(name).map_or(Value::UNDEFINED, Value::from);
        let list = |urls: Vec<&str>| Value::from(urls.into_iter().map(Value::from).collect::<Vec<_>>());
        let look = scene.look();
        let variables = Value::from_pairs([
            ("title", Value::from(painted.title.as_str())),
            ("page", Value::from(painted.path.as_str())),
            ("view", Value::from(painted.view)),
            ("time", Value::from(scene.now_ms())),
            ("nav", self.navigation(&painted.path, scene)),
            ("styles", list(self.styles(&painted))),
            ("import_map", Value::from_safe_string(import_map)),
            ("preloads", list(preloads.into_iter().collect())),
            ("boot", url(BOOT)),
            ("theme", look.theme.map_or(Value::UNDEFINED, |theme| Value::from(theme.as_str()))),
            ("kiosk", Value::from(look.kiosk)),
            ("may_look", Value::from(scene.may_look())),
            ("icon", url("icon.svg")),
            ("script", url(&script)),
            ("auto", painted.auto.map_or(Value::UNDEFINED, Value::from)),
            ("free", Value::from(painted.free)),
            ("storage", scene.storage().as_ref().map_or(Value::UNDEFINED, super::context::storage)),
            ("above", Value::from_safe_string(painted.above)),
            ("body", Value::from_safe_string(painted.body)),
            ("library", Value::from(self.print())),
            ("runtime", Value::from(self.volumes.made(RUNTIME))),
            ("made", Value::from(self.volumes.made_of_view(painted.view))),
            ("configuration", configuration(&scene.configuration())),
        ]);
        let earlier = Value::from_pairs(self.shown_earlier(scene.query()));
        let variables = minijinja::context! { ..variables, ..earlier };
        let mut problems = painted.problems;
        let html = self.templates.get_template(SHELL).and_then(|template| template.render(variables));
        let html = html.unwrap_or_else(|error| {
            // The shell is built in, so this is an error in it: say so rather than nothing.
            let problem = Problem::from_template(SHELL, "", &error);
            let message = super::tile::error("page", None, &problem, None);
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
        // All of them: a map cannot be added to later, and what is swapped in may import any.
        let in_map = self.assets.modules().filter(|module| !module.starts_with("view/")).collect();
        Modules { at_once, in_map }
    }

    fn module_of(&self, kind: &str) -> Option<&str> {
        self.assets.module(&format!("component/{kind}"))
    }

    fn import_map(&self, modules: &BTreeSet<&str>) -> String {
        let imports: BTreeMap<&str, &str> =
            modules.iter().filter_map(|module| Some((*module, self.assets.url(module)?))).collect();
        let map = serde_json::json!({ "imports": imports }).to_string();
        // Nothing in it may end the script element that it stands in.
        map.replace('<', "\\u003c")
    }

    fn styles(&self, painted: &Painted<'_>) -> Vec<&str> {
        let components = painted.kinds.iter().map(|kind| format!("component/{kind}.css"));
        let names = std::iter::once("glassline.css".to_owned()).chain(components);
        let names = names.chain([format!("view/{}.css", painted.view)]);
        let own =
            [(gallery::NAME, gallery::STYLE), (audit::NAME, audit::STYLE), (people::NAME, people::STYLE)];
        let own = own.into_iter().filter(|(view, _)| *view == painted.view);
        let names = names.chain(own.map(|(_, style)| style.to_owned()));
        names.filter_map(|name| self.assets.url(&name)).collect()
    }

    /// Whether whoever looks may look at the view. Those with a page of their own are for everybody: what they show is not.
    pub(crate) fn is_shown(&self, view: &str, scene: &dyn Scene) -> bool {
        OWN_PATHS.iter().any(|(own, _)| *own == view) || scene.may_view(view)
    }

    fn navigation(&self, path: &str, scene: &dyn Scene) -> Value {
        let item = |href: &str, label: &str| {
            Value::from_pairs([
                ("href", Value::from(href)),
                ("label", Value::from(label)),
                ("current", Value::from(href == path)),
            ])
        };
        let views = self.views().filter(|(name, _)| OWN_PATHS.iter().all(|(own, _)| own != name));
        let views = views.filter(|(name, _)| scene.may_view(name));
        let mut items = vec![item("/", &self.say("page.devices", &[]))];
        items.extend(views.map(|(name, title)| item(&path_of(name), title)));
        items.push(item("/components", "Components"));
        items.push(item("/gateways", &self.say("page.gateways", &[])));
        items.push(item("/status", &self.say("page.status", &[])));
        if scene.may_admin() {
            items.push(item("/people", &self.say("page.people", &[])));
            items.push(item("/audit", &self.say("page.audit", &[])));
        }
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

/// Where the page of a view is.
pub(crate) fn path_of(view: &str) -> String {
    let own = OWN_PATHS.iter().find(|(name, _)| *name == view);
    own.map_or_else(|| format!("/views/{view}"), |(_, path)| (*path).to_owned())
}

/// How the configuration stands, where there is something to say of it.
fn configuration(configuration: &Configuration) -> Value {
    match configuration {
        Configuration::Holds => Value::UNDEFINED,
        Configuration::Wrong { place, what } => {
            Value::from_pairs([("place", Value::from(place.as_str())), ("what", Value::from(what.as_str()))])
        }
        Configuration::Restart { keys } => Value::from_pairs([("keys", Value::from(keys.join(", ")))]),
    }
}

/// The content policy of a document: nothing but what this hub serves, and the import map that is in it. Who may frame it is
/// added by whoever serves it. Text becomes markup or a script's address only through the policies that are named here:
/// `glassline` is that of our own pages (`web/trusted.js`), `component` is for those of components.
fn content_policy(html: &str) -> String {
    let import_map = html
        .split_once("<script type=\"importmap\">")
        .and_then(|(_, rest)| rest.split_once("</script>"))
        .map(|(map, _)| format!(" 'sha256-{}'", BASE64.encode(Sha256::digest(map))));
    let import_map = import_map.unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'{import_map}; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; \
         require-trusted-types-for 'script'; trusted-types glassline component 'allow-duplicates'"
    )
}
