//! A storage that failed (H9): nothing is acked and nothing is asked for until it is back, and then everything goes on.

use super::Verdict;
use protocol::limits::WINDOW_MESSAGES;
use std::collections::BTreeMap;

/// What the hub says of windows, by device.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    has_failed: bool,
    /// The window of each numbered conversation.
    windows: BTreeMap<u64, u32>,
}

impl Storage {
    /// The storage failed, or is back; the hub knows.
    pub(crate) fn changed(&mut self, is_up: bool) {
        self.has_failed = !is_up;
    }

    /// The hub starts: nobody is connected.
    pub(crate) fn started(&mut self) {
        *self = Self::default();
    }

    /// A device is welcome, with this window where it has a session.
    pub(crate) fn welcomed(&mut self, device: u64, window: Option<u32>) -> Verdict {
        match window {
            Some(window) => drop(self.windows.insert(device, window)),
            None => drop(self.windows.remove(&device)),
        }
        // What was durable when it came back is told before the windows open.
        if self.has_failed { self.fits(device) } else { Ok(()) }
    }

    /// A device's window changes.
    pub(crate) fn window(&mut self, device: u64, window: u32) {
        if let Some(known) = self.windows.get_mut(&device) {
            *known = window;
        }
    }

    /// A conversation is over.
    pub(crate) fn ended(&mut self, device: u64) {
        self.windows.remove(&device);
    }

    /// Messages are acked.
    pub(crate) fn acked(&self, device: u64) -> Verdict {
        match self.has_failed {
            false => Ok(()),
            true => Err(format!("device {device} is acked while the storage has failed")),
        }
    }

    /// All have been told.
    pub(crate) fn told(&self) -> Verdict {
        self.windows.keys().try_for_each(|device| self.fits(*device))
    }

    fn fits(&self, device: u64) -> Verdict {
        let expected = if self.has_failed { 0 } else { WINDOW_MESSAGES };
        match self.windows.get(&device) {
            Some(window) if *window != expected => {
                let how = if self.has_failed { "has failed" } else { "works" };
                Err(format!("device {device} has a window of {window}, and the storage {how}"))
            }
            _ => Ok(()),
        }
    }
}
