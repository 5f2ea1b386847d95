//! Views arranged: sections, repeated for devices or not, and pieces of HTML; what is variable in them filled in.

use std::collections::{BTreeSet, HashSet};

use minijinja::Value;
use minijinja::value::Serde;

use super::chooser::{Choice, Chooser};
use super::data::DeviceRow;
use super::definition::{Body, Part, Piece, Placement, Section, View};
use super::escape::escape;
use super::html::{Rendered, ToPaint};
use super::library::Library;
use super::limits::{SECTION_DEVICES_MAX, SPAN_MAX};
use super::problem::Problem;
use super::query::Query;
use super::render::Painter;
use super::tile;
use super::variable::Values;

/// A view, painted.
pub(crate) struct Arranged {
    pub(crate) title: String,
    /// Where devices and variables are chosen; empty where there is nothing to choose.
    pub(crate) chooser: String,
    pub(crate) body: String,
    /// Whether the body is the author's own HTML.
    pub(crate) free: bool,
}

/// Where a part stands: what its texts are filled in with, and the device of what names none.
struct Standing<'v> {
    values: Values,
    device: Option<String>,
    view: &'v View,
    query: &'v Query,
}

/// Paints a view as the address of the page asks for it.
pub(crate) fn arrange(library: &Library, painter: &mut Painter<'_>, view: &View) -> Arranged {
    let query = Query::read(painter.scene().query());
    let (values, wrong) = Values::of(&view.variables, &query);
    let choice = view.devices.as_ref().map(|devices| {
        let first = view.device.as_deref().map(|device| values.fill(device));
        Choice::of(painter.lists(), devices, query.get("device"), first.as_deref())
    });
    let chosen = match &choice {
        Some(choice) => choice.chosen.clone(),
        None => view.device.as_deref().map(|device| values.fill(device)),
    };
    let device = chosen.filter(|id| !id.is_empty());
    let values = match &device {
        Some(id) => values.for_device(id, &painter.name_of(id)),
        None => values,
    };
    let chooser = Chooser { view, choice: choice.as_ref(), values: &values, query: &query }.html(library);
    let chooser = chooser.unwrap_or_else(|problem| painter.tile(&view.name, None, problem));
    let wrong = wrong.into_iter().map(|problem| painter.tile_in_place(&view.name, problem));
    let wrong: String = wrong.collect();
    let standing = Standing { values, device, view, query: &query };
    let arranged = match &view.body {
        Body::Grid(parts) => Arranged {
            title: standing.values.fill(&view.title),
            chooser,
            body: standing.grid(library, painter, parts),
            free: false,
        },
        Body::Html { .. } => standing.free(library, painter, chooser),
    };
    let missing = if choice.is_none() { missing(library, painter, &query) } else { String::new() };
    Arranged { body: missing + &wrong + &arranged.body, ..arranged }
}

/// That a device is not there which the address says something is to be shown of. Where devices are chosen from, the chooser says
/// so.
fn missing(library: &Library, painter: &Painter<'_>, query: &Query) -> String {
    let missing: BTreeSet<&str> =
        query.iter().map(|(_, text)| text).filter(|id| painter.misses(id)).collect();
    let notice = |id| {
        let words = library.say("message.no-device", &[("id", id)]);
        format!("<p class=\"notice nobody span-12\" role=\"status\">{}</p>\n", escape(&words))
    };
    missing.into_iter().map(notice).collect()
}

/// Paints a view that no address says anything of: the page that a device gets by itself.
pub(crate) fn paint_grid(library: &Library, painter: &mut Painter<'_>, view: &View) -> String {
    let Body::Grid(parts) = &view.body else { return String::new() };
    let (values, device) = (Values::default(), view.device.clone());
    Standing { values, device, view, query: &Query::default() }.grid(library, painter, parts)
}

impl Standing<'_> {
    fn grid(&self, library: &Library, painter: &mut Painter<'_>, parts: &[Part]) -> String {
        let view = self.view;
        let wrong = view.wrong.iter().map(|problem| painter.tile_in_place(&view.name, problem.clone()));
        let mut body: String = wrong.collect();
        let mut sections = 0;
        for part in parts {
            match part {
                Part::Section(section) => {
                    sections += 1;
                    body.push_str(&self.section(library, painter, section, sections));
                }
                part => body.push_str(&self.part(library, painter, part)),
            }
        }
        body.push_str(&painter.finish(&format!("views/{}.toml", view.name)));
        body
    }

    /// What is no section.
    fn part(&self, library: &Library, painter: &mut Painter<'_>, part: &Part) -> String {
        match part {
            Part::Component(placed) => self.component(painter, placed),
            Part::Html(piece) => self.piece(library, painter, piece),
            Part::Wrong(problem) => painter.tile_in_place(&self.view.name, problem.clone()),
            // Sections hold no sections.
            Part::Section(_) => String::new(),
        }
    }

    fn component(&self, painter: &mut Painter<'_>, placed: &Placement) -> String {
        painter.paint(&self.values.fill_placement(placed), self.device.as_deref())
    }

    fn section(&self, library: &Library, painter: &mut Painter<'_>, section: &Section, nth: usize) -> String {
        let Some(each) = &section.each else {
            return self.one_section(library, painter, section, &format!("s-{nth}"));
        };
        let (shown, total) = painter.lists().devices_that(|row| each.fits(row), SECTION_DEVICES_MAX);
        let left_out = total - shown.len();
        if shown.is_empty() {
            // What is wrong in it is found all the same, and what it needs is loaded before its first device comes.
            self.one_section(library, painter, section, "s");
            return format!(
                "<section class=\"section span-12\" id=\"s-{nth}\">{}</section>\n",
                none(library, each.said())
            );
        }
        let mut html = String::new();
        for DeviceRow { id, name, .. } in shown {
            painter.within = Some(id.clone());
            let standing =
                Self { values: self.values.for_device(&id, &name), device: Some(id.clone()), ..*self };
            html.push_str(&standing.one_section(library, painter, section, &format!("s-{nth}-{id}")));
        }
        painter.within = None;
        if left_out > 0 {
            let what = format!(
                "{left_out} more devices are left out: a section is there for {SECTION_DEVICES_MAX} at most."
            );
            let file = format!("views/{}.toml", self.view.name);
            html.push_str(&painter.tile_in_place(&self.view.name, Problem::whole(&file, what)));
        }
        html
    }

    fn one_section(
        &self,
        library: &Library,
        painter: &mut Painter<'_>,
        section: &Section,
        id: &str,
    ) -> String {
        let parts = section.parts.iter().map(|part| self.part(library, painter, part));
        let parts: String = parts.collect();
        let title = match (&section.title, &section.each) {
            (Some(title), _) => self.values.fill(title),
            (None, Some(_)) => self.values.fill("{name}"),
            (None, None) => String::new(),
        };
        tile::section(id, &title, &parts)
    }

    /// A piece of HTML on the grid, or its tile.
    fn piece(&self, library: &Library, painter: &mut Painter<'_>, piece: &Piece) -> String {
        let told = piece.told.iter().map(|(name, value)| (name.to_owned(), self.values.fill_value(value)));
        let values = self.values.with(told);
        let device = piece.device.as_deref().map(|device| self.values.fill(device)).or(self.device.clone());
        let variables = self.variables(painter, &values, device.as_deref(), &library.piece_variables);
        let body = Rendered::new(&library.templates, &piece.template, variables)
            .and_then(|rendered| expand(&rendered, painter, device.as_deref()));
        match body {
            Ok(body) => tile::piece(piece.size.width(SPAN_MAX), &piece.size.classes(), &body),
            Err(problem) => painter.tile_in_place(&self.view.name, problem),
        }
    }

    /// A view in HTML.
    fn free(&self, library: &Library, painter: &mut Painter<'_>, chooser: String) -> Arranged {
        let Body::Html { template, variables } = &self.view.body else {
            return Arranged { title: String::new(), chooser, body: String::new(), free: true };
        };
        let is_whole = !library.includes_pieces(template);
        let names = if is_whole { variables } else { &library.with_piece_variables(variables) };
        let variables = self.variables(painter, &self.values, self.device.as_deref(), names);
        let rendered = Rendered::new(&library.templates, template, variables);
        let body = rendered.and_then(|rendered| {
            let device = rendered.device.as_deref().or(self.device.as_deref());
            let body = expand(&rendered, painter, device)?;
            Ok((rendered.title.clone().unwrap_or_else(|| self.view.title.clone()), body))
        });
        match body {
            Ok((title, body)) => {
                Arranged { title, chooser, body: body + &painter.finish(template), free: true }
            }
            Err(problem) => {
                let body = painter.tile(&self.view.name, None, problem);
                Arranged { title: self.view.title.clone(), chooser, body, free: false }
            }
        }
    }

    /// What a template in HTML sees.
    fn variables(
        &self,
        painter: &Painter<'_>,
        values: &Values,
        device: Option<&str>,
        names: &HashSet<String>,
    ) -> Value {
        let lists = painter.lists().named_in(names).map(|(name, value)| (name.to_owned(), value));
        let query = Value::from_pairs(self.query.iter());
        let own = values.iter().map(|(name, value)| (name.to_owned(), Value::from(Serde(value))));
        let device = device.map(|id| ("device".to_owned(), Value::from(id)));
        Value::from_pairs(lists.chain([("query".to_owned(), query)]).chain(own).chain(device))
    }
}

impl Library {
    /// Whether a view in HTML takes in other files.
    fn includes_pieces(&self, template: &str) -> bool {
        let words = ["include", "import", "extends"];
        let template = self.templates.get_template(template);
        template.is_ok_and(|template| words.iter().any(|word| template.source().contains(word)))
    }

    /// The variables that a view names, and those that pieces do.
    fn with_piece_variables(&self, variables: &HashSet<String>) -> HashSet<String> {
        variables.union(&self.piece_variables).cloned().collect()
    }
}

fn expand(rendered: &Rendered, painter: &mut Painter<'_>, device: Option<&str>) -> Result<String, Problem> {
    rendered.expand(|painted| match painted {
        ToPaint::Component(placed) => painter.paint(&placed, device),
        ToPaint::Tile(what, problem) => painter.tile_in_place(&what, problem),
    })
}

/// That there is no device yet which a section is for.
fn none(library: &Library, said: &str) -> String {
    let words = library.say("view.none", &[("devices", said)]);
    format!("<p class=\"notice\">{}</p>", escape(&words))
}
