//! What a hub wants of a gateway: which devices, and which of their channels (rule U3).

use crate::limits::{CHANNEL_BYTES_MAX, UPLINK_PATTERNS_MAX};

/// A name in which each `*` stands for any characters, or for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// Takes `text` as a pattern: 1 to [`CHANNEL_BYTES_MAX`] bytes without control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=CHANNEL_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.into()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `name` is meant.
    pub fn fits(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            // The earliest place leaves the most for what follows.
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// What a hub wants. An empty list stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    devices: Vec<Pattern>,
    channels: Vec<Pattern>,
}

impl Filter {
    /// The devices and the channels that fit one of these each; nothing where a list has more than
    /// [`UPLINK_PATTERNS_MAX`].
    pub fn new(devices: Vec<Pattern>, channels: Vec<Pattern>) -> Option<Self> {
        let fits = devices.len() <= UPLINK_PATTERNS_MAX && channels.len() <= UPLINK_PATTERNS_MAX;
        fits.then_some(Self { devices, channels })
    }

    /// The patterns of devices.
    pub fn devices(&self) -> &[Pattern] {
        &self.devices
    }

    /// The patterns of channels.
    pub fn channels(&self) -> &[Pattern] {
        &self.channels
    }

    /// Whether this device is wanted.
    pub fn wants_device(&self, device: &str) -> bool {
        fits(&self.devices, device)
    }

    /// Whether this channel is wanted.
    pub fn wants_channel(&self, channel: &str) -> bool {
        fits(&self.channels, channel)
    }

    /// Whether all is wanted.
    pub fn is_everything(&self) -> bool {
        self.devices.is_empty() && self.channels.is_empty()
    }
}

fn fits(patterns: &[Pattern], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.fits(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, fits) in [
            ("pump", "pump", true),
            ("pump", "pumps", false),
            ("pump-*", "pump-1", true),
            ("pump-*", "pump", false),
            ("*", "", true),
            ("*-in", "fan-in", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-bb-c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("*x*", "axb", true),
        ] {
            assert_eq!(Pattern::parse(pattern).expect("a pattern").fits(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn an_empty_list_wants_all() {
        let filter = Filter::new(vec![Pattern::parse("barn-*").expect("a pattern")], Vec::new());
        let filter = filter.expect("few patterns");
        assert!(
            filter.wants_device("barn-1") && !filter.wants_device("house") && filter.wants_channel("any")
        );
        assert!(Filter::default().is_everything() && !filter.is_everything());
    }
}
