//! The page of the audit: a form that asks for rows, the rows in words, and the way to older ones. No script of its own.

use minijinja::Value;

use super::data::Scene;
use super::filters::humanize;
use super::library::Library;
use super::shell::Page;
use crate::audit::What;

/// Its template.
const TEMPLATE: &str = "web/audit.html";
/// Its name among pages, and the style that it has beside those of all pages.
pub(crate) const NAME: &str = "audit";
/// That style.
pub(crate) const STYLE: &str = "audit.css";

/// What was asked for, as the form has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditFilter {
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) device: String,
    pub(crate) since: String,
    pub(crate) until: String,
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct AuditShown {
    pub(crate) number: u64,
    pub(crate) at: i64,
    pub(crate) what: String,
    pub(crate) who: String,
    pub(crate) device: String,
    pub(crate) details: Vec<(String, String)>,
}

/// The whole page.
#[derive(Clone, Debug)]
pub(crate) struct AuditPage {
    pub(crate) filter: AuditFilter,
    pub(crate) rows: Vec<AuditShown>,
    /// Before which row the next page begins.
    pub(crate) next: Option<u64>,
    pub(crate) is_first: bool,
}

impl Library {
    /// The page with these rows.
    pub(crate) fn audit_page(&self, page: &AuditPage, scene: &dyn Scene) -> Page {
        let AuditFilter { who, what, device, since, until } = &page.filter;
        let whats = What::ALL.iter().map(|known| {
            let word = known.as_str();
            let pairs = [
                ("word", Value::from(word)),
                ("label", self.named("what", word)),
                ("chosen", Value::from(word == what)),
            ];
            Value::from_pairs(pairs)
        });
        let next = page.next.map(|before| {
            let before = before.to_string();
            let given =
                [("who", &**who), ("what", what), ("device", device), ("since", since), ("until", until)];
            let kept = given.into_iter().filter(|(_, text)| !text.is_empty()).chain([("before", &*before)]);
            query(&kept.collect::<Vec<_>>())
        });
        let variables = Value::from_pairs([
            ("who", Value::from(who.as_str())),
            ("device", Value::from(device.as_str())),
            ("since", Value::from(since.as_str())),
            ("until", Value::from(until.as_str())),
            ("whats", whats.collect()),
            ("rows", page.rows.iter().map(|row| self.audit_row(row)).collect()),
            ("next", next.unwrap_or(Value::UNDEFINED)),
            ("is_first", Value::from(page.is_first)),
        ]);
        let body = self.templates.get_template(TEMPLATE).and_then(|template| template.render(variables));
        // The template is built in: a test renders it.
        let body = body.unwrap_or_else(|error| super::escape::escape(&format!("{TEMPLATE}: {error}")));
        self.page_with_style("/audit", NAME, &self.say("audit.title", &[]), body, scene)
    }

    fn audit_row(&self, row: &AuditShown) -> Value {
        let details = row.details.iter().map(|(name, text)| {
            let said = match &**name {
                "outcome" => self.say(&format!("receipt.{text}"), &[]),
                _ => String::new(),
            };
            let said = if said.is_empty() { text.clone() } else { said };
            Value::from_pairs([("label", self.named("detail", name)), ("text", Value::from(said))])
        });
        Value::from_pairs([
            ("number", Value::from(row.number)),
            ("at", Value::from(row.at)),
            ("word", Value::from(row.what.as_str())),
            ("what", self.named("what", &row.what)),
            ("who", Value::from(row.who.as_str())),
            ("of_who", query(&[("who", &row.who)])),
            ("device", Value::from(row.device.as_str())),
            ("of_device", query(&[("device", &row.device)])),
            ("details", details.collect()),
        ])
    }

    /// The words for a word of the store; the word itself where a newer hub wrote it.
    fn named(&self, kind: &str, word: &str) -> Value {
        let said = self.say(&format!("audit.{kind}.{word}"), &[]);
        Value::from(if said.is_empty() { humanize(word) } else { said })
    }
}

/// What stands behind the `?` of an address.
fn query(given: &[(&str, &str)]) -> Value {
    Value::from(serde_urlencoded::to_string(given).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_audit_knows_has_words() {
        let library = Library::built_in();
        for what in What::ALL {
            let said = library.say(&format!("audit.what.{}", what.as_str()), &[]);
            assert!(!said.is_empty(), "audit.what.{} is missing in web/page-words.json", what.as_str());
        }
    }

    #[test]
    fn rows_are_said_in_words_and_whatever_stands_in_them_is_text() {
        let hostile = "<img src=x>&\"'";
        let row = AuditShown {
            number: 7,
            at: 1_763_846_847_123,
            what: "login_failed".into(),
            who: hostile.into(),
            device: "boiler-7".into(),
            details: vec![("outcome".into(), "done".into()), ("from_the_future".into(), hostile.into())],
        };
        let filter = AuditFilter { who: hostile.into(), ..AuditFilter::default() };
        let page = AuditPage { filter, rows: vec![row], next: Some(7), is_first: false };
        let page = Library::built_in().audit_page(&page, &super::super::data::StillScene::default());
        let html = &page.html;
        assert!(html.contains(">Could not log in</th>") && html.contains("2025-11-22 21:27:27"), "{html}");
        assert!(html.contains(">From the future</span>") && html.contains(">Newest</a>"), "{html}");
        assert!(!html.contains("<img src=x") && html.contains("before=7"), "{html}");
        assert!(html.contains("/audit?device=boiler-7"), "{html}");
    }
}
