//! The seam between those who hold device connections and those who take messages over.
//!
//! A gateway holds connections; what a device says goes to an [`Intake`]: the hub in the same process, or a spool. The
//! traits are synchronous and never block: each side posts to the other and goes on. The life of one conversation:
//!
//! 1. The connection calls [`Intake::identify`] with an [`Outlet`] through which it can be reached, and reads no
//!    further line until it is answered.
//! 2. The intake posts [`Post::Welcome`], with a [`Lane`] for this conversation, or [`Post::Refused`].
//! 3. What the device says, in order and checked by [`crate::session`], goes into [`Lane::take`]; each message comes
//!    back as [`Post::Committed`] once it is taken over.
//! 4. The lane ends when the connection is over: by [`Lane::ended`], or by being dropped where the welcome came too
//!    late.
//!
//! A lane that was fenced (rule H1) discards what it is still given: the connection learns it by [`Post::Bye`].

use crate::code::{Bye, Fault};
use crate::message::{Command, Description, Gap, Identify, Outcome, Samples, Welcome};
use std::sync::Arc;

/// Takes over what devices say. Implemented by the hub and, in a standalone gateway, by its spool.
pub trait Intake: Send + Sync {
    /// A device identified on the connection `outlet`; the answer is posted to it. The same `peer.connection` as the
    /// device's current one is no takeover (rule H1).
    fn identify(&self, identify: Identify, peer: Peer, outlet: Arc<dyn Outlet>);

    /// Somebody who has not shown yet who it is hit a limit: for the books only. Anybody can make that happen as often as they like.
    /// `_address` is as [`Peer::address`].
    fn limit_hit(&self, _limit: StrangerLimit, _address: &str) {}
}

/// What those are bounded by who have not shown yet who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrangerLimit {
    /// How many of them there may be, of one address and of all.
    Room,
    /// The time that they have to show it.
    Time,
    /// How long a line of theirs may be.
    Line,
}

impl StrangerLimit {
    /// What it is, in the words of the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Room => "strangers",
            Self::Time => "a stranger's time",
            Self::Line => "a stranger's line",
        }
    }
}

/// One conversation: a device in one generation. Calls of an older generation are discarded.
///
/// **Dropping a lane ends it**, whether or not [`Lane::ended`] was called: so a welcome that never reaches its
/// connection leaves no device online. Every implementation sees to that, and takes an end that it knows of for none.
pub trait Lane: Send + Sync {
    /// Takes one message over, which stood in line `line` of its connection. In flight are at most
    /// [`crate::limits::IN_FLIGHT_MESSAGES_MAX`] of one lane.
    fn take(&self, line: u64, said: Said);
    /// The connection is over, or identified again: then the end of a generation that the intake has replaced, which
    /// changes nothing (rule H10). Called at most once, and nothing is taken after it.
    fn ended(&self);
}

/// The way back to one connection.
pub trait Outlet: Send + Sync {
    /// Hands something to the connection, which writes it when it can. Never blocks. A connection that is gone drops
    /// what is posted, and with a welcome its lane.
    fn post(&self, post: Post);

    /// Whether the connection is known to be gone: nobody has to be welcomed there. It may go just after.
    fn is_gone(&self) -> bool {
        false
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The connection's number, unique in this process: the same one for each identify on it.
    pub connection: u64,
    /// Where it comes from: `tcp 127.0.0.1:52144`, `websocket …`.
    pub address: String,
    /// It came from this machine itself, over TCP or TLS. A web page that a browser of this machine shows can open a WebSocket to
    /// it too, and behind a proxy everybody comes from here: such a connection never counts.
    pub is_local: bool,
}

/// What a device said, checked by its session.
#[derive(Debug)]
pub enum Said {
    /// Values; numbered ones arrive without hole or repetition (rule H4).
    Samples(Samples),
    /// Numbers that will never come (rule H3).
    Gap(Gap),
    /// What its channels are.
    Describe(Description),
    /// The answer to a command. Not counted in [`Post::Committed`].
    Result(Outcome),
    /// A numbered line came again whose number had been taken before (rule H4): for the books only. Not counted in
    /// [`Post::Committed`].
    Repeated(u64),
}

/// What the intake has for a connection.
pub enum Post {
    /// The identify is answered: the conversation goes on in `lane`.
    Welcome {
        /// What to tell the device.
        welcome: Welcome,
        /// Where everything else it says goes.
        lane: Arc<dyn Lane>,
    },
    /// The identify is refused; the connection says so and closes.
    Refused {
        /// What the device is told as an `error` of its identify line, where it was the line's fault.
        fault: Option<Fault>,
        /// How the connection ends.
        bye: Bye,
    },
    /// Messages are taken over. Not posted any more for an earlier lane once a welcome was posted.
    Committed {
        /// The highest number among them, where any was numbered: the ack.
        seq: Option<u64>,
        /// How many messages, gaps and descriptions: room for as many again.
        messages: u32,
    },
    /// Something in a message could not be taken: a channel too many, a description too large. The rest of it was.
    Complaint {
        /// The line that held it: the one that was handed over with the message.
        line: u64,
        /// What was wrong.
        fault: Fault,
        /// The message's number, where it had one.
        seq: Option<u64>,
    },
    /// A command for the device; the intake counts it as sent.
    Command(Command),
    /// The window from now on.
    Window(u32),
    /// The conversation is over: say so and close; read nothing more.
    Bye(Bye),
}
