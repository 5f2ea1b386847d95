//! What was submitted and is not yet in a transaction.

mod content;

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::content::{Awaits, Content};
use crate::limits::{FLUSH_WAIT_MAX, GATHER_DENSE, MEMORY_GATHER};
use crate::store::Keeping;
use crate::write::Write;

/// What has become of a write when it was submitted.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It counts as taken over: it is written within [`MEMORY_GATHER`] and not reported again. Only with
    /// [`crate::Durability::Memory`].
    Done,
    /// What becomes of it comes back in an [`crate::Event::Commit`].
    Waits,
}

/// Writes in the order of their submission; many threads push, the writer takes.
pub(crate) struct Queue {
    content: Mutex<Content>,
    /// Something that the writer sleeps for.
    changed: Condvar,
    /// What was pushed before was dealt with, or will not be now.
    dealt: Condvar,
}

/// What of the options of a store can change while it is open.
pub(crate) struct Change {
    pub(crate) gather: Duration,
    pub(crate) keeping: Keeping,
}

/// What is there for the writer.
pub(crate) struct Taken {
    /// At most one batch.
    pub(crate) writes: Vec<Write>,
    /// What was said of all of them when they were submitted.
    pub(crate) said: Submitted,
    /// What found no room, to be handed back, and then to be [`Queue::told`].
    pub(crate) refused: Vec<Write>,
    /// How long it was waited for company, and how many writes came meanwhile; `None` when it was not.
    pub(crate) waited: Option<(Duration, usize)>,
}

impl Queue {
    /// An empty queue. `early`: writes may be [`Submitted::Done`] before they are committed.
    pub(crate) fn new(early: bool) -> Queue {
        let content = Mutex::new(Content::new(early));
        Queue { content, changed: Condvar::new(), dealt: Condvar::new() }
    }

    /// Adds a write; dropped when the queue is closed. Only messages and gaps may find no room: the others are few, and
    /// whoever has them written does not send them again. `asks` whether it may be done with this.
    pub(crate) fn push(&self, write: Write, asks: bool) -> Submitted {
        let mut content = self.content();
        let said = content.push(write, asks);
        self.wake(content);
        said
    }

    /// Waits for a write, then up to `gather` longer until there are `enough` of them, and takes at most one batch. As long as each
    /// half of `gather` brings company it goes on waiting, up to [`GATHER_DENSE`] in all. `None`: closed and empty.
    pub(crate) fn take(&self, gather: Duration, enough: usize) -> Option<Taken> {
        let mut content = self.sleep(self.content(), Awaits::Anything, None);
        let (before, mut waited) = (content.writes.len(), Duration::ZERO);
        let (awaited, half) = (Awaits::Company(enough), gather - gather / 2);
        let mut came = 0;
        while goes_on(gather, waited, came) && !content.has(awaited) {
            let there = content.writes.len();
            content = self.sleep(content, awaited, Some(half));
            waited += half;
            came = content.writes.len() - there;
        }
        let waited = (!waited.is_zero()).then(|| (waited, content.writes.len() - before));
        Some(Taken { waited, ..content.take()? })
    }

    /// The same for writes that nobody waits for: looks every [`MEMORY_GATHER`], so that no write has to wake the writer, and
    /// sleeps for longer only after a look that found nothing.
    pub(crate) fn take_gathered(&self) -> Option<Taken> {
        let mut content = self.sleep(self.content(), Awaits::Urgent, Some(MEMORY_GATHER));
        if content.is_idle() {
            content = self.sleep(content, Awaits::Anything, None);
            content = self.sleep(content, Awaits::Urgent, Some(MEMORY_GATHER));
        }
        content.take()
    }

    /// Takes what is there, perhaps nothing, without waiting. `None`: closed and empty.
    pub(crate) fn take_now(&self) -> Option<Taken> {
        self.content().take()
    }

    /// From now on the store is to be run so.
    pub(crate) fn change(&self, change: Change) {
        self.content().change = Some(change);
    }

    /// How it is to be run, if that has changed since it was asked.
    pub(crate) fn take_change(&self) -> Option<Change> {
        self.content().change.take()
    }

    /// Puts what was taken in front again, untouched.
    pub(crate) fn put_back(&self, writes: Vec<Write>, said: Submitted) {
        self.content().put_back(writes, said);
    }

    /// Leaves what waits, and waits `time` or until something found no room, which it takes. `None`: closed.
    pub(crate) fn wait(&self, time: Duration) -> Option<Vec<Write>> {
        let mut content = self.sleep(self.content(), Awaits::Refused, Some(time));
        if content.closed { None } else { Some(std::mem::take(&mut content.refused)) }
    }

    /// What was refused and taken has been handed back.
    pub(crate) fn told(&self) {
        self.content().told();
    }

    /// So many of the writes that were taken have been committed, or handed back.
    pub(crate) fn dealt_with(&self, writes: usize) {
        let mut content = self.content();
        content.dealt += writes as u64;
        if std::mem::take(&mut content.is_waited_for) {
            drop(content);
            self.dealt.notify_all();
        }
    }

    /// Whether nothing can be committed now: then nothing is done early.
    pub(crate) fn set_failed(&self, failed: bool) {
        self.content().failed = failed;
        self.dealt.notify_all();
    }

    /// Waits until all that was pushed is committed or handed back; not while the store has failed, and not longer than
    /// [`FLUSH_WAIT_MAX`].
    pub(crate) fn flush(&self) {
        let mut content = self.content();
        let all = content.pushed;
        if content.is_settled(all) {
            return;
        }
        content.hurry = true;
        self.wake(content);
        let waits = |content: &mut Content| {
            content.is_waited_for = !content.is_settled(all);
            content.is_waited_for
        };
        drop(self.dealt.wait_timeout_while(self.content(), FLUSH_WAIT_MAX, waits));
    }

    /// Nothing more is added; what is there is still taken.
    pub(crate) fn close(&self) {
        let mut content = self.content();
        content.closed = true;
        self.wake(content);
    }

    /// The writer has ended.
    pub(crate) fn end(&self) {
        self.close();
        self.set_failed(true);
    }

    /// Wakes the writer if it sleeps for what is there now. While it does something else nobody asks the system.
    fn wake(&self, mut content: MutexGuard<'_, Content>) {
        if content.is_awaited() {
            content.awaits = Awaits::Nothing;
            drop(content);
            self.changed.notify_one();
        }
    }

    /// Lets the writer sleep until what it awaits is there, or for `longest`.
    fn sleep<'a>(
        &'a self,
        mut content: MutexGuard<'a, Content>,
        awaits: Awaits,
        longest: Option<Duration>,
    ) -> MutexGuard<'a, Content> {
        content.awaits = awaits;
        let sleeps = |content: &mut Content| content.awaits != Awaits::Nothing && !content.is_awaited();
        let mut content = match longest {
            None => self.changed.wait_while(content, sleeps).unwrap_or_else(PoisonError::into_inner),
            Some(longest) => {
                let woken = self.changed.wait_timeout_while(content, longest, sleeps);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        content.awaits = Awaits::Nothing;
        content
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        // No code that can panic runs under the lock.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether company is waited for longer, when so many writes `came` in the last half of `gather`.
fn goes_on(gather: Duration, waited: Duration, came: usize) -> bool {
    waited < gather || (came > 0 && waited < GATHER_DENSE)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests;
