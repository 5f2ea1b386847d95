//! Views in the author's own HTML: a template whose elements with `data-component` become components. What the function
//! `component(…)` writes is such an element too, so there is one way in which components get into HTML.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use lol_html::html_content::{Attribute, ContentType, Element, TextChunk};
use lol_html::{
    ElementContentHandlers, HandlerResult, RewriteStrSettings, Selector, element, rewrite_str, text,
};
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, OutputSpan, OutputSpanKind, State};

use super::component::add_template;
use super::deadline::Deadline;
use super::definition::{Body, Given, GivenSetting, Placement, View};
use super::depth::with_room;
use super::escape::{escape, unescape};
use super::filters::{humanize, json};
use super::inline::{self, Inline};
use super::limits::OUTPUT_BYTES_MAX;
use super::manifest::check_span;
use super::paragraph;
use super::problem::{Place, Problem};
use super::selection::Selection;

/// Stands between a view's HTML and the variables it has set, at the end of its output. It cannot be typed by accident.
const END: char = '\u{1}';

/// What is appended to a view's template to learn what it has set.
const TRAILER: &str = "\u{1}{{ device }}\u{1}{{ title }}";

/// In SVG a title is the tooltip of a shape, not that of the page.
const PICTURE_TITLE: &str = "svg title";

/// Adds what HTML views can call.
pub(crate) fn add_to(templates: &mut Environment<'static>) {
    templates.add_function("component", component);
    // A view names the pieces that it includes as they lie beside it: `{% include "parts/head.html" %}`.
    templates.set_path_join_callback(|name, parent| match parent.strip_prefix("views/") {
        Some(_) if !name.starts_with("views/") => format!("views/{name}").into(),
        _ => name.into(),
    });
}

/// Loads `views/NAME.html`: compiles it and looks once what title and device it has.
pub(crate) fn load(
    name: &str,
    file: &str,
    source: String,
    templates: &mut Environment<'static>,
    problems: &mut Vec<Problem>,
) -> Option<View> {
    problems.extend(inline::find(file, &source));
    let variables = add_template(file, source + TRAILER, templates, problems)?;
    // What only goes wrong with the data of a moment is shown when that moment comes.
    let rendered = Rendered::new(templates, file, Value::UNDEFINED).ok();
    let (title, devices) = rendered.map(|rendered| (rendered.title, rendered.devices)).unwrap_or_default();
    let devices = devices.as_deref().map(|devices| {
        let patterns: Vec<String> = devices.split(',').map(str::to_owned).collect();
        Selection::of_ids(&patterns).map_err(|what| format!("<meta name=\"devices\"> {what}."))
    });
    let devices =
        devices.and_then(|devices| devices.map_err(|what| problems.push(Problem::whole(file, what))).ok());
    let title = title.unwrap_or_else(|| humanize(name));
    let body = Body::Html { template: file.to_owned(), variables };
    Some(View { devices, body, ..View::of_parts(name, title, None, Vec::new()) })
}

/// A view's template, rendered: HTML in which the components are still to be expanded.
pub(crate) struct Rendered {
    /// The HTML.
    html: String,
    /// The view's device, from `{% set device = … %}` or `<meta name="device" content="…">`.
    pub(crate) device: Option<String>,
    /// The view's title, from `{% set title = … %}`, `<title>` or the first `<h1>`.
    pub(crate) title: Option<String>,
    /// The devices that one is chosen from, by `<meta name="devices" content="pump-*">`.
    devices: Option<String>,
    file: String,
    source: String,
    spans: Vec<OutputSpan>,
}

impl Rendered {
    /// Renders the template of this file.
    pub(crate) fn new(
        templates: &Environment<'static>,
        file: &str,
        variables: Value,
    ) -> Result<Self, Problem> {
        // Where it belongs to no page yet, which has one of its own.
        let _deadline = Deadline::of_page();
        with_room(file, || Self::of_template(templates, file, variables)).flatten()
    }

    fn of_template(templates: &Environment<'static>, file: &str, variables: Value) -> Result<Self, Problem> {
        let template =
            templates.get_template(file).map_err(|error| Problem::from_template(file, "", &error))?;
        let source = template.source().to_owned();
        let rendered = template.render_with_spans(variables);
        let (output, spans) = rendered.map_err(|error| Problem::from_template(file, &source, &error))?;
        let (html, device, title) = match source.ends_with(TRAILER) {
            true => {
                let mut parts = output.rsplitn(3, END);
                let (title, device) = (parts.next(), parts.next());
                (parts.next().unwrap_or_default().to_owned(), device, title)
            }
            // A piece of a view sets nothing.
            false => (output.clone(), None, None),
        };
        if html.len() > OUTPUT_BYTES_MAX {
            let what = format!("The view renders to {} bytes; {OUTPUT_BYTES_MAX} are the most.", html.len());
            return Err(Problem::whole(file, what));
        }
        let set = |text: Option<&str>| text.map(unescape).filter(|text| !text.is_empty());
        let mut rendered = Self {
            html,
            device: set(device),
            title: set(title),
            devices: None,
            file: file.to_owned(),
            source,
            spans,
        };
        rendered.read_head();
        Ok(rendered)
    }

    /// Replaces every element with `data-component` by what `paint` makes of it, and takes out what was said to us and
    /// what is inline, with a tile where that stood.
    pub(crate) fn expand(&self, paint: impl FnMut(ToPaint) -> String) -> Result<String, Problem> {
        let unreadable = |what| Problem::whole(&self.file, what);
        let inlines = inline::all_of(&self.html).map_err(unreadable)?;
        let tiles = by_offset(&inlines, |inline| inline.tile_before);
        let ignored = by_offset(&inlines, |inline| Some(inline.element));
        let paint = RefCell::new(paint);
        let inline = element!("*", |element| {
            let start = element.source_location().bytes().start;
            for inline in tiles.get(&start).into_iter().flatten() {
                element.before(&paint.borrow_mut()(self.tile(inline)), ContentType::Html);
            }
            ignored.get(&start).into_iter().flatten().for_each(|inline| take_out(inline, element));
            Ok(())
        });
        let component = element!("[data-component]", |element| {
            // One inside another is replaced with it.
            if !element.removed() {
                let painted = paint.borrow_mut()(ToPaint::Component(self.placement(element)));
                element.replace(&with_attributes(&painted, element), ContentType::Html);
            }
            Ok(())
        });
        let in_picture = Cell::new(false);
        let picture = element!(PICTURE_TITLE, |_| mark(&in_picture));
        let ours = element!("title, meta[name=device], meta[name=devices]", |element| {
            if !in_picture.take() {
                element.remove();
            }
            Ok(())
        });
        rewrite(&self.html, vec![inline, component, picture, ours]).map_err(unreadable)
    }

    /// Components that a browser breaks out of where they stand.
    pub(crate) fn in_paragraphs(&self) -> Vec<Problem> {
        let what = "A component cannot stand in <p>: a browser ends the paragraph before it, and what follows falls out of it. \
                    Write <div> in place of <p>.";
        let offsets = paragraph::components_within(&self.html).into_iter();
        offsets.map(|offset| Problem::new(self.place(offset), what.to_owned())).collect()
    }

    fn tile(&self, inline: &Inline) -> ToPaint {
        ToPaint::Tile(inline.name.clone(), Problem::new(self.place(inline.at), inline.what.clone()))
    }

    /// `<title>`, `<h1>` and `<meta name="device">`, where the template set nothing.
    fn read_head(&mut self) {
        let (device, devices) = (RefCell::new(None), RefCell::new(None));
        let (titles, headings): (RefCell<Vec<Text>>, RefCell<Vec<Text>>) = Default::default();
        let in_picture = Cell::new(false);
        let meta = element!("meta[name=device]", |element| {
            *device.borrow_mut() = element.get_attribute("content");
            Ok(())
        });
        let many = element!("meta[name=devices]", |element| {
            *devices.borrow_mut() = element.get_attribute("content");
            Ok(())
        });
        let picture = element!(PICTURE_TITLE, |_| mark(&in_picture));
        let title = element!("title", |_| begin_text(&titles, in_picture.take()));
        let title_text = text!("title", |text| add_text(&titles, text));
        let heading = element!("h1", |_| begin_text(&headings, false));
        let heading_text = text!("h1", |text| add_text(&headings, text));
        // HTML that cannot be read is told when it is expanded.
        let _ = rewrite(&self.html, vec![meta, many, picture, title, title_text, heading, heading_text]);
        let first = |texts: RefCell<Vec<Text>>| texts.take().into_iter().find(|text| !text.in_picture);
        let said = [first(titles), first(headings)].into_iter().flatten();
        let mut said = said.map(|text| unescape(text.text.trim())).filter(|text| !text.is_empty());
        self.device = self.device.take().or(device.into_inner().as_deref().map(unescape));
        self.title = self.title.take().or_else(|| said.next());
        self.devices = devices.into_inner().as_deref().map(unescape);
    }

    fn placement(&self, element: &Element<'_, '_>) -> Placement {
        let place = self.place(element.source_location().bytes().start);
        let kind = unescape(&element.get_attribute("data-component").unwrap_or_default());
        let mut placed = Placement::new(&kind, place);
        element.attributes().iter().for_each(|attribute| self.read_attribute(&mut placed, attribute));
        placed
    }

    fn read_attribute(&self, placed: &mut Placement, attribute: &Attribute<'_>) {
        let name = attribute.name();
        let Some(name) = name.strip_prefix("data-").filter(|name| *name != "component") else {
            return;
        };
        let name = name.replace('-', "_");
        let value = unescape(&attribute.value());
        let place = || match attribute.name_source_location() {
            Some(location) => self.place(location.bytes().start),
            None => placed.place.clone(),
        };
        match name.as_str() {
            "device" => placed.device = Some(value),
            "channel" => placed.channel = Some(value),
            "label" => placed.label = Some(value),
            "span" => match parse_span(&value) {
                Ok(span) => placed.size.span = Some(span),
                Err(what) => placed.wrong.push(Problem::new(place(), what)),
            },
            _ => {
                let place = place();
                placed.settings.push(GivenSetting { name, value: Given::Text(value), place });
            }
        }
    }

    /// Where in the author's file the byte `offset` of the output comes from.
    fn place(&self, offset: usize) -> Place {
        let span = self.spans.iter().find(|span| span.output_range().contains(&offset));
        match span {
            Some(span) if span.name() == self.file => {
                let within = match span.kind() {
                    OutputSpanKind::Raw => offset - span.output_range().start,
                    _ => 0,
                };
                Place::at(&self.file, &self.source, span.source_range().start + within)
            }
            _ => Place::whole(&self.file),
        }
    }
}

/// What is to be painted at a place of a view.
pub(crate) enum ToPaint {
    /// A component.
    Component(Placement),
    /// What is wrong with something else, and its name.
    Tile(String, Problem),
}

fn by_offset(inlines: &[Inline], offset: impl Fn(&Inline) -> Option<usize>) -> HashMap<usize, Vec<&Inline>> {
    let mut found: HashMap<usize, Vec<&Inline>> = HashMap::new();
    for inline in inlines {
        if let Some(offset) = offset(inline) {
            found.entry(offset).or_default().push(inline);
        }
    }
    found
}

/// Removes what a browser would ignore.
fn take_out(inline: &Inline, element: &mut Element<'_, '_>) {
    if inline.whole { element.remove() } else { element.remove_attribute(&inline.name) }
}

fn parse_span(text: &str) -> Result<u8, String> {
    let span = text.trim().parse();
    span.map_err(|_| format!("“span” must be a whole number, but is “{text}”.")).and_then(check_span)
}

/// What stands in an element.
struct Text {
    in_picture: bool,
    text: String,
}

/// Begins the text of another element of the same kind.
fn begin_text(texts: &RefCell<Vec<Text>>, in_picture: bool) -> HandlerResult {
    texts.borrow_mut().push(Text { in_picture, text: String::new() });
    Ok(())
}

/// Adds to the text of the newest element.
fn add_text(texts: &RefCell<Vec<Text>>, chunk: &TextChunk<'_>) -> HandlerResult {
    texts.borrow_mut().last_mut().into_iter().for_each(|text| text.text.push_str(chunk.as_str()));
    Ok(())
}

/// Notes that the element was met; the handler of the next selector for the same element takes the mark away.
fn mark(met: &Cell<bool>) -> HandlerResult {
    met.set(true);
    Ok(())
}

/// The component as rendered, with the attributes that the author gave the element it replaces: `class` is added to, `id`
/// and others are taken over.
fn with_attributes(painted: &str, author: &Element<'_, '_>) -> String {
    let ours = |name: &str| name.starts_with("data-");
    let given: Vec<(String, String)> = author
        .attributes()
        .iter()
        .map(|attribute| (attribute.name(), attribute.value()))
        .filter(|(name, _)| !ours(name))
        .collect();
    let mut first = true;
    let add = element!("*", |element| {
        if !std::mem::take(&mut first) {
            return Ok(());
        }
        for (name, value) in &given {
            match (name.as_str(), element.get_attribute("class")) {
                ("class", Some(class)) => element.set_attribute("class", &format!("{class} {value}"))?,
                _ => element.set_attribute(name, value)?,
            }
        }
        Ok(())
    });
    if given.is_empty() {
        return painted.to_owned();
    }
    rewrite(painted, vec![add]).unwrap_or_else(|_| painted.to_owned())
}

fn rewrite(
    html: &str,
    handlers: Vec<(Cow<'_, Selector>, ElementContentHandlers<'_>)>,
) -> Result<String, String> {
    let settings = RewriteStrSettings {
        element_content_handlers: handlers,
        strict: false,
        enable_esi_tags: false,
        ..RewriteStrSettings::new()
    };
    rewrite_str(html, settings).map_err(|error| format!("This cannot be read as HTML: {error}."))
}

/// `component("gauge", channel="temperature", unit="°C")`: the element that could have been written in its place.
fn component(state: &State, kind: String, settings: Kwargs) -> Result<Value, Error> {
    let mut html = format!("<div data-component=\"{}\"", escape(&kind));
    let view_device =
        state.lookup("device").filter(|device| device.as_str().is_some_and(|id| !id.is_empty()));
    if let Some(device) = view_device.filter(|_| !settings.has("device")) {
        push_attribute(&mut html, "device", &device)?;
    }
    let names: Vec<String> = settings.args().map(str::to_owned).collect();
    for name in names {
        push_attribute(&mut html, &name, &settings.get::<Value>(&name)?)?;
    }
    html.push_str("></div>");
    Ok(Value::from_safe_string(html))
}

/// A setting as an attribute. What is absent is not given.
fn push_attribute(html: &mut String, name: &str, value: &Value) -> Result<(), Error> {
    let text = match value.kind() {
        ValueKind::Undefined | ValueKind::None => return Ok(()),
        ValueKind::String => value.to_string(),
        ValueKind::Bool | ValueKind::Number | ValueKind::Seq | ValueKind::Map => json(value)?,
        kind => {
            let what = format!("“{name}” cannot be a {kind}");
            return Err(Error::new(ErrorKind::InvalidOperation, what));
        }
    };
    html.push_str(&format!(" data-{}=\"{}\"", escape(&name.replace('_', "-")), escape(&text)));
    Ok(())
}
