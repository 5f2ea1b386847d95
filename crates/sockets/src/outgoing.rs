//! What is being written to one socket.

use crate::limits::{OUTGOING_BYTES_KEPT, OUTGOING_PIECES_KEPT, PIECES_MAX};
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};

/// Gathers what an endpoint says, and is shared by all endpoints of a loop: what an endpoint makes is copied into one
/// buffer, and what many say alike ([`Outgoing::share`]) is only pointed at.
#[derive(Default)]
pub struct Outgoing {
    own: Vec<u8>,
    pieces: Vec<Piece>,
    /// How often something was written.
    writes: usize,
}

/// Never empty.
enum Piece {
    /// So many bytes of `own`, behind those of the pieces before.
    Own(usize),
    Shared(Bytes),
}

impl Outgoing {
    /// Adds a copy of `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.own.extend_from_slice(bytes);
        match self.pieces.last_mut() {
            Some(Piece::Own(length)) => *length += bytes.len(),
            _ => self.pieces.push(Piece::Own(bytes.len())),
        }
    }

    /// Adds `bytes` without copying them.
    pub fn share(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.pieces.push(Piece::Shared(bytes));
        }
    }

    /// Takes out what was added, piece by piece: for whoever drives an endpoint without a socket.
    pub fn take(&mut self) -> Vec<Bytes> {
        let mut own = Bytes::from(std::mem::take(&mut self.own));
        let take = |piece| match piece {
            Piece::Own(length) => own.split_to(length),
            Piece::Shared(bytes) => bytes,
        };
        self.pieces.drain(..).map(take).collect()
    }

    /// Calls `take` with each piece, in order.
    pub(crate) fn each(&self, take: impl FnMut(&[u8])) {
        self.slices().for_each(take);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How often something was written with it so far.
    pub(crate) fn writes(&self) -> usize {
        self.writes
    }

    /// Forgets what it has: nobody else may get it.
    pub(crate) fn clear(&mut self) {
        // One large answer must not be remembered for ever.
        self.own.clear();
        self.own.shrink_to(OUTGOING_BYTES_KEPT);
        self.pieces.clear();
        self.pieces.shrink_to(OUTGOING_PIECES_KEPT);
    }

    /// Writes as much as `socket` takes and gives the rest. Empty afterwards.
    pub(crate) fn write_to(&mut self, socket: &mut impl Write) -> io::Result<Option<Box<Unsent>>> {
        self.writes += 1;
        let result = write(socket, self.slices()).map(|written| self.behind(written));
        self.clear();
        result
    }

    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.own[..];
        self.pieces.iter().map(move |piece| match piece {
            Piece::Own(length) => {
                let (own, after) = rest.split_at(*length);
                rest = after;
                own
            }
            Piece::Shared(bytes) => bytes,
        })
    }

    /// All but the first `written` bytes. What is shared stays shared.
    fn behind(&self, mut written: usize) -> Option<Box<Unsent>> {
        let mut pieces = VecDeque::new();
        for (piece, slice) in self.pieces.iter().zip(self.slices()) {
            let passed = written.min(slice.len());
            written -= passed;
            if passed < slice.len() {
                pieces.push_back(match piece {
                    Piece::Own(_) => Bytes::copy_from_slice(&slice[passed..]),
                    Piece::Shared(bytes) => bytes.slice(passed..),
                });
            }
        }
        (!pieces.is_empty()).then(|| Box::new(Unsent { pieces, taken: 0 }))
    }
}

/// What a socket did not take yet.
pub(crate) struct Unsent {
    /// None of them is empty.
    pieces: VecDeque<Bytes>,
    /// Bytes that the socket took since the peer's time was counted from.
    taken: usize,
}

/// How much of what was unsent is written now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    None,
    Some,
    All,
}

impl Unsent {
    #[cfg(test)]
    pub(crate) fn length(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    /// Whether the socket took so many bytes since that was last so: then it counts from 0 again.
    pub(crate) fn has_taken(&mut self, bytes: usize) -> bool {
        let enough = self.taken >= bytes;
        if enough {
            self.taken = 0;
        }
        enough
    }

    /// Writes as much as `socket` takes.
    pub(crate) fn write_to(&mut self, socket: &mut impl Write) -> io::Result<Progress> {
        let mut written = write(socket, self.pieces.iter().map(|piece| &piece[..]))?;
        if written == 0 {
            return Ok(Progress::None);
        }
        self.taken += written;
        while let Some(first) = self.pieces.front_mut() {
            let passed = written.min(first.len());
            written -= passed;
            first.advance(passed);
            if !first.is_empty() {
                return Ok(Progress::Some);
            }
            self.pieces.pop_front();
        }
        Ok(Progress::All)
    }
}

/// Writes as much as `socket` takes, and says how many bytes that was. A write that was cut short says that there is no
/// room: no second one has to.
fn write<'a>(socket: &mut impl Write, pieces: impl Iterator<Item = &'a [u8]>) -> io::Result<usize> {
    let mut pieces = pieces.peekable();
    let mut total = 0;
    while let Some(first) = pieces.next() {
        let (offered, written) = if pieces.peek().is_none() {
            (first.len(), retried(|| socket.write(first))?)
        } else {
            let mut slices = [IoSlice::new(first); PIECES_MAX];
            let (mut count, mut offered) = (1, first.len());
            for (slice, piece) in slices[1..].iter_mut().zip(&mut pieces) {
                *slice = IoSlice::new(piece);
                (count, offered) = (count + 1, offered + piece.len());
            }
            (offered, retried(|| socket.write_vectored(&slices[..count]))?)
        };
        total += written;
        if written < offered {
            break;
        }
    }
    Ok(total)
}

/// Writes once; 0 bytes where there is no room.
fn retried(mut write: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match write() {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes at most so many bytes, and then says that it is full; counts how often it was asked.
    struct Room {
        bytes: usize,
        taken: Vec<u8>,
        calls: usize,
    }

    impl Room {
        fn of(bytes: usize) -> Self {
            Self { bytes, taken: Vec::new(), calls: 0 }
        }
    }

    impl Write for Room {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.write_vectored(&[IoSlice::new(bytes)])
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            self.calls += 1;
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            let taken = all.len().min(self.bytes);
            if taken == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.bytes -= taken;
            self.taken.extend_from_slice(&all[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Own and shared pieces in turn.
    fn filled(pieces: usize) -> (Outgoing, Vec<u8>) {
        let (mut outgoing, mut all) = (Outgoing::default(), Vec::new());
        for number in 0..pieces {
            let text = format!("{number} ");
            all.extend_from_slice(text.as_bytes());
            if number % 2 == 0 {
                outgoing.push(text.as_bytes());
            } else {
                outgoing.share(Bytes::from(text));
            }
            outgoing.push(b"");
            outgoing.share(Bytes::new());
        }
        (outgoing, all)
    }

    #[test]
    fn wherever_a_socket_stops_taking_the_rest_follows_in_order() {
        for pieces in [1, 2, 3, 7] {
            let length = filled(pieces).1.len();
            for (first, second) in
                (0..=length).flat_map(|first| (0..=length).map(move |second| (first, second)))
            {
                let (mut outgoing, all) = filled(pieces);
                let mut room = Room::of(first);
                let mut unsent = outgoing.write_to(&mut room).expect("no error");
                assert!(outgoing.is_empty());
                for more in [second, 0, length] {
                    room.bytes = more;
                    let Some(rest) = &mut unsent else { break };
                    let before = room.taken.len();
                    let progress = rest.write_to(&mut room).expect("no error");
                    match progress {
                        Progress::None => assert_eq!(room.taken.len(), before),
                        Progress::Some => assert!(room.taken.len() > before),
                        Progress::All => unsent = None,
                    }
                }
                assert!(unsent.is_none());
                assert_eq!(room.taken, all);
            }
        }
    }

    #[test]
    fn many_pieces_leave_in_few_calls() {
        let (mut outgoing, all) = filled(3 * PIECES_MAX);
        let mut room = Room::of(usize::MAX);
        assert!(outgoing.write_to(&mut room).expect("no error").is_none());
        assert_eq!((room.taken, room.calls), (all, 3));
    }

    #[test]
    fn what_is_unsent_of_shared_bytes_is_not_copied() {
        let shared = Bytes::from(vec![7; 1_000]);
        let mut outgoing = Outgoing::default();
        outgoing.push(b"head");
        outgoing.share(shared.clone());
        let unsent = outgoing.write_to(&mut Room::of(104)).expect("no error").expect("there is more");
        assert_eq!(unsent.pieces[0].as_ptr(), shared[100..].as_ptr());
    }
}
