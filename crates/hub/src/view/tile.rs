//! What stands on the grid beside components: the tile in the place of what could not be shown, which says what is wrong and
//! where; sections; pieces of an author's HTML.

use super::escape::escape;
use super::problem::Problem;

/// Width of a tile where the view gives none, in twelfths.
const SPAN_DEFAULT: u8 = 4;

/// The tile for `kind`, the component that should stand here (or what else could not be shown). `good` leads to its last good
/// version, where there is one: address and text.
pub(crate) fn error(
    kind: &str,
    span: Option<u8>,
    problem: &Problem,
    good: Option<(String, String)>,
) -> String {
    let (kind, what, place) = (escape(kind), escape(&problem.what), escape(&problem.place.to_string()));
    let span = span.unwrap_or(SPAN_DEFAULT);
    // What a page made by itself was placed nowhere.
    let place = if place.is_empty() { place } else { format!("<p class=\"where\">{place}</p>") };
    let link = |(address, text): (String, String)| {
        format!("<p class=\"good\"><a href=\"{}\">{}</a></p>", escape(&address), escape(&text))
    };
    let good = good.map(link).unwrap_or_default();
    format!(
        "<gl-error class=\"component error span-{span}\" data-component=\"{kind}\" role=\"alert\"><h2>{kind}</h2>\
         <p class=\"what\">{what}</p>{place}{good}</gl-error>\n"
    )
}

/// A section with its parts on a grid of its own. One without a title is only a new row.
pub(crate) fn section(id: &str, title: &str, parts: &str) -> String {
    let (id, title) = (escape(id), escape(title));
    let (named, heading) = match title.is_empty() {
        true => (String::new(), String::new()),
        false => (
            format!(" aria-labelledby=\"{id}-title\""),
            format!("<h2 class=\"section-title\" id=\"{id}-title\">{title}</h2>\n"),
        ),
    };
    format!(
        "<section class=\"section span-12\" id=\"{id}\"{named}>\n{heading}<div class=\"grid\">\n{parts}</div>\n</section>\n"
    )
}

/// A piece of HTML of this width, with the classes of its height and place.
pub(crate) fn piece(span: u8, size: &str, body: &str) -> String {
    format!("<div class=\"piece span-{span}{size}\">\n{body}</div>\n")
}
