//! The way from a mistake to the last good version and back: links that work without any script.

use std::collections::BTreeSet;

use minijinja::Value;

use super::library::Library;
use super::limits::EARLIER_NAMED_MAX;
use super::problem::Problem;
use super::volume::volume_of;

/// What a page's query names the volumes by that it is to show in their last good version: `?good=components/dial`.
const NAME: &str = "good";

/// The volumes that a query names, [`EARLIER_NAMED_MAX`] at most. Others are not looked for.
pub(crate) fn named_in(query: &str) -> BTreeSet<String> {
    let named = pairs(query).filter(|(name, _)| *name == NAME).flat_map(|(_, value)| value.split([',', '+']));
    let decoded = named.map(|name| name.replace("%2F", "/").replace("%2f", "/"));
    decoded.filter(|name| !name.is_empty()).take(EARLIER_NAMED_MAX).collect()
}

/// The address, on the same page, that shows these volumes in their last good version; with none, as they are now.
fn address(query: &str, volumes: &BTreeSet<String>) -> String {
    let others =
        pairs(query).filter(|(name, _)| *name != NAME).map(|(name, value)| format!("{name}={value}"));
    let named = volumes.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let good = (!named.is_empty()).then(|| format!("{NAME}={named}"));
    format!("?{}", others.chain(good).collect::<Vec<_>>().join("&"))
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

impl Library {
    /// Where the page of this query shows the last good version of what is wrong, if there is one: `what` is the kind that
    /// should stand there.
    pub(crate) fn good_version(&self, what: &str, problem: &Problem, query: &str) -> Option<String> {
        let at_fault = volume_of(&problem.place.file).map(str::to_owned);
        let all = at_fault.into_iter().chain([format!("components/{what}")]);
        let earlier: BTreeSet<String> =
            all.filter(|volume| self.earlier.contains(volume) && !self.restored.contains(volume)).collect();
        let together = || earlier.iter().cloned().chain(named_in(query)).collect();
        (!earlier.is_empty()).then(|| address(query, &together()))
    }

    /// What the shell of a page says of what is shown in an earlier version: which, and the way back.
    pub(crate) fn shown_earlier(&self, query: &str) -> [(&'static str, Value); 2] {
        let names: Vec<&str> = self.restored.iter().map(String::as_str).collect();
        [
            ("restored", Value::from(names.join(", "))),
            ("present", Value::from(address(query, &BTreeSet::new()))),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_what_else_a_page_was_asked_for() {
        let volumes = BTreeSet::from(["components/dial".to_owned(), "views/weather".to_owned()]);
        let there = address("device=pump-7", &volumes);
        assert_eq!(there, "?device=pump-7&good=components/dial,views/weather");
        assert_eq!(named_in(&there[1..]), volumes);
        assert_eq!(address(&there[1..], &BTreeSet::new()), "?device=pump-7");
        assert_eq!(address("", &BTreeSet::new()), "?");
    }

    #[test]
    fn no_more_are_named_than_may_be() {
        let many: Vec<String> = (0..100).map(|index| format!("views/v{index}")).collect();
        assert_eq!(named_in(&format!("good={}", many.join(","))).len(), EARLIER_NAMED_MAX);
        assert!(named_in("good=&other=views/a").is_empty());
    }
}
