//! Commands as people ask for them: who may, of which device, and where they stand.

use crate::Hub;
use crate::audit::{Entry, What};
use crate::auth::{Drive, Grant, Scope, Sight};
use crate::limits::{COMMAND_LOOKUP_SECONDS_MAX, PERSON_COMMANDS};
use crate::registry::{Cell, Inner};
use crate::rights::{Check, asks};
use protocol::limits::LINE_BYTES_MAX;
use protocol::message::{Command, ToDevice, decode_to_device};
use router::{Device, Intent, Receipt, Refusal, Request, State};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use store::CommandRow;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

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

/// Why a command was not decided upon. It leaves no trace, and may be asked for again under the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// The storage has failed, and a command is written down before it is sent.
    #[error("the hub's storage has failed: no commands are taken until it is back")]
    Storage,
    /// Whether there was one with its id could not be read.
    #[error("earlier commands cannot be read now")]
    Unreadable,
    /// The person asks for more than [`PERSON_COMMANDS`].
    #[error("too many commands in a short time")]
    TooMany,
}

impl Undecided {
    /// The code of the error that says so.
    pub fn code(self) -> &'static str {
        match self {
            Undecided::Storage => "storage",
            Undecided::Unreadable => "unavailable",
            Undecided::TooMany => "too_many",
        }
    }
}

impl Hub {
    /// Takes a command; the receipt says where it stands at once. What becomes of it is told to every panel that
    /// watches the device, and by [`Hub::receipt`].
    ///
    /// # Errors
    /// It was not decided upon, and why.
    pub async fn command(
        self: &Arc<Self>,
        grant: &Grant,
        request: CommandRequest,
    ) -> Result<Receipt, Undecided> {
        Ok(self.decide(grant, request).await?.0)
    }

    /// The receipt for the panel that asked, and whether those who watch the device were told the same. The panel is not
    /// `allowed` to ask for more than [`crate::limits::PANEL_COMMANDS`].
    pub(crate) async fn command_told(
        self: &Arc<Self>,
        grant: &Grant,
        request: CommandRequest,
        allowed: bool,
    ) -> Result<(Receipt, bool), Undecided> {
        match allowed {
            true => self.decide(grant, request).await,
            false => {
                self.audit(Entry::by(What::Limit, grant).say("limit", "commands of a panel"));
                Ok((to_router(grant, request).0.refused(Refusal::Full), false))
            }
        }
    }

    async fn decide(
        self: &Arc<Self>,
        grant: &Grant,
        asked: CommandRequest,
    ) -> Result<(Receipt, bool), Undecided> {
        if !self.storage_is_up() {
            return Err(Undecided::Storage);
        }
        if !self.asked.take(grant.user(), self.now().mono, PERSON_COMMANDS) {
            self.audit(Entry::by(What::Limit, grant).say("limit", "commands of a person"));
            return Err(Undecided::TooMany);
        }
        // Of a device that somebody may neither see nor command nobody learns so much as that it is there.
        let may_know =
            [Scope::View, Scope::Command].iter().any(|scope| grant.may_device(*scope, &asked.device));
        let cell = if may_know { self.woken(&asked.device).await } else { None };
        let device = asked.device.clone();
        let (request, refusal) = to_router(grant, asked);
        match (cell, refusal) {
            (Some(cell), None | Some(Refusal::Denied)) => self.decide_for(&cell, request, refusal).await,
            (_, refusal) => {
                let refusal = refusal.unwrap_or(Refusal::Bad);
                self.audit_refused_command(&device, &request, refusal);
                Ok((request.refused(refusal), false))
            }
        }
    }

    /// Decides upon something that is a command. One that is `refused` is remembered too: who asked for what is part of
    /// what happened to the device.
    async fn decide_for(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        request: Request,
        refused: Option<Refusal>,
    ) -> Result<(Receipt, bool), Undecided> {
        if let Some(earlier) = self.stored(cell, &request.by, &request.id).await? {
            let same = earlier.channel == request.channel && *earlier.asked == *request.value.get();
            return Ok((if same { earlier } else { request.refused(Refusal::Bad) }, false));
        }
        let (now, by, id) = (self.now(), request.by.clone(), request.id.clone());
        let (receipt, told) = self.with(cell, |inner, effects| {
            if inner.device.is_removed() {
                return (request.refused(Refusal::Bad), false);
            }
            let receipt = match refused {
                Some(refusal) => inner.device.refuse(now, request, refusal, effects),
                None => inner.device.command(now, request, effects),
            };
            (receipt, !effects.is_empty())
        });
        // Nobody is told what a crash would take back.
        match self.command_noted(cell, &by, &id).await {
            true => Ok((cell.lock().device.receipt(&by, &id).unwrap_or(receipt), told)),
            false => Err(Undecided::Storage),
        }
    }

    /// A command that is no longer remembered in memory, as the store has it: one indexed read, unless it is surely new.
    /// Where that fails nobody knows whether there was one, so that nothing may be done under that id.
    async fn stored(
        self: &Arc<Self>,
        cell: &Cell,
        by: &Arc<str>,
        id: &str,
    ) -> Result<Option<Receipt>, Undecided> {
        if !self.known.note(cell.key, by, id) || cell.lock().device.receipt(by, id).is_some() {
            return Ok(None);
        }
        let (hub, key, by, id) = (self.clone(), cell.key, by.clone(), id.to_owned());
        let read = async {
            let place = self.lookups.clone().acquire_owned().await.expect("this semaphore is never closed");
            let read = spawn_blocking(move || {
                // The place is held by the thread: a request that is given up does not end its read.
                let _place = place;
                hub.reader().command(key, Some(&by), &id)
            });
            read.await
        };
        match timeout(Duration::from_secs(COMMAND_LOOKUP_SECONDS_MAX), read).await {
            Ok(Ok(Ok(row))) => Ok(row.and_then(receipt_of)),
            Ok(Ok(Err(error))) => {
                tracing::error!(%error, "earlier commands cannot be read");
                Err(Undecided::Unreadable)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "reading earlier commands panicked");
                Err(Undecided::Unreadable)
            }
            Err(_) => Err(Undecided::Unreadable),
        }
    }

    /// Whether the command that is about to leave must not: whoever asked for it is no longer permitted to.
    pub(crate) fn is_denied(&self, device: &Device, number: u64) -> bool {
        device.leaving(number).is_some_and(|asked| !self.still_permits(device, asked))
    }

    /// The same of one that is about to be handed to a gateway.
    pub(crate) fn is_handing_denied(&self, device: &Device, by: &str, id: &str) -> bool {
        device.handing(by, id).is_some_and(|asked| !self.still_permits(device, asked))
    }

    fn still_permits(&self, device: &Device, asked: &Request) -> bool {
        self.permits_request(device.identity.id.as_str(), asked)
    }

    fn permits_request(&self, id: &str, asked: &Request) -> bool {
        let (credential, now) = (asked.credential.as_ref(), self.now().wall);
        self.auth.still_permits(&asked.by, credential, Scope::Command, id, now) || !asks(Check::Waiting)
    }

    /// Whether the device that may be commanded is there.
    pub(crate) async fn has_device(self: &Arc<Self>, drive: &Drive) -> bool {
        self.woken(drive.id()).await.is_some()
    }

    /// Takes back a command that is not on its way yet. A device that sleeps has none.
    pub fn cancel(self: &Arc<Self>, drive: &Drive, id: &str) {
        let Some(cell) = self.registry.awake_by_id(drive.id()) else { return };
        let now = self.now();
        self.with(&cell, |inner, effects| inner.device.cancel(now, drive.grant().user(), id, effects));
    }

    /// Takes back all commands that wait, here or at a gateway, of people who may not ask for them any more. It looks at every
    /// device in memory, so it may take its time.
    pub(crate) fn withdraw_commands(self: &Arc<Self>) {
        for cell in self.registry.awake() {
            let denied = |inner: &Inner| {
                inner.device.open_requests().any(|asked| !self.still_permits(&inner.device, asked))
            };
            if !denied(&cell.lock()) {
                continue;
            }
            let now = self.now();
            let id = cell.id.as_str();
            let may = |asked: &Request| self.permits_request(id, asked);
            self.with(&cell, |inner, effects| inner.device.withdraw(now, may, effects));
        }
    }

    /// Returns once people may be told where a command stands: at once where that is durable. Whether it is; not where the
    /// storage fails meanwhile.
    pub(crate) async fn command_noted(&self, cell: &Cell, by: &Arc<str>, id: &str) -> bool {
        let noted = {
            let mut inner = cell.lock();
            // Asked under the lock: a storage that fails from here on drops the waiter.
            if !inner.device.is_ending(by, id) {
                return true;
            }
            if !self.storage_is_up() {
                return false;
            }
            let (sender, receiver) = oneshot::channel();
            inner.requests().ends.push((by.clone(), id.into(), sender));
            receiver
        };
        noted.await.is_ok()
    }

    /// The same of a command of this person that was just taken back. Where the storage fails it stands as it did.
    pub(crate) async fn command_ended(&self, drive: &Drive, id: &str) {
        if let Some(cell) = self.registry.by_id(drive.id()) {
            let _durable = self.command_noted(&cell, drive.grant().user(), id).await;
        }
    }

    /// Where a command of this person stands, if it is remembered in memory: all that are not settled are, and the newest
    /// of the others.
    pub fn receipt(&self, sight: &Sight, id: &str) -> Option<Receipt> {
        self.registry.by_id(sight.id())?.lock().device.receipt(sight.grant().user(), id)
    }

    /// The newest `limit` commands to a device, the newest first. `stored` is what the store has of them, which may be
    /// behind what is remembered in memory.
    pub(crate) fn newest_commands(
        &self,
        sight: &Sight,
        stored: Vec<CommandRow>,
        limit: usize,
    ) -> Vec<CommandRow> {
        let now = self.now();
        let cell = self.registry.by_id(sight.id());
        let mut rows = cell.map(|cell| cell.lock().device.commands(now)).unwrap_or_default();
        rows.reverse();
        let known: HashSet<(Box<str>, Box<str>)> =
            rows.iter().map(|row| (row.by.clone(), row.id.clone())).collect();
        rows.extend(stored.into_iter().filter(|row| !known.contains(&(row.by.clone(), row.id.clone()))));
        // Those of the same moment stay in their order: the newest first.
        rows.sort_by_key(|row| std::cmp::Reverse(row.created));
        rows.truncate(limit);
        rows
    }
}

/// The request as devices take it, and why it is to be refused, where that is known already.
fn to_router(grant: &Grant, asked: CommandRequest) -> (Request, Option<Refusal>) {
    let permitted = grant.may_device(Scope::Command, &asked.device) || !asks(Check::Deciding);
    let CommandRequest { id, channel, value, intent, ttl, .. } = asked;
    let intent = intent.as_deref().map_or(Some(Intent::Now), Intent::from_word);
    let (value, readable) = for_a_line(value);
    let request = Request {
        id: id.into(),
        by: grant.user().clone(),
        channel: channel.into(),
        value,
        intent: intent.unwrap_or(Intent::Now),
        ttl,
        credential: grant.credential(),
    };
    let refusal = match (permitted, intent.filter(|_| readable)) {
        (_, None) => Some(Refusal::Bad),
        (false, _) => Some(Refusal::Denied),
        (true, Some(_)) => None,
    };
    (request, refusal)
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
    // Neither can be said of what holds no other values.
    if !value.get().starts_with(['{', '[']) {
        return (value, true);
    }
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
