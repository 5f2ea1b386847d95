//! A hub that never fails: sessions, numbers, acks, gaps.

use super::content;
use protocol::code::Bye;
use protocol::message::{FromDevice, Identify, ToDevice, Welcome, decode_from_device};
use protocol::session::{Opening, Positions};
use std::collections::HashMap;

/// What the hub has of the device, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A message, by its content.
    Message(u64),
    /// So many numbers that are declared lost.
    Gap(u64),
}

pub(crate) struct Hub {
    positions: Positions,
    /// The session of the connection, and the last number in it.
    session: Option<(protocol::id::SessionId, u64)>,
    log: Vec<Entry>,
    /// What each number of each session denotes.
    denotes: HashMap<(String, u64), u64>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self { positions: Positions::default(), session: None, log: Vec::new(), denotes: HashMap::new() }
    }

    pub(crate) fn log(&self) -> &[Entry] {
        &self.log
    }

    /// Takes a line with its end. Answers lines without.
    pub(crate) fn hears(&mut self, line: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let line = line.strip_suffix(b"\n").ok_or("a line without an end")?;
        let message = decode_from_device(line).map_err(|fail| format!("{fail:?}"))?;
        let answer = match message {
            FromDevice::Identify(identify) => Some(self.welcome(&identify)),
            FromDevice::Samples(samples) => {
                let seq = samples.seq.ok_or("a message without a number")?;
                self.takes(seq, Entry::Message(content(&samples)))?
            }
            FromDevice::Skip { to, .. } => {
                let last = self.session.as_ref().map_or(0, |(_, last)| *last);
                self.takes(to, Entry::Gap(to.saturating_sub(last)))?
            }
            _ => None,
        };
        Ok(answer
            .into_iter()
            .map(|answer| {
                let mut line = answer.encode(65_536);
                line.pop();
                line
            })
            .collect())
    }

    fn welcome(&mut self, identify: &Identify) -> ToDevice {
        let asked = identify.session.as_ref().zip(identify.oldest);
        let (session, ack) = match self.positions.open(asked, "k7", |tag| tag == "k7") {
            Opening::Closed => return ToDevice::Bye(Bye::Closed.into()),
            Opening::New { session, .. } => (session, 0),
            Opening::Resume { session, ack, gap } => {
                if let Some(gap) = gap {
                    self.log.push(Entry::Gap(gap.to - gap.from + 1));
                    self.positions.accepted(&session, gap.to);
                }
                (session, ack)
            }
        };
        self.session = Some((session.clone(), ack));
        ToDevice::Welcome(Welcome {
            device: "pump-1".into(),
            nonce: identify.nonce,
            session: Some(session.to_string()),
            ack: Some(ack),
            window: Some(8),
            heartbeat: 15,
            line_max: 65_536,
            ..Welcome::default()
        })
    }

    fn takes(&mut self, seq: u64, entry: Entry) -> Result<Option<ToDevice>, String> {
        let Some((session, last)) = &mut self.session else { return Err("nobody identified".to_owned()) };
        if let Entry::Message(content) = entry {
            let denoted = *self.denotes.entry((session.to_string(), seq)).or_insert(content);
            if denoted != content {
                return Err(format!("{session} {seq} denotes {denoted} and {content}"));
            }
            if seq > *last + 1 {
                return Ok(Some(ToDevice::Nak(*last + 1)));
            }
        }
        if seq > *last {
            *last = seq;
            self.positions.accepted(session, seq);
            self.log.push(entry);
        }
        Ok(Some(ToDevice::Ack(*last)))
    }
}
