//! The newest frames of a log, numbered without hole: what cursors walk.

use bytes::Bytes;
use std::collections::VecDeque;

/// A bounded run of frames. Position `n` is the n-th frame ever pushed, from 1; the oldest ones are let go.
pub(crate) struct Tail {
    head: u64,
    frames: VecDeque<Bytes>,
    frames_max: usize,
    bytes: usize,
    bytes_max: usize,
}

impl Tail {
    /// An empty tail behind position `head`.
    pub(crate) fn new(head: u64, frames_max: usize, bytes_max: usize) -> Self {
        Self { head, frames: VecDeque::new(), frames_max, bytes: 0, bytes_max }
    }

    /// The position of the newest frame; 0 when there never was one.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// The position before the oldest frame that is still here.
    pub(crate) fn floor(&self) -> u64 {
        self.head - self.frames.len() as u64
    }

    pub(crate) fn push(&mut self, frame: Bytes) {
        self.head += 1;
        self.bytes += frame.len();
        self.frames.push_back(frame);
        while self.frames.len() > self.frames_max || (self.bytes > self.bytes_max && self.frames.len() > 1) {
            if let Some(oldest) = self.frames.pop_front() {
                self.bytes -= oldest.len();
            }
        }
    }

    /// The frames behind `cursor`, or nothing when some of them are gone.
    pub(crate) fn after(&self, cursor: u64) -> Option<impl Iterator<Item = &Bytes>> {
        let passed = cursor.checked_sub(self.floor())?;
        Some(self.frames.iter().skip(usize::try_from(passed).unwrap_or(usize::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_gets_what_is_behind_it_or_learns_that_it_is_gone() {
        let mut tail = Tail::new(10, 3, 1000);
        for text in ["a", "b", "c", "d"] {
            tail.push(Bytes::from(text));
        }
        let after =
            |cursor| tail.after(cursor).map(|frames| frames.map(|frame| frame[0]).collect::<Vec<_>>());
        assert_eq!((tail.floor(), tail.head()), (11, 14));
        assert_eq!(after(10), None);
        assert_eq!(after(11), Some(b"bcd".to_vec()));
        assert_eq!(after(14), Some(vec![]));
    }

    #[test]
    fn bytes_are_bounded_but_the_newest_frame_stays() {
        let mut tail = Tail::new(0, 100, 10);
        tail.push(Bytes::from(vec![0; 8]));
        tail.push(Bytes::from(vec![0; 20]));
        assert_eq!((tail.floor(), tail.head()), (1, 2));
    }
}
