//! The rules of the line protocol and of the uplink by name, as `spec/protocol.md` and `spec/uplink.md` state them. Code that keeps one says so:
//!
//! ```
//! use protocol::rule::{Rule, holds};
//! # let (seq, taken) = (2, 1);
//! let is_next = !holds(Rule::H4) || seq == taken + 1;
//! # assert!(is_next);
//! ```
//!
//! In everything that ships [`holds`] is `true` at compile time. With the feature `switches` a test can switch a rule
//! off, for its own thread: the simulation does, for one rule after the other, and each time one of its checkers must
//! find what the rule prevents.

/// Declares the rules, each with a sentence.
macro_rules! rules {
    ($($rule:ident $sentence:literal)*) => {
        /// A rule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = $sentence] $rule),*
        }

        impl Rule {
            /// All of them, the device side's first.
            pub const ALL: &[Rule] = &[$(Rule::$rule),*];

            /// Those of the uplink between a gateway and a hub.
            pub const OF_UPLINKS: &[Rule] = &[
                Rule::U1,
                Rule::U2,
                Rule::U3,
                Rule::U4,
                Rule::U5,
                Rule::U6,
                Rule::U7,
                Rule::U8,
            ];

            /// Its name, as in `spec/protocol.md` or `spec/uplink.md`.
            pub fn name(self) -> &'static str {
                match self { $(Rule::$rule => stringify!($rule)),* }
            }

            /// What it says, in a sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Rule::$rule => $sentence),* }
            }
        }
    };
}

rules! {
    D1 "Nothing numbered is sent and no command is begun before the welcome whose nonce is that of the last identify."
    D2 "A new run of the program never goes on with the numbers of an earlier one."
    D3 "A stored session is drained first, with its own messages only, and forgotten when all of them are acked."
    D4 "A session, where it begins and the head of the outbox are one atomic record, written before its first line is sent."
    D5 "Only an ack empties the outbox; what is dropped is declared, again and again until that is acked."
    D6 "Without progress of the ack the device goes back, drops the connection, or tries once a heartbeat."
    D7 "Both sides say something every heartbeat; after two of silence the connection is over."
    D8 "A command is begun once, and a result is given for the last only."
    D9 "A device comes back after a random time that grows."
    H1 "A takeover fences the old connection and waits for what is under way before the ack is computed."
    H2 "An identify goes on in the current session, is told that an older one is closed, or gets a new one."
    H3 "What will never come is a gap, committed in its place like a message."
    H4 "Only the next number is taken; a lower one is acked again, a higher one sent back to the hole."
    H5 "A message, its session's position and its cursor are written in one transaction."
    H6 "What is acked is durable."
    H7 "What panels show is committed."
    H8 "Where nobody has identified every line is answered with need, and a plain device's number is an error."
    H9 "A failed commit is not acked: windows close, panels are told, and the store is opened anew and verified first."
    H10 "The end of a connection changes presence only if it is the current one."
    H11 "More than five takeovers of one id in a minute raise an alert, and the next welcomes wait."
    C1 "A command's number is above that of every earlier one and above every handled that an identify named."
    C2 "That a command is sent is durable before its bytes leave."
    C3 "One command at a time is under way to a device."
    C4 "A sent command is sent again only in the same run, for its result, or before its deadline."
    C5 "A new run of the device's program makes every sent command unknown."
    C6 "A command without a result by its deadline and two heartbeats is given up as unknown."
    C7 "The same id of the same person is the same command; with other content it is refused."
    C8 "A command that waited is not sent after its deadline."
    C9 "A plain device is sent only commands for its inputs, and each once."
    U1 "A hub takes only the next spool number, and what an uplink brought is written together with it or not at all."
    U2 "A gateway takes a new tag at each start, and what a hub has beyond the end of an earlier one raises that end."
    U3 "Each hub has its own cursor in the spool, and what it will never get is told to it as what it is."
    U4 "One busy device, and one slow hub, delay no other."
    U5 "A command handed to a gateway runs once, and its outcome is told until the hub has it."
    U6 "The newest identify has the device, wherever it was, and one batched exchange restores all streams."
    U7 "Devices known from a hub come back while none is reachable; others are told to come later."
    U8 "Where gateway and hub are one process the hub's store is the only issuer, and there is no spool."
}

/// Whether `rule` is kept.
#[cfg(not(feature = "switches"))]
#[inline(always)]
pub const fn holds(_rule: Rule) -> bool {
    true
}

#[cfg(feature = "switches")]
pub use switches::{Off, holds, switch_off};

#[cfg(feature = "switches")]
mod switches {
    use super::Rule;
    use std::cell::Cell;

    thread_local! {
        /// One bit for each rule that is off.
        static OFF: Cell<u64> = const { Cell::new(0) };
    }

    /// Whether `rule` is kept, on this thread.
    #[inline]
    pub fn holds(rule: Rule) -> bool {
        OFF.get() & bit(rule) == 0
    }

    /// Switches `rule` off on this thread until what this returns is dropped.
    #[must_use]
    pub fn switch_off(rule: Rule) -> Off {
        OFF.set(OFF.get() | bit(rule));
        Off(rule)
    }

    /// A rule that is off.
    #[derive(Debug)]
    pub struct Off(Rule);

    impl Drop for Off {
        fn drop(&mut self) {
            OFF.set(OFF.get() & !bit(self.0));
        }
    }

    fn bit(rule: Rule) -> u64 {
        1 << rule as u32
    }

    const _: () = assert!(Rule::ALL.len() <= 64);
}
