//! What a connection that is busy borrows from its thread, so that an idle one holds no buffer and a busy one allocates
//! none.

use crate::limits::BUFFER_BYTES_KEPT;
use std::cell::Cell;

thread_local! {
    /// One pair is enough: a connection mostly gives its back before the next one needs it.
    static SPARE: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

/// The bytes of one connection that wait for something.
#[derive(Default)]
pub(crate) struct Buffers {
    /// Lines that were read and wait until the conversation reads on, behind those that it has read of them.
    held: Vec<u8>,
    read_of_held: usize,
    /// Whole lines that wait to be written.
    pub(crate) unsent: Vec<u8>,
}

impl Buffers {
    /// Those in `place`, which may have to be borrowed first.
    pub(crate) fn of(place: &mut Option<Box<Self>>) -> &mut Self {
        place.get_or_insert_with(|| SPARE.take().unwrap_or_default())
    }

    /// Gives those in `place` back where nothing is in them.
    pub(crate) fn give_back(place: &mut Option<Box<Self>>) {
        let Some(buffers) = place.take_if(|buffers| buffers.is_empty()) else { return };
        if buffers.held.capacity().max(buffers.unsent.capacity()) <= BUFFER_BYTES_KEPT {
            SPARE.set(Some(buffers));
        }
    }

    /// Adds lines that wait.
    pub(crate) fn hold(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    pub(crate) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Drops the lines that wait.
    pub(crate) fn drop_held(&mut self) {
        self.held.clear();
        self.read_of_held = 0;
    }

    /// Takes the lines that wait out, to be read from the place that is named, and given to [`Buffers::put_back`].
    pub(crate) fn take_held(&mut self) -> (Vec<u8>, usize) {
        (std::mem::take(&mut self.held), std::mem::take(&mut self.read_of_held))
    }

    /// Of `held` so many bytes are read.
    pub(crate) fn put_back(&mut self, held: Vec<u8>, read: usize) {
        self.held = held;
        match read == self.held.len() {
            true => self.drop_held(),
            false => self.read_of_held = read,
        }
    }

    fn is_empty(&self) -> bool {
        self.held.is_empty() && self.unsent.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_given_to_the_next_one() {
        let mut first = None;
        Buffers::of(&mut first).unsent.extend_from_slice(b"line\n");
        let allocated = Buffers::of(&mut first).unsent.as_ptr();
        Buffers::give_back(&mut first);
        assert!(first.is_some(), "there is still something in it");
        Buffers::of(&mut first).unsent.clear();
        Buffers::give_back(&mut first);
        assert!(first.is_none());
        let mut second = None;
        assert_eq!(Buffers::of(&mut second).unsent.as_ptr(), allocated);
    }

    #[test]
    fn what_grew_large_is_let_go() {
        let mut place = None;
        Buffers::of(&mut place).unsent.reserve(BUFFER_BYTES_KEPT + 1);
        Buffers::give_back(&mut place);
        assert!(place.is_none());
        assert_eq!(Buffers::of(&mut place).unsent.capacity(), 0);
    }

    #[test]
    fn what_was_held_is_read_on_where_it_was_left() {
        let mut buffers = Buffers::default();
        buffers.hold(b"one\ntwo\n");
        let (held, read) = buffers.take_held();
        assert_eq!((&held[..], read), (&b"one\ntwo\n"[..], 0));
        buffers.put_back(held, 4);
        assert!(buffers.holds());
        let (held, read) = buffers.take_held();
        assert_eq!(&held[read..], b"two\n");
        buffers.put_back(held, 8);
        assert!(!buffers.holds() && buffers.is_empty());
    }
}
