//! Panels: only what is committed is shown, received and skipped add up to committed, and late samples never move "now".

use super::Verdict;
use super::frame::Frame;
use crate::stored::{Entry, What};
use std::collections::BTreeMap;

/// What all panels were shown.
#[derive(Debug, Default)]
pub(crate) struct Panels {
    /// By panel and device.
    watches: BTreeMap<(usize, String), Watched>,
    /// By device and place in its log: what some panel was shown there.
    shown: BTreeMap<String, BTreeMap<u64, Shown>>,
}

/// What a panel knows of a device.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// The last place it was shown or moved to; nothing before the first snapshot.
    cursor: Option<u64>,
    /// When the newest value of each channel was taken.
    now: BTreeMap<String, i64>,
    presence: String,
    /// The rhythm of each channel in ms, where it is known.
    rhythms: BTreeMap<String, u64>,
}

#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Values(Vec<u64>),
    Lost(u64, u64),
}

impl Panels {
    /// A panel received a frame.
    pub(crate) fn received(&mut self, panel: usize, frame: &Frame<'_>) -> Verdict {
        if let Some(device) = frame.snapshot {
            return self.snapshot(panel, device, frame);
        }
        let Some(device) = frame.device else { return Ok(()) };
        if let (Some(presence), None) = (frame.presence, frame.command) {
            presence.clone_into(&mut self.watched(panel, device).presence);
        }
        for (channel, every) in frame.every.iter().flatten() {
            let rhythms = &mut self.watched(panel, device).rhythms;
            match every {
                Some(every) => rhythms.insert((*channel).to_owned(), *every),
                None => rhythms.remove(*channel),
            };
        }
        match frame.cursor {
            Some(cursor) => self.patch(panel, device, cursor, frame),
            None => Ok(()),
        }
    }

    /// The panel has taken all there is, up to `committed`.
    pub(crate) fn caught_up(&mut self, panel: usize, device: &str, committed: u64) -> Verdict {
        let cursor = self.watched(panel, device).cursor.unwrap_or(0);
        match cursor == committed {
            true => Ok(()),
            false => {
                Err(format!("panel {panel}: stands at {cursor} of {device}, and {committed} are committed"))
            }
        }
    }

    /// The place up to which a panel knows a device's log, to go on from.
    pub(crate) fn cursor(&self, panel: usize, device: &str) -> Option<u64> {
        self.watches.get(&(panel, device.to_owned())).and_then(|watched| watched.cursor)
    }

    /// The presence that a panel shows.
    pub(crate) fn presence(&self, panel: usize, device: &str) -> &str {
        self.watches.get(&(panel, device.to_owned())).map_or("", |watched| &watched.presence)
    }

    /// The rhythms that a panel knows, where it watches the device.
    pub(crate) fn rhythms(&self, panel: usize, device: &str) -> Option<&BTreeMap<String, u64>> {
        self.watches.get(&(panel, device.to_owned())).map(|watched| &watched.rhythms)
    }

    /// The log went back: what was shown of it means nothing any more.
    pub(crate) fn rolled_back(&mut self) {
        *self = Self::default();
    }

    /// Looks whether all that was shown is in the store.
    pub(crate) fn audit(&self, device: &str, log: &[Entry]) -> Verdict {
        for (cursor, shown) in self.shown.get(device).into_iter().flatten() {
            let Some(entry) = log.get(*cursor as usize - 1) else {
                return Err(format!("{device}: {cursor} was shown, and the log ends at {}", log.len()));
            };
            let same = match (shown, &entry.what) {
                (Shown::Lost(from, to), What::Gap { from: stored_from, to: stored_to, .. }) => {
                    (from, to) == (stored_from, stored_to)
                }
                (Shown::Values(values), What::Message { samples, .. }) => {
                    let stored = |value: &u64| samples.iter().any(|(_, sample)| sample.parse() == Ok(*value));
                    values.iter().all(stored)
                }
                _ => false,
            };
            if !same {
                return Err(format!(
                    "{device}: at {cursor} {shown:?} was shown, and stored is {:?}",
                    entry.what
                ));
            }
        }
        Ok(())
    }

    fn snapshot(&mut self, panel: usize, device: &str, frame: &Frame<'_>) -> Verdict {
        let cursor = frame.cursor.unwrap_or(0);
        let channels = frame.channels.iter().flatten();
        let now: BTreeMap<String, i64> =
            channels.map(|(name, latest)| ((*name).to_owned(), latest.ts)).collect();
        let latest = frame.channels.iter().flatten();
        let rhythms = latest.filter_map(|(name, latest)| Some(((*name).to_owned(), latest.every?))).collect();
        let watched = self.watched(panel, device);
        watched.rhythms = rhythms;
        let before = watched.cursor.replace(cursor).unwrap_or(0);
        frame.presence.unwrap_or_default().clone_into(&mut watched.presence);
        let older = std::mem::replace(&mut watched.now, now);
        // Within one log a snapshot is never older than what was shown before it.
        if before > cursor {
            return Err(format!("panel {panel}: {device} was at {before}, and a snapshot is at {cursor}"));
        }
        for (channel, ts) in older {
            let now = self.watched(panel, device).now.get(&channel).copied();
            if now.is_none_or(|now| now < ts) {
                return Err(format!(
                    "panel {panel}: now of {channel} of {device} went back from {ts} to {now:?}"
                ));
            }
        }
        Ok(())
    }

    fn patch(&mut self, panel: usize, device: &str, cursor: u64, frame: &Frame<'_>) -> Verdict {
        let Some(before) = self.watched(panel, device).cursor.replace(cursor) else {
            return Err(format!("panel {panel}: {device} is at {cursor}, and there was no snapshot"));
        };
        if cursor != before + frame.skipped + 1 {
            return Err(format!(
                "panel {panel}: {device} goes from {before} to {cursor}, and {} were skipped",
                frame.skipped
            ));
        }
        if let Some(lost) = &frame.lost {
            return self.show(device, cursor, Shown::Lost(lost.from, lost.to));
        }
        let single = frame.channel.zip(frame.value);
        let many = frame.values.iter().flatten().map(|(channel, value)| (*channel, *value));
        let mut values = Vec::new();
        for (channel, value) in single.into_iter().chain(many) {
            values.push(value.get().parse().map_err(|_| format!("{value} was never published"))?);
            if !frame.late {
                self.move_now(panel, device, channel, frame.ts.unwrap_or(0), frame.channel.is_some())?;
            }
        }
        self.show(device, cursor, Shown::Values(values))
    }

    /// A message is late as a whole or not at all, and a panel compares channel by channel: only of one that is `alone`
    /// it can expect that it is not older.
    fn move_now(&mut self, panel: usize, device: &str, channel: &str, ts: i64, alone: bool) -> Verdict {
        let now = &mut self.watched(panel, device).now;
        match now.get_mut(channel) {
            Some(newest) if alone && ts < *newest => Err(format!(
                "panel {panel}: now of {channel} of {device} would go back from {newest} to {ts}"
            )),
            Some(newest) => {
                *newest = (*newest).max(ts);
                Ok(())
            }
            None => {
                now.insert(channel.to_owned(), ts);
                Ok(())
            }
        }
    }

    /// Two panels are never shown two things at one place. After a jump a message is shown with some of its values only.
    fn show(&mut self, device: &str, cursor: u64, shown: Shown) -> Verdict {
        let places = match self.shown.get_mut(device) {
            Some(places) => places,
            None => self.shown.entry(device.to_owned()).or_default(),
        };
        let before = places.entry(cursor).or_insert(Shown::Values(Vec::new()));
        let agree = match (&*before, &shown) {
            (Shown::Values(before), Shown::Values(values)) => {
                before.is_empty() || values.is_empty() || values.iter().any(|value| before.contains(value))
            }
            (Shown::Values(before), Shown::Lost(..)) => before.is_empty(),
            (Shown::Lost(..), _) => *before == shown,
        };
        if !agree {
            return Err(format!("{device}: at {cursor} {before:?} was shown, and then {shown:?}"));
        }
        *before = shown;
        Ok(())
    }

    fn watched(&mut self, panel: usize, device: &str) -> &mut Watched {
        self.watches.entry((panel, device.to_owned())).or_default()
    }
}
