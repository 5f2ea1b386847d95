//! Reading typed members out of an object, each with an error that says which member and where.

use super::Fail;
use crate::code::Fault;
use crate::json::Object;
use crate::limits::SEQ_MAX;
use crate::plain;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::ops::RangeInclusive;

impl<'a> Object<'a> {
    /// The member `key` as `T`, or nothing where it is absent. `what` says what was expected: "a whole number".
    pub(crate) fn optional<T: Deserialize<'a>>(&self, key: &str, what: &str) -> Result<Option<T>, Fail> {
        self.get(key).map(|raw| self.typed(key, raw, what)).transpose()
    }

    /// The member `key` as `T`.
    pub(crate) fn required<T: Deserialize<'a>>(&self, key: &str, what: &str) -> Result<T, Fail> {
        self.typed(key, self.present(key)?, what)
    }

    /// The member `key` as it came.
    pub(crate) fn present(&self, key: &str) -> Result<&'a str, Fail> {
        self.get(key).ok_or_else(|| Fail::new(Fault::BadMessage, 0, &format!("{key:?} is missing")))
    }

    fn typed<T: Deserialize<'a>>(&self, key: &str, raw: &'a str, what: &str) -> Result<T, Fail> {
        serde_json::from_str(raw).map_err(|_| self.wrong(raw, &format!("{key:?} must be {what}")))
    }

    /// A failure at the place of `raw`.
    pub(crate) fn wrong(&self, raw: &str, reason: &str) -> Fail {
        Fail::new(Fault::BadMessage, self.at(raw), reason)
    }

    /// The member `key` as text; owned, since it may have escapes.
    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, Fail> {
        self.optional(key, "text")
    }

    /// The member `key` as a channel's name, which seldom has escapes.
    pub(crate) fn channel(&self, key: &str) -> Result<Cow<'a, str>, Fail> {
        let raw = self.present(key)?;
        match plain::string(raw) {
            Some(name) => Ok(Cow::Borrowed(name)),
            None => self.typed(key, raw, "a channel's name").map(Cow::Owned),
        }
    }

    /// The member `key` as milliseconds since 1970.
    pub(crate) fn time(&self, key: &str) -> Result<Option<i64>, Fail> {
        let Some(raw) = self.get(key) else { return Ok(None) };
        match plain::whole(raw).and_then(|ms| i64::try_from(ms).ok()) {
            Some(ms) => Ok(Some(ms)),
            None => self.typed(key, raw, "milliseconds since 1970, a whole number").map(Some),
        }
    }

    /// The member `key` as a whole number within `range`, or nothing where it is absent.
    pub(crate) fn whole(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Fail> {
        self.get(key).map(|raw| self.within(key, raw, range)).transpose()
    }

    /// The member `key` as the number of a message or a command: from 1, and held exactly by every reader.
    pub(crate) fn number(&self, key: &str) -> Result<u64, Fail> {
        self.within(key, self.present(key)?, 1..=SEQ_MAX)
    }

    fn within(&self, key: &str, raw: &'a str, range: RangeInclusive<u64>) -> Result<u64, Fail> {
        let number = plain::whole(raw).or_else(|| serde_json::from_str(raw).ok());
        let number = number.filter(|number| range.contains(number));
        let (from, to) = range.into_inner();
        number.ok_or_else(|| self.wrong(raw, &format!("{key:?} must be a whole number from {from} to {to}")))
    }

    /// The member `key` as a whole number from 0.
    pub(crate) fn count(&self, key: &str) -> Result<Option<u64>, Fail> {
        self.optional(key, "a whole number")
    }
}

/// A member's value, kept as it came.
pub(crate) fn kept(value: &str) -> Box<RawValue> {
    RawValue::from_string(value.to_owned()).expect("it was read as JSON")
}
