//! Who may hash a password now: each takes a core and 19 MiB for a while, so it is few at a time, and a bounded number waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::limits::{HASHES_MAX, HASHES_WAITING_MAX};
use super::password;

/// Places for hashing.
#[derive(Debug)]
pub(super) struct Hashing {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// As many wait already as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub(crate) struct Busy;

impl Default for Hashing {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(HASHES_MAX)), waiting: AtomicUsize::new(0) }
    }
}

impl Hashing {
    /// Whether this is the password of which `kept` is known, once there is a place. Takes the same time where nothing is kept.
    pub(super) async fn is(&self, kept: Option<Box<str>>, password: String) -> Result<bool, Busy> {
        self.run(move || password::is(kept.as_deref(), &password)).await
    }

    /// What is to be kept of a password, once there is a place.
    pub(super) async fn keep(&self, password: String) -> Result<Box<str>, Busy> {
        self.run(move || password::keep(&password)).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let place = {
            let waiting = Waiting::enter(&self.waiting);
            if waiting.before >= HASHES_WAITING_MAX {
                return Err(Busy);
            }
            self.places.clone().acquire_owned().await.expect("this semaphore is never closed")
        };
        let worked = spawn_blocking(move || {
            // The thread holds the place: a request that is given up does not end its hashing.
            let _place = place;
            work()
        });
        // Only a runtime that ends gives no result.
        worked.await.map_err(|_| Busy)
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
    use super::*;

    #[tokio::test]
    async fn two_hash_at_a_time_and_a_bounded_number_waits() {
        let hashing = Hashing::default();
        assert_eq!(hashing.places.available_permits(), 2);
        let waiting: Vec<_> = (0..HASHES_WAITING_MAX).map(|_| Waiting::enter(&hashing.waiting)).collect();
        assert_eq!(hashing.run(|| 7).await, Err(Busy));
        drop(waiting);
        assert_eq!(hashing.run(|| 7).await, Ok(7));
        assert_eq!(hashing.places.available_permits(), 2);
    }
}
