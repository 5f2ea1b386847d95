//! Finds inline scripts and styles: the pages' content policy forbids them, so a browser would silently ignore them.

use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use super::problem::{Place, Problem};
use super::room::Walk;

/// Attributes whose value is an address, and so may be a script.
const ADDRESSES: &[&str] = &["action", "formaction", "href", "src", "xlink:href"];

/// Something inline in a document. All offsets are in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inline {
    /// Where its element begins.
    pub(crate) element: usize,
    /// Whether it is the whole element, or an attribute of it.
    pub(crate) whole: bool,
    /// The name of the element or attribute, in small letters.
    pub(crate) name: String,
    /// Where it stands itself.
    pub(crate) at: usize,
    /// Where the element begins before which a tile about it can stand; nothing where it will not be shown.
    pub(crate) tile_before: Option<usize>,
    /// What is wrong with it and what to do instead.
    pub(crate) what: String,
}

/// What would be ignored in `source`, a template or an HTML view called `file`, in the order in which it stands.
pub(crate) fn find(file: &str, source: &str) -> Vec<Problem> {
    match all_of(&blank_expressions(source)) {
        Ok(found) => found
            .into_iter()
            .map(|inline| Problem::new(Place::at(file, source, inline.at), inline.what))
            .collect(),
        Err(what) => vec![Problem::new(Place::at(file, source, 0), what)],
    }
}

/// Everything inline in a document, in the order in which it stands; or why it cannot be read.
pub(crate) fn all_of(html: &str) -> Result<Vec<Inline>, String> {
    let (mut found, walk) = (Vec::new(), Walk::default());
    let look = element!("*", |element| {
        let tile_before = walk.enter(element)?;
        found.extend(of_element(element).into_iter().map(|inline| Inline { tile_before, ..inline }));
        Ok(())
    });
    let settings = RewriteStrSettings {
        element_content_handlers: vec![look],
        strict: false,
        enable_esi_tags: false,
        ..RewriteStrSettings::new()
    };
    match rewrite_str(html, settings) {
        Ok(_) => Ok(found),
        Err(error) => Err(format!("This cannot be read as HTML: {error}.")),
    }
}

fn of_element(element: &Element<'_, '_>) -> Vec<Inline> {
    let start = element.source_location().bytes().start;
    let inline = |whole, name, at, what| Inline { element: start, whole, name, at, tile_before: None, what };
    let whole = inline_element(element).map(|what| inline(true, element.tag_name(), start, what.to_owned()));
    let attributes = element.attributes().iter().filter_map(|attribute| {
        let name = attribute.name();
        let at = attribute.name_source_location().map_or(start, |location| location.bytes().start);
        let what = inline_attribute(&name, &attribute.value())?;
        Some(inline(false, name, at, what))
    });
    whole.into_iter().chain(attributes).collect()
}

fn inline_element(element: &Element<'_, '_>) -> Option<&'static str> {
    match element.tag_name().as_str() {
        "style" => Some("An inline <style> is ignored by browsers here: put it into the .css file."),
        "script" if !element.has_attribute("src") && is_code(element.get_attribute("type").as_deref()) => {
            Some("An inline <script> is ignored by browsers here: put it into the .js file.")
        }
        _ => None,
    }
}

fn inline_attribute(name: &str, value: &str) -> Option<String> {
    let is_script =
        || ADDRESSES.contains(&name) && value.trim_start().to_ascii_lowercase().starts_with("javascript:");
    let instead = match name {
        "style" => "use a class or an SVG attribute",
        _ if name.len() > 2 && name.starts_with("on") => "listen for the event in the .js file",
        _ if is_script() => return Some(format!("The script in “{name}” is ignored by browsers here.")),
        _ => return None,
    };
    Some(format!("The attribute “{name}” is ignored by browsers here: {instead}."))
}

/// Whether a script element of this type runs; other types are data.
fn is_code(kind: Option<&str>) -> bool {
    let kind = kind.unwrap_or_default().trim().to_ascii_lowercase();
    kind.is_empty() || kind.ends_with("javascript") || kind == "module" || kind == "importmap"
}

/// The source with the template's own syntax painted over, every byte in its place: expressions become text that could
/// stand anywhere, statements and comments become blank.
pub(crate) fn blank_expressions(source: &str) -> String {
    let mut blank = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = ["{{", "{%", "{#"].iter().filter_map(|mark| rest.find(mark)).min() {
        let (end_mark, paint) = match rest.as_bytes()[start + 1] {
            b'{' => ("}}", 'x'),
            b'%' => ("%}", ' '),
            _ => ("#}", ' '),
        };
        let end = rest[start + 2..].find(end_mark).map_or(rest.len(), |at| start + 2 + at + 2);
        blank.push_str(&rest[..start]);
        blank.extend(rest[start..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { paint }));
        rest = &rest[end..];
    }
    blank.push_str(rest);
    blank
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(source: &str) -> Vec<String> {
        find("t.html", source)
            .iter()
            .map(|problem| format!("{}:{}", problem.place.line, problem.place.column))
            .collect()
    }

    #[test]
    fn inline_code_is_found_where_it_stands() {
        assert_eq!(
            problems("<p>\n<b style=\"x\">\n<script>1</script><style></style>"),
            ["2:4", "3:1", "3:19"]
        );
        assert_eq!(problems("<button id=a onclick='{{ x }}'>"), ["1:14"]);
        assert_eq!(problems("<a href=' JavaScript:void 0'>"), ["1:4"]);
    }

    #[test]
    fn what_is_allowed_is_not_found() {
        let fine = "<script src=x></script><script type=application/json>{}</script><text on=1>\
            {# <style> #}{{ \"<style>\" }}<p class=\"{% if a < b %}style=1{% endif %}\" data-style=1>";
        assert_eq!(problems(fine), [""; 0]);
    }

    #[test]
    fn painting_over_keeps_every_byte_in_place() {
        assert_eq!(blank_expressions("a{{ b }}c{% d\n%}e{# f"), "axxxxxxxc    \n  e    ");
        assert_eq!(blank_expressions("{{ “b” }}").len(), "{{ “b” }}".len());
    }
    /// The start of the element before which the tile about each inline thing goes.
    fn tiles(html: &str) -> Vec<Option<&str>> {
        let found = all_of(html).expect("it can be read");
        let start = |inline: &Inline| Some(html[inline.tile_before?..].split_once(['>', ' '])?.0);
        found.iter().map(start).collect()
    }

    #[test]
    fn a_tile_stands_before_what_cannot_hold_it() {
        let html = "<b style=1></b><p>a<i style=1></i></p><i style=1></i><div><p>b</div><u style=1></u>\
            <svg><g onclick=1 /><style></style></svg><table><tr style=1><td style=1><s style=1></s></table>";
        let expected = ["<b", "<p", "<i", "<u", "<svg", "<svg", "<table", "<table", "<s"];
        assert_eq!(tiles(html), expected.map(Some));
    }

    #[test]
    fn a_paragraph_may_end_without_its_tag() {
        let html = "<p>a<p>b<i style=1></i><div style=1></div>";
        let found = all_of(html).expect("it can be read");
        let before: Vec<_> = found.iter().map(|inline| inline.tile_before).collect();
        assert_eq!(before, [html.find("<p>b"), html.find("<div")]);
    }

    #[test]
    fn what_a_component_replaces_has_no_tile() {
        assert_eq!(tiles("<p data-component=x><b style=1></b><div onclick=1></div></p>"), [None, None]);
        assert_eq!(tiles("<p data-component=x style=1></p>"), [Some("<p")]);
    }
}
