//! What a panel has not seen yet: a cursor over a device's messages and one over its notices.

use super::device::Device;
use super::frame;
use bytes::Bytes;
use std::collections::BTreeMap;

/// Where one panel stands at one device.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// The last message or gap it has; nothing where it needs a snapshot first.
    cursor: Option<u64>,
    notice: u64,
}

impl Watch {
    /// A watch that begins with a snapshot.
    pub fn begin() -> Self {
        Self { cursor: None, notice: 0 }
    }
}

impl Device {
    /// A watch that goes on behind `after` where the messages since then are still here. Presence, description and
    /// receipts have no history, so it begins with those as they now stand.
    pub fn resume_watch(&self, after: u64) -> Watch {
        match after <= self.tail.head() && after >= self.tail.floor() {
            true => Watch { cursor: Some(after), notice: u64::MAX },
            false => Watch::begin(),
        }
    }

    /// Adds what `watch` has not seen to `frames` and moves it to the head. At most one frame per message of the
    /// tail, or one per channel where the panel fell behind it.
    pub fn catch_up(&self, watch: &mut Watch, frames: &mut Vec<Bytes>) {
        let Some(cursor) = watch.cursor else {
            frames.push(self.snapshot());
            *watch = Watch { cursor: Some(self.tail.head()), notice: self.notices.head() };
            return;
        };
        match self.tail.after(cursor) {
            Some(patches) => frames.extend(patches.cloned()),
            None => self.jump(cursor, frames),
        }
        match self.notices.after(watch.notice) {
            _ if watch.notice == u64::MAX => self.standing(frames),
            Some(notices) => frames.extend(notices.cloned()),
            None => {
                // What it saw under way may be settled since: it must not wait for that for ever.
                frames.extend(self.commands.recent().map(|receipt| frame::receipt(self.id(), &receipt)));
                self.standing(frames);
            }
        }
        *watch = Watch { cursor: Some(self.tail.head()), notice: self.notices.head() };
    }

    /// The panel fell behind the tail: it gets the newest sample of each channel as the messages they came in, and
    /// is told how many it passed over, so that received and skipped add up to committed.
    fn jump(&self, cursor: u64, frames: &mut Vec<Bytes>) {
        let mut messages: BTreeMap<u64, Vec<frame::Shown>> = BTreeMap::new();
        for (name, channel) in self.channels.iter() {
            let Some(latest) = channel.latest.as_ref().filter(|latest| latest.cursor > cursor) else {
                continue;
            };
            let (channel, value) = (name.clone(), latest.value.clone());
            let shown = frame::Shown { channel, value, ts: latest.ts, late: false };
            messages.entry(latest.cursor).or_default().push(shown);
        }
        // The head may be a gap or late, and so nobody's latest: its own patch ends the jump.
        let head = self.tail.head();
        let newest = self.tail.after(head.saturating_sub(1)).and_then(|mut patches| patches.next());
        let mut previous = cursor;
        for (at, samples) in &messages {
            if *at == head && newest.is_some() {
                break;
            }
            let patch = frame::patch(self.id(), *at, samples[0].ts, samples);
            frames.push(frame::with_skipped(patch, at - previous - 1));
            previous = *at;
        }
        if let Some(newest) = newest {
            frames.push(frame::with_skipped(newest.clone(), head - previous - 1));
        }
    }

    /// Presence, description and unsettled commands as they now stand.
    fn standing(&self, frames: &mut Vec<Bytes>) {
        frames.push(self.presence_frame());
        frames.push(frame::describe(self.id(), &self.channels.description()));
        frames.extend(self.commands.unsettled().map(|receipt| frame::receipt(self.id(), &receipt)));
    }

    /// All that a panel needs to begin with: state, cursor, and the commands that are under way.
    fn snapshot(&self) -> Bytes {
        let mut text = format!(
            "{{\"snapshot\":{},\"cursor\":{},\"known\":true,\"presence\":\"{}\",\"since\":{}",
            frame::quoted(self.id()),
            self.tail.head(),
            self.presence.as_str(),
            self.since,
        );
        text.push_str(&format!(",\"name\":{}", frame::quoted(self.name())));
        if let Some(last_seen) = self.last_seen {
            text.push_str(&format!(",\"last_seen\":{last_seen}"));
        }
        let counts = format!("\"counts\":{{\"received\":{},\"gaps\":{}}}", self.received, self.gaps);
        let commands: Vec<String> = self
            .commands
            .unsettled()
            .map(|receipt| String::from_utf8_lossy(&frame::receipt(self.id(), &receipt)).into_owned())
            .collect();
        text.push_str(&format!(
            ",{},{counts},\"commands\":[{}]}}",
            frame::channels(&self.channels),
            commands.join(",")
        ));
        text.into()
    }
}
