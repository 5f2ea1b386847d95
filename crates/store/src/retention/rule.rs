//! For how long samples are kept: rules for channels, by their names.

/// For how long, and how much of, what some channels sent is kept. What is older goes a step further:
/// samples become sums of a minute, these sums of an hour, and those are forgotten. A limit that is not given
/// holds nothing back and lets nothing go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The channels that it is for.
    pub channels: Pattern,
    /// Samples older than so many ms become sums of a minute.
    pub raw: Option<u64>,
    /// Sums of a minute older than so many ms become sums of an hour.
    pub minutes: Option<u64>,
    /// Sums of an hour older than so many ms are forgotten.
    pub hours: Option<u64>,
    /// Samples of all these channels beyond so many bytes become sums of a minute, the oldest first.
    pub bytes: Option<u64>,
}

impl Retention {
    /// The first rule for the channel `channel` of `device`, by its place.
    pub(crate) fn of(rules: &[Retention], device: &str, channel: &str) -> Option<usize> {
        let name = format!("{device}/{channel}");
        rules.iter().position(|rule| rule.channels.fits(&name))
    }

    /// The age, ms, from which on nothing is left of samples, not even sums; `None`: something is left for ever.
    pub(crate) fn forgets(&self) -> Option<u64> {
        Some(self.raw?.max(self.minutes?).max(self.hours?))
    }
}

/// Which channels a rule is for: `DEVICE/CHANNEL`, where `*` stands for any characters and `?` for one. Also which ids of
/// devices are meant, written in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Box<str>);

/// A pattern that no channel could fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("channels are named DEVICE/CHANNEL, such as weather-1/temperature, */temperature or *")]
pub struct NoChannel;

impl Pattern {
    /// Reads one.
    ///
    /// # Errors
    /// Neither a `/` nor a `*` is in it: each channel has a device before it.
    pub fn parse(text: &str) -> Result<Pattern, NoChannel> {
        if text.contains(['/', '*']) { Ok(Pattern(text.into())) } else { Err(NoChannel) }
    }

    /// The ids that look like this; one without `*` and `?` is that id alone.
    pub fn of_ids(text: &str) -> Pattern {
        Pattern(text.into())
    }

    /// Whether `name` is one of those.
    pub fn fits(&self, name: &str) -> bool {
        let (pattern, name): (Vec<char>, Vec<char>) = (self.0.chars().collect(), name.chars().collect());
        let (mut at, mut read) = (0, 0);
        // The last `*`, and how far the name is its part.
        let mut star: Option<(usize, usize)> = None;
        while read < name.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, read));
                    at += 1;
                }
                Some(letter) if *letter == '?' || *letter == name[read] => {
                    at += 1;
                    read += 1;
                }
                _ => {
                    let Some((place, taken)) = &mut star else { return false };
                    *taken += 1;
                    (at, read) = (*place + 1, *taken);
                }
            }
        }
        pattern[at..].iter().all(|letter| *letter == '*')
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::{NoChannel, Pattern, Retention};

    fn check(pattern: &str, fits: &[&str], does_not: &[&str]) {
        let pattern = Pattern::parse(pattern).unwrap();
        for name in fits {
            assert!(pattern.fits(name), "{pattern:?} {name}");
        }
        for name in does_not {
            assert!(!pattern.fits(name), "{pattern:?} {name}");
        }
    }

    #[test]
    fn patterns_are_for_whole_names() {
        check("a/t", &["a/t"], &["a/tt", "aa/t", "b/t", "a/"]);
        check("*/temperature", &["a/temperature", "b-2/temperature"], &["a/temperature2", "a/humidity"]);
        check("boiler-?/*", &["boiler-7/x", "boiler-7/y/z"], &["boiler-17/x", "boiler-/x"]);
        check("*", &["a/b", "a/ä°"], &[]);
        check("*a*b/*", &["xaxb/1", "ab/", "aab/ab"], &["ba/1", "ab"]);
        check("*/?°", &["a/x°"], &["a/°"]);
    }

    #[test]
    fn what_names_no_channel_is_refused() {
        assert_eq!(Pattern::parse("temperature"), Err(NoChannel));
        assert_eq!(Pattern::parse(""), Err(NoChannel));
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let rule = |channels| Retention {
            channels: Pattern::parse(channels).unwrap(),
            raw: None,
            minutes: None,
            hours: None,
            bytes: None,
        };
        let rules = [rule("a/*"), rule("*/t"), rule("a/t")];
        assert_eq!(Retention::of(&rules, "a", "t"), Some(0));
        assert_eq!(Retention::of(&rules, "b", "t"), Some(1));
        assert_eq!(Retention::of(&rules, "b", "x"), None);
    }
}
