//! Components within `<p>`: a browser ends the paragraph before one, as it does before any `<div>`, and what follows falls out of
//! it. Nothing is wrong for whoever only reads the file, so it is said.

use std::cell::RefCell;
use std::rc::Rc;

use lol_html::html_content::{Element, EndTag};
use lol_html::{HandlerResult, RewriteStrSettings, element, rewrite_str};

/// Elements before which a browser ends a paragraph that is open.
const ENDING: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "details",
    "dialog",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "search",
    "section",
    "table",
    "ul",
];

/// Where the components of the paragraph that is open begin; nothing while none is.
type Open = Rc<RefCell<Option<Vec<usize>>>>;

/// The offsets at which components begin that stand between `<p>` and `</p>`. Without `</p>` the author may have meant the
/// paragraph to end there.
pub(crate) fn components_within(html: &str) -> Vec<usize> {
    let (open, found) = (Open::default(), Rc::new(RefCell::new(Vec::new())));
    let see = element!("*", |element| see(element, &open, &found));
    let settings = RewriteStrSettings {
        element_content_handlers: vec![see],
        strict: false,
        enable_esi_tags: false,
        ..RewriteStrSettings::new()
    };
    // HTML that cannot be read is told by whoever expands it.
    let _ = rewrite_str(html, settings);
    found.take()
}

fn see(element: &mut Element<'_, '_>, open: &Open, found: &Rc<RefCell<Vec<usize>>>) -> HandlerResult {
    if element.has_attribute("data-component") {
        if let Some(within) = &mut *open.borrow_mut() {
            within.push(element.source_location().bytes().start);
        }
        return Ok(());
    }
    let name = element.tag_name();
    if ENDING.contains(&name.as_str()) {
        open.take();
    }
    if name == "p" {
        *open.borrow_mut() = Some(Vec::new());
        let (open, found) = (open.clone(), found.clone());
        if let Some(handlers) = element.end_tag_handlers() {
            handlers.push(Box::new(move |end: &mut EndTag<'_>| {
                let within = open.take().filter(|_| end.name() == "p");
                found.borrow_mut().extend(within.unwrap_or_default());
                Ok(())
            }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::components_within;

    #[test]
    fn a_component_between_p_and_its_end_is_found_and_no_other() {
        let within = |html: &str| components_within(html).len();
        assert_eq!(within("<p>It is <span data-component=\"value\"></span> warm.</p>"), 1);
        assert_eq!(
            within("<p><b><div data-component=\"a\"></div></b> and <i data-component=\"b\"></i></p>"),
            2
        );
        assert_eq!(within("<p>Before.</p><div data-component=\"a\"></div><p>Behind.</p>"), 0);
        assert_eq!(within("<p>Before.<div data-component=\"a\"></div>"), 0, "it may end there");
        assert_eq!(within("<div><p>Before.<div data-component=\"a\"></div></div>"), 0);
        assert_eq!(within("<p>Before.<ul><li data-component=\"a\"></li></ul></p>"), 0, "it ended before");
    }
}
