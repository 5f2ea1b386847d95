//! The world of the pipe: both sides, what is on its way between them, what the hub committed and the device stored.

use super::{Happening, WINDOW};
use crate::notation::Storage;
use protocol::code::Bye;
use protocol::id::{DeviceId, SessionId};
use protocol::intake::{Lane, Post, Said};
use protocol::line::{Content, Line};
use protocol::message::{Identify, Sample, Samples, Welcome};
use protocol::session::device_side::{self, DeviceSide, OutboxBounds, Settings, Transport};
use protocol::session::hub_side::{self, HubSide};
use protocol::session::{Opening, Positions};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// When and how a device ends.
#[derive(Debug, Clone, Copy)]
struct Fuse {
    /// Outputs that it still carries out.
    outputs: u8,
    /// Messages that are gone, as far as they were not synced.
    gone: u8,
}

struct NoLane;

impl Lane for NoLane {
    fn take(&self, _line: u64, _said: Said) {}
    fn ended(&self) {}
}

/// What is committed: values, or how many are declared lost.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stored {
    Value(u64),
    Lost(u64),
}

pub(super) struct World {
    now: u64,
    settings: Settings,
    device: DeviceSide,
    /// Where the device's outbox is stored.
    storage: Option<Storage>,
    fuse: Option<Fuse>,
    /// The connection's end at the hub, while there is a connection.
    hub: Option<HubSide>,
    to_hub: VecDeque<Vec<u8>>,
    to_device: VecDeque<Vec<u8>>,
    positions: Positions,
    durable: Positions,
    session: Option<SessionId>,
    window: u32,
    tags: Vec<String>,
    given: Vec<(Option<u64>, Stored)>,
    stored: Vec<Stored>,
    published: u64,
    /// The values behind their positions.
    positions_of: BTreeMap<u64, u64>,
    /// What a power cut took away.
    gone: BTreeSet<u64>,
    /// Dropped in earlier runs of the program.
    dropped: u64,
    lines: u64,
}

impl World {
    pub(super) fn new(transport: Transport, outbox: usize, storage: Option<Storage>) -> Self {
        let id = DeviceId::parse("pump-1").expect("an id");
        let bounds = OutboxBounds { messages_max: outbox, bytes_max: 1 << 20 };
        let settings = Settings { transport, outbox: bounds, ..Settings::new(id, None, 0) };
        Self {
            now: 0,
            device: device(&settings, storage.as_ref()),
            settings,
            storage,
            fuse: None,
            hub: None,
            to_hub: VecDeque::new(),
            to_device: VecDeque::new(),
            positions: Positions::default(),
            durable: Positions::default(),
            session: None,
            window: WINDOW,
            tags: vec!["t0".to_owned()],
            given: Vec::new(),
            stored: Vec::new(),
            published: 0,
            positions_of: BTreeMap::new(),
            gone: BTreeSet::new(),
            dropped: 0,
            lines: 0,
        }
    }

    fn time(&self) -> Time {
        Time { wall: 0, mono: self.now }
    }

    pub(super) fn happens(&mut self, happening: &Happening) {
        if self.hub.is_none() {
            self.connect();
        }
        let lossy = self.settings.transport == Transport::Serial;
        match *happening {
            Happening::Publish => self.publish(),
            Happening::ToHub(count) => (0..count).for_each(|_| self.line_to_hub()),
            Happening::ToDevice(count) => (0..count).for_each(|_| self.line_to_device()),
            Happening::LoseToHub if lossy => drop(self.to_hub.pop_front()),
            Happening::LoseToDevice if lossy => drop(self.to_device.pop_front()),
            Happening::LoseToHub | Happening::LoseToDevice => {}
            Happening::Commit => self.commit(),
            Happening::Window(window) => {
                self.window = window;
                let now = self.time();
                if let Some(hub) = &mut self.hub {
                    hub.post(now, Post::Window(window));
                }
            }
            Happening::Pass(duration) => self.pass(u64::from(duration)),
            Happening::Cut => self.cut(),
            Happening::Crash => self.crash(),
            Happening::Sync => {
                if let Some(storage) = &mut self.storage {
                    storage.sync();
                }
            }
            Happening::Restart(outputs) => self.fuse = Some(Fuse { outputs, gone: 0 }),
            Happening::PowerCut(outputs, gone) => self.fuse = Some(Fuse { outputs, gone }),
        }
        self.settle();
    }

    fn publish(&mut self) {
        self.published += 1;
        let value = RawValue::from_string(self.published.to_string()).expect("a number");
        let samples = vec![Sample { channel: "n".into(), value }];
        let message = Samples { seq: None, ts: None, samples, outbox: None };
        let position = self.device.publish(self.time(), message.clone());
        self.positions_of.insert(position, self.published);
        if let Some(storage) = &mut self.storage {
            storage.store(position, message, &self.device);
        }
    }

    /// The device's program ends between two outputs and begins anew. Over a serial line nobody notices.
    fn restart(&mut self, gone: u8) {
        if self.settings.transport == Transport::Stream {
            self.cut();
        }
        if let Some(storage) = &mut self.storage {
            let left = (storage.next().saturating_sub(u64::from(gone))).max(storage.synced());
            self.gone.extend(self.positions_of.split_off(&left).values());
            storage.keep_below(left);
        }
        self.dropped += self.device.dropped();
        self.settings.nonce += 1_000;
        self.device = device(&self.settings, self.storage.as_ref());
        if self.hub.is_some() {
            self.device.connected(self.time());
        }
    }

    /// Whether the device's program ends now, instead of carrying out one more output.
    fn burns(&mut self) -> bool {
        let Some(fuse) = &mut self.fuse else { return false };
        match fuse.outputs.checked_sub(1) {
            Some(left) => {
                fuse.outputs = left;
                false
            }
            None => {
                let gone = fuse.gone;
                self.fuse = None;
                self.restart(gone);
                true
            }
        }
    }

    fn connect(&mut self) {
        self.hub = Some(HubSide::new(self.time()));
        self.lines = 0;
        self.device.connected(self.time());
        self.settle();
    }

    fn cut(&mut self) {
        self.hub = None;
        self.to_hub.clear();
        self.to_device.clear();
        self.device.disconnected();
    }

    fn crash(&mut self) {
        self.cut();
        self.given.clear();
        self.session = None;
        self.positions = Positions::restore(self.durable.issued(), self.durable.current().cloned());
        self.tags.push(format!("t{}", self.tags.len()));
    }

    fn line_to_hub(&mut self) {
        let now = self.time();
        let Some(hub) = self.hub.as_mut().filter(|hub| hub.reading()) else { return };
        let Some(line) = self.to_hub.pop_front() else { return };
        self.lines += 1;
        hub.line(now, Line { number: self.lines, content: Content::Whole(line.trim_ascii_end()) });
        self.settle();
    }

    fn line_to_device(&mut self) {
        let Some(line) = self.to_device.pop_front() else { return };
        self.device.line(self.time(), line.trim_ascii_end());
        self.settle();
    }

    fn commit(&mut self) {
        let messages = u32::try_from(self.given.len()).expect("few");
        let seq = self.given.iter().filter_map(|(seq, _)| *seq).max();
        self.stored.extend(self.given.drain(..).map(|(_, stored)| stored));
        self.durable = self.positions.clone();
        let now = self.time();
        if let (Some(hub), 1..) = (&mut self.hub, messages) {
            hub.post(now, Post::Committed { seq, messages });
        }
    }

    fn pass(&mut self, duration: u64) {
        let until = self.now + duration;
        loop {
            let hub = self.hub.as_ref().and_then(HubSide::poll_timeout);
            let next = [hub, self.device.poll_timeout()].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= until) else { break };
            self.now = self.now.max(at);
            let now = self.time();
            self.device.timeout(now);
            if let Some(hub) = &mut self.hub {
                hub.timeout(now);
            }
            self.settle();
        }
        self.now = until;
    }

    fn settle(&mut self) {
        loop {
            if let Some(output) = self.device.poll_output() {
                if self.burns() {
                    continue;
                }
                match output {
                    device_side::Output::Keep(head) => {
                        self.storage.as_mut().expect("only a stored outbox has a head").keep(head);
                    }
                    device_side::Output::Send(line) => self.to_hub.push_back(line),
                    device_side::Output::Close(_) => self.cut(),
                    _ => {}
                }
            } else if let Some(output) = self.hub.as_mut().and_then(HubSide::poll_output) {
                match output {
                    hub_side::Output::Send(line) => self.to_device.push_back(line),
                    hub_side::Output::Identify(identify) => self.identify(&identify),
                    hub_side::Output::Take { said, .. } => self.give(&said),
                    hub_side::Output::Enter { .. } => {}
                    hub_side::Output::Close => {
                        // What was said before arrives; then the device sees the end.
                        while let Some(line) = self.to_device.pop_front() {
                            self.device.line(self.time(), line.trim_ascii_end());
                        }
                        self.cut();
                    }
                }
            } else {
                return;
            }
        }
    }

    fn give(&mut self, said: &Said) {
        let session = self.session.clone().expect("all are numbered");
        let (seq, stored) = match said {
            Said::Samples(samples) => {
                let value = samples.samples[0].value.get().parse().expect("a number");
                (samples.seq.expect("numbered"), Stored::Value(value))
            }
            Said::Gap(gap) => (gap.to, Stored::Lost(gap.to - gap.from + 1)),
            Said::Describe(_) | Said::Result(_) | Said::Repeated(_) => return,
        };
        assert!(self.positions.accepted(&session, seq), "{session} {seq} was accepted before");
        self.given.push((Some(seq), stored));
    }

    /// Rule H1: what is pending is finished, then the ack computed.
    fn identify(&mut self, identify: &Identify) {
        self.commit();
        let tag = self.tags.last().expect("there is one").clone();
        let asked = identify.session.as_ref().zip(identify.oldest);
        let tags = &self.tags;
        let opening = self.positions.open(asked, &tag, |tag| tags.iter().any(|own| own == tag));
        let now = self.time();
        let (session, ack) = match opening {
            Opening::Closed => {
                let hub = self.hub.as_mut().expect("it has just identified");
                return hub.post(now, Post::Refused { fault: None, bye: Bye::Closed });
            }
            Opening::New { session, .. } => (session, 0),
            Opening::Resume { session, ack, gap } => {
                if let Some(gap) = gap {
                    self.stored.push(Stored::Lost(gap.to - gap.from + 1));
                    self.positions.accepted(&session, gap.to);
                }
                (session, ack)
            }
        };
        self.durable = self.positions.clone();
        let welcome = Welcome {
            device: "pump-1".into(),
            nonce: identify.nonce,
            session: Some(session.to_string()),
            ack: Some(ack),
            window: Some(self.window),
            heartbeat: 15,
            line_max: 65_536,
            time: 0,
            token: None,
        };
        self.session = Some(session);
        let hub = self.hub.as_mut().expect("it has just identified");
        hub.post(now, Post::Welcome { welcome, lane: Arc::new(NoLane) });
    }

    /// Nothing breaks any more, and all that is under way arrives.
    pub(super) fn calm_down(&mut self) {
        self.happens(&Happening::Window(WINDOW));
        for _ in 0..2_000 {
            for happening in
                [Happening::ToHub(64), Happening::Commit, Happening::ToDevice(255), Happening::Pass(1_000)]
            {
                self.happens(&happening);
            }
            if self.device.is_drained() && self.device.is_welcome() {
                return;
            }
        }
        panic!("{} messages are never acked", self.device.unacked());
    }

    /// Every message once and in order; what is missing is covered by declared losses.
    pub(super) fn check(&self) {
        let values = self.stored.iter().filter_map(|stored| match stored {
            Stored::Value(value) => Some(*value),
            Stored::Lost(_) => None,
        });
        let values: Vec<u64> = values.collect();
        assert!(values.is_sorted_by(|a, b| a < b), "twice or out of order: {values:?}");
        let present: BTreeSet<u64> = values.into_iter().collect();
        let missing: Vec<u64> = (1..=self.published).filter(|value| !present.contains(value)).collect();
        let excused = missing.iter().filter(|value| self.gone.contains(value)).count() as u64;
        let missing = missing.len() as u64;
        let declared: u64 =
            self.stored.iter().map(|stored| if let Stored::Lost(lost) = stored { *lost } else { 0 }).sum();
        assert!(
            (missing - excused..=missing).contains(&declared),
            "{missing} are missing, {excused} of them for a power cut, and {declared} declared"
        );
        let missing = missing - excused;
        let dropped = self.dropped + self.device.dropped();
        assert!(missing <= dropped, "{missing} are missing and {dropped} dropped");
    }
}

/// A run of the device's program.
fn device(settings: &Settings, storage: Option<&Storage>) -> DeviceSide {
    match storage {
        Some(storage) => DeviceSide::restored(settings.clone(), storage.kept()),
        None => DeviceSide::new(settings.clone()),
    }
}
