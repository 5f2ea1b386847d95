//! Time as an argument.

/// One moment, as the shell read it: on the wall for people, monotonic for deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Milliseconds since 1970-01-01T00:00:00Z. May jump when somebody sets the clock.
    pub wall: i64,
    /// Milliseconds since an arbitrary start. Never goes back; all deadlines are kept in it.
    pub mono: u64,
}
