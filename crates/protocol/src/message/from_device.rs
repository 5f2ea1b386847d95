//! What devices say.

use super::describe::describe;
use super::read::kept;
use super::write::{finish, quoted};
use super::{FROM_DEVICE_KINDS, Fail, TO_DEVICE_KINDS, cut};
use crate::code::Fault;
use crate::id::{DeviceId, SessionId};
use crate::json::Object;
use crate::limits::{
    CHANNEL_BYTES_MAX, HANDLED_MAX, LINE_BYTES_MAX, LINE_MAX_BYTES_MIN, MESSAGE_CHANNELS_MAX,
    REASON_BYTES_MAX, SEQ_MAX, TOKEN_BYTES_MAX,
};
use serde_json::value::RawValue;

/// One line of a device.
#[derive(Debug, Clone)]
pub enum FromDevice {
    /// An empty line: I am here.
    Heartbeat,
    /// Who I am; first on each connection.
    Identify(Identify),
    /// Values of channels, numbered or not.
    Samples(Samples),
    /// What my channels are.
    Describe(Description),
    /// I gave up everything up to `to` that you do not have: a declared loss.
    Skip {
        /// The last number given up.
        to: u64,
        /// Why, in the device's words.
        reason: String,
    },
    /// The answer to a command.
    Result(Outcome),
    /// A kind from the future (`$…`): ignored.
    Unknown,
}

/// A device's first message on a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identify {
    /// The device's id; nothing where it asks for one to be made.
    pub device: Option<DeviceId>,
    /// The credential; never written to a log.
    pub token: Option<String>,
    /// Changes with each identify. Without it the device is *plain*: nothing it sends is numbered or acked.
    pub nonce: Option<u64>,
    /// The session it is in, or one stored and not yet drained.
    pub session: Option<SessionId>,
    /// A session was named that no issuer ever gives; answered like an unknown one.
    pub session_malformed: bool,
    /// The lowest number it still holds, or the next one; there exactly when a session is named.
    pub oldest: Option<u64>,
    /// Until the first welcome of this run of the program.
    pub boot: bool,
    /// The number of the last command begun in this run.
    pub handled: Option<u64>,
    /// Seconds between heartbeats that the device wishes; its presence binds both ends to rule D7.
    pub heartbeat: Option<u32>,
    /// Bytes of the longest line the device can read.
    pub line_max: Option<usize>,
    /// Messages that the device holds until they are acked, where it says so: for people only.
    pub outbox: Option<u64>,
}

impl Identify {
    /// Whether the device keeps no numbers.
    pub fn is_plain(&self) -> bool {
        self.nonce.is_none()
    }
}

/// One value of a channel, exactly as it was sent.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The channel's name.
    pub channel: Box<str>,
    /// The value's JSON text.
    pub value: Box<RawValue>,
}

/// One message with samples.
#[derive(Debug, Clone)]
pub struct Samples {
    /// The message's number in its session; nothing for best effort.
    pub seq: Option<u64>,
    /// The device's time in milliseconds since 1970, where it sent one.
    pub ts: Option<i64>,
    /// The values, in the order they came; no channel twice.
    pub samples: Vec<Sample>,
    /// Messages that the device holds until they are acked, this one among them, where a numbered line says so: it does
    /// while there are more of them than its window lets out. For people only.
    pub outbox: Option<u64>,
}

/// What a device's channels are.
#[derive(Debug, Clone)]
pub struct Description {
    /// One object per channel, as it came.
    pub channels: Vec<Sample>,
}

/// A run of numbers that will never come, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The first missing number.
    pub from: u64,
    /// The last missing number.
    pub to: u64,
    /// `overflow`, `bad`, `lost` or what the device said.
    pub reason: String,
}

/// The answer to a command.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The command's number.
    pub command: u64,
    /// Whether it was done.
    pub ok: bool,
    /// What the device answered with, as it came.
    pub value: Option<Box<RawValue>>,
    /// Why not, where it was not done.
    pub reason: Option<String>,
}

/// Reads one line of a device, without its line end.
///
/// # Errors
/// A [`Fail`] that names the fault, its place and, where it could be read, the line's `seq`.
pub fn decode_from_device(line: &[u8]) -> Result<FromDevice, Fail> {
    if line.is_empty() {
        return Ok(FromDevice::Heartbeat);
    }
    let object = Object::read(line).map_err(|fail| Fail { seq: leading_seq(line), ..fail })?;
    let kind = FROM_DEVICE_KINDS.iter().copied().find(|kind| object.get(kind).is_some());
    match kind {
        Some("identify") => identify(&object).map(FromDevice::Identify),
        Some("seq") => numbered(object),
        Some("describe") => describe(&object).map(FromDevice::Describe),
        Some("skip") => skip(&object),
        Some("result") => result(&object).map(FromDevice::Result),
        Some(_) => samples(object, None).map(FromDevice::Samples),
        None => unmarked(object),
    }
}

/// The number of a line that begins with its `seq`, as numbered lines do, whatever follows: so that a line that is
/// broken, or too long to be read, does not hold up those behind it for ever.
pub fn leading_seq(line: &[u8]) -> Option<u64> {
    let rest =
        after(line, b"{").and_then(|rest| after(rest, b"\"seq\"")).and_then(|rest| after(rest, b":"))?;
    let rest = rest.trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let ended = matches!(rest[digits..].trim_ascii_start().first(), Some(b',' | b'}'));
    let seq: u64 = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    (ended && (1..=SEQ_MAX).contains(&seq)).then_some(seq)
}

fn after<'a>(text: &'a [u8], token: &[u8]) -> Option<&'a [u8]> {
    text.trim_ascii_start().strip_prefix(token)
}

/// A line without a kind key of a device: of the other direction, from the future, or shorthand.
fn unmarked(object: Object<'_>) -> Result<FromDevice, Fail> {
    if let Some((kind, value)) =
        object.members().iter().find(|(key, _)| TO_DEVICE_KINDS.contains(&key.as_ref()))
    {
        return Err(object.wrong(value, &format!("a device does not send {kind:?}")));
    }
    if object.members().iter().any(|(key, _)| key.starts_with('$')) {
        return Ok(FromDevice::Unknown);
    }
    shorthand(object).map(FromDevice::Samples)
}

fn identify(object: &Object<'_>) -> Result<Identify, Fail> {
    let name: String = object.required("identify", "text")?;
    let device = match name.as_str() {
        "" => None,
        name => Some(DeviceId::parse(name).ok_or_else(|| {
            let at = object.get("identify").map_or(0, |raw| object.at(raw));
            Fail::new(Fault::BadId, at, Fault::BadId.sentence())
        })?),
    };
    let session = object.text("session")?;
    let identify = Identify {
        device,
        token: object.text("token")?.map(|token| cut(&token, TOKEN_BYTES_MAX + 1).to_owned()),
        nonce: object.count("nonce")?,
        session_malformed: session.as_deref().is_some_and(|session| SessionId::parse(session).is_none()),
        session: session.as_deref().and_then(SessionId::parse),
        oldest: object.whole("oldest", 1..=SEQ_MAX)?,
        boot: object.optional("boot", "true or false")?.unwrap_or(false),
        handled: object.whole("handled", 0..=HANDLED_MAX)?,
        // What is granted is far below.
        heartbeat: object
            .whole("heartbeat", 0..=SEQ_MAX)?
            .map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
        line_max: line_max(object)?,
        outbox: outbox(object),
    };
    if session.is_some() && identify.oldest.is_none() {
        return Err(Fail::new(Fault::BadMessage, 0, "\"session\" needs \"oldest\" beside it"));
    }
    if session.is_some() && identify.nonce.is_none() {
        return Err(Fail::new(Fault::BadMessage, 0, "\"session\" needs \"nonce\" beside it"));
    }
    Ok(identify)
}

fn line_max(object: &Object<'_>) -> Result<Option<usize>, Fail> {
    let wished = object.whole("line_max", LINE_MAX_BYTES_MIN as u64..=SEQ_MAX)?;
    Ok(wished.map(|bytes| usize::try_from(bytes).unwrap_or(LINE_BYTES_MAX).min(LINE_BYTES_MAX)))
}

/// How many messages the device holds. It serves people only, so one that is no number is none.
fn outbox(object: &Object<'_>) -> Option<u64> {
    object.whole("outbox", 0..=SEQ_MAX).ok().flatten()
}

/// A message with `seq`: whatever else is wrong with it, the failure carries the number.
fn numbered(object: Object<'_>) -> Result<FromDevice, Fail> {
    let seq = object.number("seq")?;
    samples(object, Some(seq)).map(FromDevice::Samples).map_err(|fail| Fail { seq: Some(seq), ..fail })
}

/// A time that cannot be right, in nanoseconds say, is not refused here: the samples are kept, and whoever takes them over
/// puts the receive time beside it.
fn samples(object: Object<'_>, seq: Option<u64>) -> Result<Samples, Fail> {
    let ts = object.time("ts")?;
    let outbox = seq.and_then(|_| outbox(&object));
    let samples = if object.get("channel").is_some() {
        vec![sample(&object, &object.channel("channel")?, object.present("value")?)?]
    } else {
        let raw = object.present("values")?;
        let at = object.at(raw);
        let values =
            Object::read(raw.as_bytes()).map_err(|_| object.wrong(raw, "\"values\" must be an object"))?;
        many(values).map_err(|fail| Fail { at: at + fail.at, ..fail })?
    };
    Ok(Samples { seq, ts, samples, outbox })
}

fn shorthand(object: Object<'_>) -> Result<Samples, Fail> {
    let ts = object.time("ts")?;
    let mut samples = many(object)?;
    samples.retain(|sample| &*sample.channel != "ts");
    if samples.is_empty() {
        return Err(Fail::new(Fault::BadMessage, 0, "there is no channel in it"));
    }
    Ok(Samples { seq: None, ts, samples, outbox: None })
}

pub(crate) fn many(object: Object<'_>) -> Result<Vec<Sample>, Fail> {
    if object.members().len() > MESSAGE_CHANNELS_MAX {
        let reason = format!("more than {MESSAGE_CHANNELS_MAX} channels in one message");
        return Err(Fail::new(Fault::BadMessage, 0, &reason));
    }
    object.members().iter().map(|(name, value)| sample(&object, name, value)).collect()
}

fn sample(object: &Object<'_>, name: &str, value: &str) -> Result<Sample, Fail> {
    if name.is_empty() || name.len() > CHANNEL_BYTES_MAX || has_control(name) {
        let reason = format!("a channel's name has 1 to {CHANNEL_BYTES_MAX} bytes and no control characters");
        return Err(object.wrong(value, &reason));
    }
    Ok(Sample { channel: name.into(), value: kept(value) })
}

/// Names are mostly ASCII, of which many bytes are looked at a time.
fn has_control(name: &str) -> bool {
    match name.is_ascii() {
        true => name.bytes().fold(false, |found, byte| found | byte.is_ascii_control()),
        false => name.chars().any(char::is_control),
    }
}

fn skip(object: &Object<'_>) -> Result<FromDevice, Fail> {
    let to = object.number("skip")?;
    let reason = object.text("reason")?.unwrap_or_else(|| "overflow".to_owned());
    Ok(FromDevice::Skip { to, reason: cut(&reason, REASON_BYTES_MAX).to_owned() })
}

fn result(object: &Object<'_>) -> Result<Outcome, Fail> {
    Ok(Outcome {
        command: object.number("result")?,
        ok: object.required("ok", "true or false")?,
        value: object.get("value").map(kept),
        reason: object.text("reason")?.map(|reason| cut(&reason, REASON_BYTES_MAX).to_owned()),
    })
}

impl FromDevice {
    /// Writes the message as a line with its `\n`, the kind key first.
    pub fn encode(&self) -> Vec<u8> {
        finish(match self {
            FromDevice::Heartbeat | FromDevice::Unknown => String::new(),
            FromDevice::Identify(identify) => encode_identify(identify),
            FromDevice::Samples(samples) => return samples.encode(),
            FromDevice::Describe(description) => {
                format!("{{\"describe\":{}}}", object_of(&description.channels))
            }
            FromDevice::Skip { to, reason } => format!("{{\"skip\":{to},\"reason\":{}}}", quoted(reason)),
            FromDevice::Result(outcome) => encode_result(outcome),
        })
    }
}

impl Samples {
    /// Writes the message as a line with its `\n`, the `seq` first.
    pub fn encode(&self) -> Vec<u8> {
        finish(encode_samples(self, self.seq, self.outbox))
    }

    /// Writes the message with the number `seq` instead of its own, and with `outbox` where the line has room for it
    /// within `line_max` bytes.
    pub(crate) fn numbered(&self, seq: u64, outbox: Option<u64>, line_max: usize) -> Vec<u8> {
        let line = encode_samples(self, Some(seq), outbox);
        let fits = outbox.is_none() || line.len() <= line_max;
        finish(if fits { line } else { encode_samples(self, Some(seq), None) })
    }
}

fn encode_identify(identify: &Identify) -> String {
    let mut line =
        format!("{{\"identify\":{}", quoted(identify.device.as_ref().map_or("", DeviceId::as_str)));
    let mut member = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            line.push_str(&format!(",\"{key}\":{value}"));
        }
    };
    member("token", identify.token.as_deref().map(quoted));
    member("nonce", identify.nonce.map(|n| n.to_string()));
    member("session", identify.session.as_ref().map(|session| quoted(&session.to_string())));
    member("oldest", identify.oldest.map(|n| n.to_string()));
    member("boot", identify.boot.then(|| "true".to_owned()));
    member("handled", identify.handled.map(|n| n.to_string()));
    member("heartbeat", identify.heartbeat.map(|n| n.to_string()));
    member("line_max", identify.line_max.map(|n| n.to_string()));
    member("outbox", identify.outbox.map(|n| n.to_string()));
    line.push('}');
    line
}

fn encode_samples(message: &Samples, seq: Option<u64>, outbox: Option<u64>) -> String {
    let seq = seq.map(|seq| format!("\"seq\":{seq},")).unwrap_or_default();
    let ts = message.ts.map(|ts| format!(",\"ts\":{ts}")).unwrap_or_default();
    let held = outbox.map(|held| format!(",\"outbox\":{held}")).unwrap_or_default();
    match &message.samples[..] {
        [one] => {
            format!("{{{seq}\"channel\":{},\"value\":{}{ts}{held}}}", quoted(&one.channel), one.value.get())
        }
        many => format!("{{{seq}\"values\":{}{ts}{held}}}", object_of(many)),
    }
}

fn encode_result(outcome: &Outcome) -> String {
    let value = outcome.value.as_ref().map(|value| format!(",\"value\":{}", value.get())).unwrap_or_default();
    let reason =
        outcome.reason.as_deref().map(|reason| format!(",\"reason\":{}", quoted(reason))).unwrap_or_default();
    format!("{{\"result\":{},\"ok\":{}{value}{reason}}}", outcome.command, outcome.ok)
}

fn object_of(samples: &[Sample]) -> String {
    let members: Vec<String> =
        samples.iter().map(|sample| format!("{}:{}", quoted(&sample.channel), sample.value.get())).collect();
    format!("{{{}}}", members.join(","))
}
