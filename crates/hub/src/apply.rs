//! Carries out what the router decides: the only place that performs an [`Effect`].

use crate::Hub;
use crate::audit::{Entry, What};
use crate::intake::HubLane;
use crate::registry::{Cell, Inner, Requests};
use protocol::code::Bye;
use protocol::intake::Post;
use router::{Done, Effect, RelayPost};
use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{DeviceKey, Submitted, Write};

impl Hub {
    /// Decides under the device's lock and carries out, in the order decided, before the lock is let go: so what one
    /// device writes and says keeps its order. Nothing in here blocks.
    pub(crate) fn with<T>(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        decide: impl FnOnce(&mut Inner, &mut Vec<Effect>) -> T,
    ) -> T {
        let mut effects = Vec::new();
        let mut inner = cell.lock();
        let result = decide(&mut inner, &mut effects);
        self.carry_out(cell, &mut inner, effects);
        // In the first millisecond of the hub nothing is late yet.
        let next = inner.device.next_timeout().and_then(|at| NonZero::new(at.max(1)));
        if next != inner.alarm {
            self.alarms.change(cell.key, inner.alarm.map(NonZero::get), next.map(NonZero::get));
            inner.alarm = next;
        }
        self.count_unstored(&mut inner);
        result
    }

    /// Carries out what was decided. Where the store takes a write over at once (durability `memory`), what follows from that
    /// is decided and carried out here too, behind it.
    fn carry_out(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner, mut effects: Vec<Effect>) {
        let mut taken = Vec::new();
        while !effects.is_empty() {
            for effect in effects.drain(..) {
                taken.extend(self.perform(cell, inner, effect));
            }
            for done in taken.drain(..) {
                self.decide_done(inner, done, &mut effects);
            }
        }
    }

    /// Counts the device among those that are not stored yet for as long as it is one: the store may refuse it, too.
    fn count_unstored(&self, inner: &mut Inner) {
        let identity = &inner.device.identity;
        let is_unstored = identity.joined && !identity.stored && !inner.device.is_removed();
        match (std::mem::replace(&mut inner.is_unstored, is_unstored), is_unstored) {
            (false, true) => drop(self.unstored.fetch_add(1, Ordering::Relaxed)),
            (true, false) => drop(self.unstored.fetch_sub(1, Ordering::Relaxed)),
            _ => {}
        }
    }

    /// Performs one effect; what that has made durable already.
    fn perform(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner, effect: Effect) -> Option<Done> {
        match effect {
            Effect::Record(write) => return self.record(inner, write),
            Effect::Post(outlet, post) => {
                if let Post::Bye(Bye::Replaced) = post {
                    self.audit(Entry::new(What::Takeover).device(cell.id.as_str()));
                }
                outlet.post(post);
            }
            Effect::Welcome(outlet, welcome, generation) => {
                let lane = Arc::new(HubLane::new(self, cell, generation));
                outlet.post(Post::Welcome { welcome, lane });
            }
            Effect::Wake { hurry } => {
                inner.watchers.wake(cell.key);
                if hurry {
                    self.loops.hurry();
                }
                inner.answer(|device, Requests { waiting, ends, .. }| {
                    let committed = device.committed();
                    for (_, waiter) in waiting.extract_if(.., |(cursor, _)| *cursor <= committed) {
                        // Who waited may have gone: that changes nothing about the commit.
                        let _ = waiter.send(Ok(()));
                    }
                    for (.., waiter) in ends.extract_if(.., |(by, id, _)| !device.is_ending(by, id)) {
                        let _ = waiter.send(());
                    }
                });
            }
            Effect::List => self.roster.push(&cell.id, inner.device.presence_frame()),
            Effect::Relay(uplink, post) => {
                if let RelayPost::Part { bye: Bye::Replaced, .. } = post {
                    self.audit(Entry::new(What::Takeover).device(cell.id.as_str()));
                }
                uplink.outlet.post(post);
            }
            Effect::Forget => self.forget(cell),
        }
        None
    }

    /// Hands a write to the store; what it means where that took it over at once. Behind a write of the same device that waits
    /// it waits too: so nothing of a device is shown before what came earlier.
    fn record(&self, inner: &mut Inner, write: Write) -> Option<Done> {
        if let Write::Command(row) = &write {
            self.gateways.note(row);
        }
        for gap in write.each().filter_map(|write| if let Write::Gap(gap) = write { Some(gap) } else { None })
        {
            self.audit_gap(inner.device.identity.id.as_str(), gap);
        }
        if let Write::Relayed(_) = &write {
            inner.unsettled += u32::try_from(Done::of(&write).count()).unwrap_or(u32::MAX);
            self.store.submit(write);
            return None;
        }
        let done = Done::of(&write).next().map(|(_, done)| done);
        if inner.unsettled == 0 && may_be_early(&write) {
            if self.store.take_over(write) == Submitted::Done {
                return done;
            }
        } else {
            self.store.submit(write);
        }
        inner.unsettled += u32::from(done.is_some());
        None
    }

    /// The store has settled some writes of one device: it learns what became of them.
    pub(crate) fn settle_one(self: &Arc<Self>, settled: Settled, durable: bool) {
        let Some(cell) = self.registry.by_key(settled.device) else { return };
        self.with(&cell, |inner, effects| {
            inner.unsettled = inner.unsettled.saturating_sub(settled.writes);
            match durable {
                true => self.decide_done(inner, settled.done, effects),
                false => self.decide_refused(inner, settled.done, effects),
            }
        });
    }

    fn decide_done(&self, inner: &mut Inner, done: Done, effects: &mut Vec<Effect>) {
        let now = self.now();
        match done {
            Done::Stored => {
                // Whoever made it hears of it; it may have gone meanwhile.
                inner.answer(|_, requests| {
                    requests.maker.take().map(|maker| maker.send(()));
                });
                inner.device.done(now, &self.issuer, &done, effects);
            }
            Done::Command(number) if self.is_denied(&inner.device, number) => {
                inner.device.deny(now, number, effects);
            }
            Done::Handed { by, id } if self.is_handing_denied(&inner.device, &by, &id) => {
                inner.device.deny_handing(now, &by, &id, effects);
            }
            done => inner.device.done(now, &self.issuer, &done, effects),
        }
    }

    fn decide_refused(&self, inner: &mut Inner, done: Done, effects: &mut Vec<Effect>) {
        match done {
            Done::Stored => inner.answer(|_, requests| requests.maker = None),
            Done::Entries(cursor) => {
                inner.answer(|_, requests| requests.waiting.retain(|(waits_for, _)| *waits_for < cursor));
            }
            _ => {}
        }
        inner.device.refused(self.now(), &self.issuer, &done, effects);
    }

    /// All of a batch at once.
    #[cfg(test)]
    pub(crate) fn settle(self: &Arc<Self>, commit: store::Commit) {
        let durable = commit.result.is_ok();
        for settled in by_device(&commit.writes, durable) {
            self.settle_one(settled, durable);
        }
    }
}

/// Whether a crash may take this back although it counted, where memory is durable enough: what a device said, and commands,
/// whose numbers are not given again after it. Who a device is, and which session it was given, is written first: it would not
/// be let in again.
fn may_be_early(write: &Write) -> bool {
    matches!(
        write,
        Write::Message(_)
            | Write::Gap(_)
            | Write::Describe { .. }
            | Write::Rhythm { .. }
            | Write::Command(_)
            | Write::CommandCounter { .. }
    )
}

/// What became of one or several writes of a device.
#[derive(Debug)]
pub(crate) struct Settled {
    device: DeviceKey,
    done: Done,
    /// How many they are.
    writes: u32,
}

/// What a batch settles, for each device in the order written. Runs of messages that are durable become their last cursor;
/// refused ones may have others between them, which are on their way.
pub(crate) fn by_device(writes: &[Write], durable: bool) -> Vec<Settled> {
    let mut list: Vec<Settled> = Vec::new();
    // Where the last of each device stands in the list.
    let mut last: HashMap<DeviceKey, usize> = HashMap::new();
    if let [write] = writes
        && !matches!(write, Write::Relayed(_))
    {
        let only = |(device, done)| Settled { device, done, writes: 1 };
        return Done::of(write).map(only).collect();
    }
    for (device, done) in writes.iter().flat_map(Done::of) {
        let place = last.entry(device).or_insert(list.len());
        match (list.get_mut(*place), &done) {
            (Some(Settled { done: Done::Entries(last), writes, .. }), Done::Entries(cursor)) if durable => {
                *last = *cursor;
                *writes += 1;
            }
            _ => {
                *place = list.len();
                list.push(Settled { device, done, writes: 1 });
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, TakeError};
    use protocol::id::DeviceId;
    use protocol::intake::{Intake as _, Outlet, Peer};
    use protocol::message::{Identify, Sample, Samples};
    use serde_json::value::RawValue;
    use store::{Commit, CommitError, NewDevice};

    /// The way to a connection that hears nothing.
    struct Nobody;

    impl Outlet for Nobody {
        fn post(&self, _: Post) {}
    }

    fn joined(hub: &Arc<Hub>, id: &str) -> Arc<Cell> {
        let token = Some(hub.auth().join_token().to_owned());
        let identify = Identify { device: DeviceId::parse(id), token, ..Identify::default() };
        hub.identify(
            identify,
            Peer { connection: 1, address: "test".into(), is_local: false },
            Arc::new(Nobody),
        );
        hub.registry.by_id(id).expect("it joined")
    }

    fn message(device: DeviceKey, cursor: u64) -> Write {
        let (position, samples) = (None, Vec::new());
        Write::Message(store::Message { device, cursor, position, received: 0, samples })
    }

    fn refused(write: Write) -> Commit {
        Commit { writes: vec![write], result: Err(CommitError::Full) }
    }

    #[tokio::test]
    async fn devices_that_the_store_refused_are_counted_as_unstored_once_and_while_they_are_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let hub = Hub::open(folder.path(), Settings::default()).expect("the folder is ours");
        let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
        let refuse = |cell: &Arc<Cell>| {
            let (id, token) = (cell.id.as_str().into(), None);
            let device = NewDevice { key: cell.key, id, token, joined: true, created: 0 };
            hub.settle(refused(Write::Device(device)));
        };
        let unstored = || hub.unstored.load(Ordering::Relaxed);

        let removed = joined(&hub, "pump-1");
        refuse(&removed);
        assert_eq!(unstored(), 1);
        hub.remove_device(&admin, "pump-1").expect("it is there");
        assert_eq!(unstored(), 0);

        let kept = joined(&hub, "pump-2");
        refuse(&kept);
        hub.with(&kept, |inner, effects| inner.device.keep(effects));
        assert_eq!(unstored(), 0);
        refuse(&kept);
        hub.with(&kept, |inner, effects| inner.device.dismiss(hub.now(), Bye::Failed, effects));
        assert_eq!(unstored(), 0);
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
    }

    #[tokio::test]
    async fn a_request_whose_samples_are_on_their_way_is_not_told_of_others_that_were_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let hub = Hub::open(folder.path(), Settings::default()).expect("the folder is ours");
        let cell = joined(&hub, "pump-1");
        let samples = || {
            let value = RawValue::from_string("1".into()).expect("JSON");
            let samples = vec![Sample { channel: "t".into(), value }];
            Samples { seq: None, ts: None, samples, outbox: None }
        };
        // All in one go, before anything is heard of the store.
        let (first, second, ()) = tokio::join!(
            hub.take_samples("pump-1", samples()),
            hub.take_samples("pump-1", samples()),
            async { hub.settle(refused(message(cell.key, 2))) }
        );
        assert_eq!((first, second), (Ok(()), Err(TakeError::Failed)));
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
    }

    #[tokio::test]
    async fn with_memory_what_was_said_is_committed_at_once_unless_something_of_the_device_waits() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store::Options { durability: store::Durability::Memory, ..Default::default() };
        let hub =
            Hub::open(folder.path(), Settings { store, ..Settings::default() }).expect("the folder is ours");
        let cell = joined(&hub, "pump-1");
        let say = || {
            let value = RawValue::from_string("1".into()).expect("JSON");
            let samples = vec![Sample { channel: "t".into(), value }];
            let samples = Samples { seq: None, ts: None, samples, outbox: None };
            hub.with(&cell, |inner, effects| inner.device.take_loose(hub.now(), samples, effects))
        };
        while cell.lock().unsettled > 0 {
            tokio::task::yield_now().await;
        }
        for cursor in 1..=3 {
            assert_eq!((say(), cell.lock().device.committed()), (Ok(cursor), cursor));
        }
        let describe = || Write::Describe { device: cell.key, describe: "{}".into() };
        {
            let mut inner = cell.lock();
            assert!(matches!(hub.record(&mut inner, describe()), Some(Done::Described)));
            inner.unsettled = 1;
            assert!(hub.record(&mut inner, describe()).is_none(), "nothing counts before what came earlier");
        }
        while cell.lock().unsettled > 1 {
            tokio::task::yield_now().await;
        }
        let stopped = hub.clone();
        tokio::task::spawn_blocking(move || stopped.stop()).await.expect("stops");
    }

    #[test]
    fn durable_messages_are_settled_in_one_go_and_refused_ones_each_by_itself() {
        let settled = |durable| {
            let writes = [2, 4].map(|cursor| message(DeviceKey(1), cursor));
            let cursor = |settled: Settled| match settled.done {
                Done::Entries(cursor) => (cursor, settled.writes),
                other => panic!("{other:?}"),
            };
            by_device(&writes, durable).into_iter().map(cursor).collect::<Vec<_>>()
        };
        assert_eq!((settled(true), settled(false)), (vec![(4, 2)], vec![(2, 1), (4, 1)]));
    }
}
