//! A gateway that runs: devices as at a hub ([`Hub`]), over a spool, and the end of an uplink for each of its hubs.

use crate::connection::Mailbox;
use crate::hub::Hub;
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::intake::Post;
use protocol::time::Time;
use protocol::uplink::GatewaySide;
use protocol::uplink::gateway_side::Settings;
use protocol::uplink::message::{CommandName, CommandOutcome, Connected};
use protocol::uplink::vouched;
use router::{Caller, Presence, State};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::spool::Spool;

/// What a gateway asks of the world, for one of its hubs.
#[derive(Debug)]
pub(crate) enum Asks {
    /// To connect.
    Connect(usize),
}

/// The end of one uplink at a gateway.
pub(crate) struct Uplink {
    pub(crate) side: GatewaySide,
    /// The line, while it holds its end.
    pub(crate) line: Option<usize>,
    /// Up to which place this hub was told that its entries were dropped.
    pub(crate) told_dropped: u64,
}

/// A command of a hub that may still come to something.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) hub: usize,
    pub(crate) name: CommandName,
    pub(crate) by: Arc<str>,
    told: Option<State>,
}

/// A gateway that runs.
pub(crate) struct Running {
    pub(crate) hub: Hub,
    /// By the hub's number.
    pub(crate) uplinks: BTreeMap<usize, Uplink>,
    pub(crate) open: Vec<Open>,
    /// Devices of which hubs were told that they are connected.
    told: BTreeMap<DeviceId, bool>,
    pub(crate) asks: Mailbox<Asks>,
    /// Who waits for a hub's word: the hub, and who it is.
    pub(crate) waiting: BTreeMap<u64, (usize, Caller)>,
    /// Whom a hub has just vouched for.
    pub(crate) admitted: Vec<Caller>,
    /// The number of the last question.
    questions: u64,
    /// A device that a hub had vouched for was sent away.
    pub(crate) wronged: Option<DeviceId>,
}

impl Running {
    pub(crate) fn new(mut hub: Hub) -> Self {
        hub.desk = Some(Vec::new());
        Self {
            hub,
            uplinks: BTreeMap::new(),
            open: Vec::new(),
            told: BTreeMap::new(),
            asks: Mailbox::default(),
            waiting: BTreeMap::new(),
            admitted: Vec::new(),
            questions: 0,
            wronged: None,
        }
    }

    /// Those who identified come in where a hub has vouched for them, or are asked about, or are told to come later (rule U7).
    /// Answers who comes in.
    pub(crate) fn admit(&mut self, now: Time, spool: &Spool) -> Vec<Caller> {
        let mut admitted = std::mem::take(&mut self.admitted);
        for caller in std::mem::take(self.hub.desk.get_or_insert_default()) {
            let Some(id) = caller.identify.device.clone() else { continue };
            let learned = spool.learned.get(&id).copied();
            if learned.is_some_and(|at| vouched::counts(at, now.wall)) {
                admitted.push(caller);
                continue;
            }
            self.questions += 1;
            let (ask, hash) = (self.questions, "0".repeat(64));
            let asked = self.uplinks.iter_mut().find_map(|(hub, uplink)| {
                uplink.side.admit(now, ask, Some(id.clone()), &hash).then_some(*hub)
            });
            match asked {
                Some(hub) => {
                    self.waiting.insert(ask, (hub, caller));
                }
                None => {
                    self.wronged = learned.map(|_| id).or(self.wronged.take());
                    caller.outlet.post(Post::Refused { fault: None, bye: Bye::NoHub });
                }
            }
        }
        admitted
    }

    /// The uplink to a hub is gone: what it was asked is asked of another one.
    pub(crate) fn ask_again(&mut self, hub: usize) {
        let asked: Vec<u64> =
            self.waiting.iter().filter(|(_, (of, _))| *of == hub).map(|(ask, _)| *ask).collect();
        for ask in asked {
            if let Some((_, caller)) = self.waiting.remove(&ask) {
                self.hub.desk.get_or_insert_default().push(caller);
            }
        }
    }

    /// A hub is fed from now on.
    pub(crate) fn feed(&mut self, now: Time, gateway: &str, hub: usize, spool: &Spool) {
        let Some(row) = spool.row(hub) else { return };
        let settings = Settings {
            gateway: gateway.into(),
            token: "t".to_owned(),
            heartbeat: 5,
            filter: Default::default(),
            commands: true,
            begin: row.begin,
        };
        let side = GatewaySide::new(now, settings, spool.tags(), spool.held());
        let mut uplink = Uplink { side, line: None, told_dropped: 0 };
        for device in self.hub.devices.iter().filter(|device| device.presence().0 == Presence::Online) {
            uplink.side.device_connected(now, &device.identity.id, connected());
        }
        self.uplinks.insert(hub, uplink);
    }

    /// Hubs learn which devices came and went, what the spool holds, and what became of their commands.
    pub(crate) fn tell(&mut self, now: Time, spool: &Spool) {
        let arrived: Vec<DeviceId> = std::mem::take(&mut self.hub.arrivals)
            .into_iter()
            .map(|index| self.hub.devices[index].identity.id.clone())
            .collect();
        for id in arrived {
            for uplink in self.uplinks.values_mut() {
                uplink.side.device_connected(now, &id, connected());
            }
            self.told.insert(id, true);
        }
        for device in &self.hub.devices {
            let id = &device.identity.id;
            let is_gone = device.presence().0 != Presence::Online;
            if is_gone && self.told.insert(id.clone(), false) == Some(true) {
                for uplink in self.uplinks.values_mut() {
                    uplink.side.device_disconnected(now, id);
                }
            }
        }
        for (hub, uplink) in &mut self.uplinks {
            // What was dropped is told before what is there no more, so that the hub learns why.
            if let Some(dropped) = spool.row(*hub).and_then(|row| row.dropped)
                && dropped.to > uplink.told_dropped
            {
                uplink.told_dropped = dropped.to;
                let (to, lost) = (dropped.to, dropped.lost);
                let reason = protocol::uplink::message::SkipReason::Quota;
                uplink.side.skipped(now, to, reason, lost);
            }
            uplink.side.held(now, spool.held());
        }
        self.report(now);
    }

    fn report(&mut self, now: Time) {
        let (hub, uplinks) = (&self.hub, &mut self.uplinks);
        self.open.retain_mut(|open| {
            let device = hub.device(open.name.device.as_str());
            let Some(receipt) = device.and_then(|device| device.receipt(&open.by, &open.name.id)) else {
                return false;
            };
            let state = receipt.state;
            if open.told != Some(state) && !matches!(state, State::Accepted | State::Queued) {
                open.told = Some(state);
                if let Some(uplink) = uplinks.get_mut(&open.hub) {
                    uplink.side.outcome(now, outcome(&open.name, receipt));
                }
            }
            matches!(state, State::Accepted | State::Queued | State::Sent | State::Unknown)
        });
    }

    /// A command was asked of a device here.
    pub(crate) fn opened(&mut self, hub: usize, name: CommandName, by: Arc<str>) {
        if !self.open.iter().any(|open| open.hub == hub && open.name == name) {
            self.open.push(Open { hub, name, by, told: None });
        }
    }
}

/// How devices are connected here.
fn connected() -> Connected {
    Connected { address: "tcp".into(), heartbeat: 5, ..Connected::default() }
}

/// What became of a command, as its hub is told.
pub(crate) fn outcome(name: &CommandName, receipt: router::Receipt) -> CommandOutcome {
    let value = receipt.value.and_then(|value| RawValue::from_string(value.into_string()).ok());
    let state = receipt.state.as_str().into();
    CommandOutcome { command: name.clone(), state, reason: receipt.reason, value }
}
