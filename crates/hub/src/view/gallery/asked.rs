//! What somebody wants to see of the gallery: the query of its addresses.

use super::super::definition::{Given, GivenSetting, Placement};
use super::super::manifest::check_span;
use super::super::problem::{Place, Problem};
use super::play::Play;

/// A setting `min` is asked for as `set.min`: no setting can have such a name.
pub(super) const SETTING: &str = "set.";

/// What a query says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// What the devices do.
    pub(super) play: Play,
    /// Nothing but the components, for pictures.
    pub(super) bare: bool,
    /// Which case of the sample is played with, from 1.
    pub(super) case: usize,
    /// What it is given instead of what the case says; nothing where that holds.
    pub(super) given: Option<Instead>,
}

/// What a component is given instead of what its case says. An empty text is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Instead {
    pub(super) label: String,
    pub(super) span: String,
    /// Settings by name.
    pub(super) settings: Vec<(String, String)>,
}

impl Asked {
    /// What `query` (the text behind the `?`) says. What it does not say, or says in words that nobody knows, is as it is without
    /// it.
    pub(super) fn of(query: &str) -> Self {
        let query: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let said = |name: &str| query.iter().find(|(said, _)| said == name).map(|(_, text)| text.as_str());
        let bare = said("bare").is_some();
        let at_first = if bare { Play::Fresh } else { Play::Moving };
        let setting =
            |(name, text): &(String, String)| Some((name.strip_prefix(SETTING)?.to_owned(), text.clone()));
        let settings: Vec<_> = query.iter().filter_map(setting).collect();
        let (label, span) = (said("label"), said("span"));
        let is_given = label.is_some() || span.is_some() || !settings.is_empty();
        let text = |said: Option<&str>| said.unwrap_or_default().to_owned();
        Self {
            play: said("play").and_then(Play::named).unwrap_or(at_first),
            bare,
            case: said("sample").and_then(|number| number.parse().ok()).filter(|case| *case > 0).unwrap_or(1),
            given: is_given.then(|| Instead { label: text(label), span: text(span), settings }),
        }
    }
}

impl Instead {
    /// `placed` with this in the place of what it was given.
    pub(super) fn of(&self, mut placed: Placement) -> Placement {
        let place = Place::whole(&format!("/components/{}", placed.kind));
        if !self.label.is_empty() {
            placed.label = Some(self.label.clone());
        }
        if !self.span.is_empty() {
            match read_span(&self.span) {
                Ok(span) => placed.size.span = Some(span),
                Err(what) => placed.wrong.push(Problem::new(place.clone(), what)),
            }
        }
        let said = self.settings.iter().filter(|(_, text)| !text.is_empty());
        let setting = |(name, text): &(String, String)| GivenSetting {
            name: name.clone(),
            value: Given::Text(text.clone()),
            place: place.clone(),
        };
        placed.settings = said.map(setting).collect();
        placed
    }
}

fn read_span(text: &str) -> Result<u8, String> {
    let number =
        text.trim().parse::<i64>().map_err(|_| format!("“span” must be a number, but is “{text}”."))?;
    check_span(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_values_move_and_the_sample_holds() {
        assert_eq!(Asked::of(""), Asked { play: Play::Moving, bare: false, case: 1, given: None });
        assert_eq!(Asked::of("play=drowsy&sample=0&x"), Asked::of(""));
        assert_eq!(Asked::of("bare").play, Play::Fresh);
    }

    #[test]
    fn settings_take_the_place_of_those_of_the_sample() {
        let given = Asked::of("set.max=60&set.min=&sample=2").given.expect("something is given");
        let placed = given.of(Placement::new("gauge", Place::whole("x")));
        let names: Vec<&str> = placed.settings.iter().map(|setting| setting.name.as_str()).collect();
        assert_eq!(names, ["max"]);
    }

    #[test]
    fn a_width_that_is_none_is_a_problem_and_not_another_width() {
        let given = Asked::of("span=wide").given.expect("something is given");
        assert_eq!(given.of(Placement::new("gauge", Place::whole("x"))).wrong.len(), 1);
    }
}
