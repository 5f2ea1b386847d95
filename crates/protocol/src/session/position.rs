//! Where each device's log stands: what outlives connections, and which session an identify opens (rules H2 and H3).
//!
//! Whoever issues sessions keeps one [`Positions`] per device and stores [`Positions::issued`] and
//! [`Positions::current`] with it. Both are changed in memory first: the caller makes them durable before it tells
//! the device.

use crate::id::SessionId;
use crate::limits::{EMPTY_SESSIONS_MAX, SESSIONS_AHEAD_MAX};
use crate::message::Gap;
use crate::rule::{Rule, holds};

/// How far one session has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The session.
    pub session: SessionId,
    /// The last number accepted in it, messages and gaps alike.
    pub last: u64,
}

/// What an identify opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// The session that was asked for goes on.
    Resume {
        /// The session.
        session: SessionId,
        /// What the welcome says, `gap` included: so the gap is committed, and reported by [`Positions::accepted`],
        /// before the welcome goes out.
        ack: u64,
        /// Numbers that the device no longer holds and that were never accepted.
        gap: Option<Gap>,
    },
    /// A new session, empty. [`Positions::issued`] is durable before the welcome goes out.
    New {
        /// The session.
        session: SessionId,
        /// What was taken over in the session that was asked for, and is gone: this issuer gave that session and does not
        /// know it, because it was rolled back to before. It is recorded in that session, and moves no position.
        lost: Option<(SessionId, Gap)>,
    },
    /// The session that was asked for is over: `bye closed`, after which the device identifies without one.
    Closed,
}

/// The sessions of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions {
    issued: u64,
    current: Option<Position>,
    /// Issued after the current one and still empty, oldest first. Not stored: after a restart they are unknown, and
    /// whoever asks for one gets a new one, which loses nothing since nothing was accepted in them.
    empty: Empty,
}

/// At most [`EMPTY_SESSIONS_MAX`], and mostly none or one: no room is made for more.
type Empty = Box<[SessionId]>;

impl Positions {
    /// What was stored: the counter of the newest session issued (0 for none), and the current position.
    pub fn restore(issued: u64, current: Option<Position>) -> Self {
        let floor = current.as_ref().map_or(0, |position| position.session.counter());
        Self { issued: issued.max(floor), current, empty: Empty::default() }
    }

    /// The counter of the newest session issued; the next one is greater. 0 before the first.
    pub fn issued(&self) -> u64 {
        self.issued
    }

    /// The newest session in which something was accepted, and how far it came.
    pub fn current(&self) -> Option<&Position> {
        self.current.as_ref()
    }

    /// Decides rule H2 for an identify that is not plain. Without the rule, whatever session is named goes on where the
    /// device says. `asked` is the session it names, with its `oldest`; nothing
    /// where it names none or one that no issuer gives. `tag` is the issuer's of this run; `ours` says of a tag whether
    /// it is this one or an earlier one of the same store.
    ///
    /// Everything accepted for this device so far must have been reported by [`Positions::accepted`] (rule H1: what is
    /// pending is finished or discarded first).
    pub fn open(
        &mut self,
        asked: Option<(&SessionId, u64)>,
        tag: &str,
        ours: impl Fn(&str) -> bool,
    ) -> Opening {
        let Some((session, oldest)) = asked else { return self.issue(tag, None) };
        if !holds(Rule::H2) {
            return Opening::Resume { session: session.clone(), ack: oldest.saturating_sub(1), gap: None };
        }
        let current = self.current.as_ref();
        if let Some(position) = current.filter(|position| position.session == *session) {
            let last = position.last;
            return self.resume(session, last, oldest);
        }
        if self.empty.contains(session) {
            return self.resume(session, 0, oldest);
        }
        let older = current.is_some_and(|position| session.counter() < position.session.counter());
        match ours(session.tag()) {
            true if older => Opening::Closed,
            true => self.rolled_back(session, oldest, tag),
            false => self.issue(tag, None),
        }
    }

    /// A session of ours that is not known. Where it was handed out after all that is, a backup was restored since, and
    /// what the device no longer holds of it was taken over and is gone.
    fn rolled_back(&mut self, session: &SessionId, oldest: u64, tag: &str) -> Opening {
        let ahead = session.counter().saturating_sub(self.issued);
        let later = (1..=SESSIONS_AHEAD_MAX).contains(&ahead) && holds(Rule::H3);
        let gap = Gap { from: 1, to: oldest.saturating_sub(1), reason: "lost".to_owned() };
        let lost = (later && oldest > 1).then(|| (session.clone(), gap));
        if later {
            // Should it ask for this one again, because it did not hear of the new one, that is no second loss.
            self.issued = session.counter();
        }
        self.issue(tag, lost)
    }

    /// Notes that everything up to `seq` was accepted in `session`, which makes an issued one current. Answers whether
    /// it was: `false`, and nothing changes, for a session that is neither current nor newer, or a number not beyond
    /// the last.
    pub fn accepted(&mut self, session: &SessionId, seq: u64) -> bool {
        if let Some(position) = self.current.as_mut().filter(|position| position.session == *session) {
            let further = seq > position.last;
            position.last = position.last.max(seq);
            return further;
        }
        let Some(at) = self.empty.iter().position(|issued| issued == session) else { return false };
        // What was issued before the session that is now current is closed by it.
        self.empty = self.empty[at + 1..].into();
        self.current = Some(Position { session: session.clone(), last: seq });
        true
    }

    /// Rule H3: what the device no longer holds and nobody took is a gap. Without it, it is passed over.
    fn resume(&self, session: &SessionId, last: u64, oldest: u64) -> Opening {
        let (from, to) = (last + 1, oldest.saturating_sub(1));
        let gap = (to >= from && holds(Rule::H3)).then(|| Gap { from, to, reason: "lost".to_owned() });
        Opening::Resume { session: session.clone(), ack: last.max(to), gap }
    }

    fn issue(&mut self, tag: &str, lost: Option<(SessionId, Gap)>) -> Opening {
        self.issued += 1;
        let session = SessionId::new(tag, self.issued).expect("a tag is checked when it is made");
        let oldest = (self.empty.len() + 1).saturating_sub(EMPTY_SESSIONS_MAX);
        self.empty = self.empty[oldest..].iter().chain([&session]).cloned().collect();
        Opening::New { session, lost }
    }
}
