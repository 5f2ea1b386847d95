//! Both ends of an uplink, with a spool and a hub's store of a few lines each.

use protocol::id::{DeviceId, SessionId};
use protocol::message::Sample;
use protocol::time::Time;
use protocol::uplink::filter::Filter;
use protocol::uplink::gateway_side::{self, Settings, Stored};
use protocol::uplink::hub_side;
use protocol::uplink::message::{Connected, Content, SkipReason, SpoolCursor};
use protocol::uplink::tags::{Held, Tags};
use protocol::uplink::{GatewaySide, UplinkHub};
use serde_json::value::RawValue;
use std::sync::Arc;

pub(crate) fn device(name: &str) -> DeviceId {
    DeviceId::parse(name).expect("an id")
}

pub(crate) fn at(mono: u64) -> Time {
    Time { wall: 1_763_846_847_000 + i64::try_from(mono).expect("small"), mono }
}

pub(crate) fn connected() -> Connected {
    Connected { address: "tcp 10.0.0.7:1".into(), heartbeat: 15, ..Connected::default() }
}

/// An entry of `name` whose value is its place.
pub(crate) fn stored(place: u64, name: &str, channel: &str) -> Stored {
    let value = RawValue::from_string(place.to_string()).expect("JSON");
    let samples = vec![Sample { channel: channel.into(), value }];
    let position = SessionId::new("g1", 1).map(|session| (session, place));
    Stored {
        place,
        device: device(name),
        received: 1,
        content: Content::Samples { position, ts: None, samples },
    }
}

pub(crate) fn settings(filter: Filter, begin: u64) -> Settings {
    Settings {
        gateway: "barn".into(),
        token: "s3cret".to_owned(),
        heartbeat: 15,
        filter,
        commands: true,
        begin,
    }
}

/// What a hub has taken over.
#[derive(Debug, Default, Clone)]
pub(crate) struct HubStore {
    pub(crate) cursor: Option<SpoolCursor>,
    pub(crate) values: Vec<u64>,
    pub(crate) skips: Vec<(SkipReason, u64)>,
}

pub(crate) struct Pair {
    pub(crate) now: Time,
    pub(crate) gateway: GatewaySide,
    pub(crate) tags: Arc<Tags>,
    pub(crate) spool: Vec<Stored>,
    pub(crate) oldest: u64,
    pub(crate) hub: Option<UplinkHub>,
    pub(crate) store: HubStore,
    /// All that came out and was not carried out here.
    pub(crate) at_gateway: Vec<gateway_side::Output>,
    pub(crate) at_hub: Vec<hub_side::Output>,
    /// Taken and not committed.
    pub(crate) pending: Vec<hub_side::Output>,
    pub(crate) commits: bool,
}

impl Pair {
    /// A gateway in its first start with `entries`, and a hub that has nothing.
    pub(crate) fn new(spool: Vec<Stored>, filter: Filter, begin: u64) -> Self {
        let mut tags = Tags::default();
        tags.begin("g1".into(), 0);
        let tags = Arc::new(tags);
        let held = Held { oldest: 1, head: spool.len() as u64 };
        let gateway = GatewaySide::new(at(0), settings(filter, begin), tags.clone(), held);
        Self {
            now: at(0),
            gateway,
            tags,
            spool,
            oldest: 1,
            hub: None,
            store: HubStore::default(),
            at_gateway: Vec::new(),
            at_hub: Vec::new(),
            pending: Vec::new(),
            commits: true,
        }
    }

    pub(crate) fn held(&self) -> Held {
        Held { oldest: self.oldest, head: self.spool.len() as u64 }
    }

    /// The gateway starts again with what its spool has.
    pub(crate) fn restart_gateway(&mut self, tag: &str, begin: u64) {
        let mut tags = (*self.tags).clone();
        tags.begin(tag.into(), self.spool.len() as u64);
        self.tags = Arc::new(tags);
        self.gateway =
            GatewaySide::new(self.now, settings(Filter::default(), begin), self.tags.clone(), self.held());
        self.hub = None;
    }

    /// The connection is cut, and what is not committed is gone.
    pub(crate) fn cut(&mut self) {
        self.hub = None;
        self.pending.clear();
        self.gateway.closed(self.now, 7);
    }

    /// Time passes, and both ends learn it.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.now = at(self.now.mono + ms);
        self.gateway.timeout(self.now);
        if let Some(hub) = &mut self.hub {
            hub.timeout(self.now);
        }
        self.run();
    }

    /// Everything that can happen without waiting happens.
    pub(crate) fn run(&mut self) {
        loop {
            let mut moved = false;
            while let Some(output) = self.gateway.poll_output() {
                self.gateway_does(output);
                moved = true;
            }
            while let Some(output) = self.hub.as_mut().and_then(UplinkHub::poll_output) {
                self.hub_does(output);
                moved = true;
            }
            if self.commits && !self.pending.is_empty() {
                self.commit();
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }

    fn gateway_does(&mut self, output: gateway_side::Output) {
        use gateway_side::Output;
        match output {
            Output::Connect => {
                self.hub = Some(UplinkHub::new(self.now));
                self.gateway.opened(self.now);
            }
            Output::Send(frame) => {
                if let Some(hub) = &mut self.hub {
                    hub.frame(self.now, &frame);
                }
            }
            Output::Read { after, entries_max, .. } => {
                let from = usize::try_from(after).expect("small");
                let to = (from + entries_max.min(7)).min(self.spool.len());
                let entries = self.spool[from.min(to)..to].to_vec();
                self.gateway.entries(self.now, after, entries);
            }
            Output::RaiseEnd { tag, number } => {
                let mut tags = (*self.tags).clone();
                tags.raise(&tag, number);
                self.tags = Arc::new(tags);
                self.gateway.tags(self.now, self.tags.clone());
            }
            Output::Close => {
                self.hub = None;
                self.gateway.closed(self.now, 7);
            }
            other => self.at_gateway.push(other),
        }
    }

    fn hub_does(&mut self, output: hub_side::Output) {
        use hub_side::Output;
        match output {
            Output::Send(frame) => self.gateway.frame(self.now, &frame),
            Output::Identify(identify) => {
                let cursor = self.store.cursor.clone();
                let hub = self.hub.as_mut().expect("it spoke");
                hub.welcome(self.now, identify.gateway.clone(), cursor);
            }
            Output::Take { .. } | Output::Tag { .. } | Output::Skip { .. } => self.pending.push(output),
            Output::Close => {
                self.hub = None;
                self.gateway.closed(self.now, 7);
            }
            other => self.at_hub.push(other),
        }
    }

    /// All that was taken becomes durable.
    pub(crate) fn commit(&mut self) {
        use hub_side::Output;
        let mut last = None;
        for taken in std::mem::take(&mut self.pending) {
            let cursor = match taken {
                Output::Take { entry, cursor, .. } => {
                    if let Content::Samples { samples, .. } = &entry.content {
                        self.store.values.extend(
                            samples.iter().map(|it| it.value.get().parse::<u64>().expect("a number")),
                        );
                    }
                    cursor
                }
                Output::Skip { skip, cursor } => {
                    self.store.skips.push((skip.reason, skip.to - skip.from + 1));
                    cursor
                }
                Output::Tag { cursor, .. } => cursor,
                _ => continue,
            };
            last = Some(cursor);
        }
        if let Some(cursor) = last {
            self.store.cursor = Some(cursor.clone());
            if let Some(hub) = &mut self.hub {
                hub.committed(self.now, &cursor);
            }
        }
    }
}

/// So many entries of one device.
pub(crate) fn entries(count: u64) -> Vec<Stored> {
    (1..=count).map(|place| stored(place, "pump", "t")).collect()
}
