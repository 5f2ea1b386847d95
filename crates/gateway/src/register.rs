//! Which connections there are, and how many there may be.

use crate::clock;
use crate::connection::{Connection, Door};
use crate::limits::{Limits, STOPPING_MAX};
use crate::mailbox::Mailbox;
use protocol::code::Bye;
use protocol::intake::{Intake, Outlet, Post};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::time::timeout;

/// All connections of devices in this process, and the intake they speak to. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    intake: Arc<dyn Intake>,
    limits: Limits,
    register: Arc<Mutex<Register>>,
    stopping: Arc<watch::Sender<bool>>,
    /// How many connections there are.
    count: Arc<watch::Sender<usize>>,
}

#[derive(Default)]
struct Register {
    connections: HashMap<u64, Entry>,
    last_number: u64,
}

struct Entry {
    mailbox: Arc<Mailbox>,
    live: LiveConnection,
}

/// One connection as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveConnection {
    /// Its number, unique in this process.
    pub connection: u64,
    /// Where it comes from: `tcp 127.0.0.1:52144`.
    pub address: Arc<str>,
    /// The device's id, once it was welcome.
    pub device: Option<Arc<str>>,
    /// When it was accepted, milliseconds since 1970.
    pub since: i64,
}

impl Gateway {
    /// A gateway whose devices speak to `intake`. It listens nowhere yet: see [`crate::listen`].
    pub fn new(intake: Arc<dyn Intake>, limits: Limits) -> Self {
        Self {
            intake,
            limits,
            register: Arc::default(),
            stopping: Arc::new(watch::Sender::new(false)),
            count: Arc::new(watch::Sender::new(0)),
        }
    }

    /// The connections there are now, oldest first.
    pub fn connections(&self) -> Vec<LiveConnection> {
        let mut connections: Vec<_> =
            self.lock().connections.values().map(|entry| entry.live.clone()).collect();
        connections.sort_unstable_by_key(|live| live.connection);
        connections
    }

    /// Tells every device `bye stopping`, takes no further connection, and waits until all are closed, at most
    /// [`STOPPING_MAX`].
    pub async fn shutdown(&self) {
        self.stopping.send_replace(true);
        for entry in self.lock().connections.values() {
            entry.mailbox.post(Post::Bye(Bye::Stopping));
        }
        let mut count = self.count.subscribe();
        if timeout(STOPPING_MAX, count.wait_for(|count| *count == 0)).await.is_err() {
            tracing::warn!(connections = *count.borrow(), "stopped before all devices had closed");
        }
    }

    /// Waits until the gateway stops.
    pub(crate) async fn stopped(&self) {
        // It cannot fail while `self` holds the sender.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// A connection from `address` was made; it is on the list until what is answered is dropped.
    ///
    /// # Errors
    /// Why there is no room for it.
    pub(crate) fn admit(&self, address: String) -> Result<Admitted, Bye> {
        let address: Arc<str> = address.into();
        let now = clock::now();
        let mailbox = Arc::new(Mailbox::default());
        let mut register = self.lock();
        if *self.stopping.borrow() {
            return Err(Bye::Stopping);
        }
        if register.connections.len() >= self.limits.connections_max {
            return Err(Bye::Full);
        }
        register.last_number += 1;
        let number = register.last_number;
        let live =
            LiveConnection { connection: number, address: address.clone(), device: None, since: now.wall };
        register.connections.insert(number, Entry { mailbox: mailbox.clone(), live });
        self.count.send_replace(register.connections.len());
        drop(register);
        let door = Door { intake: self.intake.clone(), outlet: mailbox.clone(), connection: number, address };
        Ok(Admitted { connection: Connection::new(now, door), mailbox, number, gateway: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Register> {
        // Entries are added and removed whole: a panic elsewhere leaves none half made.
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection and its place on the list.
pub(crate) struct Admitted {
    pub(crate) connection: Connection,
    pub(crate) mailbox: Arc<Mailbox>,
    number: u64,
    gateway: Gateway,
}

impl Admitted {
    /// Hands posts to the connection, and keeps the list true.
    pub(crate) fn post_all(&mut self, posts: VecDeque<Post>) {
        for post in posts {
            let welcome = matches!(post, Post::Welcome { .. });
            self.connection.post(clock::now(), post);
            if welcome {
                self.show_device();
            }
        }
        self.connection.check_slow(clock::now());
    }

    fn show_device(&self) {
        if let Some(entry) = self.gateway.lock().connections.get_mut(&self.number) {
            entry.live.device = self.connection.device().map(Arc::from);
        }
    }
}

impl Admitted {
    /// The device is gone, whether or not something is left to write. What was begun with it ends, and a welcome that
    /// is still to come reaches nobody.
    pub(crate) fn leave(&mut self) {
        self.connection.closed();
        self.mailbox.close();
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.leave();
        let mut register = self.gateway.lock();
        register.connections.remove(&self.number);
        self.gateway.count.send_replace(register.connections.len());
    }
}
