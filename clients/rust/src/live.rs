//! What the program's side of a device and its connection's task have in common.

use crate::core::{Core, Step, Steps};
use crate::handlers::{self, Call, Handlers, failed};
use crate::limits::CALLS_WAITING_MAX;
use crate::outbox;
use crate::reason::Reason;
use crate::settings::Settings;
use protocol::message::Outcome;
use protocol::time::Time;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// One device, as long as somebody knows it.
pub(crate) struct Live {
    pub(crate) settings: Settings,
    core: Mutex<Core>,
    pub(crate) handlers: Mutex<Handlers>,
    calls: Mutex<Calls>,
    /// There is something to say, or the end was asked for.
    pub(crate) wake: Notify,
    /// Something was taken over.
    pub(crate) progress: watch::Sender<()>,
    /// Why it is not connected, once a connection ended or could not be made.
    pub(crate) trouble: watch::Sender<Option<Reason>>,
    /// Why the device does not come back, once it does not.
    pub(crate) over: watch::Sender<Option<Reason>>,
    start: Instant,
}

/// What the program is still to be told.
#[derive(Default)]
struct Calls {
    waiting: VecDeque<Call>,
    /// Somebody is telling it.
    running: bool,
}

impl Live {
    pub(crate) fn new(settings: Settings, core: Core) -> Self {
        Self {
            settings,
            core: Mutex::new(core),
            handlers: Mutex::default(),
            calls: Mutex::default(),
            wake: Notify::new(),
            progress: watch::Sender::new(()),
            trouble: watch::Sender::new(None),
            over: watch::Sender::new(None),
            start: Instant::now(),
        }
    }

    /// Never held while anything is waited for but the disk that takes a line.
    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        locked(&self.core)
    }

    pub(crate) fn handlers(&self) -> MutexGuard<'_, Handlers> {
        locked(&self.handlers)
    }

    pub(crate) fn now(&self) -> Time {
        let mono = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Time { wall: wall(), mono }
    }

    /// The moment that is `mono` milliseconds in [`Live::now`].
    pub(crate) fn moment(&self, mono: u64) -> Instant {
        self.start + std::time::Duration::from_millis(mono)
    }

    /// What is to be done next; a head that is to be kept has been kept.
    pub(crate) async fn steps(&self) -> Vec<Step> {
        let mut all = Vec::new();
        loop {
            let now = self.now();
            let Steps { steps, keep } = self.core().steps(now);
            all.extend(steps);
            let Some(keep) = keep else { return all };
            match off_the_runtime(|| keep.run()).await {
                Ok(done) => self.core().done(done),
                Err(error) if self.core().owes_head() => {
                    all.push(Step::Close(Reason::Outbox(error.to_string())));
                    return all;
                }
                // It was for room only; what is held can be sent, and later it may go.
                Err(error) => {
                    tracing::debug!(device = self.settings.name(), %error, "no room is given back");
                    return all;
                }
            }
        }
    }

    /// Gives back what is not held any more, where nothing is to be said: there is no connection.
    pub(crate) async fn make_room(&self) {
        let keep = self.core().keep();
        if let Some(keep) = keep
            && let Ok(done) = off_the_runtime(|| keep.run()).await
        {
            self.core().done(done);
        }
    }

    /// Makes durable what is accepted. Answers whether it is.
    pub(crate) async fn sync(&self) -> bool {
        let sync = self.core().sync();
        let synced = match sync {
            None => return false,
            Some(Err(error)) => Err(error),
            Some(Ok(sync)) => {
                let (done, synced) = off_the_runtime(|| Ok(sync.run())).await.unwrap_or_else(failed_sync);
                self.core().done(done);
                synced
            }
        };
        if let Err(error) = &synced {
            tracing::warn!(device = self.settings.name(), "the outbox cannot be synced: {error}");
        }
        synced.is_ok()
    }

    /// The hub gave the device `token`: the next run of the program is to have it, before this one uses it. Where it cannot be
    /// kept, the join token goes on to do for as long as the hub lets it.
    pub(crate) async fn keep_token(&self, token: &str) {
        let Some(keeping) = self.settings.identity() else { return };
        let (id, token) = (self.core().id().unwrap_or_default().to_owned(), token.to_owned());
        if let Err(error) = off_the_runtime(move || keeping.write(&id, &token)).await {
            tracing::warn!(device = self.settings.name(), "the token of the device cannot be kept: {error}");
        }
    }

    /// Tells the program, as soon as it was told what came before.
    pub(crate) fn tell(self: &Arc<Self>, call: Call) {
        if !self.handlers().wants(&call) {
            return;
        }
        let mut calls = locked(&self.calls);
        if calls.waiting.len() >= CALLS_WAITING_MAX {
            drop(calls);
            return self.pass_over(call);
        }
        calls.waiting.push_back(call);
        if !std::mem::replace(&mut calls.running, true) {
            let live = self.clone();
            tokio::task::spawn_blocking(move || live.call_all());
        }
    }

    fn pass_over(&self, call: Call) {
        tracing::error!(device = self.settings.name(), "a handler does not come back; not told: {call:?}");
        if let Call::Command(command) = call {
            self.answer(failed(&command, "the program is too busy"));
        }
    }

    fn call_all(&self) {
        loop {
            let mut calls = locked(&self.calls);
            let Some(call) = calls.waiting.pop_front() else {
                calls.running = false;
                return;
            };
            drop(calls);
            if let Some(outcome) = handlers::call(&self.handlers, call) {
                self.answer(outcome);
            }
        }
    }

    fn answer(&self, outcome: Outcome) {
        let now = self.now();
        self.core().answer(now, outcome);
        self.wake.notify_one();
    }
}

/// Runs what takes the disk some time where it holds up nobody.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|broken| Err(io::Error::other(broken)))
}

fn failed_sync(error: io::Error) -> (outbox::Done, io::Result<()>) {
    (outbox::Done::Failed(Vec::new()), Err(error))
}

fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// No invariant outlives a panic while it is broken: what is behind these locks is changed by code that does not panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
