//! Everything that is wrong with a user's folder, found without a browser and without a device.

use minijinja::Value;

use super::component::Kind;
use super::data::StillScene;
use super::definition::Body;
use super::html::Rendered;
use super::library::Library;
use super::manifest::RESERVED;
use super::problem::{Place, Problem, did_you_mean};

/// What templates can call.
const FUNCTIONS: &[&str] = &["component", "dict", "namespace", "range", "say"];

impl Library {
    /// What is wrong with the components and views of the user's folder, by file and place: manifests and definitions,
    /// template syntax, names that mean nothing, missing components, wrong settings, inline scripts and styles, and what
    /// only shows when a component is rendered with its samples or a view without any device.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = self.problems().to_vec();
        for name in &self.own.components {
            problems.extend(self.samples(name).into_iter().flat_map(|(_, problems)| problems));
            // A program may bring names that nobody else knows.
            if let (Some(Ok(kind)), false) = (self.kinds.get(name), self.registered.contains_key(name)) {
                problems.extend(self.unknown_variables(kind));
            }
        }
        problems.extend(self.in_paragraphs());
        let scene = StillScene::default();
        let views = self.own.views.iter().filter_map(|name| self.rendered_view(name, &scene));
        problems.extend(views.flat_map(|rendered| rendered.problems));
        problems.sort_by(|a, b| (&a.place, &a.what).cmp(&(&b.place, &b.what)));
        problems.dedup();
        problems
    }

    /// Components of the user's views in HTML that stand where a browser takes them out.
    fn in_paragraphs(&self) -> Vec<Problem> {
        let rendered = |name: &String| match &self.views.get(name)?.as_ref().ok()?.body {
            // What cannot be rendered without data has its own problem, or none.
            Body::Html { template, .. } => Rendered::new(&self.templates, template, Value::UNDEFINED).ok(),
            Body::Grid(_) => None,
        };
        self.own.views.iter().filter_map(rendered).flat_map(|rendered| rendered.in_paragraphs()).collect()
    }

    /// Variables that the template names and that are nothing: they would be shown as nothing, without an error.
    fn unknown_variables(&self, kind: &Kind) -> Vec<Problem> {
        let settings = kind.manifest.settings.keys().map(String::as_str);
        let known: Vec<&str> = settings.chain(RESERVED.iter().chain(FUNCTIONS).copied()).collect();
        let unknown = kind.variables.iter().filter(|name| !known.contains(&name.as_str()));
        let template = self.templates.get_template(&kind.template).ok();
        let source = template.as_ref().map_or("", |template| template.source());
        let problem = |name: &String| {
            let what = format!("There is no variable “{name}”.{}", did_you_mean(name, known.iter().copied()));
            Problem::new(Place::at(&kind.template, source, offset_of(name, source)), what)
        };
        unknown.map(problem).collect()
    }
}

/// Where a name stands as a word of its own in a template's expressions.
fn offset_of(name: &str, source: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let stands_alone = |at: &usize| {
        let (before, after) = (&source[..*at], &source[at + name.len()..]);
        let in_expression = before.rfind(['{', '}']).is_some_and(|brace| before[brace..].starts_with('{'));
        in_expression && !before.ends_with(is_part) && !after.starts_with(is_part)
    };
    source.match_indices(name).map(|(at, _)| at).find(stands_alone).unwrap_or_default()
}
