//! Plays transcripts on one device, `pump-1`, whose issuer has the tag `k7`.
//!
//! | line | is |
//! |---|---|
//! | `a > {…}` | connection `a` sends this line; `identify` opens the conversation |
//! | `commit`, `refuse` | what went to the store became durable, or was refused |
//! | `refuse 5` | the message or gap 5 was refused; the rest is still on its way |
//! | `storage failed`, `storage back` | commits take until the disk is back |
//! | `cut a` | connection `a` is over |
//! | `restart` | the hub comes back with what was durable |
//! | `wait 5000` | so many milliseconds pass; `asleep 5000`: and what falls due is not done |
//! | `ada > fan true queue c1 5000` | a command: channel, value, intent, id, ttl |
//! | `ada cancels c1` | she takes it back |
//! | `north up t1` | the gateway `north` holds a new uplink, in a run with the tag `t1`; `north lost`: it is over |
//! | `north connected 500`, `north gone 500` | the device identified there, or went, so many ms ago; `north away`: it is not there |
//! | `north restored`, `north removed` | all that are there have been told; the gateway is none any more |
//! | `north entry g7-1 5 {"t":1}` | the next of its spool, received now; `- 0` without number; `entry@TIME`: received then |
//! | `north gap g7-1 1 4 overflow`, `north lists g7-1 1 4 quota` | a gap of its spool, and one that a skip lists |
//! | `north describes {…}` | a description of its spool |
//! | `north reports c1 done 5` | what became of ada's command, with its value |
//! | `revoke ada` | what she asked for from now on must not be sent |
//! | `ledger` | somebody looks at the books, which balance after every line |
//! | `panel` | a panel takes what it has not seen; the first time, a snapshot |
//!
//! Everything else is what the hub does: `store < …`, `a < …`, `ada < …`, `panel < …`.

use crate::tests::gateways::Gateways;
use crate::watch::{Step, Watch};
use crate::{Caller, Device, Done, Effect, Identity, Intent, Issuer, Request, Run};
use protocol::id::{DeviceId, SessionId};
use protocol::intake::{Outlet, Peer, Post, Said};
use protocol::message::{FromDevice, Sample, Samples, ToDevice, decode_from_device};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use store::{DeviceKey, GapCount, LoadedChannel, LoadedDevice, Position, Write};

pub(crate) struct Player {
    device: Device,
    issuer: Issuer,
    now: Time,
    written: Arc<Mutex<Vec<String>>>,
    generations: BTreeMap<String, u64>,
    gone: Arc<Mutex<BTreeSet<String>>>,
    stored: Vec<Write>,
    durable: Vec<Write>,
    panel: Watch,
    revoked: Vec<String>,
    gateways: Gateways,
}

/// A connection that writes down what it is posted.
struct Recorder {
    name: String,
    written: Arc<Mutex<Vec<String>>>,
    gone: Arc<Mutex<BTreeSet<String>>>,
}

impl Outlet for Recorder {
    fn post(&self, post: Post) {
        let name = &self.name;
        let line = |message: ToDevice| {
            let line = String::from_utf8(message.encode(65_536)).expect("lines are UTF-8");
            format!("{name} < {}", line.trim_end())
        };
        let text = match post {
            Post::Command(command) => line(ToDevice::Command(command)),
            Post::Refused { bye, .. } => format!("{name} < refused {bye}"),
            Post::Committed { seq: Some(seq), messages } => format!("{name} < ack {seq} of {messages}"),
            Post::Committed { seq: None, messages } => format!("{name} < committed {messages}"),
            Post::Complaint { fault, .. } => format!("{name} < complaint {fault}"),
            Post::Bye(bye) => format!("{name} < bye {bye}"),
            Post::Window(window) => format!("{name} < window {window}"),
            Post::Welcome { .. } => unreachable!("a welcome is an effect of its own"),
        };
        self.written.lock().expect("no panic").push(text);
    }

    fn is_gone(&self) -> bool {
        self.gone.lock().expect("no panic").contains(&self.name)
    }
}

const START: Time = Time { wall: 1_763_846_847_000, mono: 1_000 };

pub(super) fn identity() -> Identity {
    Identity {
        key: DeviceKey(1),
        id: DeviceId::parse("pump-1").expect("valid"),
        called: None,
        token: None,
        previous: None,
        joined: false,
        confirmed: true,
        created: START.wall,
        stored: true,
    }
}

impl Player {
    pub(crate) fn play(transcript: &[String]) -> Vec<String> {
        let mut player = Self {
            device: Device::new(identity(), 0),
            issuer: Issuer { tag: "k7".into(), earlier: Arc::new([]) },
            now: START,
            written: Arc::default(),
            generations: BTreeMap::new(),
            gone: Arc::default(),
            stored: Vec::new(),
            durable: Vec::new(),
            panel: Watch::begin(),
            revoked: Vec::new(),
            gateways: Gateways::default(),
        };
        for line in transcript {
            // What the hub does is not played: it is written down again, and compared.
            if !line.contains(" < ") {
                player.write(line);
                player.input(line);
            }
        }
        std::mem::take(&mut *player.written.lock().expect("no panic"))
    }

    /// A device that nothing is known of.
    pub(crate) fn device() -> Device {
        Device::new(identity(), 0)
    }

    /// The device says one value, which is durable at once.
    pub(crate) fn commit_one(device: &mut Device, value: &str, effects: &mut Vec<Effect>) {
        let value = RawValue::from_string(value.to_owned()).expect("JSON");
        let samples = vec![Sample { channel: "t".into(), value }];
        let samples = Samples { seq: None, ts: None, samples, outbox: None };
        let cursor = device.take_loose(START, samples, effects).expect("room");
        let issuer = Issuer { tag: "k7".into(), earlier: Arc::new([]) };
        device.done(START, &issuer, &Done::Entries(cursor), effects);
    }

    fn write(&self, line: &str) {
        self.written.lock().expect("no panic").push(line.to_owned());
    }

    fn input(&mut self, line: &str) {
        let mut effects = Vec::new();
        match line.split_once(' ').unwrap_or((line, "")) {
            ("commit", _) => self.settle(true, &mut effects),
            ("refuse", "") => self.settle(false, &mut effects),
            ("refuse", cursor) => {
                let cursor: u64 = cursor.parse().expect("a cursor");
                let is_it = |write: &Write| matches!(Done::of(write).next(), Some((_, Done::Entries(of))) if of == cursor);
                let at = self.stored.iter().position(is_it).expect("it is under way");
                let refused = vec![self.stored.remove(at)];
                let rest = std::mem::replace(&mut self.stored, refused);
                self.settle(false, &mut effects);
                self.stored = rest;
            }
            ("storage", state) => self.device.storage(state == "back", &mut effects),
            ("restart", _) => self.restart(),
            ("cut", name) => {
                self.gone.lock().expect("no panic").insert(name.to_owned());
                self.device.ended(self.now, self.generations[name], &mut effects);
            }
            (waiting @ ("wait" | "asleep"), ms) => {
                let ms: u32 = ms.parse().expect("milliseconds");
                self.now = Time { wall: self.now.wall + i64::from(ms), mono: self.now.mono + u64::from(ms) };
                let due = self.device.next_timeout().is_some_and(|due| due <= self.now.mono);
                if due && waiting == "wait" {
                    self.device.timeout(self.now, &self.issuer, &mut effects);
                }
            }
            ("panel", _) => self.look(),
            ("ledger", _) => self.write(&format!("ledger < {}", self.device.ledger().json())),
            ("revoke", by) => self.revoked.push(by.to_owned()),
            (name @ ("north" | "south"), said) => {
                self.gateways.input(&mut self.device, self.now, (name, said), &self.written, &mut effects);
            }
            (by, said) if said.starts_with("cancels ") => {
                self.device.cancel(self.now, by, &said[8..], &mut effects);
            }
            (name, said) => match said.trim_start_matches("> ").starts_with('{') {
                true => self.line(name, &said[2..], &mut effects),
                false => self.command(name, &said[2..], &mut effects),
            },
        }
        effects.into_iter().for_each(|effect| self.perform(effect));
        assert_eq!(self.device.books_balance(), Ok(()), "after {line}");
    }

    fn line(&mut self, name: &str, line: &str, effects: &mut Vec<Effect>) {
        match decode_from_device(line.as_bytes()).expect("a valid line") {
            FromDevice::Identify(identify) => {
                let connection = u64::from(name.as_bytes()[0]);
                let peer = Peer { connection, address: "test".into(), is_local: false };
                let (written, gone) = (self.written.clone(), self.gone.clone());
                gone.lock().expect("no panic").remove(name);
                let outlet = Arc::new(Recorder { name: name.into(), written, gone });
                let caller = Caller { identify, peer, outlet, token: None };
                self.device.identify(self.now, &self.issuer, caller, effects);
                self.generations.insert(name.into(), self.device.generation);
            }
            said => {
                let said = match said {
                    FromDevice::Samples(samples) if self.is_repeated(&samples) => {
                        Said::Repeated(samples.seq.expect("it has a number"))
                    }
                    FromDevice::Samples(samples) => Said::Samples(samples),
                    FromDevice::Describe(description) => Said::Describe(description),
                    FromDevice::Result(outcome) => Said::Result(outcome),
                    FromDevice::Skip { to, reason } => {
                        let from = self.device.positions.current().map_or(0, |position| position.last) + 1;
                        Said::Gap(protocol::message::Gap { from, to, reason })
                    }
                    other => panic!("not for the router: {other:?}"),
                };
                self.device.said(self.now, self.generations[name], 1, said, effects);
            }
        }
    }

    /// A number that is committed does not come to the device's state again: its session sees to that (rule H4).
    fn is_repeated(&self, samples: &protocol::message::Samples) -> bool {
        let session = self.device.conversation().and_then(|conversation| conversation.session.as_ref());
        let current = self.device.positions.current().filter(|current| Some(&current.session) == session);
        samples.seq.is_some_and(|seq| current.is_some_and(|current| seq <= current.last))
    }

    fn command(&mut self, by: &str, words: &str, effects: &mut Vec<Effect>) {
        let [channel, value, intent, id, ttl] = words.split(' ').collect::<Vec<_>>()[..] else {
            panic!("a command is: channel value intent id ttl")
        };
        let request = Request {
            id: id.into(),
            by: by.into(),
            channel: channel.into(),
            value: RawValue::from_string(value.into()).expect("JSON"),
            intent: Intent::from_word(intent).expect("an intent"),
            ttl: Some(ttl.parse().expect("milliseconds")),
            credential: None,
        };
        let receipt = self.device.command(self.now, request, effects);
        let reason = receipt.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        self.write(&format!("{by} < {}{reason}", receipt.state.as_str()));
    }

    fn settle(&mut self, durable: bool, effects: &mut Vec<Effect>) {
        for write in std::mem::take(&mut self.stored) {
            for (_, done) in Done::of(&write) {
                self.settle_one(durable, &done, effects);
            }
            if let Write::Relayed(relayed) = &write {
                self.gateways.settled(relayed, durable);
            }
            if durable {
                self.durable.push(write);
            }
        }
    }

    fn settle_one(&mut self, durable: bool, done: &Done, effects: &mut Vec<Effect>) {
        let asked = match done {
            Done::Command(number) => self.device.leaving(*number),
            Done::Handed { by, id } => self.device.handing(by, id),
            _ => None,
        };
        let denied = asked.is_some_and(|asked| self.revoked.iter().any(|revoked| **revoked == *asked.by));
        match (durable, done) {
            (true, Done::Command(number)) if denied => self.device.deny(self.now, *number, effects),
            (true, Done::Handed { by, id }) if denied => self.device.deny_handing(self.now, by, id, effects),
            (true, _) => self.device.done(self.now, &self.issuer, done, effects),
            (false, _) => self.device.refused(self.now, &self.issuer, done, effects),
        }
    }

    /// What a store would load after the writes that were durable.
    fn restart(&mut self) {
        let mut loaded = LoadedDevice {
            key: DeviceKey(1),
            id: "pump-1".into(),
            called: None,
            token: None,
            previous: None,
            confirmed: true,
            joined: false,
            created: START.wall,
            describe: None,
            cursor: 0,
            next_session: 1,
            position: None,
            relayed: Vec::new(),
            received: 0,
            late: 0,
            gaps: Vec::new(),
            next_command: 1,
            last_seen: None,
            channels: Vec::new(),
        };
        for write in self.durable.iter().flat_map(Write::each) {
            match write {
                Write::Session { counter, .. } => loaded.next_session = counter + 1,
                Write::CommandCounter { next, .. } => loaded.next_command = *next,
                Write::Message(store::Message { cursor, position, samples, received, .. }) => {
                    loaded.cursor = *cursor;
                    loaded.position = own(position).or(loaded.position);
                    loaded.received += 1;
                    loaded.late += u64::from(samples.iter().any(|sample| sample.late));
                    loaded.last_seen = Some(*received);
                    for sample in samples.iter().filter(|sample| !sample.late) {
                        let latest =
                            store::Latest { value: sample.value.clone(), ts: sample.ts, cursor: *cursor };
                        channel(&mut loaded.channels, &sample.channel).latest = Some(latest);
                    }
                }
                Write::Rhythm { channel: name, every, .. } => {
                    channel(&mut loaded.channels, name).every = u32::try_from(*every).ok();
                }
                Write::Gap(store::Gap { cursor, position, reason, from, to, .. }) => {
                    loaded.cursor = *cursor;
                    loaded.position = own(position).or(loaded.position);
                    GapCount::count(&mut loaded.gaps, reason, 1, to - from + 1);
                }
                _ => {}
            }
        }
        self.stored.clear();
        let rows = self.durable.iter().filter_map(|write| match write {
            Write::Command(row) => Some(row.clone()),
            _ => None,
        });
        let unfinished: BTreeMap<Box<str>, store::CommandRow> =
            rows.map(|row| (row.id.clone(), row)).collect();
        self.device = Device::restore(loaded).expect("a valid id");
        for write in &self.durable {
            if let Write::Relayed(relayed) = write
                && let Some((_, Position { session, seq })) = &relayed.position
            {
                let relay = self.device.relay.get_or_insert_default();
                relay.accepted(relayed.gateway, session, *seq);
            }
        }
        for row in unfinished.into_values().filter(|row| store::CommandRow::UNSETTLED.contains(&&*row.state))
        {
            self.device.restore_command(self.now, row);
        }
        self.issuer = Issuer { tag: "m2".into(), earlier: Arc::new(["k7".to_owned()]) };
        self.panel = Watch::begin();
        self.generations.clear();
    }

    fn look(&mut self) {
        self.device.watched(true);
        let mut runs = Vec::new();
        while self.device.catch_up(&mut self.panel, &mut runs) == Step::More {}
        for frame in runs.iter().flat_map(frames) {
            // The books are looked at by themselves.
            let frame = match (frame.find(",\"ledger\":"), frame.find(",\"commands\":")) {
                (Some(begin), Some(end)) => format!("{}{}", &frame[..begin], &frame[end..]),
                _ => frame,
            };
            self.write(&format!("panel < {frame}"));
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Record(write) => {
                self.write(&format!("store < {}", summary(&write)));
                self.stored.push(write);
            }
            Effect::Post(outlet, post) => outlet.post(post),
            Effect::Welcome(outlet, welcome, generation) => {
                let name = self
                    .generations
                    .iter()
                    .find(|(_, known)| **known == generation)
                    .map(|(name, _)| name.clone());
                let name = name.expect("a welcome belongs to a connection");
                let session = welcome.session.map(|session| format!(" {session}")).unwrap_or_default();
                let ack = welcome.ack.map(|ack| format!(" ack {ack}")).unwrap_or_default();
                let window = if welcome.window == Some(0) { " window 0" } else { "" };
                self.write(&format!("{name} < welcome{session}{ack}{window}"));
                drop(outlet);
            }
            Effect::Relay(uplink, post) => uplink.outlet.post(post),
            Effect::Wake { .. } | Effect::List | Effect::Forget => {}
        }
    }
}

/// The frames of a run, as a browser gets them: between brackets.
pub(crate) fn frames(run: &Run) -> Vec<String> {
    let text = format!("[{}]", std::str::from_utf8(&run.bytes).expect("UTF-8"));
    let frames: Vec<&RawValue> = serde_json::from_str(&text).expect("JSON texts with commas between them");
    assert_eq!(frames.len(), run.messages);
    frames.into_iter().map(|frame| frame.get().to_owned()).collect()
}

/// A position in a session of this hub's: those of the gateways begin with `g`.
fn own(position: &Option<Position>) -> Option<Position> {
    position.clone().filter(|position| !position.session.starts_with('g'))
}

/// The channel of this name, made where it is new.
fn channel<'a>(channels: &'a mut Vec<LoadedChannel>, name: &Arc<str>) -> &'a mut LoadedChannel {
    let place = channels.iter().position(|channel| channel.name == *name).unwrap_or_else(|| {
        channels.push(LoadedChannel { name: name.clone(), latest: None, every: None });
        channels.len() - 1
    });
    &mut channels[place]
}

fn summary(write: &Write) -> String {
    let at = |position: &Option<Position>| {
        position.as_ref().map(|Position { session, seq }| format!(" at {session} {seq}")).unwrap_or_default()
    };
    match write {
        Write::Message(message) => format!("message {}{}", message.cursor, at(&message.position)),
        Write::Gap(gap) => {
            format!("gap {}{}: {} to {} {}", gap.cursor, at(&gap.position), gap.from, gap.to, gap.reason)
        }
        Write::Session { counter, tag, .. } => {
            format!("session {}", SessionId::new(tag, *counter).expect("valid"))
        }
        Write::Command(row) => match &row.handed {
            Some(handed) => format!("command {} {} handed under {}", row.id, row.state, handed.tag),
            None => format!("command {} {}", row.id, row.state),
        },
        Write::Relayed(relayed) => {
            let mut then: Vec<String> = relayed.then.iter().map(summary).collect();
            if then.is_empty() {
                then.push("nothing".to_owned());
            }
            let moves = relayed
                .position
                .as_ref()
                .map(|(_, position)| format!(" to {} {}", position.session, position.seq));
            format!("relayed {}{}: {}", relayed.cursor.number, moves.unwrap_or_default(), then.join(", "))
        }
        Write::CommandCounter { next, .. } => format!("next command {next}"),
        Write::Describe { describe, .. } => format!("describe {describe}"),
        Write::Rhythm { channel, every, .. } => format!("rhythm {channel} {every}"),
        other => format!("{other:?}"),
    }
}
