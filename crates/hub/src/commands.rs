//! Commands as people ask for them: who may, of which device, and where they stand.

use crate::Hub;
use crate::auth::{Grant, Scope};
use crate::registry::Cell;
use bytes::Bytes;
use protocol::limits::LINE_BYTES_MAX;
use protocol::message::{Command, ToDevice, decode_to_device};
use router::{Intent, Receipt, Refusal, Request, State, frame};
use serde_json::value::RawValue;
use std::sync::Arc;
use store::CommandRow;

/// What a person asks of a device, as it came.
#[derive(Debug)]
pub struct CommandRequest {
    /// Made by the browser; unique per person and device.
    pub id: String,
    /// The device.
    pub device: String,
    /// The channel.
    pub channel: String,
    /// What is asked, as it came.
    pub value: Box<RawValue>,
    /// `now` (also when absent), `latest` or `queue`.
    pub intent: Option<String>,
    /// Milliseconds it stays wanted.
    pub ttl: Option<u64>,
}

impl Hub {
    /// Takes a command; the receipt says where it stands at once. What becomes of it is told to every panel that
    /// watches the device, and by [`Hub::receipt`].
    pub fn command(self: &Arc<Self>, grant: &Grant, request: CommandRequest) -> Receipt {
        self.decide(grant, request).0
    }

    /// The receipt as a panel message, and whether those who watch the device were told the same.
    pub(crate) fn command_told(self: &Arc<Self>, grant: &Grant, request: CommandRequest) -> (Bytes, bool) {
        let device = request.device.clone();
        let (receipt, told) = self.decide(grant, request);
        (frame::receipt(&device, &receipt), told)
    }

    fn decide(self: &Arc<Self>, grant: &Grant, asked: CommandRequest) -> (Receipt, bool) {
        let CommandRequest { id, device, channel, value, intent, ttl } = asked;
        let intent = intent.as_deref().map_or(Some(Intent::Now), Intent::from_word);
        let (value, readable) = for_a_line(value);
        let request = Request {
            id: id.into(),
            by: grant.user().clone(),
            channel: channel.into(),
            value,
            intent: intent.unwrap_or(Intent::Now),
            ttl,
        };
        let refused = match (grant.may(Scope::Command), intent.filter(|_| readable)) {
            (false, _) => Some(Refusal::Denied),
            (true, None) => Some(Refusal::Bad),
            (true, Some(_)) => None,
        };
        match (refused, self.registry.by_id(&device)) {
            (Some(refusal), _) => (request.refused(refusal), false),
            (None, None) => (request.refused(Refusal::Bad), false),
            (None, Some(cell)) => self.decide_for(&cell, request),
        }
    }

    fn decide_for(self: &Arc<Self>, cell: &Arc<Cell>, request: Request) -> (Receipt, bool) {
        if let Some(earlier) = self.stored(cell, &request.by, &request.id) {
            let same = earlier.channel == request.channel && *earlier.asked == *request.value.get();
            return (if same { earlier } else { request.refused(Refusal::Bad) }, false);
        }
        let now = self.now();
        self.with(cell, |inner, effects| {
            if inner.device.is_removed() {
                return (request.refused(Refusal::Bad), false);
            }
            let receipt = inner.device.command(now, request, effects);
            (receipt, !effects.is_empty())
        })
    }

    /// A command that is no longer remembered in memory, as the store has it. One indexed read, for people's clicks.
    fn stored(&self, cell: &Cell, by: &str, id: &str) -> Option<Receipt> {
        if cell.lock().device.receipt(by, id).is_some() {
            return None;
        }
        match self.reader().command(cell.key, Some(by), id) {
            Ok(row) => receipt_of(row?),
            Err(error) => {
                tracing::error!(%error, "earlier commands cannot be read");
                None
            }
        }
    }

    /// Takes back a command that is not on its way yet.
    pub fn cancel(self: &Arc<Self>, grant: &Grant, device: &str, id: &str) {
        let Some(cell) = self.registry.by_id(device).filter(|_| grant.may(Scope::Command)) else { return };
        let now = self.now();
        self.with(&cell, |inner, effects| inner.device.cancel(now, grant.user(), id, effects));
    }

    /// Where a command of this person stands. May read the store.
    pub fn receipt(&self, grant: &Grant, device: &str, id: &str) -> Option<Receipt> {
        let cell = self.registry.by_id(device)?;
        let remembered = cell.lock().device.receipt(grant.user(), id);
        remembered.or_else(|| self.stored(&cell, grant.user(), id))
    }
}

fn receipt_of(row: CommandRow) -> Option<Receipt> {
    Some(Receipt {
        id: row.id,
        by: row.by.into(),
        channel: row.channel,
        asked: row.value,
        state: State::from_word(&row.state)?,
        reason: row.reason,
        value: row.result,
    })
}

/// The value as it may stand in a line, and whether a device can read it there. Line breaks, which in JSON are as good
/// as blanks, become blanks: a device would take what comes behind one for a message of its own. A value that is too
/// deep or has a key twice cannot be read.
fn for_a_line(value: Box<RawValue>) -> (Box<RawValue>, bool) {
    let value = match value.get().contains(['\n', '\r']) {
        true => RawValue::from_string(value.get().replace(['\n', '\r'], " ")).unwrap_or(value),
        false => value,
    };
    let command = Command { number: 1, channel: String::new(), value: value.clone(), ttl: 0 };
    let mut line = ToDevice::Command(command).encode(LINE_BYTES_MAX);
    line.truncate(line.trim_ascii_end().len());
    (value, decode_to_device(&line).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    #[test]
    fn a_value_cannot_bring_a_line_of_its_own() {
        let (value, readable) = for_a_line(value("[1,\r\n{\"window\":0}\n,\"x\\n\"]"));
        assert_eq!((value.get(), readable), ("[1,  {\"window\":0} ,\"x\\n\"]", true));
    }

    #[test]
    fn a_value_that_no_device_could_read_is_told_apart() {
        for readable in ["true", "1.50", "{\"a\":[1,2]}"] {
            assert!(for_a_line(value(readable)).1, "{readable}");
        }
        let deep = format!("{}1{}", "[".repeat(20), "]".repeat(20));
        for unreadable in ["{\"a\":1,\"a\":2}", deep.as_str()] {
            assert!(!for_a_line(value(unreadable)).1, "{unreadable}");
        }
    }
}
