//! A device without its sockets: the session, the outbox behind it, and the books of what became of its messages.
//!
//! Driven like the session itself: hand in one input with the time, then carry out [`Core::steps`] until there are none,
//! and call [`Core::timeout`] when [`Core::poll_timeout`] says so.

use crate::outbox::{self, Outbox, Report};
use crate::reason::Reason;
use crate::settings::{Settings, SetupError};
use protocol::id::DeviceId;
use protocol::id::SessionId;
use protocol::limits::{LINE_BYTES_MAX, SEQ_MAX};
use protocol::message::{
    Command, Complaint, Description, FromDevice, Outcome, Samples, Welcome, decode_from_device,
};
use protocol::session::Backoff;
use protocol::session::device_side::{DeviceSide, Output};
use protocol::time::Time;
use std::io;

/// What to do next.
#[derive(Debug)]
pub(crate) struct Steps {
    /// In this order.
    pub(crate) steps: Vec<Step>,
    /// Then run this and give what comes of it to [`Core::done`], before there are further steps. Where it fails, the
    /// connection ends, and it comes again.
    pub(crate) keep: Option<outbox::Keep>,
}

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Step {
    /// Write this line.
    Send(Vec<u8>),
    /// The device is welcome: whether it goes on with its session, and the token it was given, if any.
    Connected { resumed: bool, token: Option<String> },
    /// The hub skipped a line. Log it when nothing is locked: whoever is told may send.
    Complaint(Complaint),
    /// Do this, and give the outcome to [`Core::answer`].
    Begin(Command),
    /// The connection is over.
    Close(Reason),
}

/// What became of messages. At any time accepted + restored = acked + dropped + queued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Books {
    /// For which `send` answered that they are accepted, in this run of the program.
    pub accepted: u64,
    /// Which a stored outbox brought from earlier runs, those included whose loss is to be declared.
    pub restored: u64,
    /// Taken over by the hub, as far as is known. The loss of one counts as its message where the hub learned it.
    pub acked: u64,
    /// Dropped because the outbox was full, in this run.
    pub dropped: u64,
    /// Held until they are acked.
    pub queued: u64,
}

impl Books {
    /// Whether every message is somewhere, and no more than once.
    pub fn balance(&self) -> bool {
        self.accepted + self.restored == self.acked + self.dropped + self.queued
    }
}

pub(crate) struct Core {
    side: DeviceSide,
    outbox: Option<Outbox>,
    report: Option<Report>,
    backoff: Backoff,
    /// The one that an identify named.
    asked: Option<SessionId>,
    /// As the last welcome has it.
    id: Option<String>,
    /// What the program itself says it is, while what was kept of an earlier run is shown and not yet welcome.
    own: Option<(Option<DeviceId>, Option<String>)>,
    /// Whether the program was told of this connection.
    told: bool,
    /// The position of the next message.
    next: u64,
    accepted: u64,
    restored: u64,
    acked: u64,
    /// Bytes of the log beyond which it is not left to others to give back what can be.
    log_bytes_max: u64,
    /// The session wants a head on disk, and it is not there yet.
    owed: bool,
    /// The boot marker of this run is on disk (rule D2). Before, nothing is accepted.
    marked: bool,
    closed: bool,
    /// The outbox was let go, and all that is in it is on disk.
    left_safe: bool,
}

impl Core {
    pub(crate) fn new(settings: &Settings) -> Result<Self, SetupError> {
        let mut of_session = settings.of_session()?;
        let kept = settings.identity().and_then(|keeping| keeping.read());
        let own = kept.map(|kept| {
            let id = DeviceId::parse(&kept.id).or(of_session.device.clone());
            (std::mem::replace(&mut of_session.device, id), of_session.token.replace(kept.token))
        });
        let id = of_session.device.as_ref().map(ToString::to_string);
        let (side, outbox, report) = match &settings.folder {
            None => (DeviceSide::new(of_session), None, None),
            Some(folder) => {
                let (outbox, kept, report) = Outbox::open(folder, settings.of_log())?;
                if !report.is_whole() {
                    tracing::warn!(device = settings.name(), "{report}");
                }
                (DeviceSide::restored(of_session, kept), Some(outbox), Some(report))
            }
        };
        let mut core = Self {
            next: outbox.as_ref().map_or(1, Outbox::next),
            restored: side.unacked() as u64 + side.dropped(),
            side,
            outbox,
            report,
            backoff: Backoff::default(),
            asked: None,
            id,
            own,
            told: false,
            accepted: 0,
            acked: 0,
            log_bytes_max: settings.log_bytes_max(),
            owed: false,
            marked: false,
            closed: false,
            left_safe: false,
        };
        // Without a connection there is nothing to say yet: it wants its boot marker, if anything.
        while let Some(output) = core.side.poll_output() {
            core.owed |= matches!(output, Output::Keep(_));
        }
        // A full disk keeps no program from starting: a head needs no room, what is there can be sent, and room comes of
        // it.
        if let Err(error) = core.mark() {
            tracing::warn!(device = settings.name(), "the outbox takes nothing yet: {error}");
        }
        Ok(core)
    }

    /// Writes the boot marker, if one is wanted and not there yet.
    fn mark(&mut self) -> io::Result<()> {
        if let Some(outbox) = self.outbox.as_mut().filter(|_| self.owed) {
            let done = outbox.keep(&self.side.head(), self.side.held_from()).run()?;
            self.done(done);
        }
        self.marked = true;
        Ok(())
    }

    /// Takes `samples` into the outbox. Answers whether it was accepted.
    pub(crate) fn send(&mut self, now: Time, samples: Samples) -> Result<(), NotAccepted> {
        if self.closed {
            return Err(NotAccepted::Closed);
        }
        readable(&samples)?;
        if !self.marked {
            self.mark().map_err(NotAccepted::Outbox)?;
        }
        if let Some(outbox) = &mut self.outbox {
            outbox.append(&samples).map_err(NotAccepted::Outbox)?;
        }
        let overdue = |outbox: &&mut Outbox| outbox.log_bytes() > self.log_bytes_max;
        if let Some(outbox) = self.outbox.as_mut().filter(overdue) {
            // Nobody else has given back what can be, for long: there is no task, or its disk is slow.
            outbox.give_back(self.side.held_from());
        }
        let position = self.side.publish(now, samples);
        debug_assert_eq!(position, self.next, "the outbox and the session count alike");
        self.next = position + 1;
        self.accepted += 1;
        Ok(())
    }

    /// Says `samples` without keeping them. Answers whether that could be done.
    pub(crate) fn send_unnumbered(&mut self, now: Time, samples: Samples) -> Result<(), NotAccepted> {
        readable(&samples)?;
        let said = !self.closed && self.side.publish_unnumbered(now, samples);
        said.then_some(()).ok_or(NotAccepted::Apart)
    }

    pub(crate) fn describe(&mut self, now: Time, description: Description) {
        self.side.describe(now, description);
    }

    pub(crate) fn connected(&mut self, now: Time) {
        (self.asked, self.told) = (self.session(), false);
        self.side.connected(now);
    }

    /// The connection is gone, or could not be made. Answers whether the program had been told of it.
    pub(crate) fn disconnected(&mut self) -> bool {
        self.side.disconnected();
        std::mem::take(&mut self.told)
    }

    /// The hub does not want the device. Whether it is worth coming as what the program itself says.
    pub(crate) fn falls_back(&mut self) -> bool {
        let Some((id, token)) = self.own.take() else { return false };
        self.id = id.as_ref().map(ToString::to_string);
        self.side.introduce(id, token);
        true
    }

    /// Milliseconds after which to come back; nothing where it must not.
    pub(crate) fn come_back(&mut self, now: Time, reason: &Reason, random: u32) -> Option<u64> {
        self.backoff.lost(now.mono, reason.again(), reason.wait(), random)
    }

    pub(crate) fn line(&mut self, now: Time, line: &[u8]) {
        let held = self.side.unacked();
        self.side.line(now, line);
        // A line only ever takes messages out, and only those that are taken over.
        self.acked += (held - self.side.unacked()) as u64;
        if let Some(outbox) = &mut self.outbox {
            outbox.note(&self.side.head(), self.side.unacked());
        }
    }

    /// The connection has so many bytes that it could not write yet.
    pub(crate) fn unsent(&mut self, bytes: usize) {
        self.side.unsent(bytes);
    }

    pub(crate) fn timeout(&mut self, now: Time) {
        self.side.timeout(now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        self.side.poll_timeout()
    }

    pub(crate) fn answer(&mut self, now: Time, outcome: Outcome) {
        self.side.answer(now, outcome);
    }

    /// What is to be done next, up to where a head is to be kept.
    pub(crate) fn steps(&mut self, now: Time) -> Steps {
        let mut steps = Vec::new();
        while !self.owed
            && let Some(output) = self.side.poll_output()
        {
            steps.extend(match output {
                Output::Keep(_) => {
                    self.owed = true;
                    None
                }
                Output::Send(line) => Some(Step::Send(line)),
                Output::Begin(command) => Some(Step::Begin(command)),
                Output::Welcome(welcome) => self.welcome(now, *welcome),
                Output::Complaint(complaint) => Some(Step::Complaint(complaint)),
                Output::Close(ending) => Some(Step::Close(ending.into())),
            });
        }
        Steps { steps, keep: self.keep() }
    }

    /// The newest head, which is at least as new as the one that was asked for: where one was, and where it gives room.
    pub(crate) fn keep(&mut self) -> Option<outbox::Keep> {
        let (head, held_from, owed) = (self.side.head(), self.side.held_from(), self.owed);
        let outbox = self.outbox.as_mut().filter(|outbox| owed || outbox.has_room_to_give(held_from));
        outbox.map(|outbox| outbox.keep(&head, held_from))
    }

    /// Whether nothing must be said before the head is kept.
    pub(crate) fn owes_head(&self) -> bool {
        self.owed
    }

    fn welcome(&mut self, now: Time, welcome: Welcome) -> Option<Step> {
        self.backoff.welcomed(now.mono);
        self.own = None;
        self.id = Some(welcome.device.to_string());
        let resumed = self.asked.is_some() && self.asked == self.session();
        // Within a connection it identifies again for a session of this run; the program was told already.
        (!std::mem::replace(&mut self.told, true))
            .then_some(Step::Connected { resumed, token: welcome.token })
    }

    pub(crate) fn done(&mut self, done: outbox::Done) {
        if matches!(done, outbox::Done::Kept(_)) {
            (self.owed, self.marked) = (false, true);
        }
        if let Some(outbox) = &mut self.outbox {
            outbox.done(done);
        }
    }

    /// The work that makes durable what is accepted; nothing where the outbox is in memory.
    pub(crate) fn sync(&mut self) -> Option<io::Result<outbox::Sync>> {
        self.outbox.as_mut().map(Outbox::sync)
    }

    /// Whether the outbox is stored.
    pub(crate) fn is_stored(&self) -> bool {
        self.outbox.is_some()
    }

    /// Nothing is accepted any more.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Lets go of the folder of the outbox, once or again, after all was made durable or not. Answers whether nothing is
    /// lost by that.
    pub(crate) fn let_go(&mut self, synced: bool) -> bool {
        self.outbox = None;
        self.left_safe |= synced;
        self.left_safe || self.side.unacked() == 0
    }

    pub(crate) fn is_welcome(&self) -> bool {
        self.side.is_welcome()
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn session(&self) -> Option<SessionId> {
        self.side.head().session.map(|kept| kept.session)
    }

    /// The position of the next message.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Whether everything below `position` is taken over, or its loss is.
    pub(crate) fn is_taken_over(&self, position: u64) -> bool {
        self.side.head().head >= position
    }

    pub(crate) fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    pub(crate) fn books(&self) -> Books {
        Books {
            accepted: self.accepted,
            restored: self.restored,
            acked: self.acked,
            dropped: self.side.dropped(),
            queued: self.side.unacked() as u64,
        }
    }
}

/// Why a message was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAccepted {
    #[error("the device is closed")]
    Closed,
    #[error("there is no connection, or a hub that does not read")]
    Apart,
    #[error("no hub would take it: {0}")]
    Malformed(String),
    #[error("it cannot be stored: {0}")]
    Outbox(io::Error),
}

/// What the hub would refuse is refused here: accepted, it would be a loss.
fn readable(samples: &Samples) -> Result<(), NotAccepted> {
    let line = Samples { seq: Some(SEQ_MAX), ..samples.clone() }.encode();
    let line = &line[..line.len() - 1];
    if line.len() > LINE_BYTES_MAX {
        return Err(NotAccepted::Malformed(format!("a line has at most {LINE_BYTES_MAX} bytes")));
    }
    match decode_from_device(line) {
        Ok(FromDevice::Samples(read)) if !read.samples.is_empty() => Ok(()),
        Ok(_) => Err(NotAccepted::Malformed("it has no values".to_owned())),
        Err(fail) => Err(NotAccepted::Malformed(fail.reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::message::Sample;
    use serde_json::value::RawValue;
    use std::fs;
    use std::path::Path;

    const NOW: Time = Time { wall: 0, mono: 0 };

    fn core(folder: &Path) -> Core {
        let settings = Settings::new("tcp://127.0.0.1:1", "pump-1", "").expect("settings");
        Core::new(&settings.counting_nonces_from(0).stored_in(folder)).expect("an outbox")
    }

    fn message() -> Samples {
        let value = RawValue::from_string("1".to_owned()).expect("a number");
        Samples { seq: None, ts: None, samples: vec![Sample { channel: "n".into(), value }], outbox: None }
    }

    /// Carries out all steps. Answers the lines that are said.
    fn said(core: &mut Core) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let Steps { steps, keep } = core.steps(NOW);
            lines.extend(steps.into_iter().filter_map(|step| match step {
                Step::Send(line) => Some(String::from_utf8(line).expect("UTF-8")),
                _ => None,
            }));
            let Some(keep) = keep else { return lines };
            core.done(keep.run().expect("there is room"));
        }
    }

    #[test]
    fn a_complaint_of_the_hub_is_left_to_whoever_has_nothing_locked() {
        let settings = Settings::new("tcp://127.0.0.1:1", "pump-1", "").expect("settings");
        let mut core = Core::new(&settings).expect("it is in memory");
        core.connected(NOW);
        said(&mut core);
        core.line(NOW, br#"{"error":{"line":1,"at":0,"code":"bad_json","reason":"no object"}}"#);
        let Steps { steps, .. } = core.steps(NOW);
        assert!(
            matches!(&steps[..], [Step::Complaint(complaint)] if complaint.code == "bad_json"),
            "{steps:?}"
        );
    }

    #[test]
    fn a_message_accepted_while_the_boot_marker_is_written_does_not_swallow_the_identify() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut earlier = core(folder.path());
        earlier.send(NOW, message()).expect("it is accepted");
        earlier.connected(NOW);
        said(&mut earlier);
        earlier.line(
            NOW,
            br#"{"welcome":"pump-1","nonce":1,"session":"k7-1","ack":0,"window":64,"heartbeat":15,"line_max":65536,"time":0}"#,
        );
        assert!(said(&mut earlier).concat().contains("\"seq\":1"), "its session is kept");
        drop(earlier);

        // What stands where the head would be cannot be written to; later it can.
        let head = folder.path().join("head");
        fs::remove_file(&head).expect("it is there");
        fs::create_dir(&head).expect("a folder");
        let mut core = core(folder.path());
        assert!(core.owes_head());
        core.connected(NOW);
        fs::remove_dir(&head).expect("it is empty");
        core.send(NOW, message()).expect("it is accepted");
        assert!(said(&mut core).concat().contains("\"identify\""));
    }
}
