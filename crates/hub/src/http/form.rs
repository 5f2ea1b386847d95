//! Forms of pages, as browsers send them.

use super::body::Body;
use super::error::Failure;
use crate::auth::limits::RULES_MAX;
use crate::auth::{Rule, Scope, Scopes};

/// The fields of a form, in its order. A name may be there several times.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// What the body holds.
    ///
    /// # Errors
    /// It is no form.
    pub(super) fn read(body: &Body) -> Result<Self, Failure> {
        let fields = serde_urlencoded::from_bytes(&body.0);
        fields.map(Self).map_err(|error| Failure::bad_request(format!("The form cannot be read: {error}.")))
    }

    /// The first field of this name; empty where there is none.
    pub(super) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }

    /// All fields of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// The rules that its fields `rule-1-scope`, `rule-1-devices`, `rule-1-views` say, without those in which nothing is said.
    pub(super) fn rules(&self) -> Vec<Rule> {
        // One more than may be, so that too many are refused rather than left out.
        (1..=RULES_MAX + 1).map(|number| self.rule(number)).filter(|rule| *rule != Rule::default()).collect()
    }

    fn rule(&self, number: usize) -> Rule {
        let field = |what: &str| format!("rule-{number}-{what}");
        let named = |scope: &Scope| self.all(&field("scope")).any(|word| word == scope.as_str());
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(named).collect();
        let patterns = |what: &str| {
            let text = self.one(&field(what));
            let words = text.split(|letter: char| letter == ',' || letter.is_whitespace());
            words.filter(|word| !word.is_empty()).map(Box::from).collect()
        };
        Rule { scopes: Scopes::of(&scopes), devices: patterns("devices"), views: patterns("views") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_from_fields_and_empty_ones_left_out() {
        let form = "rule-1-scope=view&rule-1-scope=command&rule-1-devices=pump-*%2C+tank&rule-1-views=&rule-2-devices=+\
                    &rule-3-scope=admin&rule-3-scope=fly&group=a&group=b";
        let fields = Fields::read(&Body(form.into())).expect("a form");
        let first = Rule {
            scopes: Scopes::of(&[Scope::View, Scope::Command]),
            devices: vec!["pump-*".into(), "tank".into()],
            views: vec![],
        };
        let last = Rule { scopes: Scopes::of(&[Scope::Admin]), ..Rule::default() };
        assert_eq!(fields.rules(), [first, last]);
        assert_eq!(fields.all("group").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.one("none"), "");
    }
}
