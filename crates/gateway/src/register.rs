//! Which connections there are, and how many there may be.

use crate::clock;
use crate::limits::{Limits, STOPPING_MAX};
use crate::mailbox::Mailbox;
use crate::place::{Address, LiveConnection, Place};
use crate::serial_counts::SerialCounts;
use crate::turned_away::TurnedAway;
use protocol::code::Bye;
use protocol::intake::{Intake, Outlet, Post, StrangerLimit};
use protocol::limits::IDENTIFY_SECONDS_MAX;
use sockets::doorway::Strangers;
use sockets::slots::Slots;
use sockets::{Doorway, Handle, Remote};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// All connections of devices in this process, and the intake they speak to. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

struct Shared {
    intake: Arc<dyn Intake>,
    limits: Limits,
    /// Where the connections live.
    loops: Handle,
    register: Mutex<Register>,
    turned_away: TurnedAway,
    doorway: Doorway,
    throttled: AtomicU64,
    serial_counts: SerialCounts,
    stopping: watch::Sender<bool>,
    /// How many connections there are.
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Register {
    connections: Slots<Arc<Place>>,
    last_number: u64,
}

impl Gateway {
    /// A gateway whose devices speak to `intake`, and whose connections live in `loops`. It listens nowhere yet: see
    /// [`crate::listen`].
    pub fn new(intake: Arc<dyn Intake>, limits: Limits, loops: Handle) -> Self {
        let doorway = Doorway::new(limits.strangers, Duration::from_secs(IDENTIFY_SECONDS_MAX));
        Self(Arc::new(Shared {
            intake,
            limits,
            doorway,
            throttled: AtomicU64::new(0),
            loops,
            register: Mutex::default(),
            turned_away: TurnedAway::default(),
            serial_counts: SerialCounts::default(),
            stopping: watch::Sender::new(false),
            count: watch::Sender::new(0),
        }))
    }

    /// The connections there are now, oldest first.
    pub fn connections(&self) -> Vec<LiveConnection> {
        let mut connections: Vec<_> = self.places().iter().map(|place| place.live()).collect();
        connections.sort_unstable_by_key(|live| live.connection);
        connections
    }

    /// Tells every device `bye stopping`, takes no further connection, and waits until all are closed, at most
    /// [`STOPPING_MAX`].
    pub async fn shutdown(&self) {
        self.0.stopping.send_replace(true);
        for place in self.places() {
            place.post(Post::Bye(Bye::Stopping));
        }
        let mut count = self.0.count.subscribe();
        if timeout(STOPPING_MAX, count.wait_for(|count| *count == 0)).await.is_err() {
            tracing::warn!(connections = *count.borrow(), "stopped before all devices had closed");
        }
    }

    /// Waits until the gateway stops.
    pub(crate) async fn stopped(&self) {
        // It cannot fail while `self` holds the sender.
        let _ = self.0.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    pub(crate) fn intake(&self) -> &dyn Intake {
        &*self.0.intake
    }

    /// Somebody who is no welcome device yet hit a limit.
    pub(crate) fn limit_hit(&self, limit: StrangerLimit, address: &Address) {
        self.intake().limit_hit(limit, &address.to_string());
    }

    /// Devices for which there was no room.
    pub(crate) fn turned_away(&self) -> &TurnedAway {
        &self.0.turned_away
    }

    /// Where those are let in whose device is not welcome yet.
    pub(crate) fn doorway(&self) -> &Doorway {
        &self.0.doorway
    }

    /// Connections whose device is not welcome yet.
    pub fn strangers(&self) -> Strangers {
        self.0.doorway.strangers()
    }

    /// How often a device was not read for a while because it says too much, since this process was started.
    pub fn throttled(&self) -> u64 {
        self.0.throttled.load(Ordering::Relaxed)
    }

    pub(crate) fn throttles(&self) {
        self.0.throttled.fetch_add(1, Ordering::Relaxed);
    }

    /// What came over serial lines, since this process was started.
    pub fn serial_counts(&self) -> &SerialCounts {
        &self.0.serial_counts
    }

    pub(crate) fn loops(&self) -> &Handle {
        &self.0.loops
    }

    /// A connection from `address` was made, which `remote` reaches; it is on the list until what is answered is dropped.
    ///
    /// # Errors
    /// Why there is no room for it.
    pub(crate) fn admit(&self, address: Address, remote: Remote) -> Result<Door, Bye> {
        let since = clock::now().wall;
        let mut register = self.lock();
        if *self.0.stopping.borrow() {
            return Err(Bye::Stopping);
        }
        if register.connections.len() >= self.0.limits.connections_max {
            return Err(Bye::Full);
        }
        register.last_number += 1;
        let place = Arc::new(Place::new(register.last_number, address, since, Mailbox::new(remote)));
        let key = register.connections.insert(place.clone());
        self.0.count.send_replace(register.connections.len());
        Ok(Door { gateway: self.clone(), place, key })
    }

    /// The connections there are now. What is told to them is told without the lock.
    fn places(&self) -> Vec<Arc<Place>> {
        self.lock().connections.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Register> {
        // Entries are added and removed whole: a panic elsewhere leaves none half made.
        self.0.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a connection needs of the world: to whom its device talks, and as whom. Dropping it takes the connection off the
/// list.
pub(crate) struct Door {
    pub(crate) gateway: Gateway,
    pub(crate) place: Arc<Place>,
    key: usize,
}

impl Drop for Door {
    fn drop(&mut self) {
        let mut register = self.gateway.lock();
        register.connections.remove(self.key);
        self.gateway.0.count.send_replace(register.connections.len());
    }
}
