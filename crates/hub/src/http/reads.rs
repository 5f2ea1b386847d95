//! Reading the store from async code: its calls block, so each runs on a thread for blocking work, a bounded number at a
//! time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use store::{ReadError, Reader};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

#[cfg(test)]
use super::Site;
use super::error::Failure;
use super::limits::{READS_MAX, READS_WAITING_MAX, STREAMS_EACH_MAX, STREAMS_MAX};
use crate::Hub;
use crate::auth::Grant;

/// Who may read now.
pub(super) struct Reads {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    streams: Arc<Semaphore>,
    /// For whom streams are read, once for each.
    streaming: Arc<Mutex<Vec<Grant>>>,
}

/// A place for a stream, and its share of what one person or device may have.
pub(super) struct Streaming {
    _place: OwnedSemaphorePermit,
    grant: Grant,
    all: Arc<Mutex<Vec<Grant>>>,
}

impl Drop for Streaming {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = all.iter().position(|grant| grant.is_of_same(&self.grant)) {
            all.swap_remove(own);
        }
    }
}

impl Default for Reads {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(READS_MAX)),
            waiting: AtomicUsize::new(0),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            streaming: Arc::default(),
        }
    }
}

impl Reads {
    /// Runs `read` as soon as there is a place.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        hub: &Arc<Hub>,
        read: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Failure> {
        let place = self.place().await?;
        let hub = hub.clone();
        let result = spawn_blocking(move || {
            // The place is held by the thread: a request that is given up does not end its read.
            let _place = place;
            read(hub.reader())
        });
        match result.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(Failure::storage(&error)),
            Err(error) => Err(Failure::storage(&error)),
        }
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let waiting = Waiting::enter(&self.waiting);
        if waiting.before >= READS_WAITING_MAX {
            return Err(Failure::too_many("Too many requests wait for the storage."));
        }
        Ok(self.places.clone().acquire_owned().await.expect("this semaphore is never closed"))
    }

    /// A place for a stream, which may take as long as whoever reads it.
    pub(super) fn stream(&self, grant: &Grant) -> Result<Streaming, Failure> {
        let mut all = self.streaming.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().filter(|other| other.is_of_same(grant)).count() >= STREAMS_EACH_MAX {
            return Err(Failure::too_many("You are reading as many streams of samples as one may."));
        }
        let place = self.streams.clone().try_acquire_owned();
        let place = place.map_err(|_| Failure::too_many("Too many streams of samples are being read."))?;
        all.push(grant.clone());
        Ok(Streaming { _place: place, grant: grant.clone(), all: self.streaming.clone() })
    }
}

#[cfg(test)]
impl Site {
    /// Has nothing read from here on, until what is given is dropped.
    pub(crate) async fn hold_reads(&self) -> OwnedSemaphorePermit {
        let all = u32::try_from(READS_MAX).expect("few");
        self.reads.places.clone().acquire_many_owned(all).await.expect("this semaphore is never closed")
    }
}

/// One who waits, also if it stops waiting.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    before: usize,
}

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        Self { count, before: count.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;
    use crate::auth::Person;

    #[tokio::test]
    async fn one_stream_too_many_is_told_to_come_again_and_finds_room_later() {
        let state = tempfile::tempdir().expect("a folder");
        let hub = Hub::open(state.path(), crate::Settings::default()).expect("the folder is ours");
        let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
        let people = ["ada", "bob"].map(|name| {
            let person = Person {
                password: "none".into(),
                groups: vec![],
                rules: vec![],
                created: 0,
                password_set: 0,
            };
            hub.auth().put_person(name, person);
            hub.auth().of_person(name).expect("just made")
        });
        let reads = Reads::default();
        let take = |grant: &Grant| -> Vec<_> {
            (0..STREAMS_EACH_MAX).map(|_| reads.stream(grant).expect("room")).collect()
        };
        let mut first = take(&people[0]);
        let too_many = |grant| {
            reads.stream(grant).is_err_and(|refused| refused.status() == StatusCode::TOO_MANY_REQUESTS)
        };
        assert!(too_many(&people[0]), "it has its share");
        let second = take(&people[1]);
        assert!(too_many(&admin), "all are taken");
        first.pop();
        assert!(reads.stream(&admin).is_ok());
        drop((first, second));
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("it stops");
    }

    #[tokio::test]
    async fn reads_wait_for_each_other_up_to_a_limit() {
        let reads = Reads::default();
        let mut places = Vec::new();
        for _ in 0..READS_MAX {
            places.push(reads.place().await.expect("room"));
        }
        let waiting: Vec<_> = (0..READS_WAITING_MAX).map(|_| Waiting::enter(&reads.waiting)).collect();
        assert_eq!(reads.place().await.expect_err("too many wait").status(), StatusCode::TOO_MANY_REQUESTS);
        drop(waiting);
        places.pop();
        assert!(reads.place().await.is_ok());
    }
}
