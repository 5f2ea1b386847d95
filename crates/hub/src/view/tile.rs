//! The tile that stands in the place of what could not be shown, and says what is wrong and where.

use super::escape::escape;
use super::problem::Problem;

/// Width of a tile where the view gives none, in twelfths.
const SPAN_DEFAULT: u8 = 4;

/// The tile for `kind`, the component that should stand here (or what else could not be shown).
pub(crate) fn error(kind: &str, span: Option<u8>, problem: &Problem) -> String {
    let (kind, what, place) = (escape(kind), escape(&problem.what), escape(&problem.place.to_string()));
    let span = span.unwrap_or(SPAN_DEFAULT);
    // What a page made by itself was placed nowhere.
    let place = if place.is_empty() { place } else { format!("<p class=\"where\">{place}</p>") };
    format!(
        "<gl-error class=\"component error span-{span}\" data-component=\"{kind}\" role=\"alert\"><h2>{kind}</h2>\
         <p class=\"what\">{what}</p>{place}</gl-error>\n"
    )
}
