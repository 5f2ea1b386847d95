//! What became of writes, on its way from the spool's writer to the devices: a task of the event loop that devices live in, so
//! that an ack leaves without waking another thread.

use super::Standalone;
use super::apply::{Settled, by_device};
use super::limits::SETTLE_AT_ONCE_MAX;
use sockets::{Handle, Remote};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use store::SpoolEvent;
use store::{Commit, Event};

/// What the spool has said and the loop has not heard yet. Bounded by what connections may have under way to the spool.
#[derive(Default)]
pub(super) struct News {
    waiting: Mutex<VecDeque<Event>>,
    /// How the loop is woken.
    task: OnceLock<Remote>,
}

impl News {
    /// The spool says something.
    pub(super) fn say(&self, event: Event) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = waiting.is_empty();
        waiting.push_back(event);
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

    /// Has the loop hear what the spool says, from its first word on. A panic in that leaves a gateway which answers and takes
    /// nothing over: better it ends at once, visibly. What is committed stays, and the devices send the rest again.
    pub(super) fn listen(self: Arc<Self>, gateway: Weak<Standalone>, loops: &Handle) {
        let mut settling = Settling {
            gateway,
            news: self.clone(),
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
            && self.task.set(task).is_ok()
        {
            self.wake();
        }
    }
}

/// The gateway's end of it, in the loop.
struct Settling {
    gateway: Weak<Standalone>,
    news: Arc<News>,
    /// Taken from there, and not dealt with.
    heard: VecDeque<Event>,
    /// What is left of the commit that is being settled, and whether it is durable.
    settled: std::vec::IntoIter<Settled>,
    durable: bool,
}

impl Settling {
    /// Settles some, so that the sockets of this loop have their turn; asks to be called again where that was not all.
    fn go_on(&mut self) {
        let Some(gateway) = self.gateway.upgrade() else { return };
        for _ in 0..SETTLE_AT_ONCE_MAX {
            if let Some(settled) = self.settled.next() {
                gateway.settle_one(settled, self.durable);
                continue;
            }
            match self.next() {
                Some(Event::Commit(commit)) => self.begin(&gateway, &commit),
                Some(Event::Lost(commit)) => {
                    tracing::error!(writes = commit.writes.len(), "what was taken over was never written");
                }
                Some(Event::Failed { reason }) => gateway.storage_failed(&reason),
                Some(Event::Recovered) => gateway.storage_recovered(),
                Some(Event::Spool(SpoolEvent::Dropped { hub, dropped })) => gateway.dropped(&hub, dropped),
                Some(Event::Spool(SpoolEvent::Full)) => gateway.spool_is_full(true),
                Some(Event::Spool(SpoolEvent::Room)) => gateway.spool_is_full(false),
                None => return,
            }
        }
        self.news.wake();
    }

    fn begin(&mut self, gateway: &Standalone, commit: &Commit) {
        match &commit.result {
            Err(error) => {
                tracing::error!(%error, writes = commit.writes.len(), "the spool could not commit");
            }
            // Uplinks begin to read while acks leave.
            Ok(()) => gateway.tell_growth(),
        }
        self.durable = commit.result.is_ok();
        self.settled = by_device(&commit.writes, self.durable).into_iter();
    }

    fn next(&mut self) -> Option<Event> {
        if self.heard.is_empty() {
            let mut waiting = self.news.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *waiting, &mut self.heard);
        }
        self.heard.pop_front()
    }
}
