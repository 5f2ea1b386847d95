//! One record: a line of JSON with a checksum behind it, as the line protocol has it on serial lines.
//!
//! ```text
//! {"seq":17,"channel":"temperature","value":21.5,"ts":1763846847123} *0a1b2c3d
//! {"head":15,"session":"k7-3","begin":9,"end":12,"next":18,"generation":4} *0a1b2c3d
//! ```
//!
//! A message is the line that goes over the wire, with its position for its number. A head says what is taken over, in
//! which session the rest is numbered, and the position of the next message.

use crc32fast::hash as crc32;
use protocol::id::SessionId;
use protocol::message::{FromDevice, Samples, decode_from_device};
use protocol::session::device_side::{Head, KeptSession};
use serde::Deserialize;

/// Bytes of ` *0a1b2c3d`.
const SEAL_BYTES: usize = 10;

/// Bytes of the shortest message with its seal and its end.
pub(super) const MESSAGE_BYTES_MIN: usize = br#"{"seq":1,"values":{}} *0a1b2c3d."#.len();

/// Bytes of the longest head: five numbers of up to 20 digits, a session's name, and what stands between.
pub(super) const HEAD_BYTES_MAX: usize = 220;

/// One line of a log or a head file.
#[derive(Debug)]
pub(super) enum Record {
    /// A message and its position.
    Message(u64, Samples),
    /// Where the log stood.
    Head(Stamped),
}

/// A head with what tells the newer of two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamped {
    /// Grows with each head that is written.
    pub(super) generation: u64,
    /// The position of the next message when it was written: all below were in the log.
    pub(super) next: u64,
    pub(super) head: Head,
}

/// `message` under its position, as a whole line.
pub(super) fn of_message(position: u64, message: &Samples) -> Vec<u8> {
    let numbered = Samples { seq: Some(position), ..message.clone() };
    let mut line = numbered.encode();
    line.pop();
    sealed(line)
}

/// The head as a whole line.
pub(super) fn of_head(stamped: &Stamped) -> Vec<u8> {
    let Stamped { generation, next, head } = stamped;
    let session = head.session.as_ref().map(|KeptSession { session, begin, end }| {
        let end = end.map(|end| format!(",\"end\":{end}")).unwrap_or_default();
        format!(",\"session\":\"{session}\",\"begin\":{begin}{end}")
    });
    let session = session.unwrap_or_default();
    sealed(
        format!("{{\"head\":{}{session},\"next\":{next},\"generation\":{generation}}}", head.head)
            .into_bytes(),
    )
}

fn sealed(mut line: Vec<u8>) -> Vec<u8> {
    let checksum = crc32(&line);
    line.extend_from_slice(format!(" *{checksum:08x}\n").as_bytes());
    line
}

/// Reads a line without its end. Nothing where it is not exactly what was once written.
pub(super) fn read(line: &[u8]) -> Option<Record> {
    let (json, seal) = line.split_at_checked(line.len().checked_sub(SEAL_BYTES)?)?;
    if seal != format!(" *{:08x}", crc32(json)).as_bytes() {
        return None;
    }
    if json.starts_with(b"{\"head\":") {
        return head(json).map(Record::Head);
    }
    match decode_from_device(json) {
        Ok(FromDevice::Samples(samples)) => {
            Some(Record::Message(samples.seq?, Samples { seq: None, ..samples }))
        }
        _ => None,
    }
}

fn head(json: &[u8]) -> Option<Stamped> {
    #[derive(Deserialize)]
    struct Line<'a> {
        head: u64,
        session: Option<&'a str>,
        begin: Option<u64>,
        end: Option<u64>,
        next: u64,
        generation: u64,
    }
    let Line { head, session, begin, end, next, generation } = serde_json::from_slice(json).ok()?;
    let session = match (session, begin) {
        (Some(session), Some(begin)) => Some(KeptSession { session: SessionId::parse(session)?, begin, end }),
        _ => None,
    };
    Some(Stamped { generation, next, head: Head { session, head } })
}

/// The highest position of a message that `damaged` bytes seem to have held, from `next` on: as a beginning of a
/// message that can still be read tells, as long as it is one that fits in so many bytes.
pub(super) fn last_claimed(damaged: &[u8], next: u64) -> Option<u64> {
    const BEGINNING: &[u8] = b"{\"seq\":";
    let plausible = next..=next + (damaged.len() / MESSAGE_BYTES_MIN) as u64;
    let claims = damaged.windows(BEGINNING.len()).enumerate().filter(|(_, window)| *window == BEGINNING);
    claims
        .filter_map(|(at, _)| protocol::message::leading_seq(&damaged[at..]))
        .filter(|position| plausible.contains(position))
        .max()
}

/// Whether `damaged` bytes look like one line with a head, whole or its beginning, and like nothing else. The end of a
/// file that was never written reads as zeroes.
pub(super) fn is_rest_of_head(damaged: &[u8]) -> bool {
    let line = damaged.strip_suffix(b"\n").unwrap_or(damaged);
    line.starts_with(b"{\"h") && line.len() <= HEAD_BYTES_MAX && !line.contains(&b'\n') && !line.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::message::Sample;
    use serde_json::value::RawValue;

    fn message(value: &str) -> Samples {
        let value = RawValue::from_string(value.to_owned()).expect("JSON");
        Samples { seq: None, ts: Some(5), samples: vec![Sample { channel: "n".into(), value }], outbox: None }
    }

    #[test]
    fn messages_read_back_digit_for_digit() {
        for value in ["21.50", "9007199254740993", "-0", "1e400", r#"{"seq":5}"#] {
            let line = of_message(17, &message(value));
            let Some(Record::Message(17, read)) = read(&line[..line.len() - 1]) else { panic!("{value}") };
            assert_eq!(read.encode(), message(value).encode());
        }
    }

    #[test]
    fn heads_read_back() {
        let session = |end| KeptSession { session: SessionId::parse("k7-3").expect("one"), begin: 9, end };
        for session in [None, Some(session(None)), Some(session(Some(12)))] {
            let stamped = Stamped { generation: 4, next: 18, head: Head { session, head: 15 } };
            let line = of_head(&stamped);
            let Some(Record::Head(read)) = read(&line[..line.len() - 1]) else { panic!("{stamped:?}") };
            assert_eq!(read, stamped);
        }
    }

    #[test]
    fn no_flipped_bit_passes() {
        let line = of_message(17, &message("21.5"));
        let line = &line[..line.len() - 1];
        for bit in 0..line.len() * 8 {
            let mut flipped = line.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn a_torn_message_claims_its_position_and_nonsense_claims_none() {
        let torn = &of_message(17, &message("21.5"))[..20];
        assert_eq!(last_claimed(torn, 17), Some(17));
        assert_eq!(last_claimed(torn, 18), None, "it is in the log already");
        assert_eq!(last_claimed(br#"{"seq":900,"chan"#, 17), None, "so many do not fit");
        assert_eq!(last_claimed(&[0; 4096], 17), None);
    }
}
