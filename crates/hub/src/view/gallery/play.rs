//! How a component is shown in the gallery and photographed: what the device behind it does.

use crate::Presence;

use super::super::sample::Moment;

/// What the device behind a component does while it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// It sends its newest value again and again.
    Fresh,
    /// It sends values that change.
    Moving,
    /// It sends values that change, hundreds of times a second.
    Fast,
    /// Its newest value is older than its rhythm says.
    Late,
    /// Its newest value is much older.
    Stale,
    /// It is offline.
    Gone,
    /// Its gateway is gone.
    Unreachable,
    /// What it is asked for is refused.
    Refused,
    /// What it is asked for fails.
    Failed,
}

/// How often a device sends, ms, while its values are fresh.
const EVERY_MS: u64 = 1000;

/// The rhythm of one that is late or stale, ms: so slow that it stays so while somebody looks.
const SLOW_MS: u64 = 60_000;

/// How old the newest value is then, ms: five of its intervals, and twenty.
const LATE_MS: i64 = 5 * SLOW_MS as i64;
const STALE_MS: i64 = 20 * SLOW_MS as i64;

impl Play {
    /// All of them, as people are offered them.
    pub const ALL: &[Self] = &[
        Self::Moving,
        Self::Fresh,
        Self::Late,
        Self::Stale,
        Self::Gone,
        Self::Unreachable,
        Self::Refused,
        Self::Failed,
        Self::Fast,
    ];

    /// Its name, as in addresses and in the names of pictures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Moving => "moving",
            Self::Fast => "fast",
            Self::Late => "late",
            Self::Stale => "stale",
            Self::Gone => "gone",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|play| play.as_str() == name)
    }

    /// How the page plays on when it has come to life: `still` sends nothing, `steady` the same, `moving` and `fast` what changes.
    pub(crate) fn pace(self) -> &'static str {
        match self {
            Self::Fresh | Self::Refused | Self::Failed => "steady",
            Self::Moving => "moving",
            Self::Fast => "fast",
            Self::Late | Self::Stale | Self::Gone | Self::Unreachable => "still",
        }
    }

    /// What becomes of commands.
    pub(crate) fn outcome(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Failed => "failed",
            _ => "done",
        }
    }

    /// What holds for its device at `now_ms`.
    pub(crate) fn moment(self, now_ms: i64) -> Moment {
        let (age, every) = match self {
            Self::Late => (LATE_MS, SLOW_MS),
            Self::Stale | Self::Gone | Self::Unreachable => (STALE_MS, SLOW_MS),
            _ => (0, EVERY_MS),
        };
        let presence = match self {
            Self::Gone => Presence::Offline,
            Self::Unreachable => Presence::Unreachable,
            _ => Presence::Online,
        };
        Moment { newest: Some(now_ms - age), every: Some(every), presence: (presence, now_ms - age) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        for play in Play::ALL {
            assert_eq!(Play::named(play.as_str()), Some(*play));
        }
        assert_eq!(Play::named("drowsy"), None);
    }
}
