//! Which faults hold now, and the orders that change them. Pure.

use std::time::{Duration, Instant};

/// The longest delay, jitter aside.
pub(crate) const DELAY_MS_MAX: u64 = 60_000;

/// What an order may be told to last at most.
const TIME_MAX: Duration = Duration::from_secs(86_400);

/// From when to when a fault holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Holds {
    #[default]
    Not,
    Until(Instant),
    Always,
}

impl Holds {
    /// From `now` on, for `time` or for ever.
    fn from(now: Instant, time: Option<Duration>) -> Self {
        time.map_or(Holds::Always, |time| Holds::Until(now + time))
    }

    pub(crate) fn at(self, now: Instant) -> bool {
        match self {
            Holds::Not => false,
            Holds::Until(end) => now < end,
            Holds::Always => true,
        }
    }

    /// When it ends by itself.
    pub(crate) fn end(self) -> Option<Instant> {
        match self {
            Holds::Until(end) => Some(end),
            Holds::Not | Holds::Always => None,
        }
    }
}

/// Which end of a half-open connection is not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Untold {
    /// Who connected.
    #[default]
    Listen,
    /// Whom it was connected to.
    To,
}

/// All faults that hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) stall: Holds,
    pub(crate) half_open: Holds,
    pub(crate) untold: Untold,
    pub(crate) refuse: Holds,
    /// Bytes a second.
    pub(crate) trickle: Option<u32>,
    pub(crate) delay: Duration,
    pub(crate) jitter: Duration,
    /// One byte in so many.
    pub(crate) corrupt: Option<u32>,
    /// Bytes after which a connection is cut, counted from when this was said.
    pub(crate) cut_after: Option<u64>,
    /// How often that was said: a connection counts anew each time.
    pub(crate) cut_after_said: u64,
    /// How often all connections were to be cut.
    pub(crate) cuts: u64,
    /// How often all connections were to become half open.
    pub(crate) halvings: u64,
}

/// A line that somebody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Cut,
    CutAfter(Option<u64>),
    Stall(Option<Duration>),
    HalfOpen(Untold, Option<Duration>),
    Refuse(Option<Duration>),
    Trickle(Option<u32>),
    Delay(Duration, Duration),
    Corrupt(Option<u32>),
    Heal,
    Counts,
    Quit,
}

impl Order {
    /// What `line` orders.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let off = |word: &str| word == "off";
        Ok(match words[..] {
            ["cut"] => Order::Cut,
            ["cut" | "trickle" | "corrupt", word] if off(word) => match words[0] {
                "cut" => Order::CutAfter(None),
                "trickle" => Order::Trickle(None),
                _ => Order::Corrupt(None),
            },
            ["cut", bytes] => Order::CutAfter(Some(number(bytes)?)),
            ["stall", ref rest @ ..] => Order::Stall(time(rest)?),
            ["half-open", "to", ref rest @ ..] => Order::HalfOpen(Untold::To, time(rest)?),
            ["half-open", ref rest @ ..] => Order::HalfOpen(Untold::Listen, time(rest)?),
            ["refuse", ref rest @ ..] => Order::Refuse(time(rest)?),
            ["trickle", bytes] => Order::Trickle(Some(above_zero(bytes)?)),
            ["delay", word] if off(word) => Order::Delay(Duration::ZERO, Duration::ZERO),
            ["delay", ms] => Order::Delay(millis(ms)?, Duration::ZERO),
            ["delay", ms, jitter] => Order::Delay(millis(ms)?, millis(jitter)?),
            ["corrupt", bytes] => Order::Corrupt(Some(above_zero(bytes)?)),
            ["heal"] => Order::Heal,
            ["counts"] => Order::Counts,
            ["quit"] => Order::Quit,
            _ => return Err(format!("there is no such order: {line}")),
        })
    }
}

impl Faults {
    /// Does what is ordered at `now`, where that changes faults.
    pub(crate) fn obey(&mut self, order: Order, now: Instant) {
        match order {
            Order::Cut => self.cuts += 1,
            Order::CutAfter(bytes) => {
                self.cut_after = bytes;
                self.cut_after_said += 1;
            }
            Order::Stall(time) => self.stall = Holds::from(now, time),
            Order::HalfOpen(untold, time) => {
                (self.half_open, self.untold) = (Holds::from(now, time), untold);
                self.halvings += 1;
            }
            Order::Refuse(time) => self.refuse = Holds::from(now, time),
            Order::Trickle(bytes) => self.trickle = bytes,
            Order::Delay(delay, jitter) => (self.delay, self.jitter) = (delay, jitter),
            Order::Corrupt(bytes) => self.corrupt = bytes,
            Order::Heal => {
                let (cuts, halvings, cut_after_said) = (self.cuts, self.halvings, self.cut_after_said + 1);
                *self = Self { cuts, halvings, cut_after_said, ..Self::default() };
            }
            Order::Counts | Order::Quit => {}
        }
    }
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("{word} is no number of bytes"))
}

fn above_zero(word: &str) -> Result<u32, String> {
    word.parse()
        .ok()
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("{word} is no number of bytes above 0"))
}

fn millis(word: &str) -> Result<Duration, String> {
    let ms = word.parse().ok().filter(|ms| *ms <= DELAY_MS_MAX);
    ms.map(Duration::from_millis).ok_or_else(|| format!("{word} is no number of ms up to {DELAY_MS_MAX}"))
}

/// Nothing: for ever.
fn time(words: &[&str]) -> Result<Option<Duration>, String> {
    let [word] = words else {
        return if words.is_empty() { Ok(None) } else { Err("one time is enough, such as 5s".to_owned()) };
    };
    let ms = crate::span::milliseconds(word);
    let time = ms.map(Duration::from_millis).filter(|time| *time <= TIME_MAX);
    time.map(Some).ok_or_else(|| format!("{word} is no time such as 5s, 200ms or 2m, of at most a day"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read() {
        let second = Some(Duration::from_secs(1));
        let cases = [
            ("cut", Order::Cut),
            (" cut  500 ", Order::CutAfter(Some(500))),
            ("cut off", Order::CutAfter(None)),
            ("stall", Order::Stall(None)),
            ("stall 1s", Order::Stall(second)),
            ("half-open", Order::HalfOpen(Untold::Listen, None)),
            ("half-open to 1000ms", Order::HalfOpen(Untold::To, second)),
            ("refuse 2m", Order::Refuse(Some(Duration::from_secs(120)))),
            ("trickle 10", Order::Trickle(Some(10))),
            ("trickle off", Order::Trickle(None)),
            ("delay 80 40", Order::Delay(Duration::from_millis(80), Duration::from_millis(40))),
            ("corrupt 1000", Order::Corrupt(Some(1000))),
            ("corrupt off", Order::Corrupt(None)),
            ("heal", Order::Heal),
        ];
        for (line, order) in cases {
            assert_eq!(Order::parse(line), Ok(order), "{line}");
        }
        for wrong in [
            "",
            "cut it",
            "stall 5",
            "stall 0s",
            "stall 99999m",
            "stall 1s 2s",
            "trickle 0",
            "corrupt -1",
            "delay x",
            "delay 60001",
            "explode",
        ] {
            assert!(Order::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fault_ends_when_its_time_is_over_or_it_is_healed() {
        let now = Instant::now();
        let mut faults = Faults::default();
        faults.obey(Order::Stall(Some(Duration::from_secs(5))), now);
        faults.obey(Order::Refuse(None), now);
        faults.obey(Order::Cut, now);
        let later = now + Duration::from_secs(5);
        assert!(faults.stall.at(now) && !faults.stall.at(later) && faults.refuse.at(later));
        faults.obey(Order::Heal, later);
        assert!(!faults.refuse.at(later));
        assert_eq!(faults.cuts, 1, "what was cut is not cut again");
    }
}
