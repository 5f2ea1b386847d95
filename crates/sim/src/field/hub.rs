//! A hub that runs: its devices behind gateways, and the ends of their uplinks.

use crate::connection::Mailbox;
use crate::hub::{Around, Hub};
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::uplink::UplinkHub;
use protocol::uplink::hub_side::Output;
use protocol::uplink::message::{Skip, SpoolCursor};
use router::{Place, RelayOutlet, RelayPost, Uplink};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Commit, GatewayKey, LoadedGateway, NewGateway, TokenHash, Write};

/// What devices have for their gateway.
#[derive(Default)]
pub(crate) struct Outbound(Mailbox<RelayPost>);

impl RelayOutlet for Outbound {
    fn post(&self, post: RelayPost) {
        self.0.push(post);
    }
}

/// The hub's end of one line.
pub(crate) struct End {
    pub(crate) side: UplinkHub,
    pub(crate) line: usize,
    outbound: Arc<Outbound>,
    /// Who it is, once it is welcome.
    uplink: Option<Arc<Uplink>>,
    /// Who wants to be welcome: its key, and its tag.
    asks: Option<(GatewayKey, Arc<str>, Arc<str>)>,
    /// How far this hub is when all that was taken is durable.
    cursor: Option<SpoolCursor>,
}

/// A gateway, as the hub knows it.
#[derive(Debug)]
struct Known {
    key: GatewayKey,
    /// How far its spool is durable here.
    durable: Option<SpoolCursor>,
    /// What it brought and is not settled.
    pending: usize,
}

/// A hub that runs.
pub(crate) struct Running {
    pub(crate) hub: Hub,
    pub(crate) ends: Vec<Option<End>>,
    gateways: BTreeMap<String, Known>,
    next_gateway: u64,
    numbers: u64,
}

/// What an end wants of its line.
pub(crate) enum Wish {
    Send(String),
    Close,
}

impl Running {
    pub(crate) fn new(hub: Hub, gateways: Vec<LoadedGateway>, next_gateway: u64) -> Self {
        let known = gateways.into_iter().map(|gateway| {
            let known = Known { key: gateway.key, durable: gateway.cursor, pending: 0 };
            (gateway.id.to_string(), known)
        });
        Self { hub, ends: Vec::new(), gateways: known.collect(), next_gateway, numbers: 0 }
    }

    /// A line was made; answers the end here.
    pub(crate) fn accept(&mut self, now: protocol::time::Time, line: usize) -> usize {
        let side = UplinkHub::new(now);
        let end = End { side, line, outbound: Arc::default(), uplink: None, asks: None, cursor: None };
        self.ends.push(Some(end));
        self.ends.len() - 1
    }

    /// The line is gone.
    pub(crate) fn closed(&mut self, place: usize, around: &mut Around<'_>) {
        if let Some(mut end) = self.ends[place].take() {
            end.side.closed();
            self.lost(end, around);
        }
    }

    fn lost(&mut self, end: End, around: &mut Around<'_>) {
        if let Some(uplink) = &end.uplink {
            self.each(around, |device, now, effects| device.uplink_lost(now, uplink, effects));
        }
    }

    fn each(
        &mut self,
        around: &mut Around<'_>,
        act: impl Fn(&mut router::Device, protocol::time::Time, &mut Vec<router::Effect>),
    ) {
        let now = around.now;
        for index in 0..self.hub.devices.len() {
            self.hub.with(index, around, |device, _, effects| act(device, now, effects));
        }
    }

    /// Carries out what an end wants; what it wants of its line comes back. Where it closes, it is gone here.
    pub(crate) fn carry_out(&mut self, place: usize, around: &mut Around<'_>) -> Vec<Wish> {
        let mut wishes = Vec::new();
        loop {
            self.post_out(place, around);
            let Some(output) = self.ends[place].as_mut().and_then(|end| end.side.poll_output()) else {
                break;
            };
            match output {
                Output::Send(frame) => wishes.push(Wish::Send(frame)),
                Output::Close => {
                    if let Some(end) = self.ends[place].take() {
                        self.lost(end, around);
                    }
                    wishes.push(Wish::Close);
                }
                other => self.perform(place, other, around),
            }
        }
        wishes
    }

    fn post_out(&mut self, place: usize, around: &Around<'_>) {
        let now = around.now;
        let Some(End { side, outbound, .. }) = &mut self.ends[place] else { return };
        while let Some(post) = outbound.0.pop() {
            match post {
                RelayPost::Part { device, bye } => side.part(now, &device, bye),
                RelayPost::Hand(handed) => side.hand(now, handed),
                RelayPost::Cancel(name) => side.cancel(now, name),
                RelayPost::Settled(name) => side.settled(now, name),
            }
        }
    }

    fn perform(&mut self, place: usize, output: Output, around: &mut Around<'_>) {
        let now = around.now;
        if let Output::Identify(identify) = output {
            let key = self.key_of(&identify.gateway, around);
            if let Some(end) = &mut self.ends[place] {
                end.asks = Some((key, identify.gateway, identify.tag));
            }
            self.fence(place, key, around);
            return self.welcome_those_who_wait(around);
        }
        let Some(uplink) = self.ends[place].as_ref().and_then(|end| end.uplink.clone()) else { return };
        match output {
            Output::Opened { device, connected: Some(connected) }
            | Output::Connected { device, connected } => {
                let index = self.index_of(device, around);
                self.hub.with(index, around, |device, _, effects| {
                    device.relay_connected(now, &uplink, &connected, effects);
                });
            }
            Output::Opened { device, connected: None } => {
                let index = self.index_of(device, around);
                self.hub.with(index, around, |device, _, effects| device.relay_away(now, &uplink, effects));
            }
            Output::Disconnected { device, ago } => {
                let index = self.index_of(device, around);
                self.hub.with(index, around, |device, _, effects| {
                    device.relay_disconnected(now, &uplink, ago, effects);
                });
            }
            // Everybody has the right token here.
            Output::Admit { ask, device: Some(device), hash } => {
                if let Some(end) = &mut self.ends[place] {
                    end.side.admitted(now, ask, device, None, hash);
                }
            }
            Output::Restored => {
                self.each(around, |device, now, effects| device.uplink_restored(now, &uplink, effects));
            }
            Output::Outcome(outcome) => {
                let index = self.index_of(outcome.command.device.clone(), around);
                self.hub.with(index, around, |device, _, effects| {
                    device.command_reported(now, &uplink, outcome, effects);
                });
            }
            Output::Tag { cursor, .. } => {
                let taken = self.step(place, uplink.gateway, cursor);
                self.pending(uplink.gateway);
                around.storage.submit(taken.alone());
            }
            Output::Skip { skip, cursor } => self.skip(place, &uplink, skip, cursor, around),
            Output::Take { device, entry, cursor } => {
                let index = self.index_of(device, around);
                let taken = self.step(place, uplink.gateway, cursor);
                self.pending(uplink.gateway);
                let result = self
                    .hub
                    .with(index, around, |device, _, effects| device.relayed(now, taken, entry, effects));
                if result.is_err() {
                    self.unfit(place, uplink.gateway);
                }
            }
            _ => {}
        }
    }

    /// The losses of a skip, and then the step.
    fn skip(
        &mut self,
        place: usize,
        uplink: &Uplink,
        skip: Skip,
        cursor: SpoolCursor,
        around: &mut Around<'_>,
    ) {
        let now = around.now;
        for lost in skip.lost {
            let index = self.index_of(lost.device.clone(), around);
            let Some(after) = self.ends[place].as_ref().and_then(|end| end.cursor.clone()) else { return };
            let here = Place { gateway: uplink.gateway, after: Some(after.clone()), cursor: after };
            self.pending(uplink.gateway);
            let result = self.hub.with(index, around, |device, _, effects| {
                device.relayed_loss(now, here, lost, skip.reason.as_str(), effects)
            });
            if result.is_err() {
                return self.unfit(place, uplink.gateway);
            }
        }
        let taken = self.step(place, uplink.gateway, cursor);
        self.pending(uplink.gateway);
        around.storage.submit(taken.alone());
    }

    fn unfit(&mut self, place: usize, gateway: GatewayKey) {
        if let Some(known) = self.known(gateway) {
            known.pending -= 1;
        }
        if let Some(end) = &mut self.ends[place] {
            end.side.end(Bye::Failed);
        }
    }

    fn step(&mut self, place: usize, gateway: GatewayKey, cursor: SpoolCursor) -> Place {
        let end = self.ends[place].as_mut().expect("it spoke");
        let after = end.cursor.replace(cursor.clone());
        Place { gateway, after, cursor }
    }

    fn known(&mut self, gateway: GatewayKey) -> Option<&mut Known> {
        self.gateways.values_mut().find(|known| known.key == gateway)
    }

    fn pending(&mut self, gateway: GatewayKey) {
        if let Some(known) = self.known(gateway) {
            known.pending += 1;
        }
    }

    fn key_of(&mut self, gateway: &str, around: &mut Around<'_>) -> GatewayKey {
        if let Some(known) = self.gateways.get(gateway) {
            return known.key;
        }
        let key = GatewayKey(self.next_gateway);
        self.next_gateway += 1;
        let (token, created) = (TokenHash([7; 32]), around.now.wall);
        around.storage.submit(Write::Gateway(NewGateway { key, id: gateway.into(), token, created }));
        self.gateways.insert(gateway.to_owned(), Known { key, durable: None, pending: 0 });
        key
    }

    /// Older uplinks of the same gateway are over: nothing more is taken from them (rule H1).
    fn fence(&mut self, place: usize, key: GatewayKey, _around: &mut Around<'_>) {
        for (other, end) in self.ends.iter_mut().enumerate().filter(|(other, _)| *other != place) {
            let _ = other;
            let Some(end) = end else { continue };
            let is_its = end.uplink.as_ref().is_some_and(|uplink| uplink.gateway == key)
                || end.asks.as_ref().is_some_and(|(asks, ..)| *asks == key);
            if is_its {
                end.side.end(Bye::Replaced);
            }
        }
    }

    /// Those whose gateway has nothing under way any more are welcomed.
    pub(crate) fn welcome_those_who_wait(&mut self, around: &mut Around<'_>) {
        let now = around.now;
        for place in 0..self.ends.len() {
            let Some((key, name, tag)) = self.ends[place].as_ref().and_then(|end| end.asks.clone()) else {
                continue;
            };
            let Some(known) = self.known(key).filter(|known| known.pending == 0) else { continue };
            let durable = known.durable.clone();
            self.numbers += 1;
            let number = self.numbers;
            let Some(end) = &mut self.ends[place] else { continue };
            end.asks = None;
            end.cursor = durable.clone();
            let outlet = end.outbound.clone();
            let uplink = Arc::new(Uplink { gateway: key, name: name.clone(), tag, number, outlet });
            end.uplink = Some(uplink.clone());
            end.side.welcome(now, name, durable);
            self.each(around, |device, now, effects| device.uplink_welcome(now, &uplink, effects));
        }
    }

    /// What the storage made durable, or refused.
    pub(crate) fn settle(&mut self, commits: Vec<Commit>, around: &mut Around<'_>) {
        let mut relayed = Vec::new();
        for commit in &commits {
            for write in &commit.writes {
                if let Write::Relayed(brought) = write {
                    relayed.push((brought.gateway, brought.cursor.clone(), commit.result.is_ok()));
                }
            }
        }
        self.hub.settle(commits, around);
        let now = around.now;
        for (gateway, cursor, is_ok) in relayed {
            if let Some(known) = self.known(gateway) {
                known.pending -= 1;
                if is_ok {
                    known.durable = Some(cursor.clone());
                }
            }
            for end in self.ends.iter_mut().flatten() {
                if end.uplink.as_ref().is_some_and(|uplink| uplink.gateway == gateway) {
                    match is_ok {
                        true => end.side.committed(now, &cursor),
                        false => end.side.end(Bye::Failed),
                    }
                }
            }
        }
        self.welcome_those_who_wait(around);
    }

    fn index_of(&mut self, id: DeviceId, around: &mut Around<'_>) -> usize {
        match self.hub.devices.iter().position(|device| device.identity.id == id) {
            Some(index) => index,
            None => self.hub.join(id, around),
        }
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<u64> {
        let ends = self.ends.iter().flatten().filter_map(|end| end.side.poll_timeout());
        ends.chain(self.hub.next()).min()
    }
}
