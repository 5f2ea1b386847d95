//! What a conversation waits for, as a table.

/// When the hub side acts though nothing came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HubTimer {
    /// When to say an empty line because nothing else was said (D7).
    Heartbeat,
    /// When to close because nothing was heard (D7), or, before that can be, because nobody identified.
    Silence,
}

/// When a device acts though nothing came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceTimer {
    /// When to identify again because no matching welcome came (D1).
    Welcome,
    /// When to say an empty line because nothing else was said (D7).
    Heartbeat,
    /// When to drop the connection because nothing was heard (D7).
    Silence,
    /// When to go back, or drop the connection, because the ack stood still; or to send one message against a closed
    /// window (D6).
    Progress,
}

impl From<HubTimer> for usize {
    fn from(timer: HubTimer) -> Self {
        timer as usize
    }
}

impl From<DeviceTimer> for usize {
    fn from(timer: DeviceTimer) -> Self {
        timer as usize
    }
}

/// Not set.
const NEVER: u64 = u64::MAX;

/// A deadline for each timer of a table, in monotonic milliseconds.
#[derive(Debug)]
pub(crate) struct Timers<const COUNT: usize>([u64; COUNT]);

impl<const COUNT: usize> Timers<COUNT> {
    pub(crate) fn none() -> Self {
        Self([NEVER; COUNT])
    }

    pub(crate) fn set(&mut self, timer: impl Into<usize>, at: u64) {
        self.0[timer.into()] = at;
    }

    pub(crate) fn stop(&mut self, timer: impl Into<usize>) {
        self.0[timer.into()] = NEVER;
    }

    pub(crate) fn is_set(&self, timer: impl Into<usize>) -> bool {
        self.0[timer.into()] != NEVER
    }

    /// Whether the timer is due; then it is stopped.
    pub(crate) fn take_due(&mut self, timer: impl Into<usize> + Copy, now: u64) -> bool {
        let due = self.0[timer.into()] <= now;
        if due {
            self.stop(timer);
        }
        due
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<u64> {
        self.0.iter().copied().min().filter(|at| *at != NEVER)
    }
}
