//! What is at our end of a connection.

use crate::outgoing::Outgoing;
use std::time::{Duration, Instant};

/// Our end of one connection, without its socket. All calls come from the thread of its loop, none may block, and what
/// one costs all others of the loop wait for. It is dropped when the connection is over, whoever ended it.
///
/// A panic in a call ends this connection and no other.
pub trait Endpoint: Send {
    /// Whether it takes what its peer sends. While it does not, the kernel keeps it, and then the peer waits. Asked after
    /// each other call: who takes it again later has itself woken.
    fn reads(&self) -> bool {
        true
    }

    /// Bytes came, at most [`crate::limits::READ_BYTES`], in a buffer that it may change until it returns.
    fn read(&mut self, bytes: &mut [u8]);

    /// The peer has closed its end: it says no more, and may still listen. Called once at most: a connection that breaks just
    /// ends.
    fn read_closed(&mut self);

    /// Somebody has called [`crate::Remote::wake`]; perhaps for whoever had this place in the loop before, so it may find
    /// that there is nothing.
    fn woken(&mut self) {}

    /// When to call [`Endpoint::timeout`]. Asked after each other call. To be called within a few milliseconds after it,
    /// never before it, and never before what had arrived by then was read.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The deadline has passed. Must move it, or it is called again and again.
    fn timeout(&mut self) {}

    /// Adds what is to be written now. Asked after each other call, but not while something it said before is unwritten: so
    /// nothing piles up in front of a peer that does not read. It is asked again when all of that is written; who keeps
    /// something back although it was written has itself woken.
    fn write(&mut self, out: &mut Outgoing);

    /// Whether everything is said. The loop asks what is still to be written, writes it, closes our end, waits until the peer
    /// closes its own, and drops the endpoint: all within [`crate::limits::PARTING_MAX`]. Nothing else is called any more.
    fn is_over(&self) -> bool;

    /// Whether being woken is no reason to write at once: under load the loop lets such endpoints gather for at most
    /// [`crate::limits::FLUSH_PAUSE_MAX`], so that one write carries what came meanwhile. What it says to what it was told
    /// waits for at most [`crate::limits::ANSWER_WAIT_MAX`].
    fn gathers(&self) -> bool {
        false
    }

    /// How long the peer may take for [`crate::limits::STALL_BYTES_MIN`] of what was written, or for the rest where that is less.
    /// Then the connection is cut. Nothing: as long as it likes.
    fn stall_max(&self) -> Option<Duration> {
        None
    }

    /// Whether its peer has not shown yet who it is. Asked after each turn, until it has: then its place among strangers is
    /// somebody else's.
    fn is_stranger(&self) -> bool {
        false
    }
}
