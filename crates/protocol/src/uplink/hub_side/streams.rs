//! Which stream is which device, at a hub (rule U6).

use crate::id::DeviceId;
use crate::limits::UPLINK_STREAMS_MAX;
use crate::message::Fail;
use crate::uplink::wrong;
use std::collections::BTreeMap;

/// The streams of one uplink.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: BTreeMap<u64, Stream>,
    by_device: BTreeMap<DeviceId, u64>,
    /// The highest number that was ever opened: those up to it are not used again.
    last: u64,
}

#[derive(Debug)]
struct Stream {
    device: DeviceId,
    is_connected: bool,
    /// How often it was told to be connected.
    connections: u64,
}

impl Streams {
    pub(super) fn open(&mut self, stream: u64, device: DeviceId, is_connected: bool) -> Result<(), Fail> {
        if stream <= self.last {
            return Err(wrong(&format!("the stream {stream} was opened before")));
        }
        if self.by_device.contains_key(&device) {
            return Err(wrong(&format!("{device} has a stream already")));
        }
        if self.open.len() >= UPLINK_STREAMS_MAX {
            return Err(wrong(&format!("more than {UPLINK_STREAMS_MAX} streams")));
        }
        self.last = stream;
        self.by_device.insert(device.clone(), stream);
        self.open.insert(stream, Stream { device, is_connected, connections: u64::from(is_connected) });
        Ok(())
    }

    /// Closes a stream. Answers its device where that was connected.
    pub(super) fn close(&mut self, stream: u64) -> Result<Option<DeviceId>, Fail> {
        let Some(closed) = self.open.remove(&stream) else { return Err(unknown(stream)) };
        self.by_device.remove(&closed.device);
        Ok(closed.is_connected.then_some(closed.device))
    }

    pub(super) fn device(&self, stream: u64) -> Result<DeviceId, Fail> {
        self.open.get(&stream).map(|stream| stream.device.clone()).ok_or_else(|| unknown(stream))
    }

    pub(super) fn connected(&mut self, stream: u64) {
        if let Some(stream) = self.open.get_mut(&stream) {
            stream.is_connected = true;
            stream.connections += 1;
        }
    }

    /// Answers whether it was connected.
    pub(super) fn disconnected(&mut self, stream: u64) -> bool {
        self.open.get_mut(&stream).is_some_and(|stream| std::mem::take(&mut stream.is_connected))
    }

    /// The stream of a device that is connected, and which of its connections that is.
    pub(super) fn connection_of(&self, device: &DeviceId) -> Option<(u64, u64)> {
        let number = *self.by_device.get(device)?;
        let stream = self.open.get(&number).filter(|stream| stream.is_connected)?;
        Some((number, stream.connections))
    }
}

fn unknown(stream: u64) -> Fail {
    wrong(&format!("the stream {stream} is not open"))
}
