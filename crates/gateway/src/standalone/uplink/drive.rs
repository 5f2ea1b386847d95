//! The task of one uplink: carries out what its conversation wants, and hands in what comes. It shares nothing with the other
//! uplinks that any of them could hold.

use super::super::Standalone;
use super::super::limits::FRAME_BYTES_MAX;
use super::connect::{Dialed, Socket, dial};
use super::writing::Writing;
use super::{Answer, LinkState, Question, Uplink};
use crate::clock;
use futures_util::stream::SplitStream;
use futures_util::{FutureExt as _, StreamExt as _};
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::uplink::gateway_side::{GatewaySide, Output, Stored};
use protocol::uplink::message::SkipReason;
use std::collections::HashMap;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use store::TokenHash;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Drives the uplink until it ends or the gateway is gone.
pub(in crate::standalone) async fn drive(gateway: Weak<Standalone>, uplink: Arc<Uplink>, side: GatewaySide) {
    let mut drive = Drive {
        gateway,
        uplink,
        side,
        line: Line::Down,
        less: Arc::default(),
        wanted: None,
        reading: None,
        questions: HashMap::new(),
        last_ask: 0,
        unasked: Vec::new(),
        has_tried: false,
        told: LinkState::Connecting,
    };
    while drive.carry_out() {
        let came = drive.wait().await;
        drive.take(came);
    }
}

struct Drive {
    gateway: Weak<Standalone>,
    uplink: Arc<Uplink>,
    side: GatewaySide,
    line: Line,
    /// Less waits to be written.
    less: Arc<Notify>,
    /// What the conversation wants of the spool: behind which place, about how many bytes, at most how many entries.
    wanted: Option<(u64, usize, usize)>,
    /// What is being read, behind which place.
    reading: Option<(u64, JoinHandle<Vec<Stored>>)>,
    /// Who asked what the hub has not answered.
    questions: HashMap<u64, oneshot::Sender<Answer>>,
    last_ask: u64,
    /// Questions for when the hub has welcomed us.
    unasked: Vec<Question>,
    /// A connection was tried.
    has_tried: bool,
    /// What was logged last of how it stands.
    told: LinkState,
}

/// The connection.
enum Line {
    Down,
    Dialing(Pin<Box<dyn Future<Output = Result<Dialed, String>> + Send>>),
    Up { frames: SplitStream<Socket>, writing: Writing },
}

/// What a drive waits for.
enum Came {
    Dialed(Result<Box<Dialed>, String>),
    Frame(Option<Result<Message, Error>>),
    Read(u64, Vec<Stored>),
    Mail,
    Due,
    /// What waits to be written is less.
    Less,
}

impl Drive {
    /// Carries out what the conversation wants; false when all is over.
    fn carry_out(&mut self) -> bool {
        let Some(gateway) = self.gateway.upgrade() else { return false };
        while let Some(output) = self.side.poll_output() {
            self.perform(&gateway, output);
        }
        self.read_on(&gateway);
        // Before its first welcome what was written down in an earlier run is the best that is known.
        if self.side.is_welcome() {
            self.uplink.is_at(self.side.acked_place());
        }
        self.stand(&gateway);
        !(self.uplink.has_ended() && matches!(self.line, Line::Down))
    }

    fn perform(&mut self, gateway: &Arc<Standalone>, output: Output) {
        match output {
            Output::Connect => {
                self.has_tried = true;
                if !self.uplink.has_ended() {
                    let settings = self.uplink.settings();
                    let dialing = dial(settings.url.clone(), settings.ca.clone(), FRAME_BYTES_MAX);
                    self.line = Line::Dialing(dialing.boxed());
                }
            }
            Output::Send(text) => {
                if let Line::Up { writing, .. } = &self.line {
                    writing.send(text);
                }
            }
            Output::Read { after, bytes_max, entries_max } => {
                self.wanted = Some((after, bytes_max, entries_max));
            }
            // The hub's own cursor counts; what was acked is written down with the next look at the quotas.
            Output::Acked(_) => {}
            Output::RaiseEnd { tag, number } => gateway.raise_end(&self.uplink, &tag, number),
            Output::Hand { command, ttl } => gateway.hand(&self.uplink, command, ttl),
            Output::Cancel(name) => gateway.cancel(&self.uplink, &name),
            // A hub that is not asked who may come in does not say who has to go either.
            Output::Part { device, bye } if self.uplink.settings().admits => gateway.part(&device, bye),
            Output::Forget(device) if self.uplink.settings().admits => gateway.forget_device_token(&device),
            Output::Part { .. } | Output::Forget(_) => {}
            Output::Admitted { ask, device, token, hash } => self.admitted(ask, device, token, &hash),
            Output::Denied { ask, bye } => self.answer(ask, Answer::Denied(bye)),
            Output::Welcome { .. } => {
                self.uplink.is_up.store(true, Ordering::Release);
                self.uplink.speaks();
                self.ask();
            }
            Output::Close => self.hang_up(),
        }
    }

    fn admitted(&mut self, ask: u64, device: DeviceId, token: Option<Box<str>>, hash: &str) {
        match hash_from(hash) {
            Some(hash) => self.answer(ask, Answer::Admitted { device, token, hash }),
            None => self.answer(ask, Answer::Denied(Bye::Failed)),
        }
    }

    fn answer(&mut self, ask: u64, answer: Answer) {
        self.uplink.speaks();
        if let Some(asked) = self.questions.remove(&ask) {
            // Who asked may have gone.
            let _ = asked.send(answer);
        }
    }

    /// Reads what is wanted of the spool, where the hub reads what it was sent.
    fn read_on(&mut self, gateway: &Arc<Standalone>) {
        let is_full = matches!(&self.line, Line::Up { writing, .. } if writing.is_full());
        if self.reading.is_some() || is_full {
            return;
        }
        if let Some((after, bytes_max, entries_max)) = self.wanted.take() {
            let gateway = gateway.clone();
            let read = tokio::task::spawn_blocking(move || gateway.read(after, bytes_max, entries_max));
            self.reading = Some((after, read));
        }
    }

    async fn wait(&mut self) -> Came {
        let due = self.side.poll_timeout().map(clock::moment);
        let due = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => pending().await,
            }
        };
        let line = async {
            match &mut self.line {
                Line::Down => pending().await,
                Line::Dialing(dialing) => Came::Dialed(dialing.await.map(Box::new)),
                // A hub that does not read what it is told is not heard either: its answers would only pile up.
                Line::Up { writing, .. } if writing.is_full() => pending().await,
                Line::Up { frames, .. } => Came::Frame(frames.next().await),
            }
        };
        let reading = async {
            match &mut self.reading {
                Some((after, read)) => Came::Read(*after, read.await.unwrap_or_default()),
                None => pending().await,
            }
        };
        tokio::select! {
            came = line => came,
            came = reading => came,
            () = self.uplink.called.notified() => Came::Mail,
            () = self.less.notified() => Came::Less,
            () = due => Came::Due,
        }
    }

    fn take(&mut self, came: Came) {
        let now = clock::now();
        match came {
            Came::Dialed(Ok(dialed)) => {
                let Dialed { socket, address } = *dialed;
                let (sink, frames) = socket.split();
                self.line = Line::Up { frames, writing: Writing::begin(sink, self.less.clone()) };
                self.uplink.standing().address = Some(address);
                self.side.opened(now);
            }
            Came::Dialed(Err(error)) => {
                self.line = Line::Down;
                self.unasked.clear();
                self.side.failed(now, &error, random());
            }
            Came::Frame(Some(Ok(Message::Text(text)))) => self.side.frame(now, &text),
            Came::Frame(Some(Ok(Message::Close(_))) | None) => {
                self.lost("the hub has closed the connection");
            }
            // The library answers pings itself; binary frames are from the future.
            Came::Frame(Some(Ok(_))) => {}
            Came::Frame(Some(Err(error))) => {
                self.lost(&format!("the connection is gone: {error}"));
            }
            Came::Read(after, entries) => {
                self.reading = None;
                self.side.entries(now, after, entries);
            }
            Came::Mail => self.take_mail(),
            Came::Due => self.side.timeout(now),
            Came::Less => {}
        }
    }

    fn take_mail(&mut self) {
        let Some(gateway) = self.gateway.upgrade() else { return };
        let now = clock::now();
        let mail = self.uplink.take_mail();
        // First what was dropped, and then that it is not there: so it is told what is missing.
        if let Some(dropped) = mail.dropped {
            self.side.skipped(now, dropped.to, SkipReason::Quota, dropped.lost);
        }
        if mail.spool {
            self.side.tags(now, gateway.tags());
            let held = gateway.held();
            // Otherwise word of what was dropped is on its way.
            if held.oldest <= self.uplink.furthest() + 1 {
                self.side.held(now, held);
            }
        }
        for id in mail.presence {
            let cell = gateway.registry.by_id(id.as_str());
            match cell.and_then(|cell| cell.connected(now.mono)) {
                Some(connected) => self.side.device_connected(now, &id, connected),
                None => self.side.device_disconnected(now, &id),
            }
        }
        for outcome in mail.outcomes {
            self.side.outcome(now, outcome);
        }
        self.unasked.extend(mail.questions);
        self.ask();
        if let Some(behind) = mail.behind {
            self.side.standing(now, behind.entries, behind.bytes, behind.oldest);
        }
        if self.uplink.has_ended() {
            // It says goodbye where it can, and then wants the connection closed.
            self.side.end();
            if !matches!(self.line, Line::Up { .. }) {
                self.line = Line::Down;
            }
        }
        self.questions.retain(|_, asked| !asked.is_closed());
    }

    /// Asks the hub what it is to be asked. While no connection is being made nobody waits for one.
    fn ask(&mut self) {
        // Who was let in by another hub meanwhile is not made here too.
        self.unasked.retain(|question| !question.answer.is_closed());
        match &self.line {
            Line::Down if self.has_tried => self.unasked.clear(),
            _ if !self.side.is_welcome() => {}
            _ => {
                for Question { device, hash, answer } in std::mem::take(&mut self.unasked) {
                    self.last_ask += 1;
                    if self.side.admit(clock::now(), self.last_ask, device, &hex(hash)) {
                        self.questions.insert(self.last_ask, answer);
                    }
                }
            }
        }
    }

    /// The connection is over: what is on its way out may still leave, who asked asks another hub.
    fn hang_up(&mut self) {
        self.uplink.is_up.store(false, Ordering::Release);
        self.line = Line::Down;
        self.questions.clear();
        self.unasked.clear();
        self.side.closed(clock::now(), random());
    }

    /// The connection has ended by itself.
    fn lost(&mut self, error: &str) {
        self.side.failed(clock::now(), error, random());
        self.hang_up();
    }

    /// How it stands now, for people.
    fn stand(&mut self, gateway: &Standalone) {
        let state = match &self.line {
            _ if self.side.is_welcome() => LinkState::Connected,
            _ if self.side.is_refused() => LinkState::Refused,
            Line::Up { .. } | Line::Dialing(_) => LinkState::Connecting,
            Line::Down if self.has_tried => LinkState::Waiting,
            Line::Down => LinkState::Connecting,
        };
        let mut standing = self.uplink.standing();
        if let Some(error) = self.side.last_error()
            && standing.error.as_deref() != Some(error)
        {
            standing.error = Some(error.to_owned());
        }
        let now = gateway.now().wall;
        if standing.state != state || standing.since == 0 {
            standing.state = state;
            standing.since = now;
        }
        let stands = state == LinkState::Connected && now - standing.since >= heartbeat_ms(gateway);
        if stands && standing.error.is_some() {
            standing.error = None;
        }
        drop(standing);
        self.tell(gateway, state);
    }

    /// Logs how it stands, where that is another way than before: not each try.
    fn tell(&mut self, gateway: &Standalone, state: LinkState) {
        if state == self.told || state == LinkState::Connecting || self.uplink.has_ended() {
            return;
        }
        self.told = state;
        let (hub, gateway) = (self.uplink.name(), gateway.id());
        let error = self.side.last_error().unwrap_or("the connection is over");
        match state {
            LinkState::Connected => tracing::info!("the hub “{hub}” is connected"),
            LinkState::Refused => tracing::warn!("the hub “{hub}” refuses the gateway “{gateway}”: {error}"),
            _ => tracing::warn!("waiting for the hub “{hub}”: {error}"),
        }
    }
}

fn heartbeat_ms(gateway: &Standalone) -> i64 {
    i64::from(gateway.settings.heartbeat) * 1000
}

/// A random number for waiting times.
fn random() -> u32 {
    getrandom::u32().unwrap_or_default()
}

/// 64 hexadecimal digits.
fn hex(TokenHash(bytes): TokenHash) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash_from(text: &str) -> Option<TokenHash> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(TokenHash(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_as_written() {
        let hash = TokenHash(std::array::from_fn(|at| at as u8 * 7));
        assert_eq!(hash_from(&hex(hash)), Some(hash));
        for wrong in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(hash_from(wrong), None, "{wrong:?}");
        }
    }
}
