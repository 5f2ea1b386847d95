//! `[[retention]]` in `glassline.toml`: for how long what devices sent is kept.

use crate::span::{counted, of_minutes};
use serde::Deserialize;
use std::ops::Range;
use store::{Pattern, Retention};
use toml::Spanned;

/// What a size is counted in.
const SIZES: [(&str, u64); 7] = [
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// One table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    channels: Channels,
    raw: Option<Spanned<Age>>,
    minutes: Option<Spanned<Age>>,
    hours: Option<Spanned<Age>>,
    size: Option<Size>,
}

impl Table {
    /// The rule that it is, or where in the file it contradicts itself, and how.
    pub(super) fn rule(self) -> Result<Retention, (Range<usize>, String)> {
        in_order(("raw", self.raw.as_ref()), ("minutes", self.minutes.as_ref()))?;
        in_order(("minutes", self.minutes.as_ref()), ("hours", self.hours.as_ref()))?;
        in_order(("raw", self.raw.as_ref()), ("hours", self.hours.as_ref()))?;
        let ms = |age: Option<Spanned<Age>>| age.map(|age| age.into_inner().0);
        Ok(Retention {
            channels: self.channels.0,
            raw: ms(self.raw),
            minutes: ms(self.minutes),
            hours: ms(self.hours),
            bytes: self.size.map(|size| size.0),
        })
    }
}

type Named<'a> = (&'a str, Option<&'a Spanned<Age>>);

/// What is left of samples is kept at least as long as they are.
fn in_order((fine, finer): Named<'_>, (coarse, coarser): Named<'_>) -> Result<(), (Range<usize>, String)> {
    let (Some(finer), Some(coarser)) = (finer, coarser) else { return Ok(()) };
    if coarser.get_ref().0 >= finer.get_ref().0 {
        return Ok(());
    }
    Err((coarser.span(), format!("“{coarse}” is shorter than “{fine}”, from which it is made")))
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Channels(Pattern);

impl TryFrom<String> for Channels {
    type Error = store::NoChannel;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Pattern::parse(&text).map(Channels)
    }
}

/// An age, ms.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Age(pub(crate) u64);

impl TryFrom<String> for Age {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        of_minutes(&text).map(Age).ok_or("an age is a whole number with m, h, d, w or y, such as “30d”")
    }
}

/// A size, bytes.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Size(pub(crate) u64);

impl TryFrom<String> for Size {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "a size is a whole number with kB, MB, GB, TB, KiB, MiB or GiB, such as “10GB”";
        counted(&text, &SIZES).map(Size).ok_or(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_have_units() {
        let age = |text: &str| Age::try_from(text.to_owned()).ok().map(|age| age.0);
        assert_eq!((age("30d"), age("30s")), (Some(30 * 86_400_000), None));
        assert_eq!((age("90m"), age("90min")), (Some(90 * 60_000), Some(90 * 60_000)));
        let size = |text: &str| Size::try_from(text.to_owned()).ok().map(|size| size.0);
        assert_eq!((size("10GB"), size("10")), (Some(10_000_000_000), None));
    }
}
