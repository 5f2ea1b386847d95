//! The wire between devices and hub: passes bytes on, counts lines, and breaks in the ways that wires do.
//!
//! Devices connect to an address that stays while hubs come and go behind it. What to wait for under load is so many
//! lines on the wire, not so much time.

use crate::rig::DEADLINE;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes passed on at once.
const PIECE_BYTES: usize = 16 * 1024;

/// The line that closes a device's window.
const CLOSED: &[u8] = b"{\"window\":0}";

/// A wire that runs beside the test.
pub(crate) struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Where the hub listens; nothing while there is none.
    hub: Option<String>,
    connections: Vec<Arc<Connection>>,
    /// Lines of devices that have passed.
    passed: u64,
    /// Lines of devices that were kept back.
    kept: u64,
    /// Connections made.
    connected: u64,
    /// Times the hub has told a device to send nothing.
    closed: u64,
    over: bool,
}

struct Connection {
    device: TcpStream,
    hub: TcpStream,
    way: Mutex<Way>,
    /// Lines of the device that have passed: the first is its identify, and none follows before its welcome.
    passed: AtomicU64,
}

/// What becomes of what the device says.
enum Way {
    Open,
    /// It is kept back.
    Held(Vec<u8>),
    /// It is of no interest any more.
    Over,
}

impl Wire {
    /// A wire that leads nowhere yet.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let accepting = shared.clone();
        std::thread::spawn(move || {
            for device in listener.incoming().map_while(Result::ok) {
                if accepting.lock().over {
                    return;
                }
                let carrying = accepting.clone();
                std::thread::spawn(move || carrying.carry(device));
            }
        });
        Self { address, shared }
    }

    /// Where devices connect.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Leads to the hub at `address` from now on; without one, who connects is hung up on.
    pub(crate) fn lead_to(&self, address: Option<&str>) {
        self.shared.lock().hub = address.map(str::to_owned);
    }

    /// Waits until `lines` more lines of devices have passed.
    pub(crate) fn passes(&self, lines: u64) {
        let before = self.shared.lock().passed;
        self.shared.waits("lines have not passed", before, lines, |state| state.passed);
    }

    /// Connections made so far.
    pub(crate) fn connected(&self) -> u64 {
        self.shared.lock().connected
    }

    /// Waits until `more` connections were made since there were `before`.
    pub(crate) fn connects(&self, before: u64, more: u64) {
        self.shared.waits("connections have not been made", before, more, |state| state.connected);
    }

    /// Waits until exactly so many connections stand, and devices are welcome on all of them.
    pub(crate) fn stands(&self, connections: usize) {
        let stand = |state: &State| state.connections.len() == connections;
        let waits =
            |state: &mut State| !stand(state) || !state.connections.iter().all(|one| one.is_welcome());
        let state = self.shared.lock();
        let (state, late) = self.shared.changed.wait_timeout_while(state, DEADLINE, waits).expect("no panic");
        let standing = state.connections.len();
        drop(state);
        assert!(!late.timed_out(), "{standing} connections stand, not {connections}");
    }

    /// How often the hub has closed a device's window.
    pub(crate) fn closed(&self) -> u64 {
        self.shared.lock().closed
    }

    /// The port on which it listens for devices.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The connections of now, each as the ports of its two ends; one from a device is two, for the wire is between.
    pub(crate) fn ends(&self) -> Vec<(u16, u16)> {
        let port = |end: std::io::Result<SocketAddr>| end.ok().map(|end| end.port());
        let ends = |stream: &TcpStream| port(stream.local_addr()).zip(port(stream.peer_addr()));
        let state = self.shared.lock();
        state.connections.iter().flat_map(|one| [ends(&one.device), ends(&one.hub)]).flatten().collect()
    }

    /// Keeps back what devices say on the connections of now, until `lines` lines are kept.
    pub(crate) fn hold(&self, lines: u64) {
        let (before, _) = self.keep_back(|_| true);
        self.shared.waits("lines were not kept back", before, lines, |state| state.kept);
    }

    /// The same on those on which devices are welcome, until there are `lines` lines for each of them: how many they are
    /// depends on how long the others wait before they come back.
    pub(crate) fn hold_welcome(&self, lines: u64) {
        let (before, held) = self.keep_back(Connection::is_welcome);
        self.shared.waits("lines were not kept back", before, held * lines, |state| state.kept);
    }

    /// From now on what devices say is kept back on connections that are `wanted`. Gives how many lines were before, and how
    /// many connections they are.
    fn keep_back(&self, wanted: impl Fn(&Connection) -> bool) -> (u64, u64) {
        let state = self.shared.lock();
        let mut held = 0;
        for connection in state.connections.iter().filter(|connection| wanted(connection)) {
            let mut way = connection.way();
            if matches!(*way, Way::Open) {
                *way = Way::Held(Vec::new());
                held += 1;
            }
        }
        (state.kept, held)
    }

    /// The devices on held connections see them end, and come back by others; the hub sees nothing of it.
    pub(crate) fn part(&self) {
        for connection in self.shared.lock().connections.iter().filter(|connection| connection.is_held()) {
            // Ended already is as good.
            let _ = connection.device.shutdown(Shutdown::Both);
        }
    }

    /// What was kept back reaches the hub after all, by the connections that it was said on, which then end.
    pub(crate) fn let_go(&self) {
        let held: Vec<_> = self.shared.lock().connections.extract_if(.., |one| one.is_held()).collect();
        for connection in held {
            let way = std::mem::replace(&mut *connection.way(), Way::Over);
            if let Way::Held(bytes) = way {
                // A hub that has given this connection up has closed it.
                let _ = (&connection.hub).write_all(&bytes);
            }
            connection.end();
        }
    }

    /// Ends every connection, for both sides.
    pub(crate) fn cut(&self) {
        for connection in self.shared.lock().connections.drain(..) {
            connection.end();
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.cut();
        // So that it looks up and sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waits(&self, what: &str, before: u64, more: u64, counted: impl Fn(&State) -> u64) {
        let state = self.lock();
        let goal = before + more;
        let waits = |state: &mut State| counted(state) < goal;
        let (state, late) = self.changed.wait_timeout_while(state, DEADLINE, waits).expect("no panic");
        let missing = goal - counted(&state).min(goal);
        drop(state);
        assert!(!late.timed_out(), "{missing} of {more} {what}");
    }

    /// Carries one connection, from its beginning to its end.
    fn carry(self: &Arc<Self>, device: TcpStream) {
        // A hub that was killed a moment ago answers as no hub does: the device is hung up on.
        let hub = self.lock().hub.clone();
        let Some(Ok(hub)) = hub.map(TcpStream::connect) else { return };
        for stream in [&device, &hub] {
            stream.set_nodelay(true).expect("a socket");
        }
        let connection =
            Arc::new(Connection { device, hub, way: Mutex::new(Way::Open), passed: AtomicU64::new(0) });
        let mut state = self.lock();
        state.connections.push(connection.clone());
        state.connected += 1;
        self.changed.notify_all();
        drop(state);
        let (shared, back) = (self.clone(), connection.clone());
        std::thread::spawn(move || shared.carry_back(&back));
        self.carry_out(&connection);
    }

    /// From the device to the hub.
    fn carry_out(&self, connection: &Arc<Connection>) {
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = (&connection.device).read(&mut piece) {
            let bytes = &piece[..length];
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            let held = match &mut *connection.way() {
                Way::Open => false,
                Way::Held(kept) => {
                    kept.extend_from_slice(bytes);
                    true
                }
                Way::Over => return,
            };
            // Outside the lock: a hub that stands still takes nothing.
            if !held && (&connection.hub).write_all(bytes).is_err() {
                break;
            }
            if !held {
                connection.passed.fetch_add(lines, Ordering::Relaxed);
            }
            let mut state = self.lock();
            *(if held { &mut state.kept } else { &mut state.passed }) += lines;
            self.changed.notify_all();
        }
        if !connection.is_held() {
            connection.end();
            self.lock().connections.retain(|other| !Arc::ptr_eq(other, connection));
            self.changed.notify_all();
        }
    }

    /// From the hub to the device.
    fn carry_back(&self, connection: &Connection) {
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = (&connection.hub).read(&mut piece) {
            let bytes = &piece[..length];
            // A line that falls apart between two pieces is missed; there are enough others.
            self.lock().closed +=
                bytes.windows(CLOSED.len()).filter(|window| *window == CLOSED).count() as u64;
            if (&connection.device).write_all(bytes).is_err() {
                break;
            }
        }
        let _ = connection.device.shutdown(Shutdown::Both);
    }
}

impl Connection {
    fn way(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a line has passed behind the identify.
    fn is_welcome(&self) -> bool {
        self.passed.load(Ordering::Relaxed) > 1
    }

    fn is_held(&self) -> bool {
        matches!(*self.way(), Way::Held(_))
    }

    fn end(&self) {
        // Ended already is as good.
        let _ = self.device.shutdown(Shutdown::Both);
        let _ = self.hub.shutdown(Shutdown::Both);
    }
}
