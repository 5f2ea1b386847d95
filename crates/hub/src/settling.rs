//! What became of writes, on its way from the store's writer to the devices: a task of the event loop that devices and panels
//! live in, so that an ack and what panels are shown leave without waking another thread.

use crate::Hub;
use crate::apply::{Settled, by_device};
use crate::limits::SETTLE_AT_ONCE_MAX;
use crate::storage::Walk;
use sockets::{Handle, Remote};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use store::{Commit, Event, Write};

/// What the store has reported and the loop has not dealt with yet, and how the loop is woken for it. The reports are bounded by
/// what connections, panels and requests may have under way to the store.
#[derive(Default)]
pub(crate) struct Reports {
    waiting: Mutex<VecDeque<Report>>,
    /// How the loop is woken.
    task: OnceLock<Remote>,
    /// Devices that are still to be told how the storage stands now.
    walk: Mutex<Option<Walk>>,
    /// Writes that counted when they were submitted and can never be written.
    lost: AtomicUsize,
}

enum Report {
    Event(Event),
    /// The writer reports nothing more.
    End,
}

impl Reports {
    fn push(&self, report: Report) {
        if let Report::Event(Event::Lost(commit)) = &report {
            self.lost.fetch_add(commit.writes.len(), Ordering::Relaxed);
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = waiting.is_empty();
        waiting.push_back(report);
        drop(waiting);
        if was_empty {
            self.wake();
        }
    }

    /// How many writes that counted were lost. Whole once the store is closed.
    pub(crate) fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }

    /// Has all devices told how the storage stands, from the first on: what an earlier walk told them is over.
    pub(crate) fn begin_walk(&self) {
        *self.walk() = Some(Walk::default());
        self.wake();
    }

    pub(crate) fn walk(&self) -> MutexGuard<'_, Option<Walk>> {
        self.walk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        if let Some(task) = self.task.get() {
            task.wake();
        }
    }
}

/// How the store's writer reports what became of writes.
pub(crate) struct ReportSender(Arc<Reports>);

/// How the hub has those reports settled.
pub(crate) struct ReportReceiver(pub(crate) Arc<Reports>);

/// A way from the store's writer to the hub.
pub(crate) fn reports() -> (ReportSender, ReportReceiver) {
    let reports = Arc::<Reports>::default();
    (ReportSender(reports.clone()), ReportReceiver(reports))
}

impl ReportSender {
    pub(crate) fn send(&self, event: Event) {
        self.0.push(Report::Event(event));
    }
}

impl Drop for ReportSender {
    fn drop(&mut self) {
        self.0.push(Report::End);
    }
}

impl ReportReceiver {
    /// Has the loop settle what the store reports, from its first report on. A panic in that leaves a hub which answers and takes
    /// nothing over: better it ends at once, visibly. What is committed stays, and the devices send the rest again.
    pub(crate) fn settle_in(self, hub: Weak<Hub>, loops: &Handle) {
        let reports = self.0.clone();
        let mut settling = Settling {
            hub,
            reports: self.0,
            taken: VecDeque::new(),
            settled: Vec::new().into_iter(),
            durable: true,
        };
        let task = loops.task(move || {
            if catch_unwind(AssertUnwindSafe(|| settling.go_on())).is_err() {
                tracing::error!("settling panicked: ending, so that nothing looks alive that is not");
                std::process::abort();
            }
        });
        // Where the loops have ended nobody reports or settles anything any more.
        if let Some(task) = task
            && reports.task.set(task).is_ok()
        {
            reports.wake();
        }
    }
}

/// The hub's end of it, in the loop.
struct Settling {
    hub: Weak<Hub>,
    reports: Arc<Reports>,
    /// Taken from there, and not dealt with.
    taken: VecDeque<Report>,
    /// What is left of the commit that is being settled, and whether it is durable.
    settled: std::vec::IntoIter<Settled>,
    durable: bool,
}

impl Settling {
    /// Settles some, so that the sockets of this loop have their turn; asks to be called again where that was not all.
    fn go_on(&mut self) {
        let Some(hub) = self.hub.upgrade() else { return };
        let is_walking = hub.tell_some_of_storage();
        for _ in 0..SETTLE_AT_ONCE_MAX {
            if let Some(settled) = self.settled.next() {
                hub.settle_one(settled, self.durable);
                continue;
            }
            match self.next() {
                Some(Report::Event(Event::Commit(commit))) => self.begin(&hub, &commit),
                Some(Report::Event(Event::Lost(commit))) => hub.storage_lost(&commit),
                Some(Report::Event(Event::Failed { reason })) => hub.storage_failed(&reason),
                Some(Report::Event(Event::Recovered)) => hub.storage_recovered(),
                // A hub's store is no spool.
                Some(Report::Event(Event::Spool(_))) => {}
                Some(Report::End) => assert!(*hub.stopping.borrow(), "the store's writer is gone"),
                None if is_walking => break,
                None => return,
            }
        }
        self.reports.wake();
    }

    fn begin(&mut self, hub: &Arc<Hub>, commit: &Commit) {
        if let Err(error) = &commit.result {
            tracing::error!(%error, writes = commit.writes.len(), "the store could not commit");
        }
        self.durable = commit.result.is_ok();
        hub.gateways_settled(commit);
        hub.auth().settle(commit);
        for write in &commit.writes {
            match write {
                Write::Called { device, .. } => hub.called_settled(*device, self.durable),
                Write::DeviceToken { device, token, .. } => hub.tokens_settled(*device, *token, self.durable),
                _ => {}
            }
        }
        self.settled = by_device(&commit.writes, self.durable).into_iter();
    }

    fn next(&mut self) -> Option<Report> {
        if self.taken.is_empty() {
            let mut waiting = self.reports.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *waiting, &mut self.taken);
        }
        self.taken.pop_front()
    }
}
