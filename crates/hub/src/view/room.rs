//! Where in an author's HTML an error tile can stand. A tile has a heading and paragraphs: a browser that meets those in
//! a paragraph ends the paragraph, in a picture it ends the picture, and in a table it moves them elsewhere. So a tile
//! about something in there stands before all of it.

use std::cell::RefCell;
use std::rc::Rc;

use lol_html::html_content::Element;
use lol_html::{HandlerResult, end_tag};

/// Elements in which a tile cannot stand, or would not be seen, or would be read aloud as part of something else.
const CLOSED: &[&str] = &[
    "audio", "button", "canvas", "colgroup", "datalist", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "label",
    "math", "object", "ol", "p", "pre", "ruby", "select", "summary", "svg", "table", "template", "ul",
    "video",
];

/// Elements in those in which it can again.
const OPEN: &[&str] = &["caption", "dd", "dt", "foreignobject", "li", "td", "th"];

/// Elements whose start is the end of a paragraph that was not ended.
const ENDS_PARAGRAPH: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
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
    "hgroup",
    "hr",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "search",
    "section",
    "summary",
    "table",
    "ul",
];

/// What an element that has begun means for tiles in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Open,
    Closed,
    /// As closed, but it may end without a tag.
    Paragraph,
    /// What stands in it is not shown at all: a component takes its place.
    Replaced,
}

/// Goes through a document, element by element, and knows where a tile can stand.
#[derive(Clone, Default)]
pub(crate) struct Walk {
    /// The elements that have begun and not ended, with the offset at which each began; only those that matter.
    within: Rc<RefCell<Vec<(usize, Room)>>>,
}

impl Walk {
    /// The next element of the document. Returns the offset of the element before which a tile about this one can stand:
    /// its own in most places. Nothing where this one will not be shown.
    pub(crate) fn enter(&self, element: &mut Element<'_, '_>) -> Result<Option<usize>, Error> {
        let (tag, start) = (element.tag_name(), element.source_location().bytes().start);
        if self.is_replaced() {
            return Ok(None);
        }
        if ENDS_PARAGRAPH.contains(&tag.as_str()) {
            self.end_paragraph();
        }
        let stands = self.outermost_closed().unwrap_or(start);
        if let Some(room) = room_in(&tag, element).filter(|_| element.can_have_content()) {
            self.within.borrow_mut().push((start, room));
            let walk = self.clone();
            element.on_end_tag(end_tag!(move |_| walk.leave(start)))?;
        }
        Ok(Some(stands))
    }

    fn leave(&self, start: usize) -> HandlerResult {
        let mut within = self.within.borrow_mut();
        // It may have been ended already, by what cannot stand in it.
        if let Some(at) = within.iter().position(|(began, _)| *began == start) {
            within.truncate(at);
        }
        Ok(())
    }

    fn is_replaced(&self) -> bool {
        self.within.borrow().last().is_some_and(|(_, room)| *room == Room::Replaced)
    }

    fn end_paragraph(&self) {
        let mut within = self.within.borrow_mut();
        let inner = innermost(&within);
        if let Some(at) = within[inner..].iter().position(|(_, room)| *room == Room::Paragraph) {
            within.truncate(inner + at);
        }
    }

    fn outermost_closed(&self) -> Option<usize> {
        let within = self.within.borrow();
        within.get(innermost(&within)).map(|(start, _)| *start)
    }
}

/// Why an element cannot be followed to its end.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Where the elements within the innermost open one begin.
fn innermost(within: &[(usize, Room)]) -> usize {
    within.iter().rposition(|(_, room)| *room == Room::Open).map_or(0, |at| at + 1)
}

fn room_in(tag: &str, element: &Element<'_, '_>) -> Option<Room> {
    if element.has_attribute("data-component") {
        Some(Room::Replaced)
    } else if tag == "p" {
        Some(Room::Paragraph)
    } else if CLOSED.contains(&tag) {
        Some(Room::Closed)
    } else {
        OPEN.contains(&tag).then_some(Room::Open)
    }
}
