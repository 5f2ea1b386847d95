//! How others wake what lives in a loop.

use crate::limits::{ADOPTED_MAX, WOKEN_MIN};
use crate::loops::Adopted;
use crate::turns::TurnCounter;
use mio::Waker;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The way to one endpoint or task from any thread. It may be gone: then nothing happens, or whoever has its place now is
/// woken for nothing.
#[derive(Clone)]
pub struct Remote {
    pub(crate) mail: Arc<Mail>,
    pub(crate) token: usize,
}

impl Remote {
    /// Has it called soon ([`crate::Endpoint::woken`]). Costs a lock, and a system call only where the loop sleeps. To be
    /// called when there is something for it where there was nothing before; again before it was called changes nothing.
    pub fn wake(&self) {
        self.mail.post(|inbox| inbox.wake(self.token));
    }

    /// The same, and it is asked what to write in this turn even if it gathers; others that gather wait as they would have.
    pub fn hurry(&self) {
        self.mail.post(|inbox| {
            inbox.wake(self.token);
            inbox.hurried.push(self.token);
        });
    }
}

/// What a loop is told by others.
pub(crate) struct Mail {
    inbox: Mutex<Inbox>,
    /// It will look into its inbox before it sleeps.
    awake: AtomicBool,
    waker: Waker,
    /// Sockets it has, or is about to have.
    pub(crate) sockets: AtomicUsize,
    /// What its turns took.
    pub(crate) turns: TurnCounter,
}

#[derive(Default)]
pub(crate) struct Inbox {
    /// Whom to wake, perhaps twice. See [`WOKEN_MIN`].
    pub(crate) woken: Vec<usize>,
    /// At most [`ADOPTED_MAX`], and the tasks.
    pub(crate) adopted: Vec<Adopted>,
    /// Who does not wait for a flush: each asks for it once a turn at most.
    pub(crate) hurried: Vec<usize>,
    pub(crate) hurry: bool,
    pub(crate) stop: bool,
    /// The loop has ended: nothing is taken any more.
    ended: bool,
}

impl Inbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.woken.is_empty() && self.adopted.is_empty() && !self.hurry && !self.stop
    }

    pub(crate) fn has_room(&self) -> bool {
        self.adopted.len() < ADOPTED_MAX
    }

    fn wake(&mut self, token: usize) {
        if self.woken.len() == self.woken.capacity() {
            self.woken.sort_unstable();
            self.woken.dedup();
            self.woken.reserve_exact(self.woken.len().max(WOKEN_MIN));
        }
        self.woken.push(token);
    }
}

impl Mail {
    pub(crate) fn new(waker: Waker) -> Self {
        let (inbox, awake, sockets) = (Mutex::default(), AtomicBool::new(true), AtomicUsize::new(0));
        Self { inbox, awake, waker, sockets, turns: TurnCounter::default() }
    }

    /// Puts something into the inbox, and sees to it that the loop looks. Order: whoever posts adds first and looks at `awake`
    /// then; a loop that wants to sleep says so first and looks into its inbox then. So one of them sees the other.
    pub(crate) fn post(&self, add: impl FnOnce(&mut Inbox)) {
        let mut inbox = self.lock();
        add(&mut inbox);
        if inbox.ended {
            let unread = std::mem::take(&mut *inbox);
            inbox.ended = true;
            drop(inbox);
            // What is dropped with it may post too.
            return drop(unread);
        }
        drop(inbox);
        if !self.awake.swap(true, Ordering::SeqCst)
            && let Err(error) = self.waker.wake()
        {
            tracing::error!(%error, "cannot wake an event loop");
        }
    }

    /// What came; the empty `inbox` takes its place, so that no memory is made anew.
    pub(crate) fn take(&self, inbox: &mut Inbox) {
        std::mem::swap(&mut *self.lock(), inbox);
    }

    /// Whether the loop may sleep. Whoever posts from here on wakes it.
    pub(crate) fn may_sleep(&self) -> bool {
        self.awake.store(false, Ordering::SeqCst);
        let may = self.lock().is_empty();
        if !may {
            self.is_awake();
        }
        may
    }

    /// The loop does not sleep.
    pub(crate) fn is_awake(&self) {
        self.awake.store(true, Ordering::SeqCst);
    }

    /// The loop has ended; gives what nobody took.
    pub(crate) fn end(&self) -> Inbox {
        std::mem::replace(&mut *self.lock(), Inbox { ended: true, ..Inbox::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        // Nothing under the lock can panic, but where memory ends.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_is_not_longer_than_twice_those_whom_it_names() {
        const NAMED: usize = 1_000;
        let mut inbox = Inbox::default();
        for wake in 0..200_000 {
            inbox.wake(wake % NAMED);
            assert!(inbox.woken.capacity() <= 2 * NAMED);
        }
        inbox.woken.sort_unstable();
        inbox.woken.dedup();
        assert_eq!(inbox.woken, (0..NAMED).collect::<Vec<_>>());
    }
}
