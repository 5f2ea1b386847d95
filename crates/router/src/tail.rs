//! The newest frames of a log, numbered without hole: what cursors walk.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// Frames that are given to a panel together: JSON texts separated by commas, shared by all who stand at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The texts.
    pub bytes: Bytes,
    /// How many there are, at least 1.
    pub messages: usize,
}

impl From<Bytes> for Run {
    /// One frame by itself.
    fn from(bytes: Bytes) -> Self {
        Self { bytes, messages: 1 }
    }
}

/// How much of a log stays in memory. The newest frame stays however large it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bounds {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

/// A bounded run of frames. Position `n` is the n-th frame ever pushed, from 1; the oldest ones are let go. Where there
/// are none it holds no memory beside itself.
pub(crate) struct Tail {
    head: u64,
    kept: Option<Box<Kept>>,
}

#[derive(Default)]
struct Kept {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// Frames that no reader has come by yet, and their bytes.
    unseen: Bounds,
    /// It was told that half of the tail is unseen.
    is_hurried: bool,
    /// The run that was joined last, and the position that it follows.
    joined: Option<(u64, Run)>,
}

impl Tail {
    /// An empty tail behind position `head`.
    pub(crate) fn new(head: u64) -> Self {
        Self { head, kept: None }
    }

    /// The position of the newest frame; 0 when there never was one.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// The position before the oldest frame that is still here.
    pub(crate) fn floor(&self) -> u64 {
        self.head - self.kept.as_ref().map_or(0, |kept| kept.frames.len() as u64)
    }

    /// The frame at a position, if it is still here.
    pub(crate) fn get(&self, position: u64) -> Option<&Bytes> {
        let place = position.checked_sub(self.floor() + 1)?;
        self.kept.as_ref()?.frames.get(usize::try_from(place).ok()?)
    }

    pub(crate) fn push(&mut self, frame: Bytes, bounds: Bounds) {
        self.head += 1;
        let kept = self.kept.get_or_insert_default();
        kept.joined = None;
        kept.bytes += frame.len();
        kept.unseen.frames += 1;
        kept.unseen.bytes += frame.len();
        kept.frames.push_back(frame);
        kept.shrink(bounds);
    }

    /// Lets go what is beyond `bounds`, and the memory that was for more.
    pub(crate) fn shrink(&mut self, bounds: Bounds) {
        if let Some(kept) = &mut self.kept {
            kept.joined = None;
            if kept.is_beyond(bounds) {
                kept.shrink(bounds);
                kept.frames.shrink_to(bounds.frames);
            }
        }
    }

    /// A frame that nobody waits for: it is counted, and nothing stays.
    pub(crate) fn pass(&mut self) {
        self.head += 1;
        self.kept = None;
    }

    /// Lets all go: whoever stands before the newest one finds it gone.
    pub(crate) fn clear(&mut self) {
        self.kept = None;
    }

    /// The frames behind `cursor`, as many as fit `bytes_max` and at least one: nothing where it has all. They are joined
    /// once for all who ask for the same until the tail moves on.
    ///
    /// # Errors
    /// Some of them are gone.
    pub(crate) fn behind(&mut self, cursor: u64, bytes_max: usize) -> Result<Option<Run>, Gone> {
        let passed = cursor.checked_sub(self.floor()).ok_or(Gone)?;
        let Some(kept) = self.kept.as_mut().filter(|_| cursor < self.head) else { return Ok(None) };
        let from = usize::try_from(passed).unwrap_or(usize::MAX);
        Ok(Some(match &kept.joined {
            Some((after, run)) if *after == cursor => run.clone(),
            _ => kept.join(cursor, from, bytes_max),
        }))
    }

    /// Some reader has come by all frames.
    pub(crate) fn seen(&mut self) {
        if let Some(kept) = &mut self.kept {
            (kept.unseen, kept.is_hurried) = (Bounds::default(), false);
        }
    }

    /// Whether more than half of what may stay here has been seen by no reader: they should come before it goes. Said once
    /// until one came.
    pub(crate) fn hurries(&mut self, bounds: Bounds) -> bool {
        let Some(kept) = self.kept.as_mut().filter(|kept| !kept.is_hurried) else { return false };
        kept.is_hurried = kept.unseen.frames > bounds.frames / 2 || kept.unseen.bytes > bounds.bytes / 2;
        kept.is_hurried
    }
}

/// What was asked for is no longer in the tail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gone;

impl Kept {
    fn is_beyond(&self, bounds: Bounds) -> bool {
        self.frames.len() > bounds.frames || (self.bytes > bounds.bytes && self.frames.len() > 1)
    }

    fn shrink(&mut self, bounds: Bounds) {
        while self.is_beyond(bounds) {
            if let Some(oldest) = self.frames.pop_front() {
                self.bytes -= oldest.len();
            }
        }
    }

    /// One run of the frames from the place `from` on; one alone is not copied.
    fn join(&mut self, cursor: u64, from: usize, bytes_max: usize) -> Run {
        let (mut bytes, mut messages) = (0, 0);
        for frame in self.frames.range(from..) {
            if messages > 0 && bytes + frame.len() + 1 > bytes_max {
                break;
            }
            bytes += frame.len() + 1;
            messages += 1;
        }
        if messages == 1 {
            return self.frames[from].clone().into();
        }
        let mut joined = BytesMut::with_capacity(bytes);
        for frame in self.frames.range(from..from + messages) {
            if !joined.is_empty() {
                joined.extend_from_slice(b",");
            }
            joined.extend_from_slice(frame);
        }
        let run = Run { bytes: joined.freeze(), messages };
        self.joined = Some((cursor, run.clone()));
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: Bounds = Bounds { frames: 3, bytes: 1000 };

    fn tail(head: u64, texts: &[&'static str], bounds: Bounds) -> Tail {
        let mut tail = Tail::new(head);
        texts.iter().for_each(|text| tail.push(Bytes::from_static(text.as_bytes()), bounds));
        tail
    }

    fn text(run: Result<Option<Run>, Gone>) -> Result<Option<(String, usize)>, Gone> {
        let text = |run: Run| (String::from_utf8(run.bytes.to_vec()).expect("text"), run.messages);
        run.map(|run| run.map(text))
    }

    #[test]
    fn a_cursor_gets_what_is_behind_it_or_learns_that_it_is_gone() {
        let mut tail = tail(10, &["a", "b", "c", "d"], FEW);
        assert_eq!((tail.floor(), tail.head()), (11, 14));
        assert_eq!(text(tail.behind(10, 100)), Err(Gone));
        assert_eq!(text(tail.behind(11, 100)), Ok(Some(("b,c,d".into(), 3))));
        assert_eq!(text(tail.behind(13, 100)), Ok(Some(("d".into(), 1))));
        assert_eq!(text(tail.behind(14, 100)), Ok(None));
    }

    #[test]
    fn a_run_is_joined_once_for_all_at_the_same_place_and_anew_when_the_tail_moved_on() {
        let mut tail = tail(0, &["a", "b"], FEW);
        let run = |tail: &mut Tail| tail.behind(0, 100).expect("it is here").expect("there is something");
        let (one, other) = (run(&mut tail), run(&mut tail));
        assert_eq!(one.bytes.as_ptr(), other.bytes.as_ptr());
        tail.push(Bytes::from_static(b"c"), FEW);
        assert_eq!(run(&mut tail).bytes, "a,b,c");
    }

    #[test]
    fn a_run_has_so_many_bytes_with_its_commas_or_one_frame() {
        let mut tail = tail(0, &["long", "b", "c"], FEW);
        assert_eq!(text(tail.behind(0, 2)), Ok(Some(("long".into(), 1))));
        assert_eq!(text(tail.behind(0, 7)), Ok(Some(("long,b".into(), 2))));
        assert_eq!(text(tail.behind(1, 100)), Ok(Some(("b,c".into(), 2))));
    }

    #[test]
    fn bytes_are_bounded_but_the_newest_frame_stays() {
        let tail =
            tail(0, &["12345678", "a frame of more than ten bytes"], Bounds { frames: 100, bytes: 10 });
        assert_eq!((tail.floor(), tail.head()), (1, 2));
    }

    #[test]
    fn it_hurries_once_when_half_of_it_was_seen_by_nobody() {
        let four = Bounds { frames: 4, bytes: 1000 };
        let mut tail = tail(0, &["a", "b"], four);
        assert!(!tail.hurries(four));
        tail.push(Bytes::from_static(b"c"), four);
        assert!(tail.hurries(four) && !tail.hurries(four));
        tail.seen();
        tail.push(Bytes::from_static(b"d"), four);
        assert!(!tail.hurries(four));
        tail.push(Bytes::from(vec![b'x'; 600]), four);
        assert!(tail.hurries(four));
    }
}
