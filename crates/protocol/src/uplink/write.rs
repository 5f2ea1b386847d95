//! Writing what both ends of an uplink say: one JSON object a line, the kind key first, values as they came.

use super::message::{
    CommandOutcome, Connected, Content, Entry, FromGateway, FromHub, GatewayIdentify, GatewayWelcome, Handed,
    Lost, OfDevice, Skip, SpoolCursor,
};
use crate::message::Sample;
use crate::message::write::quoted;
use std::fmt::{Display, Write};

/// An object that is being written.
struct Object<'a>(&'a mut String);

impl<'a> Object<'a> {
    /// Begins with the kind key, whose value is a number or the like.
    fn begin(out: &'a mut String, key: &str, value: impl Display) -> Self {
        // Writing into a string cannot fail.
        let _ = write!(out, "{{\"{key}\":{value}");
        Self(out)
    }

    fn begin_text(out: &'a mut String, key: &str, text: &str) -> Self {
        Self::begin(out, key, quoted(text))
    }

    fn raw(self, key: &str, value: impl Display) -> Self {
        let _ = write!(self.0, ",\"{key}\":{value}");
        self
    }

    fn text(self, key: &str, text: &str) -> Self {
        self.raw(key, quoted(text))
    }

    fn maybe(self, key: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.raw(key, value),
            None => self,
        }
    }

    fn maybe_text(self, key: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    /// A member that is there only where it is true.
    fn flag(self, key: &str, is_set: bool) -> Self {
        if is_set { self.raw(key, true) } else { self }
    }

    fn end(self) {
        self.0.push('}');
    }
}

impl FromGateway {
    /// Writes the message behind `out`, as a line without its end.
    pub fn write(&self, out: &mut String) {
        match self {
            FromGateway::Heartbeat | FromGateway::Unknown => {}
            FromGateway::Identify(identify) => write_identify(identify, out),
            FromGateway::Tag { tag, follows } => Object::begin_text(out, "tag", tag)
                .maybe_text("follows", follows.as_ref().map(|cursor| &*cursor.tag))
                .maybe("end", follows.as_ref().map(|cursor| cursor.number))
                .end(),
            FromGateway::Skip(skip) => write_skip(skip, out),
            FromGateway::Open { stream, device, connected } => {
                let object = Object::begin(out, "open", stream).text("device", device.as_str());
                match connected {
                    Some(connected) => write_connected(object.raw("connected", connected.ago), connected),
                    None => object.end(),
                }
            }
            FromGateway::Close { stream } => Object::begin(out, "close", stream).end(),
            FromGateway::Restored => Object::begin(out, "restored", true).end(),
            FromGateway::Admit { ask, device, token } => Object::begin(out, "admit", ask)
                .maybe_text("device", device.as_ref().map(|device| device.as_str()))
                .text("token", token)
                .end(),
            FromGateway::Outcome(outcome) => write_outcome(outcome, out),
            FromGateway::Standing { behind, bytes, oldest } => {
                Object::begin(out, "behind", behind).raw("bytes", bytes).maybe("oldest", *oldest).end();
            }
        }
    }
}

impl OfDevice {
    /// Writes the message behind `out`, as a line without its end.
    pub fn write(&self, out: &mut String) {
        match self {
            OfDevice::Unknown => {}
            OfDevice::Entry(entry) => write_entry(entry, out),
            OfDevice::Connected(connected) => {
                write_connected(Object::begin(out, "connected", connected.ago), connected);
            }
            OfDevice::Disconnected { ago } => Object::begin(out, "disconnected", ago).end(),
        }
    }
}

impl FromHub {
    /// Writes the message behind `out`, as a line without its end.
    pub fn write(&self, out: &mut String) {
        match self {
            FromHub::Heartbeat | FromHub::Unknown => {}
            FromHub::Welcome(welcome) => write_welcome(welcome, out),
            FromHub::Ack(SpoolCursor { tag, number }) => {
                Object::begin(out, "ack", number).text("tag", tag).end();
            }
            FromHub::Part { stream, connection, bye } => Object::begin(out, "part", stream)
                .raw("connection", connection)
                .text("bye", bye.as_str())
                .end(),
            FromHub::Hand(Handed { command, channel, value, deadline }) => {
                Object::begin_text(out, "hand", &command.id)
                    .text("device", command.device.as_str())
                    .text("by", &command.by)
                    .text("channel", channel)
                    .raw("value", value.get())
                    .raw("deadline", deadline)
                    .end();
            }
            FromHub::Cancel(command) => Object::begin_text(out, "cancel", &command.id)
                .text("device", command.device.as_str())
                .text("by", &command.by)
                .end(),
            FromHub::Settled(command) => Object::begin_text(out, "settled", &command.id)
                .text("device", command.device.as_str())
                .text("by", &command.by)
                .end(),
            FromHub::Admitted { ask, device, token, hash } => Object::begin(out, "admitted", ask)
                .text("device", device.as_str())
                .maybe_text("token", token.as_deref())
                .text("hash", hash)
                .end(),
            FromHub::Denied { ask, bye } => {
                Object::begin(out, "denied", ask).text("bye", bye.as_str()).end();
            }
            FromHub::Forget { device } => Object::begin_text(out, "forget", device.as_str()).end(),
            FromHub::Bye { code, again, wait, reason } => Object::begin_text(out, "bye", code)
                .text("again", again.as_str())
                .maybe("wait", *wait)
                .maybe_text("reason", reason.as_deref())
                .end(),
        }
    }
}

fn write_identify(identify: &GatewayIdentify, out: &mut String) {
    Object::begin_text(out, "identify", &identify.gateway)
        .text("token", &identify.token)
        .raw("nonce", identify.nonce)
        .text("tag", &identify.tag)
        .raw("heartbeat", identify.heartbeat)
        .end();
}

fn write_welcome(welcome: &GatewayWelcome, out: &mut String) {
    Object::begin_text(out, "welcome", &welcome.gateway)
        .raw("nonce", welcome.nonce)
        .maybe_text("tag", welcome.cursor.as_ref().map(|cursor| &*cursor.tag))
        .maybe("number", welcome.cursor.as_ref().map(|cursor| cursor.number))
        .raw("heartbeat", welcome.heartbeat)
        .raw("window", welcome.window)
        .raw("time", welcome.time)
        .end();
}

fn write_skip(skip: &Skip, out: &mut String) {
    let object =
        Object::begin(out, "skip", skip.from).raw("to", skip.to).text("reason", skip.reason.as_str());
    if skip.lost.is_empty() {
        return object.end();
    }
    let out = object.0;
    out.push_str(",\"lost\":[");
    for (place, Lost { device, session, from, to }) in skip.lost.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        Object::begin_text(out, "device", device.as_str())
            .maybe_text("session", session.as_ref().map(|session| &**session.name()))
            .raw("from", from)
            .raw("to", to)
            .end();
    }
    out.push_str("]}");
}

/// What stands behind how long ago it was.
fn write_connected(object: Object<'_>, connected: &Connected) {
    object
        .text("address", &connected.address)
        .flag("plain", connected.plain)
        .raw("heartbeat", connected.heartbeat)
        .maybe("line_max", connected.line_max)
        .end();
}

fn write_entry(entry: &Entry, out: &mut String) {
    let object = Object::begin(out, "entry", entry.number).raw("at", entry.received);
    match &entry.content {
        Content::Samples { position, ts, samples } => {
            let object = object
                .maybe_text("session", position.as_ref().map(|(session, _)| &**session.name()))
                .maybe("seq", position.as_ref().map(|(_, seq)| *seq));
            let object = match &samples[..] {
                [one] => object.text("channel", &one.channel).raw("value", one.value.get()),
                many => write_values(object, many),
            };
            object.maybe("ts", *ts).end();
        }
        Content::Gap { session, from, to, reason, moves } => object
            .text("gap", session.name())
            .raw("from", from)
            .raw("to", to)
            .text("reason", reason)
            .flag("moves", *moves)
            .end(),
        Content::Describe(describe) => object.raw("describe", describe.get()).end(),
    }
}

fn write_values<'a>(object: Object<'a>, samples: &[Sample]) -> Object<'a> {
    let out = object.0;
    out.push_str(",\"values\":{");
    for (place, sample) in samples.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str(&quoted(&sample.channel));
        out.push(':');
        out.push_str(sample.value.get());
    }
    out.push('}');
    Object(out)
}

fn write_outcome(outcome: &CommandOutcome, out: &mut String) {
    Object::begin_text(out, "outcome", &outcome.command.id)
        .text("device", outcome.command.device.as_str())
        .text("by", &outcome.command.by)
        .text("state", &outcome.state)
        .maybe_text("reason", outcome.reason.as_deref())
        .maybe("value", outcome.value.as_ref().map(|value| value.get()))
        .end();
}
