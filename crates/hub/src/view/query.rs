//! What stands behind the `?` of a page's address, as views read it.

use std::collections::BTreeMap;

use super::limits::{QUERY_CHARS_MAX, QUERY_NAMES_MAX};

/// What was said in the address of a page, by name. What is said twice counts as it was said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads what stands behind the `?`. What cannot be read says nothing.
    pub(crate) fn read(text: &str) -> Self {
        Self::new(serde_urlencoded::from_str::<Vec<(String, String)>>(text).unwrap_or_default())
    }

    /// These names and texts. Those beyond [`QUERY_NAMES_MAX`], and those longer than [`QUERY_CHARS_MAX`], are as if they had
    /// not been said.
    pub(crate) fn new(said: impl IntoIterator<Item = (String, String)>) -> Self {
        let short = |text: &str| text.chars().count() <= QUERY_CHARS_MAX;
        let said = said.into_iter().filter(|(name, text)| short(name) && short(text));
        Self(said.take(QUERY_NAMES_MAX).collect())
    }

    /// The text of a name; nothing where it is absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Everything that was said, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(said: &[(&str, &str)]) -> Query {
        Query::new(said.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))
    }

    #[test]
    fn an_address_is_read_as_forms_write_it() {
        let read = Query::read("device=pump-7&room=north+wing%20%C3%A4");
        assert_eq!((read.get("device"), read.get("room")), (Some("pump-7"), Some("north wing ä")));
    }

    #[test]
    fn what_is_empty_or_too_long_was_not_said() {
        let said = query(&[("a", "1"), ("b", ""), ("c", &"x".repeat(QUERY_CHARS_MAX + 1)), ("a", "2")]);
        assert_eq!(said.get("a"), Some("2"));
        assert_eq!((said.get("b"), said.get("c"), said.get("d")), (None, None, None));
    }
}
