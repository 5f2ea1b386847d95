//! When it is logged that something was dropped for a hub: when it begins, and then the sum, now and then.

use super::limits::DROPS_TOLD_EVERY;
use crate::clock::millis;

/// What was dropped for one hub and not logged yet.
#[derive(Debug, Default)]
pub(super) struct Drops {
    /// When something was logged last, monotonic milliseconds.
    told: Option<u64>,
    /// Messages.
    untold: u64,
}

impl Drops {
    /// So many messages more were dropped.
    pub(super) fn add(&mut self, messages: u64) {
        self.untold += messages;
    }

    /// How many messages are to be logged now, if it is time for it.
    pub(super) fn take(&mut self, mono: u64) -> Option<u64> {
        let is_early = self.told.is_some_and(|told| mono < told + millis(DROPS_TOLD_EVERY));
        if is_early || self.untold == 0 {
            return None;
        }
        self.told = Some(mono);
        Some(std::mem::take(&mut self.untold))
    }
}

/// A number of messages, as people say it.
pub(super) fn messages(count: u64) -> String {
    match count {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_logged_when_dropping_begins_and_then_the_sum_of_each_minute() {
        let mut drops = Drops::default();
        assert_eq!(drops.take(5), None);
        drops.add(3);
        assert_eq!(drops.take(10), Some(3));
        for at in 11..60_010 {
            drops.add(1);
            assert_eq!(drops.take(at), None, "{at}");
        }
        assert_eq!(drops.take(60_010), Some(59_999));
        assert_eq!(drops.take(200_000), None, "nothing more was dropped");
        drops.add(1);
        assert_eq!(drops.take(200_001), Some(1), "it begins anew");
    }

    #[test]
    fn one_message_is_one() {
        assert_eq!([messages(0), messages(1), messages(2)], ["0 messages", "1 message", "2 messages"]);
    }
}
