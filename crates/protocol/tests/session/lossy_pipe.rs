//! Two real sides, a transport that breaks, and a hub that forgets what it had not committed: every message arrives
//! once and in order, or its loss is declared.

use proptest::prelude::*;
use protocol::code::Bye;
use protocol::id::{DeviceId, SessionId};
use protocol::intake::{Lane, Post, Said};
use protocol::line::{Content, Line, Lines};
use protocol::message::{Identify, Sample, Samples, Welcome};
use protocol::session::device_side::{self, DeviceSide, OutboxBounds, Settings, Transport};
use protocol::session::hub_side::{self, HubSide};
use protocol::session::{Opening, Positions};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::Arc;

/// What happens to the world, one after the other.
#[derive(Debug, Clone)]
enum Happening {
    /// The device has a message.
    Publish,
    /// Up to so many lines arrive at the hub.
    ToHub(u8),
    /// Up to so many lines arrive at the device.
    ToDevice(u8),
    /// The oldest line on its way to the hub is lost: serial only.
    LoseToHub,
    /// The oldest line on its way to the device is lost: serial only.
    LoseToDevice,
    /// The hub commits what it was given.
    Commit,
    /// So many milliseconds pass.
    Pass(u16),
    /// The connection breaks.
    Cut,
    /// The hub crashes: what it had not committed is gone.
    Crash,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => Just(Happening::Publish),
        8 => (1u8..6).prop_map(Happening::ToHub),
        8 => (1u8..6).prop_map(Happening::ToDevice),
        2 => Just(Happening::LoseToHub),
        2 => Just(Happening::LoseToDevice),
        4 => Just(Happening::Commit),
        3 => (1u16..20_000).prop_map(Happening::Pass),
        1 => Just(Happening::Cut),
        1 => Just(Happening::Crash),
    ]
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

struct World {
    now: u64,
    transport: Transport,
    device: DeviceSide,
    /// The connection's end at the hub, while there is a connection.
    hub: Option<HubSide>,
    to_hub: VecDeque<Vec<u8>>,
    to_device: VecDeque<Vec<u8>>,
    positions: Positions,
    durable: Positions,
    session: Option<SessionId>,
    tags: Vec<String>,
    given: Vec<(Option<u64>, Stored)>,
    stored: Vec<Stored>,
    published: u64,
    lines: u64,
}

impl World {
    fn new(transport: Transport, outbox: usize) -> Self {
        let id = DeviceId::parse("pump-1").expect("an id");
        let bounds = OutboxBounds { messages_max: outbox, bytes_max: 1 << 20 };
        Self {
            now: 0,
            transport,
            device: DeviceSide::new(Settings { transport, outbox: bounds, ..Settings::new(id, None, 0) }),
            hub: None,
            to_hub: VecDeque::new(),
            to_device: VecDeque::new(),
            positions: Positions::default(),
            durable: Positions::default(),
            session: None,
            tags: vec!["t0".to_owned()],
            given: Vec::new(),
            stored: Vec::new(),
            published: 0,
            lines: 0,
        }
    }

    fn time(&self) -> Time {
        Time { wall: 0, mono: self.now }
    }

    fn happens(&mut self, happening: &Happening) {
        if self.hub.is_none() {
            self.connect();
        }
        let lossy = self.transport == Transport::Serial;
        match *happening {
            Happening::Publish => {
                self.published += 1;
                let value = RawValue::from_string(self.published.to_string()).expect("a number");
                let samples = vec![Sample { channel: "n".into(), value }];
                self.device.publish(self.time(), Samples { seq: None, ts: None, samples });
            }
            Happening::ToHub(count) => (0..count).for_each(|_| self.line_to_hub()),
            Happening::ToDevice(count) => (0..count).for_each(|_| self.line_to_device()),
            Happening::LoseToHub if lossy => drop(self.to_hub.pop_front()),
            Happening::LoseToDevice if lossy => drop(self.to_device.pop_front()),
            Happening::LoseToHub | Happening::LoseToDevice => {}
            Happening::Commit => self.commit(),
            Happening::Pass(duration) => self.pass(u64::from(duration)),
            Happening::Cut => self.cut(),
            Happening::Crash => self.crash(),
        }
        self.settle();
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
                match output {
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
            Said::Describe(_) | Said::Result(_) => return,
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
            Opening::New { session } => (session, 0),
            Opening::Resume { session, ack, gap } => {
                self.stored.extend(gap.map(|gap| Stored::Lost(gap.to - gap.from + 1)));
                (session, ack)
            }
        };
        self.durable = self.positions.clone();
        let welcome = Welcome {
            device: "pump-1".to_owned(),
            nonce: identify.nonce,
            session: Some(session.to_string()),
            ack: Some(ack),
            window: Some(8),
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
    fn calm_down(&mut self) {
        for _ in 0..2_000 {
            for happening in
                [Happening::ToHub(64), Happening::Commit, Happening::ToDevice(255), Happening::Pass(1_000)]
            {
                self.happens(&happening);
            }
            if self.device.unacked() == 0 && self.device.is_welcome() {
                return;
            }
        }
        panic!("{} messages are never acked", self.device.unacked());
    }

    /// Every message once and in order; what is missing is covered by declared losses.
    fn check(&self) {
        let values = self.stored.iter().filter_map(|stored| match stored {
            Stored::Value(value) => Some(*value),
            Stored::Lost(_) => None,
        });
        let values: Vec<u64> = values.collect();
        assert!(values.is_sorted_by(|a, b| a < b), "twice or out of order: {values:?}");
        let missing = self.published - values.len() as u64;
        let declared: u64 =
            self.stored.iter().map(|stored| if let Stored::Lost(lost) = stored { *lost } else { 0 }).sum();
        assert!(missing <= declared, "{missing} are missing and {declared} declared");
        assert!(
            missing <= self.device.dropped(),
            "{missing} are missing and {} dropped",
            self.device.dropped()
        );
    }
}

fn play(transport: Transport, outbox: usize, happenings: &[Happening]) {
    let mut world = World::new(transport, outbox);
    for happening in happenings {
        world.happens(happening);
    }
    world.calm_down();
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_message_arrives_once_and_in_order(happenings in prop::collection::vec(happening(), 1..200)) {
        play(Transport::Stream, 1_000, &happenings);
    }

    #[test]
    fn every_message_arrives_once_and_in_order_over_a_line_that_loses(
        happenings in prop::collection::vec(happening(), 1..200),
    ) {
        play(Transport::Serial, 1_000, &happenings);
    }

    #[test]
    fn what_a_full_outbox_dropped_is_declared(happenings in prop::collection::vec(happening(), 1..200)) {
        play(Transport::Stream, 3, &happenings);
        play(Transport::Serial, 3, &happenings);
    }
}

/// `Lines` cuts what the device side writes as the hub side reads it.
#[test]
fn what_is_said_is_one_line() {
    let mut device = DeviceSide::new(Settings::new(DeviceId::parse("pump-1").expect("an id"), None, 0));
    device.connected(Time { wall: 0, mono: 0 });
    let Some(device_side::Output::Send(bytes)) = device.poll_output() else { panic!("it identifies") };
    let mut rest = &bytes[..];
    let mut lines = Lines::new(256);
    assert!(
        matches!(lines.next(&mut rest), Some(Line { content: Content::Whole(line), .. }) if line.starts_with(b"{"))
    );
    assert_eq!(lines.next(&mut rest), None);
}
