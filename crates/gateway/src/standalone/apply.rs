//! Carries out what the router decides: the only place of a standalone gateway that performs an [`Effect`].
//!
//! It is what the hub does with the same decisions, with the spool in the place of the store. What is only for people stays
//! undone: nobody watches a device here. Where a command stands is kept in memory (rule U5): a gateway that starts anew has
//! another tag, and its hubs take what they handed to the one before for unknown.

use super::Standalone;
use super::intake::SpoolLane;
use super::registry::{Cell, Inner};
use protocol::intake::Post;
use router::{Done, Effect, Presence};
use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;
use store::{DeviceKey, Write};

impl Standalone {
    /// Decides under the device's lock and carries out, in the order decided, before the lock is let go: so what one
    /// device writes and says keeps its order. Nothing in here blocks.
    pub(super) fn with<T>(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        decide: impl FnOnce(&mut Inner, &mut Vec<Effect>) -> T,
    ) -> T {
        let mut effects = Vec::new();
        let mut inner = cell.lock();
        let result = decide(&mut inner, &mut effects);
        self.carry_out(cell, &mut inner, effects);
        // In the first millisecond of the gateway nothing is late yet.
        let next = inner.device.next_timeout().and_then(|at| NonZero::new(at.max(1)));
        if next != inner.alarm {
            self.alarms.change(cell.key, inner.alarm.map(NonZero::get), next.map(NonZero::get));
            inner.alarm = next;
        }
        if !inner.open.is_empty() {
            self.report_orders(cell, &mut inner);
        }
        result
    }

    /// What needs no disk is done at once, and what follows from that is decided and carried out behind it.
    fn carry_out(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner, mut effects: Vec<Effect>) {
        let mut done = Vec::new();
        while !effects.is_empty() {
            for effect in effects.drain(..) {
                done.extend(self.perform(cell, inner, effect));
            }
            let now = self.now();
            for done in done.drain(..) {
                inner.device.done(now, &self.issuer, &done, &mut effects);
            }
        }
    }

    /// Performs one effect; what is done by that already.
    fn perform(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner, effect: Effect) -> Option<Done> {
        match effect {
            Effect::Record(write) => return self.record(inner, write),
            Effect::Post(outlet, post) => outlet.post(post),
            Effect::Welcome(outlet, welcome, generation) => {
                if let Some(call) = &mut inner.call {
                    call.heartbeat = welcome.heartbeat;
                }
                inner.is_connected = true;
                let lane = Arc::new(SpoolLane::new(self, cell, generation));
                outlet.post(Post::Welcome { welcome, lane });
                self.tell_presence(&cell.id);
            }
            Effect::List => {
                let is_gone = inner.is_connected && inner.device.presence().0 != Presence::Online;
                if is_gone {
                    inner.is_connected = false;
                    inner.call = None;
                    self.tell_presence(&cell.id);
                }
            }
            Effect::Forget => self.registry.remove(cell, inner.device.sessions()),
            // Nobody watches, and behind a gateway there is no other.
            Effect::Wake { .. } | Effect::Relay(..) => {}
        }
        None
    }

    /// Hands a write to the spool, where it is for that.
    fn record(&self, inner: &mut Inner, write: Write) -> Option<Done> {
        match write {
            // It leaves when the number above its own is durable: no number is given twice (rule C1).
            Write::Command(row) => match (&*row.state, row.number) {
                ("sent", Some(number)) => {
                    inner.leaving.push(number);
                    None
                }
                _ => Some(Done::Noted),
            },
            // For people only.
            Write::Rhythm { .. } | Write::Called { .. } => None,
            write => {
                let is_device = matches!(write, Write::Device(_));
                self.spool.submit(write);
                if is_device {
                    self.spool_learned(inner);
                }
                None
            }
        }
    }

    /// The spool has settled some writes of one device: it learns what became of them.
    pub(super) fn settle_one(self: &Arc<Self>, settled: Settled, durable: bool) {
        let Some(cell) = self.registry.by_key(settled.device) else { return };
        let now = self.now();
        self.with(&cell, |inner, effects| {
            let what = match settled.what {
                What::Done(done) => vec![done],
                What::Numbers(next) => {
                    let numbers = inner.leaving.extract_if(.., |number| *number < next);
                    numbers.map(Done::Command).collect()
                }
            };
            for done in what {
                match durable {
                    true => inner.device.done(now, &self.issuer, &done, effects),
                    false => inner.device.refused(now, &self.issuer, &done, effects),
                }
            }
        });
    }
}

/// What became of one or several writes of a device.
#[derive(Debug)]
pub(super) struct Settled {
    device: DeviceKey,
    what: What,
}

#[derive(Debug)]
enum What {
    Done(Done),
    /// Numbers of commands below this one.
    Numbers(u64),
}

/// What a batch settles, for each device in the order written. Runs of messages that are durable become their last cursor;
/// refused ones may have others between them, which are on their way.
pub(super) fn by_device(writes: &[Write], durable: bool) -> Vec<Settled> {
    let mut list: Vec<Settled> = Vec::new();
    // Where the last of each device stands in the list.
    let mut last: HashMap<DeviceKey, usize> = HashMap::new();
    let settles = writes.iter().flat_map(|write| {
        let numbers = match write {
            Write::CommandCounter { device, next } => Some((*device, What::Numbers(*next))),
            _ => None,
        };
        numbers.into_iter().chain(Done::of(write).map(|(device, done)| (device, What::Done(done))))
    });
    for (device, what) in settles {
        let place = last.entry(device).or_insert(list.len());
        match (list.get_mut(*place), &what) {
            (
                Some(Settled { what: What::Done(Done::Entries(last)), .. }),
                What::Done(Done::Entries(cursor)),
            ) if durable => *last = *cursor,
            _ => {
                *place = list.len();
                list.push(Settled { device, what });
            }
        }
    }
    list
}
