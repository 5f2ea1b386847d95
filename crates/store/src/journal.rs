//! What one commit brings of samples, as bytes: quick to write, quick to pass over.
//!
//! ```text
//! message: device · length of the rest · cursor · session + 1 (0: none) · seq (with a session) · sample …
//! sample:  channel · ts · flags · device_ts (with that flag) · length of the value · value
//! ```
//!
//! Numbers are as [`bytes`] writes them, times signed. Devices, sessions and channels are named by their keys. Messages
//! stand in the order of the commit; those without samples are left out.

use crate::chunk::bytes::{self, Input};
use crate::chunk::{Corrupt, Damage, StoredSample};
use crate::write::{DeviceKey, Sample};

/// The sample is late.
const LATE: u8 = 1;
/// The sample has a `device_ts`.
const DEVICE_TS: u8 = 2;

/// The journal of a commit that is being put together.
#[derive(Default)]
pub(crate) struct Journal {
    content: Vec<u8>,
    /// One message without its head, while it is put together.
    rest: Vec<u8>,
    samples: u64,
}

impl Journal {
    /// Begins a message; `position` is the key of its session and its seq.
    pub(crate) fn begin(&mut self, cursor: u64, position: Option<(i64, u64)>) {
        self.rest.clear();
        bytes::put(&mut self.rest, cursor);
        match position {
            Some((session, seq)) => {
                bytes::put(&mut self.rest, session.cast_unsigned() + 1);
                bytes::put(&mut self.rest, seq);
            }
            None => self.rest.push(0),
        }
    }

    /// Adds a sample to the message that was begun.
    pub(crate) fn sample(&mut self, channel: i64, sample: &Sample) {
        let rest = &mut self.rest;
        bytes::put(rest, channel.cast_unsigned());
        bytes::put(rest, bytes::zigzag(sample.ts));
        let late = if sample.late { LATE } else { 0 };
        match sample.device_ts {
            Some(device_ts) => {
                rest.push(late | DEVICE_TS);
                bytes::put(rest, bytes::zigzag(device_ts));
            }
            None => rest.push(late),
        }
        bytes::put(rest, sample.value.len() as u64);
        rest.extend_from_slice(sample.value.as_bytes());
        self.samples += 1;
    }

    /// Ends the message.
    pub(crate) fn end(&mut self, device: DeviceKey) {
        bytes::put(&mut self.content, device.0);
        bytes::put(&mut self.content, self.rest.len() as u64);
        self.content.extend_from_slice(&self.rest);
    }

    /// How many samples are in it.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    /// As it is stored.
    pub(crate) fn content(&self) -> &[u8] {
        &self.content
    }
}

/// The messages of a stored journal, in their order. Ends behind the first error.
pub(crate) struct Messages<'a>(Input<'a>);

impl<'a> Messages<'a> {
    pub(crate) fn of(content: &'a [u8]) -> Messages<'a> {
        Messages(Input::new(content))
    }

    fn read(&mut self) -> Result<JournalMessage<'a>, Corrupt> {
        let device = DeviceKey(self.0.unsigned()?);
        let length = self.0.unsigned()?;
        let length = usize::try_from(length).map_err(|_| self.0.damaged_before(Damage::Number))?;
        Ok(JournalMessage { device, rest: self.0.take(length)? })
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<JournalMessage<'a>, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.end().is_err().then(|| {
            let message = self.read();
            if message.is_err() {
                self.0 = Input::new(&[]);
            }
            message
        })
    }
}

/// A message that is only looked into when it is asked for its samples.
#[derive(Clone, Copy)]
pub(crate) struct JournalMessage<'a> {
    /// Who sent it.
    pub(crate) device: DeviceKey,
    rest: &'a [u8],
}

impl<'a> JournalMessage<'a> {
    /// Calls `each` with the key of the channel and the sample, for all of them in their order.
    pub(crate) fn samples(self, mut each: impl FnMut(i64, StoredSample<&'a str>)) -> Result<(), Corrupt> {
        let mut input = Input::new(self.rest);
        let cursor = input.unsigned()?;
        let session = input.unsigned()?.checked_sub(1).map(u64::cast_signed);
        let seq = if session.is_some() { Some(input.unsigned()?) } else { None };
        while input.end().is_err() {
            let channel = input.unsigned()?.cast_signed();
            let ts = input.signed()?;
            let flags = input.byte()?;
            let device_ts = if flags & DEVICE_TS != 0 { Some(input.signed()?) } else { None };
            let length = input.unsigned()?;
            let length = usize::try_from(length).map_err(|_| input.damaged_before(Damage::Number))?;
            let text = input.take(length)?;
            let value = std::str::from_utf8(text).map_err(|_| input.damaged_before(Damage::Utf8))?;
            let late = flags & LATE != 0;
            each(channel, StoredSample { ts, cursor, session, seq, device_ts, late, value });
        }
        Ok(())
    }
}

impl StoredSample<&str> {
    /// With a text of its own.
    pub(crate) fn shared(self) -> StoredSample {
        let StoredSample { ts, cursor, session, seq, device_ts, late, value } = self;
        StoredSample { ts, cursor, session, seq, device_ts, late, value: value.into() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::{Journal, Messages};
    use crate::write::{DeviceKey, Sample};

    fn sample(ts: i64, device_ts: Option<i64>, late: bool, value: &str) -> Sample {
        Sample { channel: "any".into(), ts, device_ts, late, value: value.into() }
    }

    #[test]
    fn what_is_written_reads_back() {
        let samples = [
            sample(0, None, false, "1"),
            sample(i64::MIN, Some(i64::MAX), true, ""),
            sample(i64::MAX, Some(-1), false, "\"\u{1f321}\""),
        ];
        let mut journal = Journal::default();
        for (device, position) in [(1, None), (u64::MAX, Some((i64::MAX, u64::MAX))), (7, Some((0, 0)))] {
            journal.begin(device / 2, position);
            for (channel, sample) in (0..).zip(&samples) {
                journal.sample(channel, sample);
            }
            journal.end(DeviceKey(device));
        }
        assert_eq!(journal.samples(), 9);
        let mut seen = Vec::new();
        for message in Messages::of(journal.content()) {
            let message = message.unwrap();
            let each = |channel, stored: crate::chunk::StoredSample<&str>| {
                let read = sample(stored.ts, stored.device_ts, stored.late, stored.value);
                assert_eq!(read, samples[channel as usize]);
                assert_eq!(stored.cursor, message.device.0 / 2);
                seen.push((message.device.0, stored.session, stored.seq));
            };
            message.samples(each).unwrap();
        }
        let ends = [(1, None, None), (u64::MAX, Some(i64::MAX), Some(u64::MAX)), (7, Some(0), Some(0))];
        assert_eq!(seen, ends.into_iter().flat_map(|end| [end; 3]).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_cut_off_is_an_error_and_the_end() {
        let mut journal = Journal::default();
        journal.begin(300, Some((1, 2)));
        journal.sample(1, &sample(5, None, false, "21.50"));
        journal.end(DeviceKey(1));
        let whole = journal.content();
        for end in 1..whole.len() {
            let read: Vec<bool> = Messages::of(&whole[..end]).map(|message| message.is_ok()).collect();
            assert_eq!(read, [false], "cut at {end}");
        }
    }
}
