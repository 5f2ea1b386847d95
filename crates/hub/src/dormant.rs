//! Devices that the store had at the start and of which nothing was heard or asked since: in short, all in one piece of memory,
//! as there may be very many. What else is known of them stays in the store until one of them is needed.

use router::Ledger;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use store::{Called, DeviceKey, DormantDevice, GapCount};

/// All of them, by id. None is added later, and none taken out: one that wakes or is removed is marked.
#[derive(Default)]
pub(crate) struct Dormant {
    /// Their ids, one behind the other.
    ids: String,
    rows: Vec<Row>,
    /// What people call those that they call anything.
    called: BTreeMap<DeviceKey, Called>,
    /// How many sleep.
    asleep: AtomicUsize,
    /// What all of them had been through at the start.
    ledger: Ledger,
}

struct Row {
    key: DeviceKey,
    since: i64,
    /// Where its id begins, and its length.
    id: u32,
    length: u8,
    fate: AtomicU8,
    channels: u16,
}

/// What has become of a device since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fate {
    /// Only what stands here is known of it.
    Asleep,
    /// It is among those in memory.
    Awake,
    /// It was removed.
    Removed,
}

/// One of them, as lists show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief<'a> {
    pub(crate) key: DeviceKey,
    pub(crate) id: &'a str,
    pub(crate) called: Option<&'a Called>,
    /// When something was last heard of it, ms since 1970.
    pub(crate) since: i64,
    pub(crate) channels: usize,
    pub(crate) fate: Fate,
}

impl Dormant {
    /// One more, in any order; not after [`Dormant::sort`].
    pub(crate) fn add(&mut self, device: DormantDevice<'_>) {
        // Ids have at most 64 bytes, and there are at most a million devices: anything else is none of ours.
        let (Ok(id), Ok(length)) = (u32::try_from(self.ids.len()), u8::try_from(device.id.len())) else {
            tracing::error!(id = device.id, "a stored device has no valid id and is left out");
            return;
        };
        self.ids.push_str(device.id);
        let called = Called { name: device.name.map(Into::into), labels: device.labels.into() };
        if !called.is_empty() {
            self.called.insert(device.key, called);
        }
        let channels = u16::try_from(device.channels).unwrap_or(u16::MAX);
        let fate = AtomicU8::new(Fate::Asleep as u8);
        self.rows.push(Row { key: device.key, since: device.since, id, length, fate, channels });
        self.ledger.received += device.received;
        self.ledger.committed += device.received;
        self.ledger.late += device.late;
    }

    /// Gaps of one of them.
    pub(crate) fn add_loss(&mut self, reason: &str, gaps: u64, messages: u64) {
        self.ledger.skipped = self.ledger.skipped.saturating_add(messages);
        GapCount::count(&mut self.ledger.gaps, reason, gaps, messages);
    }

    /// All are added.
    pub(crate) fn sort(&mut self) {
        let Dormant { ids, rows, .. } = self;
        rows.shrink_to_fit();
        ids.shrink_to_fit();
        rows.sort_unstable_by(|a, b| a.id(ids).cmp(b.id(ids)));
        self.asleep = self.rows.len().into();
    }

    /// How many sleep.
    pub(crate) fn asleep(&self) -> usize {
        self.asleep.load(Ordering::Relaxed)
    }

    /// What all had been through at the start, also those that do not sleep any more.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The place of the one with this id.
    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.rows.binary_search_by(|row| row.id(&self.ids).cmp(id)).ok()
    }

    /// The place of the first behind this id, whether there is one of it or not.
    pub(crate) fn behind(&self, id: &str) -> usize {
        self.rows.partition_point(|row| row.id(&self.ids) <= id)
    }

    /// The one in this place, in the order of the ids.
    pub(crate) fn get(&self, place: usize) -> Option<Brief<'_>> {
        let row = self.rows.get(place)?;
        Some(Brief {
            key: row.key,
            id: row.id(&self.ids),
            called: self.called.get(&row.key),
            since: row.since,
            channels: row.channels.into(),
            fate: row.fate(),
        })
    }

    /// How many there were at the start.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What becomes of the one in this place.
    pub(crate) fn set(&self, place: usize, fate: Fate) {
        let Some(row) = self.rows.get(place) else { return };
        if row.fate.swap(fate as u8, Ordering::AcqRel) == Fate::Asleep as u8 && fate != Fate::Asleep {
            self.asleep.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl<'a> Brief<'a> {
    /// What to call it: its name, or its id.
    pub(crate) fn name(&self) -> &'a str {
        self.called.and_then(|called| called.name.as_deref()).unwrap_or(self.id)
    }

    /// Its labels, one a line.
    pub(crate) fn labels(&self) -> &'a str {
        self.called.map_or("", |called| &called.labels)
    }
}

impl Row {
    fn id<'a>(&self, ids: &'a str) -> &'a str {
        let begin = self.id as usize;
        ids.get(begin..begin + usize::from(self.length)).unwrap_or_default()
    }

    fn fate(&self) -> Fate {
        match self.fate.load(Ordering::Acquire) {
            0 => Fate::Asleep,
            1 => Fate::Awake,
            _ => Fate::Removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::auth::Grant;
    use crate::{Hub, Presence, Settings};
    use protocol::message::{Sample, Samples};
    use serde_json::value::RawValue;
    use std::path::Path;
    use std::sync::Arc;

    fn open(folder: &Path) -> (Arc<Hub>, Grant) {
        let hub = Hub::open(folder, Settings::default()).expect("the folder is ours");
        let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
        (hub, admin)
    }

    async fn stop(hub: Arc<Hub>) {
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
    }

    fn listed(hub: &Hub) -> Vec<(String, usize)> {
        let one = |device: crate::DeviceSummary| {
            assert_eq!(device.presence, Presence::Offline);
            (device.id.to_string(), device.channels)
        };
        let admin = hub.auth().administrator(hub.auth().admin_token()).expect("its own token");
        hub.devices(&admin).into_iter().map(one).collect()
    }

    fn samples() -> Samples {
        let value = RawValue::from_string("21.50".into()).expect("JSON");
        let samples = vec![Sample { channel: "t".into(), value }];
        Samples { seq: None, ts: None, samples, outbox: None }
    }

    #[tokio::test]
    async fn devices_of_an_earlier_run_are_listed_and_counted_asleep_and_are_whole_when_they_are_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let (hub, admin) = open(folder.path());
        for id in ["pump-2", "pump-1", "tank"] {
            hub.create_device(&admin, id).await.expect("free");
        }
        hub.take_samples("pump-1", samples()).await.expect("taken");
        stop(hub).await;

        let (hub, admin) = open(folder.path());
        let of =
            |list: &[(&str, usize)]| list.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect::<Vec<_>>();
        let all = of(&[("pump-1", 1), ("pump-2", 0), ("tank", 0)]);
        assert_eq!((listed(&hub), hub.registry.len(), hub.registry.awake().len()), (all.clone(), 3, 0));
        assert_eq!(hub.registry.asleep().1.received, 1);

        let pump = hub.any_device("pump-1").expect("it is known");
        assert_eq!((pump.ledger.received, &*pump.channels[0].value), (1, "21.50"));
        assert_eq!((listed(&hub), hub.registry.len(), hub.registry.awake().len()), (all, 3, 1));
        assert_eq!(hub.registry.asleep().1.received, 0, "it is counted where it is awake");

        assert!(hub.create_device(&admin, "tank").await.is_err(), "its id is taken though it sleeps");
        hub.remove_device(&admin, "tank").expect("it is there");
        hub.remove_device(&admin, "pump-2").expect("it is there");
        assert!(hub.any_device("tank").is_none());
        hub.create_device(&admin, "tank").await.expect("free again");
        hub.create_device(&admin, "a").await.expect("free");
        assert_eq!(listed(&hub), of(&[("a", 0), ("pump-1", 1), ("tank", 0)]));
        assert_eq!(hub.registry.len(), 3);
        hub.take_samples("pump-1", samples()).await.expect("its log goes on where it was");
        stop(hub).await;
    }
}
