//! What a panel has to wait for: what it missed and devices that sleep, read from the store, and what becomes of a command.
//!
//! An event loop waits for nobody. A job is looked at once, for most have their answer at once; otherwise a task goes on
//! with it, and the answer is left at the panel's seat. Meanwhile the panel hears nothing and says nothing new.

use super::said::Said;
use super::seat::Seat;
use crate::commands::Undecided;
use bytes::Bytes;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use store::DeviceKey;

/// What a panel has waited for.
pub(super) enum Answer {
    /// Of a device, messages and gaps of the store with their cursors.
    Stored(DeviceKey, Vec<(u64, Bytes)>),
    /// The command with this id: its receipt, where this panel is to be told by itself.
    Command {
        id: String,
        device: String,
        /// Whoever asked might see or command the device when they did.
        is_known: bool,
        told: Result<Option<Bytes>, Undecided>,
    },
    /// The device that this names is awake, unless it is not known or cannot be read.
    Awake(Said),
    /// There will be none: what was to bring it has panicked.
    Lost,
}

/// The answer, if it is there at once. Otherwise it comes to the seat.
pub(super) fn start(seat: &Arc<Seat>, job: impl Future<Output = Answer> + Send + 'static) -> Option<Answer> {
    let mut job: Pin<Box<dyn Future<Output = Answer> + Send>> = Box::pin(job);
    let _entered = seat.hub.runtime.enter();
    match job.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => {
            let promise = Promise(Some(seat.clone()));
            seat.hub.runtime.spawn(async move { promise.keep(job.await) });
            None
        }
    }
}

/// Whoever waits is answered in any case.
struct Promise(Option<Arc<Seat>>);

impl Promise {
    fn keep(mut self, answer: Answer) {
        if let Some(seat) = self.0.take() {
            seat.answer(answer);
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Some(seat) = self.0.take() {
            seat.answer(Answer::Lost);
        }
    }
}
