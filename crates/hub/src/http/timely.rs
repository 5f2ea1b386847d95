//! Bodies that have to arrive in time, whoever reads them.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::guest::Guest;
use super::limits::{BODY_WAIT_MAX, STRANGER_SECONDS_MAX};

/// A request's body. It breaks off where it takes too long.
pub(super) struct Timely {
    body: Incoming,
    guest: Guest,
    began: Instant,
    /// Made when it is first waited for.
    late: Option<Pin<Box<Sleep>>>,
}

/// A body took too long to arrive.
#[derive(Debug, thiserror::Error)]
#[error("the body took too long to arrive")]
struct TooLate;

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Timely {
    pub(super) fn new(body: Incoming, guest: Guest) -> Self {
        Self { body, guest, began: Instant::now(), late: None }
    }

    fn until(&self) -> Instant {
        if self.guest.is_known() {
            return self.began + BODY_WAIT_MAX;
        }
        (self.began + STRANGER_SECONDS_MAX).min(self.guest.cut_at())
    }
}

impl Body for Timely {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        // Whether it is known is decided before its body is read.
        let until = self.until();
        let late = self.late.get_or_insert_with(|| Box::pin(sleep_until(until)));
        late.as_mut().poll(cx).map(|()| Some(Err(TooLate.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
