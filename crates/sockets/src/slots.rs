//! A list of which each entry stays where it is: in pieces of one size, so that it grows by no more than a piece, and moves nothing.

use slab::Slab;

/// Entries of a piece.
const PIECE: usize = 64;

/// Entries by numbers that are given again. What [`Slab`] is for a few, for many: a slab that is full takes as much again, and for a
/// moment both.
pub struct Slots<T> {
    /// None of them grows: a piece without entries has no memory.
    pieces: Vec<Slab<T>>,
    /// Pieces with room, each once.
    roomy: Vec<usize>,
    length: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), roomy: Vec::new(), length: 0 }
    }
}

impl<T> Slots<T> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The entry with this number.
    pub fn get(&self, number: usize) -> Option<&T> {
        self.pieces.get(number / PIECE)?.get(number % PIECE)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.pieces.get_mut(number / PIECE)?.get_mut(number % PIECE)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten().map(|(_, entry)| entry)
    }

    /// The number of the entry that is added next, unless one is removed before.
    pub fn next_number(&self) -> usize {
        match self.roomy.last() {
            Some(piece) => piece * PIECE + self.pieces[*piece].vacant_key(),
            None => self.pieces.len() * PIECE,
        }
    }

    /// Adds an entry; its number.
    pub fn insert(&mut self, entry: T) -> usize {
        let place = *self.roomy.last().unwrap_or(&self.pieces.len());
        if place == self.pieces.len() {
            self.pieces.push(Slab::new());
            self.roomy.push(place);
        }
        let piece = &mut self.pieces[place];
        if piece.capacity() == 0 {
            piece.reserve_exact(PIECE);
        }
        let within = piece.insert(entry);
        if piece.len() == PIECE {
            self.roomy.pop();
        }
        self.length += 1;
        place * PIECE + within
    }

    /// Takes out the entry with this number.
    pub fn remove(&mut self, number: usize) -> Option<T> {
        let (place, within) = (number / PIECE, number % PIECE);
        let piece = self.pieces.get_mut(place)?;
        let entry = piece.try_remove(within)?;
        if piece.len() + 1 == PIECE {
            self.roomy.push(place);
        }
        if piece.is_empty() {
            *piece = Slab::new();
        }
        self.length -= 1;
        Some(entry)
    }

    /// Takes out all of them.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(self).pieces.into_iter().flatten().map(|(_, entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_numbers_until_they_are_removed_and_these_are_given_again() {
        let mut slots = Slots::default();
        for entry in 0..10 * PIECE {
            let next = slots.next_number();
            assert_eq!(slots.insert(entry), next);
        }
        for number in 0..10 * PIECE {
            let entry = *slots.get(number).expect("it is there");
            if entry % 3 == 0 {
                assert_eq!(slots.remove(number), Some(entry));
                assert!(slots.get(number).is_none() && slots.remove(number).is_none());
            }
        }
        let left = slots.len();
        assert_eq!((left, slots.iter().count()), (10 * PIECE - (10 * PIECE).div_ceil(3), left));
        let again = (left..10 * PIECE).map(|_| slots.insert(0)).max();
        assert!(again < Some(10 * PIECE), "there was room");
        assert_eq!((slots.insert(0), slots.next_number()), (10 * PIECE, 10 * PIECE + 1));
        assert_eq!((slots.drain().count(), slots.len(), slots.next_number()), (10 * PIECE + 1, 0, 0));
    }

    #[test]
    fn there_is_room_for_less_than_a_piece_more_than_there_are_and_none_where_there_are_none() {
        let mut slots = Slots::default();
        let room = |slots: &Slots<usize>| slots.pieces.iter().map(Slab::capacity).sum::<usize>();
        for entry in 0..1000 {
            slots.insert(entry);
            assert!(room(&slots) < slots.len() + PIECE);
        }
        for number in 0..1000 {
            slots.remove(number);
        }
        assert!(slots.is_empty() && room(&slots) == 0);
    }
}
