//! What the hub side (a hub or a gateway) says to devices.

use super::read::kept;
use super::write::{finish, quoted};
use super::{Fail, TO_DEVICE_KINDS};
use crate::code::{Again, Fault};
use crate::digits::Digits;
use crate::json::{self, Object};
use serde_json::value::RawValue;
use std::sync::Arc;

/// One line to a device.
#[derive(Debug, Clone)]
pub enum ToDevice {
    /// The answer to its identify.
    Welcome(Welcome),
    /// Everything up to this number is taken over.
    Ack(u64),
    /// I have everything before this number: go back to it.
    Nak(u64),
    /// Do this.
    Command(Command),
    /// So many numbered messages may be unacked from now on.
    Window(u32),
    /// Nobody has identified on this connection.
    NeedIdentify,
    /// One of your lines was skipped.
    Error(Complaint),
    /// I close this connection.
    Bye(Farewell),
    /// An empty line: I am here.
    Heartbeat,
    /// A kind this version does not know: ignored.
    Unknown,
}

/// The answer to an identify.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Welcome {
    /// The device's id, also where it was just made.
    pub device: Arc<str>,
    /// The nonce of the identify that is answered.
    pub nonce: Option<u64>,
    /// The session to number in; nothing for a plain device.
    pub session: Option<String>,
    /// Everything up to it is taken over; there exactly when a session is.
    pub ack: Option<u64>,
    /// Numbered messages that may be unacked.
    pub window: Option<u32>,
    /// Seconds between heartbeats.
    pub heartbeat: u32,
    /// Bytes of the longest line that the hub side reads.
    pub line_max: usize,
    /// The hub side's clock, milliseconds since 1970.
    pub time: i64,
    /// A token of its own, for a device that was just made.
    pub token: Option<String>,
}

/// A request to a device.
#[derive(Debug, Clone)]
pub struct Command {
    /// Its number, growing per device.
    pub number: u64,
    /// The channel it is for.
    pub channel: String,
    /// What is asked, as it came from the panel.
    pub value: Box<RawValue>,
    /// Milliseconds it stays wanted.
    pub ttl: u64,
}

/// What was wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The line's number on this connection, from 1.
    pub line: u64,
    /// The byte in it, from 0.
    pub at: usize,
    /// Its `seq`, where it could be read.
    pub seq: Option<u64>,
    /// A word of [`Fault`], or one from the future.
    pub code: String,
    /// A sentence.
    pub reason: String,
}

/// The end of a connection, said by the side that closes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
    /// A word of [`crate::code::Bye`], or one from the future.
    pub code: String,
    /// What the device does next.
    pub again: Again,
    /// Milliseconds to wait at least before coming back.
    pub wait: Option<u64>,
}

impl From<crate::code::Bye> for Farewell {
    fn from(bye: crate::code::Bye) -> Self {
        Self { code: bye.as_str().to_owned(), again: bye.again(), wait: None }
    }
}

impl ToDevice {
    /// Writes the message as a line with its `\n`: the kind key first, no spaces but those in a command's value (see
    /// [`Command::compact`]), a `reason` cut so that the line has at most `line_max` bytes without its end.
    pub fn encode(&self, line_max: usize) -> Vec<u8> {
        finish(match self {
            ToDevice::Welcome(welcome) => encode_welcome(welcome),
            ToDevice::Ack(seq) => return encode_ack(*seq),
            ToDevice::Nak(seq) => format!("{{\"nak\":{seq}}}"),
            ToDevice::Command(command) => encode_command(command),
            ToDevice::Window(window) => format!("{{\"window\":{window}}}"),
            ToDevice::NeedIdentify => "{\"need\":\"identify\"}".to_owned(),
            ToDevice::Error(complaint) => encode_error(complaint, line_max),
            ToDevice::Bye(farewell) => encode_bye(farewell),
            ToDevice::Heartbeat | ToDevice::Unknown => String::new(),
        })
    }
}

impl Command {
    /// The same command with no spaces in its value, for a device that named a `line_max`. What stands in strings
    /// stays.
    #[must_use]
    pub fn compact(self) -> Self {
        let spaced = self.value.get().contains([' ', '\t', '\r', '\n']);
        let value = match spaced {
            true => RawValue::from_string(json::compact(self.value.get()))
                .expect("between the tokens of JSON white space means nothing"),
            false => self.value,
        };
        Self { value, ..self }
    }

    /// Bytes of the command's line without its end. More than a device's `line_max` cannot be sent to it: ask this of
    /// the [`Command::compact`] one, which is what such a device is sent.
    pub fn encoded_bytes(&self) -> usize {
        encode_command(self).len()
    }
}

/// Said more often than all else together.
fn encode_ack(seq: u64) -> Vec<u8> {
    let (before, seq, behind) = (b"{\"ack\":", Digits::of_count(seq), b"}\n");
    let mut line = Vec::with_capacity(before.len() + seq.as_bytes().len() + behind.len());
    line.extend_from_slice(before);
    line.extend_from_slice(seq.as_bytes());
    line.extend_from_slice(behind);
    line
}

fn encode_welcome(welcome: &Welcome) -> String {
    let mut line = format!("{{\"welcome\":{}", quoted(&welcome.device));
    let mut member = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            line.push_str(&format!(",\"{key}\":{value}"));
        }
    };
    member("nonce", welcome.nonce.map(|n| n.to_string()));
    member("session", welcome.session.as_deref().map(quoted));
    member("ack", welcome.ack.map(|n| n.to_string()));
    member("window", welcome.window.map(|n| n.to_string()));
    member("heartbeat", Some(welcome.heartbeat.to_string()));
    member("line_max", Some(welcome.line_max.to_string()));
    member("time", Some(welcome.time.to_string()));
    member("token", welcome.token.as_deref().map(quoted));
    line.push('}');
    line
}

fn encode_command(command: &Command) -> String {
    let Command { number, channel, value, ttl } = command;
    format!(
        "{{\"command\":{number},\"channel\":{},\"value\":{},\"ttl\":{ttl}}}",
        quoted(channel),
        value.get()
    )
}

fn encode_error(complaint: &Complaint, line_max: usize) -> String {
    let seq = complaint.seq.map(|seq| format!(",\"seq\":{seq}")).unwrap_or_default();
    let head = format!(
        "{{\"error\":{{\"line\":{},\"at\":{}{seq},\"code\":{},\"reason\":",
        complaint.line,
        complaint.at,
        quoted(&complaint.code)
    );
    let room = line_max.saturating_sub(head.len() + 2);
    format!("{head}{}}}}}", quoted_within(&complaint.reason, room))
}

/// `text` as a JSON string of at most `bytes_max` bytes: as many whole characters as fit, escapes counted.
fn quoted_within(text: &str, bytes_max: usize) -> String {
    let whole = quoted(text);
    if whole.len() <= bytes_max {
        return whole;
    }
    let mut room = bytes_max.saturating_sub(2);
    let mut buffer = [0; 4];
    let beyond = text.char_indices().find(|(_, character)| {
        let bytes = quoted(character.encode_utf8(&mut buffer)).len() - 2;
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        !fits
    });
    quoted(&text[..beyond.map_or(text.len(), |(at, _)| at)])
}

fn encode_bye(farewell: &Farewell) -> String {
    let wait = farewell.wait.map(|wait| format!(",\"wait\":{wait}")).unwrap_or_default();
    format!("{{\"bye\":{},\"again\":\"{}\"{wait}}}", quoted(&farewell.code), farewell.again.as_str())
}

/// Reads one line of the hub side, without its line end: what a device library uses.
///
/// # Errors
/// A [`Fail`] that names the fault and its place.
pub fn decode_to_device(line: &[u8]) -> Result<ToDevice, Fail> {
    if line.is_empty() {
        return Ok(ToDevice::Heartbeat);
    }
    let object = Object::read(line)?;
    let kind = TO_DEVICE_KINDS.iter().copied().find(|kind| object.get(kind).is_some());
    Ok(match kind {
        Some("welcome") => ToDevice::Welcome(welcome(&object)?),
        Some("ack") => ToDevice::Ack(object.required("ack", "a whole number")?),
        Some("nak") => ToDevice::Nak(object.required("nak", "a whole number")?),
        Some("command") => ToDevice::Command(command(&object)?),
        Some("window") => ToDevice::Window(object.required("window", "a whole number")?),
        Some("need") => ToDevice::NeedIdentify,
        Some("error") => ToDevice::Error(complaint(&object)?),
        Some("bye") => ToDevice::Bye(farewell(&object)?),
        _ => ToDevice::Unknown,
    })
}

fn welcome(object: &Object<'_>) -> Result<Welcome, Fail> {
    Ok(Welcome {
        device: object.required::<String>("welcome", "a device's id")?.into(),
        nonce: object.count("nonce")?,
        session: object.text("session")?,
        ack: object.count("ack")?,
        window: object.optional("window", "a whole number")?,
        heartbeat: object.required("heartbeat", "a number of seconds")?,
        line_max: object.required("line_max", "a number of bytes")?,
        time: object.required("time", "milliseconds since 1970")?,
        token: object.text("token")?,
    })
}

fn command(object: &Object<'_>) -> Result<Command, Fail> {
    Ok(Command {
        number: object.number("command")?,
        channel: object.required("channel", "a channel's name")?,
        value: kept(object.present("value")?),
        ttl: object.required("ttl", "milliseconds")?,
    })
}

fn complaint(object: &Object<'_>) -> Result<Complaint, Fail> {
    let raw: &str = object.present("error")?;
    let inner = Object::read(raw.as_bytes()).map_err(|_| Fail::new(Fault::BadMessage, 0, "no object"))?;
    Ok(Complaint {
        line: inner.required("line", "a whole number")?,
        at: inner.required("at", "a whole number")?,
        seq: inner.count("seq")?,
        code: inner.required("code", "text")?,
        reason: inner.text("reason")?.unwrap_or_default(),
    })
}

fn farewell(object: &Object<'_>) -> Result<Farewell, Fail> {
    Ok(Farewell {
        code: object.required("bye", "text")?,
        again: Again::from_word(&object.text("again")?.unwrap_or_default()),
        wait: object.count("wait")?,
    })
}
