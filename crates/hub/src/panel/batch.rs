//! The frame that is being made for one panel: one message, or an array of several.

use crate::limits::{PANEL_BATCH_BYTES_MAX, PANEL_SHARE_BYTES_MIN};
use bytes::Bytes;
use router::Run;
use sockets::{Outgoing, websocket};

/// What gathers for one panel until it leaves. It takes whatever it is given; whoever fills it asks for room first, so it
/// holds at most [`PANEL_BATCH_BYTES_MAX`] and what one look brought.
#[derive(Default)]
pub(super) struct Batch {
    runs: Vec<Run>,
    /// Of the runs and the commas between them.
    bytes: usize,
    messages: usize,
    /// Which of the runs say something of a device that is said to this panel alone.
    about: Vec<(usize, Box<str>)>,
}

impl Batch {
    /// Adds a message of this panel's own: JSON.
    pub(super) fn push(&mut self, message: impl Into<Bytes>) {
        let message = message.into();
        self.gather(|runs| runs.push(message.into()));
    }

    /// The same with a message about a device.
    pub(super) fn push_about(&mut self, device: &str, message: impl Into<Bytes>) {
        self.about.push((self.runs.len(), device.into()));
        self.push(message);
    }

    /// Takes out what was said about devices of which nothing is to be said any more.
    pub(super) fn withdraw(&mut self, may: impl Fn(&str) -> bool) {
        if self.about.iter().all(|(_, device)| may(device)) {
            return;
        }
        let gone: Vec<usize> =
            self.about.drain(..).filter(|(_, device)| !may(device)).map(|(run, _)| run).collect();
        let runs = std::mem::take(&mut self.runs).into_iter().enumerate();
        let left = runs.filter(|(at, _)| !gone.contains(at)).map(|(_, run)| run);
        (self.bytes, self.messages) = (0, 0);
        self.gather(|runs| runs.extend(left));
    }

    /// Adds what `look` adds to the runs.
    pub(super) fn gather<T>(&mut self, look: impl FnOnce(&mut Vec<Run>) -> T) -> T {
        let before = self.runs.len();
        let result = look(&mut self.runs);
        for run in &self.runs[before..] {
            self.bytes += run.bytes.len() + 1;
            self.messages += run.messages;
        }
        result
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages == 0
    }

    /// Whether more may be gathered.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < PANEL_BATCH_BYTES_MAX
    }

    /// Says the frame, if there is a message. What is long is not copied: others say the same.
    pub(super) fn say(self, out: &mut Outgoing) {
        let (open, end) = match self.messages {
            0 => return,
            1 => ("", ""),
            _ => ("[", "]"),
        };
        let payload = open.len() + self.bytes - 1 + end.len();
        out.push(websocket::header(payload).as_ref());
        out.push(open.as_bytes());
        for (at, run) in self.runs.into_iter().enumerate() {
            if at > 0 {
                out.push(b",");
            }
            match run.bytes.len() < PANEL_SHARE_BYTES_MIN {
                true => out.push(&run.bytes),
                false => out.share(run.bytes),
            }
        }
        out.push(end.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(runs: &[Run]) -> Vec<Bytes> {
        let (mut batch, mut out) = (Batch::default(), Outgoing::default());
        runs.iter().for_each(|run| batch.gather(|runs| runs.push(run.clone())));
        batch.say(&mut out);
        out.take()
    }

    fn run(text: &'static str, messages: usize) -> Run {
        Run { bytes: text.into(), messages }
    }

    #[test]
    fn one_message_is_a_frame_and_several_are_an_array() {
        assert!(said(&[]).is_empty());
        assert_eq!(said(&[run("{\"a\":1}", 1)])[0][..], *b"\x81\x07{\"a\":1}");
        let two = said(&[run("{\"a\":1}", 1), run("{\"b\":2}", 1)]);
        assert_eq!(two[0][2..], *b"[{\"a\":1},{\"b\":2}]");
        assert_eq!(said(&[run("{\"a\":1},{\"b\":2}", 2)]), two);
        assert_eq!(usize::from(two[0][1]), two[0].len() - 2);
    }

    #[test]
    fn what_is_withdrawn_is_taken_out_and_nothing_else() {
        let mut batch = Batch::default();
        batch.push("{\"a\":1}");
        batch.push_about("pump-1", "{\"b\":2}");
        batch.push_about("pump-2", "{\"c\":3}");
        batch.withdraw(|device| device != "pump-1");
        let mut out = Outgoing::default();
        batch.say(&mut out);
        assert_eq!(out.take()[0][2..], *b"[{\"a\":1},{\"c\":3}]");
    }

    #[test]
    fn what_is_long_is_said_from_where_it_stands() {
        let long = Run { bytes: vec![b' '; PANEL_SHARE_BYTES_MIN].into(), messages: 5 };
        let pieces = said(&[run("{}", 1), long.clone()]);
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[1].as_ptr(), long.bytes.as_ptr());
        assert_eq!((&pieces[0][4..], &pieces[2][..]), (&b"[{},"[..], &b"]"[..]));
    }
}
