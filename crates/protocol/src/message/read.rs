//! Reading typed members out of an object, each with an error that says which member and where.

use super::Fail;
use crate::code::Fault;
use crate::json::Object;
use crate::limits::SEQ_MAX;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::ops::RangeInclusive;

impl<'a> Object<'a> {
    /// The member `key` as `T`, or nothing where it is absent. `what` says what was expected: "a whole number".
    pub(super) fn optional<T: Deserialize<'a>>(&self, key: &str, what: &str) -> Result<Option<T>, Fail> {
        self.get(key).map(|raw| self.typed(key, raw, what)).transpose()
    }

    /// The member `key` as `T`.
    pub(super) fn required<T: Deserialize<'a>>(&self, key: &str, what: &str) -> Result<T, Fail> {
        self.typed(key, self.present(key)?, what)
    }

    /// The member `key` as it came.
    pub(super) fn present(&self, key: &str) -> Result<&'a RawValue, Fail> {
        self.get(key).ok_or_else(|| Fail::new(Fault::BadMessage, 0, &format!("{key:?} is missing")))
    }

    fn typed<T: Deserialize<'a>>(&self, key: &str, raw: &'a RawValue, what: &str) -> Result<T, Fail> {
        serde_json::from_str(raw.get()).map_err(|_| self.wrong(raw, &format!("{key:?} must be {what}")))
    }

    /// A failure at the place of `raw`.
    pub(super) fn wrong(&self, raw: &RawValue, reason: &str) -> Fail {
        Fail::new(Fault::BadMessage, self.at(raw.get()), reason)
    }

    /// The member `key` as text; owned, since it may have escapes.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Fail> {
        self.optional(key, "text")
    }

    /// The member `key` as a whole number within `range`, or nothing where it is absent.
    pub(super) fn whole(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Fail> {
        self.get(key).map(|raw| self.within(key, raw, range)).transpose()
    }

    /// The member `key` as the number of a message or a command: from 1, and held exactly by every reader.
    pub(super) fn number(&self, key: &str) -> Result<u64, Fail> {
        self.within(key, self.present(key)?, 1..=SEQ_MAX)
    }

    fn within(&self, key: &str, raw: &'a RawValue, range: RangeInclusive<u64>) -> Result<u64, Fail> {
        let number = serde_json::from_str(raw.get()).ok().filter(|number| range.contains(number));
        let (from, to) = range.into_inner();
        number.ok_or_else(|| self.wrong(raw, &format!("{key:?} must be a whole number from {from} to {to}")))
    }

    /// The member `key` as a whole number from 0.
    pub(super) fn count(&self, key: &str) -> Result<Option<u64>, Fail> {
        self.optional(key, "a whole number")
    }
}
