//! Names that identify: of devices and of sessions.

use crate::limits::{ID_CHARS_MAX, SESSION_CHARS_MAX, TAG_CHARS_MAX};
use std::fmt;
use std::sync::Arc;

/// A device's id: 1 to 64 of `[A-Za-z0-9_-]`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(Arc<str>);

impl DeviceId {
    /// Takes `text` as an id if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let fits = (1..=ID_CHARS_MAX).contains(&text.len());
        (fits && text.bytes().all(allowed)).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, shared.
    pub fn name(&self) -> &Arc<str> {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl std::borrow::Borrow<str> for DeviceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A session's name: the random tag of who issued it and a counter, `k7-3`. At most 24 characters. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// The session `counter` of the issuer `tag` (1 to 8 of `[a-z0-9]`), or nothing where that is no valid name.
    pub fn new(tag: &str, counter: u64) -> Option<Self> {
        Self::parse(&format!("{tag}-{counter}"))
    }

    /// Reads a session's name; nothing where `text` is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (tag, counter) = text.split_once('-')?;
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_tag = (1..=TAG_CHARS_MAX).contains(&tag.len()) && tag.bytes().all(allowed);
        let plain = !counter.starts_with('+') && (counter == "0" || !counter.starts_with('0'));
        let is_counter = plain && counter.parse().is_ok_and(|counter: u64| counter < 1_000_000_000_000_000);
        (text.len() <= SESSION_CHARS_MAX && is_tag && is_counter).then(|| Self(text.into()))
    }

    /// The name as text, shared.
    pub fn name(&self) -> &Arc<str> {
        &self.0
    }

    /// The issuer's tag.
    pub fn tag(&self) -> &str {
        self.parts().0
    }

    /// The counter: grows with every session an issuer gives to a device, over all its tags.
    pub fn counter(&self) -> u64 {
        self.parts().1.parse().unwrap_or_default()
    }

    fn parts(&self) -> (&str, &str) {
        self.0.split_once('-').unwrap_or_default()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_letters_digits_underscore_and_hyphen() {
        assert!(DeviceId::parse("boiler-7_A").is_some());
        assert!(DeviceId::parse(&"x".repeat(64)).is_some());
        for wrong in ["", "a b", "ü", "a/b", "a.b", &"x".repeat(65)] {
            assert!(DeviceId::parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn sessions_read_back_as_written() {
        let session = SessionId::new("k7", 3).expect("valid");
        assert_eq!(SessionId::parse(&session.to_string()), Some(session));
        for wrong in
            ["", "k7", "k7-", "-3", "k7-+3", "k7-03", "K7-3", "k7-3-4", "abcdefghi-1", "k-1000000000000000"]
        {
            assert!(SessionId::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
