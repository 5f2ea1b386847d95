//! Gateways in transcripts: `north` and `south`, with their uplinks and spools.

use crate::{Device, Effect, Place, RelayOutlet, RelayPost, Uplink};
use protocol::id::{DeviceId, SessionId};
use protocol::message::Sample;
use protocol::time::Time;
use protocol::uplink::message::{CommandName, CommandOutcome, Connected, Content, Entry, Lost};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use store::{GatewayKey, SpoolCursor};

/// All of them.
#[derive(Default)]
pub(crate) struct Gateways {
    uplinks: BTreeMap<String, Arc<Uplink>>,
    opened: u64,
    /// Up to where each spool was taken over, and up to where that is durable.
    taken: BTreeMap<GatewayKey, SpoolCursor>,
    durable: BTreeMap<GatewayKey, SpoolCursor>,
}

/// An uplink that writes down what it is told.
struct Recorder {
    name: String,
    written: Arc<Mutex<Vec<String>>>,
}

impl RelayOutlet for Recorder {
    fn post(&self, post: RelayPost) {
        let said = match post {
            RelayPost::Part { device, bye } => format!("part {device} {bye}"),
            RelayPost::Hand(handed) => {
                format!(
                    "hand {} {} {} until {}",
                    handed.command.id, handed.channel, handed.value, handed.deadline
                )
            }
            RelayPost::Cancel(command) => format!("cancel {}", command.id),
            RelayPost::Settled(command) => format!("settled {}", command.id),
        };
        self.written.lock().expect("no panic").push(format!("{} < {said}", self.name));
    }
}

fn key(name: &str) -> GatewayKey {
    GatewayKey(if name == "north" { 1 } else { 2 })
}

fn connected(ago: &str) -> Connected {
    Connected { ago: ago.parse().expect("milliseconds"), heartbeat: 15, ..Connected::default() }
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

impl Gateways {
    pub(crate) fn input(
        &mut self,
        device: &mut Device,
        now: Time,
        (name, said): (&str, &str),
        written: &Arc<Mutex<Vec<String>>>,
        effects: &mut Vec<Effect>,
    ) {
        let words: Vec<&str> = said.split(' ').collect();
        if let ["up", tag] = words[..] {
            self.opened += 1;
            let outlet = Arc::new(Recorder { name: name.to_owned(), written: written.clone() });
            let (gateway, number) = (key(name), self.opened);
            let uplink = Uplink { gateway, name: name.into(), tag: tag.into(), number, outlet };
            self.uplinks.insert(name.to_owned(), Arc::new(uplink));
        }
        let uplink = self.uplinks[name].clone();
        match words[..] {
            ["up", _] => device.uplink_welcome(now, &uplink, effects),
            ["lost"] => device.uplink_lost(now, &uplink, effects),
            ["restored"] => device.uplink_restored(now, &uplink, effects),
            ["removed"] => device.gateway_removed(now, uplink.gateway, effects),
            ["away"] => device.relay_away(now, &uplink, effects),
            ["connected", ago] => device.relay_connected(now, &uplink, &connected(ago), effects),
            ["plain", ago] => {
                let plain = Connected { plain: true, ..connected(ago) };
                device.relay_connected(now, &uplink, &plain, effects);
            }
            ["gone", ago] => {
                device.relay_disconnected(now, &uplink, ago.parse().expect("milliseconds"), effects);
            }
            ["reports", id, state, ref value @ ..] => {
                let device_id = device.identity.id.clone();
                let command = CommandName { device: device_id, by: "ada".into(), id: id.into() };
                let value = value.first().map(|value| raw(value));
                let outcome = CommandOutcome { command, state: state.into(), reason: None, value };
                device.command_reported(now, &uplink, outcome, effects);
            }
            ["lists", session, from, to, reason] => {
                let session = SessionId::parse(session);
                let (from, to) = (from.parse().expect("a seq"), to.parse().expect("a seq"));
                let lost = Lost { device: DeviceId::parse("pump-1").expect("an id"), session, from, to };
                let at = self.taken[&uplink.gateway].clone();
                let place = Place { gateway: uplink.gateway, after: Some(at.clone()), cursor: at };
                device.relayed_loss(now, place, lost, reason, effects).expect("it fits");
            }
            _ => self.entry(device, now, (&uplink, said), (written, effects)),
        }
    }

    fn entry(
        &mut self,
        device: &mut Device,
        now: Time,
        (uplink, said): (&Uplink, &str),
        (written, effects): (&Mutex<Vec<String>>, &mut Vec<Effect>),
    ) {
        let words: Vec<&str> = said.splitn(4, ' ').collect();
        let (kind, received) = words[0].split_once('@').unwrap_or((words[0], ""));
        let content = match (kind, &words[1..]) {
            ("entry", [session, seq, values]) => {
                let seq = seq.parse().expect("a seq");
                let values: BTreeMap<Box<str>, Box<RawValue>> =
                    serde_json::from_str(values).expect("an object");
                let samples = values.into_iter().map(|(channel, value)| Sample { channel, value });
                let position = SessionId::parse(session).map(|session| (session, seq));
                Content::Samples { position, ts: None, samples: samples.collect() }
            }
            ("gap", [session, from, rest]) => {
                let (to, reason) = rest.split_once(' ').expect("two words");
                let (from, to) = (from.parse().expect("a seq"), to.parse().expect("a seq"));
                let session = SessionId::parse(session).expect("a session");
                Content::Gap { session, from, to, reason: reason.into(), moves: true }
            }
            ("describes", [json]) => Content::Describe(raw(json)),
            other => panic!("no line of a transcript: {other:?}"),
        };
        let after = self.taken.get(&uplink.gateway).cloned();
        let number = after.as_ref().map_or(0, |after| after.number) + 1;
        let cursor = SpoolCursor { tag: "t1".into(), number };
        let place = Place { gateway: uplink.gateway, after, cursor: cursor.clone() };
        let received = received.parse().unwrap_or(now.wall);
        match device.relayed(now, place, Entry { number, received, content }, effects) {
            Ok(()) => drop(self.taken.insert(uplink.gateway, cursor)),
            Err(_) => written.lock().expect("no panic").push(format!("{} < unfit", uplink.name)),
        }
    }

    /// What an uplink brought is durable, or refused: then it begins again behind what is durable.
    pub(crate) fn settled(&mut self, relayed: &store::Relayed, durable: bool) {
        if durable {
            self.durable.insert(relayed.gateway, relayed.cursor.clone());
            return;
        }
        match self.durable.get(&relayed.gateway) {
            Some(cursor) => drop(self.taken.insert(relayed.gateway, cursor.clone())),
            None => drop(self.taken.remove(&relayed.gateway)),
        }
    }
}
