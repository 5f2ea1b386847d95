//! Reading what both ends of an uplink say. Strict: what is not as it should be ends the uplink, so every failure names the
//! member and its place.

use super::message::{
    CommandName, CommandOutcome, Connected, Content, Entry, FromGateway, FromHub, GatewayIdentify,
    GatewayWelcome, Handed, Lost, OfDevice, Skip, SkipReason, SpoolCursor,
};
use crate::code::{Again, Bye, Fault};
use crate::id::{DeviceId, SessionId};
use crate::json::Object;
use crate::limits::{
    CHANNEL_BYTES_MAX, DESCRIBE_BYTES_MAX, HEARTBEAT_SECONDS_MAX, HEARTBEAT_SECONDS_MIN, ID_CHARS_MAX,
    LINE_BYTES_MAX, REASON_BYTES_MAX, SEQ_MAX, TAG_CHARS_MAX, TOKEN_BYTES_MAX, UPLINK_LINE_DEPTH_MAX,
    UPLINK_LOST_MAX, UPLINK_TEXT_BYTES_MAX, UPLINK_WINDOW_ENTRIES,
};
use crate::message::from_device::many;
use crate::message::read::kept;
use crate::message::{Fail, Sample};
use serde_json::value::RawValue;
use std::sync::Arc;

/// The kind keys of what a gateway says on stream 0, in the order in which they are looked for.
const FROM_GATEWAY_KINDS: [&str; 9] =
    ["identify", "tag", "skip", "open", "close", "restored", "admit", "outcome", "behind"];

/// The kind keys of what a gateway says on a device's stream.
const OF_DEVICE_KINDS: [&str; 3] = ["entry", "connected", "disconnected"];

/// The kind keys of what a hub says.
const FROM_HUB_KINDS: [&str; 10] =
    ["welcome", "ack", "part", "hand", "cancel", "settled", "admitted", "denied", "forget", "bye"];

/// What can become of a command that was handed to a gateway.
const OUTCOMES: [&str; 7] = ["sent", "done", "failed", "unknown", "expired", "cancelled", "refused"];

/// Characters of a SHA-256 in hexadecimal digits.
const HASH_CHARS: usize = 64;

/// Reads one line of a gateway on stream 0.
///
/// # Errors
/// A [`Fail`] that names what is wrong, and where in the line.
pub fn read_from_gateway(line: &str) -> Result<FromGateway, Fail> {
    if line.is_empty() {
        return Ok(FromGateway::Heartbeat);
    }
    let object = Object::read_deeper(line, UPLINK_LINE_DEPTH_MAX)?;
    Ok(match kind(&object, &FROM_GATEWAY_KINDS)? {
        "identify" => FromGateway::Identify(identify(&object)?),
        "tag" => FromGateway::Tag { tag: object.tag("tag")?, follows: object.cursor("follows", "end")? },
        "skip" => FromGateway::Skip(skip(&object)?),
        "open" => FromGateway::Open {
            stream: object.number("open")?,
            device: object.device("device")?,
            connected: match object.get("connected") {
                Some(_) => Some(connected(&object)?),
                None => None,
            },
        },
        "close" => FromGateway::Close { stream: object.number("close")? },
        "restored" => FromGateway::Restored,
        "admit" => FromGateway::Admit {
            ask: object.whole_from_0("admit")?,
            device: object.get("device").map(|_| object.device("device")).transpose()?,
            token: object.hash("token")?,
        },
        "outcome" => FromGateway::Outcome(outcome(&object)?),
        "behind" => FromGateway::Standing {
            behind: object.whole_from_0("behind")?,
            bytes: object.whole_from_0("bytes")?,
            oldest: object.time("oldest")?,
        },
        _ => FromGateway::Unknown,
    })
}

/// Reads one line of a gateway on a device's stream.
///
/// # Errors
/// A [`Fail`] that names what is wrong, and where in the line.
pub fn read_of_device(line: &str) -> Result<OfDevice, Fail> {
    let object = Object::read_deeper(line, UPLINK_LINE_DEPTH_MAX)?;
    Ok(match kind(&object, &OF_DEVICE_KINDS)? {
        "entry" => OfDevice::Entry(entry(object)?),
        "connected" => OfDevice::Connected(connected(&object)?),
        "disconnected" => OfDevice::Disconnected { ago: object.whole_from_0("disconnected")? },
        _ => OfDevice::Unknown,
    })
}

/// Reads one line of a hub, all of which are on stream 0.
///
/// # Errors
/// A [`Fail`] that names what is wrong, and where in the line.
pub fn read_from_hub(line: &str) -> Result<FromHub, Fail> {
    if line.is_empty() {
        return Ok(FromHub::Heartbeat);
    }
    let object = Object::read_deeper(line, UPLINK_LINE_DEPTH_MAX)?;
    Ok(match kind(&object, &FROM_HUB_KINDS)? {
        "welcome" => FromHub::Welcome(welcome(&object)?),
        "ack" => FromHub::Ack(SpoolCursor { tag: object.tag("tag")?, number: object.whole_from_0("ack")? }),
        "part" => FromHub::Part {
            stream: object.number("part")?,
            connection: object.number("connection")?,
            bye: object.bye("bye")?,
        },
        "hand" => FromHub::Hand(Handed {
            command: object.command("hand")?,
            channel: object.bounded("channel", CHANNEL_BYTES_MAX)?.into(),
            value: object.kept("value", LINE_BYTES_MAX)?,
            deadline: object.time_required("deadline")?,
        }),
        "cancel" => FromHub::Cancel(object.command("cancel")?),
        "settled" => FromHub::Settled(object.command("settled")?),
        "admitted" => FromHub::Admitted {
            ask: object.whole_from_0("admitted")?,
            device: object.device("device")?,
            token: object.maybe_bounded("token", TOKEN_BYTES_MAX)?.map(Into::into),
            hash: object.hash("hash")?,
        },
        "denied" => FromHub::Denied { ask: object.whole_from_0("denied")?, bye: object.bye("bye")? },
        "forget" => FromHub::Forget { device: object.device("forget")? },
        "bye" => FromHub::Bye {
            code: object.bounded("bye", UPLINK_TEXT_BYTES_MAX)?.into(),
            again: Again::from_word(&object.bounded("again", UPLINK_TEXT_BYTES_MAX)?),
            wait: object.whole("wait", 0..=SEQ_MAX)?,
            reason: object.maybe_bounded("reason", REASON_BYTES_MAX)?.map(Into::into),
        },
        _ => FromHub::Unknown,
    })
}

/// The first of `kinds` that is present; one that begins with `$` where it is a kind from the future.
fn kind<'a>(object: &'a Object<'_>, kinds: &[&'static str]) -> Result<&'a str, Fail> {
    if let Some(kind) = kinds.iter().copied().find(|kind| object.get(kind).is_some()) {
        return Ok(kind);
    }
    match object.members().iter().map(|(key, _)| key.as_ref()).find(|key: &&str| key.starts_with('$')) {
        Some(kind) => Ok(kind),
        None => Err(Fail::new(Fault::BadMessage, 0, "there is no kind in it that is known here")),
    }
}

fn identify(object: &Object<'_>) -> Result<GatewayIdentify, Fail> {
    Ok(GatewayIdentify {
        gateway: object.device("identify")?.name().clone(),
        token: object.bounded("token", TOKEN_BYTES_MAX)?,
        nonce: object.whole_from_0("nonce")?,
        tag: object.tag("tag")?,
        heartbeat: object.heartbeat()?,
    })
}

fn welcome(object: &Object<'_>) -> Result<GatewayWelcome, Fail> {
    let window = object.whole("window", 1..=UPLINK_WINDOW_ENTRIES.into())?;
    Ok(GatewayWelcome {
        gateway: object.device("welcome")?.name().clone(),
        nonce: object.whole_from_0("nonce")?,
        cursor: object.cursor("tag", "number")?,
        heartbeat: object.heartbeat()?,
        window: window.and_then(|window| u32::try_from(window).ok()).ok_or_else(|| missing("window"))?,
        time: object.time_required("time")?,
    })
}

fn skip(object: &Object<'_>) -> Result<Skip, Fail> {
    let (from, to) = (object.number("skip")?, object.number("to")?);
    let word = object.bounded("reason", REASON_BYTES_MAX)?;
    let reason = SkipReason::from_word(&word)
        .ok_or_else(|| Fail::new(Fault::BadMessage, 0, &format!("no reason of a skip is {word:?}")))?;
    if to < from {
        return Err(Fail::new(Fault::BadMessage, 0, "a skip that ends before it begins"));
    }
    let mut skip = Skip { from, to, reason, lost: Vec::new() };
    if let Some(raw) = object.get("lost") {
        let items: Vec<&RawValue> =
            serde_json::from_str(raw).map_err(|_| object.wrong(raw, "\"lost\" must be an array"))?;
        if items.len() > UPLINK_LOST_MAX {
            let reason = format!("more than {UPLINK_LOST_MAX} losses in one skip");
            return Err(object.wrong(raw, &reason));
        }
        for item in items {
            let at = object.at(item.get());
            skip.lost.push(lost(item.get()).map_err(|fail| Fail { at: at + fail.at, ..fail })?);
        }
    }
    Ok(skip)
}

fn lost(text: &str) -> Result<Lost, Fail> {
    let object = Object::read_deeper(text, 1)?;
    let (from, to) = (object.number("from")?, object.number("to")?);
    if to < from {
        return Err(Fail::new(Fault::BadMessage, 0, "a loss that ends before it begins"));
    }
    let session = object.get("session").map(|_| object.session("session")).transpose()?;
    Ok(Lost { device: object.device("device")?, session, from, to })
}

/// The members that say how a device is connected, `connected` being how long ago it was.
fn connected(object: &Object<'_>) -> Result<Connected, Fail> {
    let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Connected {
        ago: object.whole_from_0("connected")?,
        address: object.bounded("address", UPLINK_TEXT_BYTES_MAX)?.into(),
        plain: object.optional("plain", "true or false")?.unwrap_or(false),
        heartbeat: object.whole("heartbeat", 0..=HEARTBEAT_SECONDS_MAX.into())?.map_or(0, narrow),
        line_max: object.whole("line_max", 1..=u32::MAX.into())?.map(narrow),
    })
}

fn entry(object: Object<'_>) -> Result<Entry, Fail> {
    let (number, received) = (object.number("entry")?, object.time_required("at")?);
    let content = if object.get("gap").is_some() {
        let (from, to) = (object.number("from")?, object.number("to")?);
        if to < from {
            return Err(Fail::new(Fault::BadMessage, 0, "a gap that ends before it begins"));
        }
        Content::Gap {
            session: object.session("gap")?,
            from,
            to,
            reason: object.bounded("reason", REASON_BYTES_MAX)?.into(),
            moves: object.optional("moves", "true or false")?.unwrap_or(false),
        }
    } else if let Some(raw) = object.get("describe") {
        if !raw.starts_with('{') {
            return Err(object.wrong(raw, "\"describe\" must be an object"));
        }
        Content::Describe(object.kept("describe", DESCRIBE_BYTES_MAX)?)
    } else {
        Content::Samples { position: position(&object)?, ts: object.time("ts")?, samples: samples(&object)? }
    };
    Ok(Entry { number, received, content })
}

/// Both of `session` and `seq`, or none.
fn position(object: &Object<'_>) -> Result<Option<(SessionId, u64)>, Fail> {
    match (object.get("session"), object.get("seq")) {
        (None, None) => Ok(None),
        _ => Ok(Some((object.session("session")?, object.number("seq")?))),
    }
}

fn samples(object: &Object<'_>) -> Result<Vec<Sample>, Fail> {
    if object.get("channel").is_some() {
        let channel = object.channel("channel")?;
        return Ok(vec![Sample { channel: channel.into(), value: kept(object.present("value")?) }]);
    }
    let raw = object.present("values")?;
    let at = object.at(raw);
    let values = Object::read_deeper(raw, UPLINK_LINE_DEPTH_MAX)?;
    many(values).map_err(|fail| Fail { at: at + fail.at, ..fail })
}

fn outcome(object: &Object<'_>) -> Result<CommandOutcome, Fail> {
    let state = object.bounded("state", UPLINK_TEXT_BYTES_MAX)?;
    if !OUTCOMES.contains(&&*state) {
        return Err(super::wrong(&format!("{state:?} is nothing that becomes of a command")));
    }
    Ok(CommandOutcome {
        command: object.command("outcome")?,
        state: state.into(),
        reason: object.maybe_bounded("reason", REASON_BYTES_MAX)?.map(Into::into),
        value: object.get("value").map(|_| object.kept("value", LINE_BYTES_MAX)).transpose()?,
    })
}

fn missing(key: &str) -> Fail {
    Fail::new(Fault::BadMessage, 0, &format!("{key:?} is missing"))
}

/// Members as uplinks have them.
impl Object<'_> {
    fn whole_from_0(&self, key: &str) -> Result<u64, Fail> {
        self.whole(key, 0..=SEQ_MAX)?.ok_or_else(|| missing(key))
    }

    fn time_required(&self, key: &str) -> Result<i64, Fail> {
        self.time(key)?.ok_or_else(|| missing(key))
    }

    fn maybe_bounded(&self, key: &str, bytes_max: usize) -> Result<Option<String>, Fail> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        if text.len() > bytes_max {
            return Err(Fail::new(Fault::TooLong, 0, &format!("{key:?} has more than {bytes_max} bytes")));
        }
        Ok(Some(text))
    }

    fn bounded(&self, key: &str, bytes_max: usize) -> Result<String, Fail> {
        self.maybe_bounded(key, bytes_max)?.ok_or_else(|| missing(key))
    }

    fn kept(&self, key: &str, bytes_max: usize) -> Result<Box<RawValue>, Fail> {
        let raw = self.present(key)?;
        match raw.len() <= bytes_max {
            true => Ok(kept(raw)),
            false => Err(self.wrong(raw, &format!("{key:?} has more than {bytes_max} bytes"))),
        }
    }

    fn device(&self, key: &str) -> Result<DeviceId, Fail> {
        let id = self.bounded(key, ID_CHARS_MAX)?;
        DeviceId::parse(&id).ok_or_else(|| Fail::new(Fault::BadId, 0, Fault::BadId.sentence()))
    }

    fn session(&self, key: &str) -> Result<SessionId, Fail> {
        let name = self.bounded(key, UPLINK_TEXT_BYTES_MAX)?;
        SessionId::parse(&name)
            .ok_or_else(|| Fail::new(Fault::BadMessage, 0, &format!("{key:?} is no session's name")))
    }

    fn tag(&self, key: &str) -> Result<Arc<str>, Fail> {
        let tag = self.bounded(key, TAG_CHARS_MAX)?;
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if tag.is_empty() || !tag.bytes().all(allowed) {
            let reason = format!("{key:?} must be 1 to {TAG_CHARS_MAX} small letters and digits");
            return Err(Fail::new(Fault::BadMessage, 0, &reason));
        }
        Ok(tag.into())
    }

    /// A cursor, where it is there.
    fn cursor(&self, tag: &str, number: &str) -> Result<Option<SpoolCursor>, Fail> {
        match self.get(tag) {
            Some(_) => Ok(Some(SpoolCursor { tag: self.tag(tag)?, number: self.whole_from_0(number)? })),
            None => Ok(None),
        }
    }

    /// A command whose id stands under the kind key.
    fn command(&self, kind: &str) -> Result<CommandName, Fail> {
        Ok(CommandName {
            device: self.device("device")?,
            by: self.bounded("by", UPLINK_TEXT_BYTES_MAX)?.into(),
            id: self.bounded(kind, UPLINK_TEXT_BYTES_MAX)?.into(),
        })
    }

    fn hash(&self, key: &str) -> Result<Box<str>, Fail> {
        let hash = self.bounded(key, HASH_CHARS)?;
        let is_hash = hash.len() == HASH_CHARS
            && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        match is_hash {
            true => Ok(hash.into()),
            false => Err(Fail::new(Fault::BadMessage, 0, &format!("{key:?} must be 64 hexadecimal digits"))),
        }
    }

    /// A word from the future is taken as the one that says least.
    fn bye(&self, key: &str) -> Result<Bye, Fail> {
        Ok(Bye::from_word(&self.bounded(key, UPLINK_TEXT_BYTES_MAX)?).unwrap_or(Bye::Stopping))
    }

    fn heartbeat(&self) -> Result<u32, Fail> {
        let seconds = self.whole("heartbeat", HEARTBEAT_SECONDS_MIN.into()..=HEARTBEAT_SECONDS_MAX.into())?;
        seconds.and_then(|seconds| u32::try_from(seconds).ok()).ok_or_else(|| missing("heartbeat"))
    }
}
