//! Carries out what the router decides: the only place that performs an [`Effect`].

use crate::Hub;
use crate::intake::HubLane;
use crate::registry::{Cell, Inner};
use protocol::intake::Post;
use router::{Done, Effect};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{Commit, DeviceKey, Write};

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
        for effect in effects {
            self.perform(cell, &mut inner, effect);
        }
        let next = inner.device.next_timeout();
        if next != inner.alarm {
            self.alarms.change(cell.key, inner.alarm, next);
            inner.alarm = next;
        }
        self.count_unstored(&mut inner);
        result
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

    fn perform(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner, effect: Effect) {
        match effect {
            Effect::Record(write) => self.store.submit(write),
            Effect::Post(outlet, post) => outlet.post(post),
            Effect::Welcome(outlet, welcome, generation) => {
                let lane = Arc::new(HubLane::new(self, cell, generation));
                outlet.post(Post::Welcome { welcome, lane });
            }
            Effect::Wake => {
                inner.watchers.iter().for_each(|slot| slot.wake());
                let committed = inner.device.committed();
                for (_, waiter) in inner.waiting.extract_if(.., |(cursor, _)| *cursor <= committed) {
                    // Who waited may have gone: that changes nothing about the commit.
                    let _ = waiter.send(Ok(()));
                }
                let Inner { device, ends, .. } = inner;
                for (.., waiter) in ends.extract_if(.., |(by, id, _)| !device.is_ending(by, id)) {
                    let _ = waiter.send(());
                }
            }
            Effect::List => self.roster.push(inner.device.presence_frame()),
            Effect::Forget => self.forget(cell),
        }
    }

    /// The store has settled a batch: each device learns what became of its own.
    pub(crate) fn settle(self: &Arc<Self>, commit: Commit) {
        if let Err(error) = &commit.result {
            tracing::error!(%error, writes = commit.writes.len(), "the store could not commit");
        }
        let durable = commit.result.is_ok();
        for (key, done) in by_device(&commit.writes, durable) {
            let Some(cell) = self.registry.by_key(key) else { continue };
            let now = self.now();
            self.with(&cell, |inner, effects| {
                for done in done {
                    if matches!(done, Done::Stored) {
                        // Whoever made it hears of it, one way or the other; it may have gone meanwhile.
                        inner.maker.take().filter(|_| durable).map(|maker| maker.send(()));
                    }
                    match (durable, done) {
                        (true, Done::Command(number)) if self.is_denied(&inner.device, number) => {
                            inner.device.deny(now, number, effects);
                        }
                        (true, done) => inner.device.done(now, &self.issuer, &done, effects),
                        (false, done) => {
                            if let Done::Entries(cursor) = done {
                                inner.waiting.retain(|(waits_for, _)| *waits_for < cursor);
                            }
                            inner.device.refused(now, &self.issuer, &done, effects);
                        }
                    }
                }
            });
        }
    }
}

/// What a batch settles for each device, in the order written. Runs of messages that are durable become their last cursor;
/// refused ones may have others between them, which are on their way.
fn by_device(writes: &[Write], durable: bool) -> HashMap<DeviceKey, Vec<Done>> {
    let mut devices: HashMap<DeviceKey, Vec<Done>> = HashMap::new();
    for write in writes {
        let Some((key, done)) = Done::of(write) else { continue };
        let list = devices.entry(key).or_default();
        match (list.last_mut(), &done) {
            (Some(Done::Entries(last)), Done::Entries(cursor)) if durable => *last = *cursor,
            _ => list.push(done),
        }
    }
    devices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, TakeError};
    use protocol::code::Bye;
    use protocol::id::DeviceId;
    use protocol::intake::{Intake as _, Outlet, Peer};
    use protocol::message::{Identify, Sample, Samples};
    use serde_json::value::RawValue;
    use store::{CommitError, NewDevice};

    /// The way to a connection that hears nothing.
    struct Nobody;

    impl Outlet for Nobody {
        fn post(&self, _: Post) {}
    }

    fn joined(hub: &Arc<Hub>, id: &str) -> Arc<Cell> {
        let token = Some(hub.auth().join_token().to_owned());
        let identify = Identify { device: DeviceId::parse(id), token, ..Identify::default() };
        hub.identify(identify, Peer { connection: 1, address: "test".into() }, Arc::new(Nobody));
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
            let (id, name, token) = (cell.id.as_str().into(), None, None);
            let device = NewDevice { key: cell.key, id, name, token, joined: true, created: 0 };
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

    #[test]
    fn durable_messages_are_settled_in_one_go_and_refused_ones_each_by_itself() {
        let settled = |durable| {
            let done =
                by_device(&[2, 4].map(|cursor| message(DeviceKey(1), cursor)), durable).remove(&DeviceKey(1));
            let cursor = |done| if let Done::Entries(cursor) = done { cursor } else { 0 };
            done.unwrap_or_default().into_iter().map(cursor).collect::<Vec<_>>()
        };
        assert_eq!((settled(true), settled(false)), (vec![4], vec![2, 4]));
    }
}
