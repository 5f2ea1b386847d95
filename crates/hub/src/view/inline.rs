//! Finds inline scripts and styles: the pages' content policy forbids them, so a browser would silently ignore them.

use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use super::problem::{Place, Problem};

/// What would be ignored in `source`, a template or an HTML view called `file`, in the order in which it stands.
pub(crate) fn find(file: &str, source: &str) -> Vec<Problem> {
    let blank = blank_expressions(source);
    let mut found: Vec<(usize, String)> = Vec::new();
    let look = element!("*", |element| {
        found.extend(of_element(element));
        Ok(())
    });
    let settings = RewriteStrSettings {
        element_content_handlers: vec![look],
        strict: false,
        enable_esi_tags: false,
        ..RewriteStrSettings::new()
    };
    if let Err(error) = rewrite_str(&blank, settings) {
        found.push((0, format!("This cannot be read as HTML: {error}.")));
    }
    found.into_iter().map(|(offset, what)| Problem::new(Place::at(file, source, offset), what)).collect()
}

fn of_element(element: &Element<'_, '_>) -> Vec<(usize, String)> {
    let tag = element.tag_name();
    let start = element.source_location().bytes().start;
    let mut found = Vec::new();
    if tag == "style" {
        found.push((
            start,
            "An inline <style> is ignored by browsers here: put it into the .css file.".to_owned(),
        ));
    }
    if tag == "script" && !element.has_attribute("src") && is_code(element.get_attribute("type").as_deref()) {
        found.push((
            start,
            "An inline <script> is ignored by browsers here: put it into the .js file.".to_owned(),
        ));
    }
    for attribute in element.attributes() {
        let name = attribute.name();
        let at = attribute.name_source_location().map_or(start, |location| location.bytes().start);
        if name == "style" {
            let instead = "use a class or an SVG attribute";
            found.push((at, format!("The attribute “style” is ignored by browsers here: {instead}.")));
        } else if name.len() > 2 && name.starts_with("on") {
            let instead = "listen for the event in the .js file";
            found.push((at, format!("The attribute “{name}” is ignored by browsers here: {instead}.")));
        } else if attribute.value().trim_start().to_ascii_lowercase().starts_with("javascript:") {
            found.push((at, format!("The script in “{name}” is ignored by browsers here.")));
        }
    }
    found
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
}
