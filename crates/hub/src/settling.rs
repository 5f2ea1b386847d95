//! What became of writes, on its way from the store's writer to the devices: a task of the event loop that devices and panels
//! live in, so that an ack and what panels are shown leave without waking another thread.

use crate::Hub;
use crate::apply::{Settled, by_device};
use crate::limits::SETTLE_AT_ONCE_MAX;
use sockets::{Handle, Remote};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use store::{Commit, Event};

/// What the store has said and the loop has not heard yet. Bounded by what connections, panels and requests may have under way
/// to the store.
#[derive(Default)]
struct Said {
    news: Mutex<VecDeque<News>>,
    /// How the loop is woken.
    task: OnceLock<Remote>,
}

enum News {
    Event(Event),
    /// The writer says nothing more.
    End,
}

impl Said {
    fn push(&self, news: News) {
        let mut waiting = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = waiting.is_empty();
        waiting.push_back(news);
        drop(waiting);
        if was_empty {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(task) = self.task.get() {
            task.wake();
        }
    }
}

/// The store's end.
pub(crate) struct Mouth(Arc<Said>);

/// The hub's end.
pub(crate) struct Ear(Arc<Said>);

/// A way from the store's writer to the hub.
pub(crate) fn news() -> (Mouth, Ear) {
    let said = Arc::<Said>::default();
    (Mouth(said.clone()), Ear(said))
}

impl Mouth {
    pub(crate) fn say(&self, event: Event) {
        self.0.push(News::Event(event));
    }
}

impl Drop for Mouth {
    fn drop(&mut self) {
        self.0.push(News::End);
    }
}

impl Ear {
    /// Has the loop hear what the store says, from its first word on. A panic in that leaves a hub which answers and takes
    /// nothing over: better it ends at once, visibly. What is committed stays, and the devices send the rest again.
    pub(crate) fn listen(self, hub: Weak<Hub>, loops: &Handle) {
        let said = self.0.clone();
        let mut settling = Settling {
            hub,
            said: self.0,
            heard: VecDeque::new(),
            settled: Vec::new().into_iter(),
            durable: true,
        };
        let task = loops.task(move || {
            if catch_unwind(AssertUnwindSafe(|| settling.go_on())).is_err() {
                tracing::error!("settling panicked: ending, so that nothing looks alive that is not");
                std::process::abort();
            }
        });
        // Where the loops have ended nobody says or hears anything any more.
        if let Some(task) = task
            && said.task.set(task).is_ok()
        {
            said.wake();
        }
    }
}

/// The hub's end of it, in the loop.
struct Settling {
    hub: Weak<Hub>,
    said: Arc<Said>,
    /// Taken from there, and not dealt with.
    heard: VecDeque<News>,
    /// What is left of the commit that is being settled, and whether it is durable.
    settled: std::vec::IntoIter<Settled>,
    durable: bool,
}

impl Settling {
    /// Settles some, so that the sockets of this loop have their turn; asks to be called again where that was not all.
    fn go_on(&mut self) {
        let Some(hub) = self.hub.upgrade() else { return };
        for _ in 0..SETTLE_AT_ONCE_MAX {
            if let Some(settled) = self.settled.next() {
                hub.settle_one(settled, self.durable);
                continue;
            }
            match self.next() {
                Some(News::Event(Event::Commit(commit))) => self.begin(&commit),
                Some(News::Event(Event::Lost(commit))) => hub.storage_lost(&commit),
                Some(News::Event(Event::Failed { reason })) => hub.storage_failed(&reason),
                Some(News::Event(Event::Recovered)) => hub.storage_recovered(),
                Some(News::End) => assert!(*hub.stopping.borrow(), "the store's writer is gone"),
                None => return,
            }
        }
        self.said.wake();
    }

    fn begin(&mut self, commit: &Commit) {
        if let Err(error) = &commit.result {
            tracing::error!(%error, writes = commit.writes.len(), "the store could not commit");
        }
        self.durable = commit.result.is_ok();
        self.settled = by_device(&commit.writes, self.durable).into_iter();
    }

    fn next(&mut self) -> Option<News> {
        if self.heard.is_empty() {
            let mut waiting = self.said.news.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *waiting, &mut self.heard);
        }
        self.heard.pop_front()
    }
}
