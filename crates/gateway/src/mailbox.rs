//! The way from the intake back to a connection.
//!
//! A post never waits, so nothing here bounds the mailbox; the protocol does. In flight are at most
//! [`protocol::limits::IN_FLIGHT_MESSAGES_MAX`] messages, and commits that follow each other are folded into one; a
//! window replaces the one before it; commands come one at a time, each when the last was answered or given up;
//! complaints answer lines, of which one reading brings a few; an identify has one answer; after the end nothing is
//! kept. And the connection empties it whether or not its device reads: what cannot be written waits in the write
//! buffer, which has a bound. When the connection is over the mailbox is closed: whoever still holds it reaches nobody.

use protocol::intake::{Outlet, Post};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Mailbox {
    slot: Mutex<Slot>,
    arrived: Notify,
}

#[derive(Default)]
struct Slot {
    posts: VecDeque<Post>,
    closed: bool,
}

impl Mailbox {
    /// What was posted, oldest first; waits until there is something, on a closed mailbox for ever. Loses nothing when
    /// it is dropped while it waits.
    pub(crate) async fn take(&self) -> VecDeque<Post> {
        loop {
            let posts = std::mem::take(&mut self.lock().posts);
            if !posts.is_empty() {
                return posts;
            }
            self.arrived.notified().await;
        }
    }

    /// The connection is over: drops what is there and what comes later, each lane among it ends by that.
    pub(crate) fn close(&self) {
        let mut slot = self.lock();
        slot.closed = true;
        let posts = std::mem::take(&mut slot.posts);
        // A lane that ends does so outside of the lock.
        drop(slot);
        drop(posts);
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        // Every state of a queue is a valid one, also that in which somebody panicked.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet for Mailbox {
    fn post(&self, post: Post) {
        let mut slot = self.lock();
        if slot.closed {
            drop(slot);
            return drop(post);
        }
        fold(&mut slot.posts, post);
        drop(slot);
        self.arrived.notify_one();
    }

    fn is_gone(&self) -> bool {
        self.lock().closed
    }
}

/// Adds `post` behind the others, or makes one of it and the last.
fn fold(posts: &mut VecDeque<Post>, post: Post) {
    match (posts.back_mut(), post) {
        (Some(Post::Committed { seq, messages }), Post::Committed { seq: later, messages: more }) => {
            *seq = later.or(*seq);
            *messages += more;
        }
        (Some(Post::Window(window)), Post::Window(later)) => *window = later,
        (
            Some(Post::Bye(_) | Post::Refused { .. }),
            Post::Committed { .. } | Post::Window(_) | Post::Command(_),
        ) => {}
        (_, post) => posts.push_back(post),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::code::Bye;

    #[tokio::test]
    async fn commits_that_follow_each_other_are_one() {
        let mailbox = Mailbox::default();
        for (seq, messages) in [(Some(4), 2), (None, 1), (Some(9), 5)] {
            mailbox.post(Post::Committed { seq, messages });
        }
        let posts = mailbox.take().await;
        assert!(matches!(posts.front(), Some(Post::Committed { seq: Some(9), messages: 8 })));
        assert_eq!(posts.len(), 1);
    }

    #[tokio::test]
    async fn nothing_is_kept_behind_the_end() {
        let mailbox = Mailbox::default();
        mailbox.post(Post::Bye(Bye::Replaced));
        mailbox.post(Post::Window(0));
        assert_eq!(mailbox.take().await.len(), 1);
    }

    #[tokio::test]
    async fn a_closed_mailbox_keeps_nothing() {
        let mailbox = Mailbox::default();
        mailbox.post(Post::Window(64));
        mailbox.close();
        mailbox.post(Post::Bye(Bye::Stopping));
        assert!(mailbox.lock().posts.is_empty());
    }
}
