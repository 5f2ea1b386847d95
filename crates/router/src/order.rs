//! One command and all that is known of it.

use super::command::{Intent, Receipt, Request, State};
use super::handing::Handing;
use protocol::message::Command;
use protocol::time::Time;
use serde_json::value::RawValue;
use std::sync::Arc;
use store::{CommandRow, DeviceKey};

/// A command and all that is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) request: Request,
    pub(crate) ttl: u64,
    pub(crate) created: i64,
    /// When it last changed, milliseconds since 1970.
    pub(crate) updated: i64,
    /// Monotonic milliseconds.
    pub(crate) deadline: u64,
    pub(crate) number: Option<u64>,
    /// It was kept while the device was offline, another one was under way, or the store took long.
    pub(crate) waited: bool,
    pub(crate) state: State,
    pub(crate) reason: Option<Box<str>>,
    /// What the device answered with.
    pub(crate) value: Option<Box<str>>,
    /// The store has it, or it is on its way there: a start finds it.
    pub(crate) is_stored: bool,
    /// What people are told that it is, until what became of it is durable.
    pub(crate) told: Option<State>,
    /// Rows of it that are on their way to the store.
    pub(crate) unwritten: u32,
    /// One of its rows is in the store.
    pub(crate) is_durable: bool,
    /// People have heard of it, or will with a row that is on its way.
    pub(crate) is_known: bool,
    /// To which gateway it was handed, where it was (rule U5).
    pub(crate) handed: Option<Box<Handing>>,
}

impl Order {
    /// A command that was just taken.
    pub(crate) fn new(now: Time, request: Request, ttl: u64) -> Self {
        Self {
            ttl,
            created: now.wall,
            updated: now.wall,
            deadline: now.mono.saturating_add(ttl),
            number: None,
            waited: false,
            state: State::Accepted,
            reason: None,
            value: None,
            is_stored: false,
            told: None,
            unwritten: 0,
            is_durable: false,
            is_known: false,
            handed: None,
            request,
        }
    }

    /// A command as the store had it at the last end of the program; nothing where its words are none of ours. Somebody
    /// may have set the clock meanwhile: no command lives longer than it was meant to.
    pub(crate) fn restore(now: Time, row: CommandRow) -> Option<Self> {
        let (intent, state) = (Intent::from_word(&row.intent)?, State::from_word(&row.state)?);
        let value = RawValue::from_string(row.value.into_string()).ok()?;
        let left = row.deadline.map_or(0, |deadline| u64::try_from(deadline - now.wall).unwrap_or(0));
        let by: Arc<str> = row.by.into();
        Some(Self {
            request: Request {
                id: row.id,
                by,
                channel: row.channel,
                value,
                intent,
                ttl: Some(row.ttl),
                credential: row.credential,
            },
            ttl: row.ttl,
            created: row.created,
            updated: row.updated,
            deadline: now.mono + left.min(row.ttl),
            number: row.number,
            waited: true,
            state,
            reason: row.reason,
            value: row.result,
            is_stored: true,
            told: None,
            unwritten: 0,
            is_durable: true,
            is_known: true,
            handed: row.handed.map(Handing::restore).map(Box::new),
        })
    }

    pub(crate) fn is(&self, by: &str, id: &str) -> bool {
        // People are few: mostly it is the id that differs.
        &*self.request.id == id && &*self.request.by == by
    }

    /// Whether it has this number, and its bytes have not left.
    pub(crate) fn is_leaving(&self, number: u64) -> bool {
        self.number == Some(number) && self.state == State::Accepted
    }

    /// Whether nothing of it has reached the device: it can be taken back.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self.state, State::Accepted | State::Queued)
    }

    /// Where it stands, as people are told: nothing that a start after a crash would not find.
    pub(crate) fn receipt(&self) -> Receipt {
        match self.told {
            Some(state) => Receipt { state, reason: None, value: None, ..self.outcome() },
            None => self.outcome(),
        }
    }

    /// Where it stands, durable or not.
    pub(crate) fn outcome(&self) -> Receipt {
        Receipt {
            id: self.request.id.clone(),
            by: self.request.by.clone(),
            channel: self.request.channel.clone(),
            asked: self.request.value.get().into(),
            state: self.state,
            reason: self.reason.clone(),
            value: self.value.clone(),
        }
    }

    /// Whether this one makes `older`, which waits, needless.
    pub(crate) fn replaces(&self, older: &Order) -> bool {
        let latest = |order: &Order| order.request.intent == Intent::Latest;
        latest(self) && latest(older) && self.request.channel == older.request.channel
    }

    /// No line of it is longer, without its end; mostly it is much shorter. Told without making one.
    pub(crate) fn line_bytes_bound(&self) -> usize {
        // What stands around them, with the longest numbers; and a character of a name may be escaped.
        const AROUND: usize = 96;
        const ESCAPED: usize = 6;
        AROUND + ESCAPED * self.request.channel.len() + self.request.value.get().len()
    }

    pub(crate) fn line(&self, number: u64) -> Command {
        let Request { channel, value, .. } = &self.request;
        Command { number, channel: channel.to_string(), value: value.clone(), ttl: self.ttl }
    }

    /// The same for a command that waited: it tells how long it is still wanted, at least a millisecond.
    pub(crate) fn late_line(&self, now: Time, number: u64) -> Command {
        Command { ttl: self.deadline.saturating_sub(now.mono).max(1), ..self.line(number) }
    }

    /// As the store keeps it, in `state`.
    pub(crate) fn row(&self, now: Time, device: DeviceKey, state: State) -> CommandRow {
        let left = i64::try_from(self.deadline).unwrap_or(i64::MAX).saturating_sub_unsigned(now.mono);
        CommandRow {
            device,
            number: self.number,
            id: self.request.id.clone(),
            by: (&*self.request.by).into(),
            credential: self.request.credential,
            channel: self.request.channel.clone(),
            value: self.request.value.get().into(),
            handed: self.handed.as_ref().map(|handed| handed.to.clone()),
            intent: self.request.intent.as_str().into(),
            ttl: self.ttl,
            state: state.as_str().into(),
            reason: self.reason.clone(),
            result: self.value.clone(),
            created: self.created,
            deadline: Some(now.wall.saturating_add(left)),
            updated: self.updated,
        }
    }
}
