//! The way to one uplink's end in its event loop, from any thread.

use crate::limits::UPLINK_POSTS_MAX;
use protocol::code::Bye;
use protocol::id::DeviceId;
use router::{RelayOutlet, RelayPost, Uplink};
use sockets::Remote;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::SpoolCursor;

/// What others have for an uplink.
pub(super) enum Post {
    /// What a device's state has for its gateway.
    Relay(RelayPost),
    /// The gateway is welcome; the hub has this much of its spool.
    Welcome(Arc<Uplink>, Option<SpoolCursor>),
    /// Everything up to here is durable.
    Committed(SpoolCursor),
    /// Whoever was asked about may come in, under this id.
    Admitted {
        ask: u64,
        device: DeviceId,
        /// A token of its own, where it was just made.
        token: Option<Box<str>>,
        /// The hash of the token with which it may come back.
        hash: Box<str>,
    },
    /// Whoever was asked about may not.
    Denied(u64, Bye),
    /// The device's token is another one, or it is no more.
    Forget(DeviceId),
    /// The uplink is over.
    End(Bye),
}

/// What waits for one uplink's end. Devices, requests and the store post to it.
pub(crate) struct Line {
    posts: Mutex<Posts>,
    remote: Remote,
}

#[derive(Default)]
struct Posts {
    waiting: Vec<Post>,
    is_over: bool,
}

impl Line {
    pub(super) fn new(remote: Remote) -> Self {
        Self { posts: Mutex::default(), remote }
    }

    /// One more. A gateway that does not take what it is told is told nothing more than that.
    pub(super) fn put(&self, post: Post) {
        let mut posts = self.lock();
        if posts.is_over {
            return;
        }
        match (posts.waiting.last_mut(), post) {
            (Some(Post::Committed(last)), Post::Committed(cursor)) => *last = cursor,
            (_, post) => posts.waiting.push(post),
        }
        if posts.waiting.len() > UPLINK_POSTS_MAX {
            posts.is_over = true;
            posts.waiting = vec![Post::End(Bye::Slow)];
        }
        drop(posts);
        self.remote.wake();
    }

    pub(super) fn take(&self) -> Vec<Post> {
        std::mem::take(&mut self.lock().waiting)
    }

    /// Has its end called.
    pub(super) fn wake(&self) {
        self.remote.wake();
    }

    /// Nobody listens any more.
    pub(super) fn end(&self) {
        *self.lock() = Posts { waiting: Vec::new(), is_over: true };
    }

    fn lock(&self) -> MutexGuard<'_, Posts> {
        // A plain list, whole whatever panicked.
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RelayOutlet for Line {
    fn post(&self, post: RelayPost) {
        self.put(Post::Relay(post));
    }
}
