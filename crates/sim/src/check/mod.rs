//! The checkers: each a file, each knowing only what somebody outside could see. What a producer's program was told
//! (accepted, acked, dropped), what the store holds, what panels received, what devices did, what people were told.
//!
//! | checker | finds |
//! |---|---|
//! | [`once`] | a message that is stored twice |
//! | [`loss`] | a message that is neither stored nor declared lost, and a gap that covers more than what is lost |
//! | [`order`] | a log with a hole, a message out of its turn |
//! | [`books`] | a ledger that does not say what the store holds |
//! | [`bounds`] | an outbox, a window, a queue, a panel's frames beyond their bound |
//! | [`commands`] | a command off its arrows, one begun twice, one done that never ran, one run that must not have |
//! | [`panels`] | something shown that is not committed, a miscounted `skipped`, a "now" that goes back |
//! | [`presence`] | a device shown as something else than it is, once all is calm |
//! | [`rhythm`] | a rhythm that a panel knows otherwise than the hub, once all is calm |
//! | [`drain`] | something that still waits when nothing disturbs any more |
//! | [`storage`] | an ack or a show of what is not durable while the storage fails, windows and banners that do not follow (H9) |
//! | [`thrash`] | two devices with one id that take over from each other without end or alert (H11) |
//! | [`storm`] | devices that come back all at once (D9) |

pub mod books;
pub mod bounds;
pub mod commands;
pub mod drain;
pub mod frame;
pub mod loss;
pub mod once;
pub mod order;
pub mod panels;
pub mod presence;
pub mod rhythm;
pub mod storage;
pub mod storm;
pub mod thrash;

use crate::stored::Entry;

/// Contents of a program are counted from its number times this: so they tell who made them.
pub const CONTENTS: u64 = 1_000_000;

/// The program that made a content.
pub fn maker(content: u64) -> usize {
    (content / CONTENTS) as usize
}

/// What a checker has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its name.
    pub checker: &'static str,
    /// What it found.
    pub said: String,
}

/// What a checker answers.
pub type Verdict = Result<(), String>;

/// All checkers of one simulation.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) loss: loss::Loss,
    pub(crate) bounds: bounds::Bounds,
    pub(crate) commands: commands::Commands,
    pub(crate) panels: panels::Panels,
    pub(crate) storage: storage::Storage,
    pub(crate) thrash: thrash::Thrash,
    finding: Option<Finding>,
}

impl Checks {
    /// Keeps the first finding.
    pub(crate) fn note(&mut self, checker: &'static str, verdict: Verdict) {
        if let Err(said) = verdict
            && self.finding.is_none()
        {
            self.finding = Some(Finding { checker, said });
        }
    }

    pub(crate) fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    /// Looks at the whole log of a device. `honest` is false where two programs bear its id: then nothing is promised of
    /// what they send.
    pub(crate) fn audit(&mut self, device: &str, log: &[Entry], honest: bool, calm: bool) {
        self.note("order", order::audit(device, log, honest));
        if honest {
            self.note("once", once::audit(device, log));
            let verdict = self.loss.audit(device, log, calm);
            self.note("loss", verdict);
        }
        let verdict = self.panels.audit(device, log);
        self.note("panels", verdict);
    }
}
