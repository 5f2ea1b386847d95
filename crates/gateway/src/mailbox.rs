//! The way from the intake back to a connection.
//!
//! A post never waits, so nothing here bounds the mailbox; the protocol does. In flight are at most
//! [`protocol::limits::IN_FLIGHT_MESSAGES_MAX`] messages, and commits that follow each other are folded into one; a
//! window replaces the one before it; commands come one at a time, each when the last was answered or given up;
//! complaints answer lines, of which one reading brings a few; an identify has one answer; after the end nothing is
//! kept. And the connection empties it whether or not its device reads: what cannot be written waits in the write
//! buffer, which has a bound. When the connection is over the mailbox is closed: whoever still holds it reaches nobody.
//!
//! The connection is woken only where it would not look by itself: not while it has a turn, and not twice.

use protocol::intake::Post;
use sockets::Remote;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) struct Mailbox {
    slot: Mutex<Slot>,
    /// The way to the connection's endpoint.
    remote: Remote,
}

/// What was posted, in this order. Most that is ever posted is a commit: it has a place that allocates nothing.
#[derive(Default)]
struct Slot {
    /// The highest number of the commits that came first; 0: none.
    seq: u64,
    rest: Option<Box<Rest>>,
    /// The messages of the commits that came first.
    messages: u32,
    /// The connection has a turn, and looks here before that ends.
    attended: bool,
    /// The connection was called and has not come yet.
    called: bool,
    closed: bool,
    /// Whose it is, once it was welcome: here, because this has a lock.
    device: Option<Arc<str>>,
}

#[derive(Default)]
struct Rest {
    posts: Vec<Post>,
}

impl Mailbox {
    pub(crate) fn new(remote: Remote) -> Self {
        Self { slot: Mutex::default(), remote }
    }

    pub(crate) fn post(&self, post: Post) {
        let mut slot = self.lock();
        if slot.closed {
            // A lane that ends by that does so outside of the lock.
            drop(slot);
            return drop(post);
        }
        slot.add(post);
        let calls = !slot.attended && slot.calls();
        drop(slot);
        if calls {
            self.remote.wake();
        }
    }

    /// A turn of the connection begins, perhaps because it was called: until [`Mailbox::take`] finds nothing it looks
    /// here by itself.
    pub(crate) fn attend(&self, called: bool) {
        let mut slot = self.lock();
        slot.attended = true;
        slot.called &= !called;
    }

    /// What was posted, oldest first. Nothing: from here on the connection has to be called.
    pub(crate) fn take(&self) -> Option<impl Iterator<Item = Post> + use<>> {
        let mut slot = self.lock();
        let (seq, messages) = (std::mem::take(&mut slot.seq), std::mem::take(&mut slot.messages));
        let rest = slot.rest.take();
        if (seq, messages) == (0, 0) && rest.is_none() {
            slot.attended = false;
            return None;
        }
        drop(slot);
        let commits = (seq, messages) != (0, 0);
        let commits = commits.then_some(Post::Committed { seq: (seq > 0).then_some(seq), messages });
        Some(commits.into_iter().chain(rest.map(|rest| rest.posts).into_iter().flatten()))
    }

    /// Calls the connection though nothing was posted: there is more to do than one turn may.
    pub(crate) fn call(&self) {
        let calls = self.lock().calls();
        if calls {
            self.remote.wake();
        }
    }

    /// The connection is over: drops what is there and what comes later, each lane among it ends by that.
    pub(crate) fn close(&self) {
        let mut slot = self.lock();
        slot.closed = true;
        let rest = slot.rest.take();
        // A lane that ends does so outside of the lock.
        drop(slot);
        drop(rest);
    }

    /// From here on it is the mailbox of the device with this id.
    pub(crate) fn show(&self, device: Arc<str>) {
        self.lock().device = Some(device);
    }

    /// The id of the device, once it was welcome.
    pub(crate) fn device(&self) -> Option<String> {
        self.lock().device.as_deref().map(str::to_owned)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        // Every state of a queue is a valid one, also that in which somebody panicked.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Whether the connection is to be called: not while it is under way.
    fn calls(&mut self) -> bool {
        !std::mem::replace(&mut self.called, true)
    }

    /// Adds `post` behind the others, or makes one of it and the last.
    fn add(&mut self, post: Post) {
        match (&mut self.rest, post) {
            (None, Post::Committed { seq, messages }) => {
                self.seq = seq.unwrap_or(self.seq);
                self.messages += messages;
            }
            (rest, post) => fold(&mut rest.get_or_insert_default().posts, post),
        }
    }
}

fn fold(posts: &mut Vec<Post>, post: Post) {
    match (posts.last_mut(), post) {
        (Some(Post::Committed { seq, messages }), Post::Committed { seq: later, messages: more }) => {
            *seq = later.or(*seq);
            *messages += more;
        }
        (Some(Post::Window(window)), Post::Window(later)) => *window = later,
        (
            Some(Post::Bye(_) | Post::Refused { .. }),
            Post::Committed { .. } | Post::Window(_) | Post::Command(_),
        ) => {}
        (_, post) => posts.push(post),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::code::Bye;
    use sockets::EventLoops;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    /// A mailbox, what is sent whenever it wakes, and what has to live meanwhile.
    fn mailbox() -> (Mailbox, Receiver<()>, EventLoops) {
        let loops = EventLoops::start(1).expect("a thread");
        let (sender, woken) = channel();
        let remote = loops.handle().task(move || sender.send(()).expect("the test goes on"));
        (Mailbox::new(remote.expect("a running loop")), woken, loops)
    }

    fn taken(mailbox: &Mailbox) -> Vec<Post> {
        mailbox.take().into_iter().flatten().collect()
    }

    #[test]
    fn commits_that_follow_each_other_are_one() {
        let (mailbox, _woken, _loops) = mailbox();
        let commit = |(seq, messages)| mailbox.post(Post::Committed { seq, messages });
        [(Some(4), 2), (None, 1), (Some(9), 5)].into_iter().for_each(commit);
        let posts = taken(&mailbox);
        assert!(matches!(posts[..], [Post::Committed { seq: Some(9), messages: 8 }]));
        mailbox.post(Post::Window(3));
        [(Some(10), 1), (Some(11), 1)].into_iter().for_each(commit);
        let posts = taken(&mailbox);
        assert!(matches!(posts[..], [Post::Window(3), Post::Committed { seq: Some(11), messages: 2 }]));
        commit((None, 1));
        assert!(matches!(taken(&mailbox)[..], [Post::Committed { seq: None, messages: 1 }]));
    }

    #[test]
    fn nothing_is_kept_behind_the_end() {
        let (mailbox, _woken, _loops) = mailbox();
        mailbox.post(Post::Committed { seq: Some(1), messages: 1 });
        mailbox.post(Post::Bye(Bye::Replaced));
        mailbox.post(Post::Window(0));
        assert!(matches!(taken(&mailbox)[..], [Post::Committed { .. }, Post::Bye(Bye::Replaced)]));
    }

    #[test]
    fn a_closed_mailbox_keeps_nothing() {
        let (mailbox, _woken, _loops) = mailbox();
        mailbox.post(Post::Window(64));
        mailbox.close();
        mailbox.post(Post::Bye(Bye::Stopping));
        assert!(mailbox.is_closed() && taken(&mailbox).is_empty());
    }

    #[test]
    fn the_connection_is_called_once_and_not_while_it_looks() {
        let (mailbox, woken, loops) = mailbox();
        let once = |why: &str| {
            woken.recv_timeout(Duration::from_secs(20)).expect(why);
            // The loop does what it was told in order: whatever was to come has come.
            let _ = loops.handle().task(|| {});
            assert!(woken.try_recv().is_err(), "{why}: once");
        };
        mailbox.post(Post::Window(1));
        mailbox.post(Post::Window(2));
        once("it was posted to twice");
        mailbox.attend(true);
        mailbox.post(Post::Window(3));
        assert_eq!(taken(&mailbox).len(), 1);
        mailbox.post(Post::Window(4));
        assert_eq!(taken(&mailbox).len(), 1, "it looks until there is nothing");
        assert!(taken(&mailbox).is_empty());
        mailbox.post(Post::Window(5));
        once("nobody looks any more");
        // A turn for another reason does not make the call undone.
        mailbox.attend(false);
        assert_eq!(taken(&mailbox).len() + taken(&mailbox).len(), 1);
        mailbox.post(Post::Window(6));
        mailbox.call();
        let _ = loops.handle().task(|| {});
        assert!(woken.try_recv().is_err(), "it is still under way");
    }
}
