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
        result
    }

    fn perform(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner, effect: Effect) {
        match effect {
            Effect::Record(write) => {
                if matches!(&write, Write::Device(device) if device.joined) {
                    self.unstored.fetch_sub(1, Ordering::Relaxed);
                }
                self.store.submit(write);
            }
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
            Effect::Forget => {
                self.unstored.fetch_sub(1, Ordering::Relaxed);
                self.forget(cell);
            }
        }
    }

    /// The store has settled a batch: each device learns what became of its own.
    pub(crate) fn settle(self: &Arc<Self>, commit: Commit) {
        if let Err(error) = &commit.result {
            tracing::error!(%error, writes = commit.writes.len(), "the store could not commit");
        }
        let durable = commit.result.is_ok();
        for (key, done) in by_device(&commit.writes) {
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
                            if matches!(done, Done::Entries(_)) {
                                inner.waiting.clear();
                            }
                            inner.device.refused(now, &done, effects);
                        }
                    }
                }
            });
        }
    }
}

/// What a batch settles for each device, in the order written. Runs of messages become their last cursor.
fn by_device(writes: &[Write]) -> HashMap<DeviceKey, Vec<Done>> {
    let mut devices: HashMap<DeviceKey, Vec<Done>> = HashMap::new();
    for write in writes {
        let Some((key, done)) = Done::of(write) else { continue };
        let list = devices.entry(key).or_default();
        match (list.last_mut(), &done) {
            (Some(Done::Entries(last)), Done::Entries(cursor)) => *last = *cursor,
            _ => list.push(done),
        }
    }
    devices
}
