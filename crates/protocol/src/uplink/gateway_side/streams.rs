//! Which devices have which stream (rule U6).

use super::GatewaySide;
use crate::id::DeviceId;
use crate::limits::{UPLINK_IDLE_STREAMS_MAX, UPLINK_STREAMS_MAX};
use crate::rule::{Rule, holds};
use crate::time::Time;
use crate::uplink::message::{Connected, FromGateway, OfDevice};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The devices that are connected, and those that have a stream.
#[derive(Debug, Default)]
pub(super) struct Streams {
    devices: BTreeMap<DeviceId, Lane>,
    by_number: BTreeMap<u64, DeviceId>,
    /// Those that became idle, the oldest first; some are no longer.
    idle: VecDeque<(u64, DeviceId)>,
    /// How many are idle.
    idle_count: usize,
    /// The number given last in this uplink.
    last: u64,
}

/// A device in this uplink.
#[derive(Debug, Default)]
struct Lane {
    /// How it is connected, and since when (monotonic milliseconds).
    connected: Option<(Connected, u64)>,
    /// Its stream; nothing where it has none.
    stream: Option<u64>,
    /// How often this stream was told to be connected.
    connections: u64,
}

impl Streams {
    /// The connection is gone: streams have to be opened anew. Devices that are not connected need none.
    pub(super) fn forget_numbers(&mut self) {
        self.devices.retain(|_, lane| {
            (lane.stream, lane.connections) = (None, 0);
            lane.connected.is_some()
        });
        self.by_number.clear();
        self.idle.clear();
        (self.idle_count, self.last) = (0, 0);
    }

    /// The device that the hub means, where its connection is still the one that was meant.
    pub(super) fn parted(&self, stream: u64, connection: u64) -> Option<DeviceId> {
        let device = self.by_number.get(&stream)?;
        let lane = self.devices.get(device)?;
        (lane.connected.is_some() && lane.connections == connection).then(|| device.clone())
    }

    /// One more is idle. Answers the stream that is closed for it, where there are too many.
    fn rests(&mut self, stream: u64, device: DeviceId) -> Option<u64> {
        self.idle.push_back((stream, device));
        self.idle_count += 1;
        if self.idle.len() > 2 * UPLINK_IDLE_STREAMS_MAX {
            let (devices, mut idle) = (&self.devices, std::mem::take(&mut self.idle));
            let mut seen = BTreeSet::new();
            // What is idle again stands there twice: the newer one counts.
            idle = idle
                .into_iter()
                .rev()
                .filter(|(stream, device)| is_idle(devices, *stream, device) && seen.insert(*stream))
                .collect();
            self.idle = idle.into_iter().rev().collect();
        }
        if self.idle_count <= UPLINK_IDLE_STREAMS_MAX {
            return None;
        }
        while let Some((stream, device)) = self.idle.pop_front() {
            if is_idle(&self.devices, stream, &device) {
                self.devices.remove(&device);
                self.by_number.remove(&stream);
                self.idle_count -= 1;
                return Some(stream);
            }
        }
        None
    }
}

fn is_idle(devices: &BTreeMap<DeviceId, Lane>, stream: u64, device: &DeviceId) -> bool {
    devices.get(device).is_some_and(|lane| lane.stream == Some(stream) && lane.connected.is_none())
}

/// How it is connected, as it is told now.
fn told(now: Time, connected: &Connected, since: u64) -> Connected {
    Connected { ago: now.mono.saturating_sub(since), ..connected.clone() }
}

impl GatewaySide {
    /// One batched exchange: all devices that are connected get a stream.
    ///
    /// Rule U6. Without it each gets one when it says something.
    pub(super) fn restore(&mut self, now: Time) {
        if !holds(Rule::U6) {
            return;
        }
        let devices: Vec<DeviceId> = self.streams.devices.keys().cloned().collect();
        for device in devices {
            self.open(now, &device);
        }
        self.say(now, &FromGateway::Restored);
    }

    pub(super) fn connected(&mut self, now: Time, device: &DeviceId, connected: Connected) {
        let since = now.mono.saturating_sub(connected.ago);
        let is_welcome = self.is_welcome();
        let lane = self.streams.devices.entry(device.clone()).or_default();
        let was_idle = lane.stream.is_some() && lane.connected.is_none();
        lane.connected = Some((connected.clone(), since));
        self.streams.idle_count -= usize::from(was_idle);
        if !is_welcome {
            return;
        }
        match lane.stream {
            Some(stream) => {
                lane.connections += 1;
                self.frame.device(stream, &OfDevice::Connected(connected));
                self.spoken(now);
            }
            None => self.open(now, device),
        }
    }

    pub(super) fn disconnected(&mut self, now: Time, device: &DeviceId) {
        let Some(lane) = self.streams.devices.get_mut(device) else { return };
        if lane.connected.take().is_none() {
            return;
        }
        let Some(stream) = lane.stream else {
            self.streams.devices.remove(device);
            return;
        };
        self.frame.device(stream, &OfDevice::Disconnected { ago: 0 });
        self.spoken(now);
        self.rests(now, stream, device);
    }

    /// The stream of a device, opened where it has none. A device that is not connected has one while there is room.
    pub(super) fn stream_of(&mut self, now: Time, device: &DeviceId) -> u64 {
        if self.streams.devices.get(device).is_none_or(|lane| lane.stream.is_none()) {
            self.open(now, device);
        }
        self.streams.devices.get(device).and_then(|lane| lane.stream).unwrap_or(0)
    }

    fn open(&mut self, now: Time, device: &DeviceId) {
        if self.streams.by_number.len() >= UPLINK_STREAMS_MAX {
            return self.fail("there are more devices than an uplink has streams");
        }
        self.streams.last += 1;
        let stream = self.streams.last;
        let lane = self.streams.devices.entry(device.clone()).or_default();
        lane.stream = Some(stream);
        let connected = lane.connected.as_ref().map(|(connected, since)| told(now, connected, *since));
        lane.connections = u64::from(connected.is_some());
        let is_idle = connected.is_none();
        self.streams.by_number.insert(stream, device.clone());
        self.say(now, &FromGateway::Open { stream, device: device.clone(), connected });
        if is_idle {
            self.rests(now, stream, device);
        }
    }

    fn rests(&mut self, now: Time, stream: u64, device: &DeviceId) {
        if let Some(stream) = self.streams.rests(stream, device.clone()) {
            self.say(now, &FromGateway::Close { stream });
        }
    }
}
