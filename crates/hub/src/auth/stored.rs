//! Whether what `auth` handed to the store is durable: a change of who may do what is answered only then.
//!
//! The store settles writes in the order of their submission, so that counting them suffices.

use store::{Commit, Write};
use tokio::sync::watch;

/// How many writes that somebody may wait for were submitted, and how many of them were settled.
#[derive(Debug)]
pub(super) struct Stored {
    submitted: watch::Sender<u64>,
    settled: watch::Sender<Settled>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Settled {
    count: u64,
    /// The count at the last one that was not written.
    refused: u64,
}

/// The store did not write a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the change was not stored")]
pub(crate) struct NotStored;

impl Default for Stored {
    fn default() -> Self {
        Self { submitted: watch::Sender::new(0), settled: watch::Sender::new(Settled::default()) }
    }
}

impl Stored {
    /// This is about to be submitted.
    pub(super) fn submitting(&self, write: &Write) {
        if counts(write) {
            self.submitted.send_modify(|count| *count += 1);
        }
    }

    /// This became of some writes.
    pub(super) fn settle(&self, commit: &Commit) {
        let count = commit.writes.iter().filter(|write| counts(write)).count() as u64;
        if count == 0 {
            return;
        }
        self.settled.send_modify(|settled| {
            settled.count += count;
            if commit.result.is_err() {
                settled.refused = settled.count;
            }
        });
    }

    /// Waits until all that was submitted is settled.
    ///
    /// # Errors
    /// Some of it was not written.
    pub(super) fn wait(&self) -> impl Future<Output = Result<(), NotStored>> + use<> {
        let (all, mut settled) = (*self.submitted.borrow(), self.settled.subscribe());
        let before = settled.borrow().count;
        async move {
            let settled = settled.wait_for(|settled| settled.count >= all).await;
            // The sender is gone with the hub.
            let refused = settled.map_err(|_| NotStored)?.refused;
            if refused > before { Err(NotStored) } else { Ok(()) }
        }
    }
}

/// Whether somebody may wait for it. That a token was used is written now and then, and nobody does.
fn counts(write: &Write) -> bool {
    matches!(
        write,
        Write::Access(_) | Write::RemoveAccess { .. } | Write::Token(_) | Write::TokenRevoked { .. }
    )
}

#[cfg(test)]
mod tests {
    use store::{AccessKind, CommitError, TokenHash};

    use super::*;

    fn removal() -> Write {
        Write::RemoveAccess { kind: AccessKind::Person, name: "ada".into() }
    }

    fn used() -> Write {
        Write::TokenUsed { hash: TokenHash([0; 32]), at: 0 }
    }

    #[tokio::test]
    async fn a_change_is_waited_for_until_its_own_commit() {
        let stored = Stored::default();
        for write in [removal(), used(), removal()] {
            stored.submitting(&write);
        }
        let waiting = tokio::spawn(stored.wait());
        stored.settle(&Commit { writes: vec![removal(), used()], result: Ok(()) });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        stored.settle(&Commit { writes: vec![removal()], result: Ok(()) });
        assert_eq!(waiting.await.expect("no panic"), Ok(()));
        assert_eq!(stored.wait().await, Ok(()), "nothing is under way");
    }

    #[tokio::test]
    async fn what_was_refused_is_told_to_whoever_waits() {
        let stored = Stored::default();
        stored.submitting(&removal());
        let waiting = stored.wait();
        stored.settle(&Commit { writes: vec![removal()], result: Err(CommitError::Full) });
        assert_eq!(waiting.await, Err(NotStored));
        assert_eq!(stored.wait().await, Ok(()), "that was another change");
    }
}
