//! A connection between a test and an endpoint that does what the test says and tells what it is told.

use sockets::{Endpoint, Handle, Outgoing, Remote};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Only a test that would fail waits for so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What an endpoint was told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Read(Vec<u8>),
    Closed,
    Woken,
    Timeout,
    /// It was asked what to write.
    Asked,
    Dropped,
}

/// What an endpoint does.
#[derive(Default)]
pub(crate) struct Does {
    /// It does not take what its peer sends.
    pub(crate) deaf: bool,
    /// To be said when it is asked next.
    pub(crate) says: Vec<u8>,
    pub(crate) over: bool,
    pub(crate) gathers: bool,
    pub(crate) deadline: Option<Instant>,
    /// Its deadline as soon as it is woken.
    pub(crate) next_deadline: Option<Instant>,
    pub(crate) stall_max: Option<Duration>,
    /// The call in which it panics.
    pub(crate) panics: Option<&'static str>,
}

struct Scripted {
    does: Arc<Mutex<Does>>,
    told: Sender<Told>,
}

impl Scripted {
    /// Its script, in a call of this name.
    fn in_call(&self, call: &str) -> MutexGuard<'_, Does> {
        let does = self.does.lock().unwrap_or_else(PoisonError::into_inner);
        if does.panics == Some(call) {
            drop(does);
            panic!("a panic in {call}, as the test wants it");
        }
        does
    }

    fn tell(&self, told: Told) {
        // A test may have heard enough.
        let _ = self.told.send(told);
    }
}

impl Endpoint for Scripted {
    fn reads(&self) -> bool {
        !self.in_call("reads").deaf
    }

    fn read(&mut self, bytes: &mut [u8]) {
        drop(self.in_call("read"));
        assert!((1..=sockets::limits::READ_BYTES).contains(&bytes.len()));
        self.tell(Told::Read(bytes.to_vec()));
        // Nobody else may see it, whatever is done to it.
        bytes.fill(0);
    }

    fn read_closed(&mut self) {
        drop(self.in_call("read_closed"));
        self.tell(Told::Closed);
    }

    fn woken(&mut self) {
        let mut does = self.in_call("woken");
        does.deadline = does.next_deadline.take().or(does.deadline);
        drop(does);
        self.tell(Told::Woken);
    }

    fn deadline(&self) -> Option<Instant> {
        self.in_call("deadline").deadline
    }

    fn timeout(&mut self) {
        let mut does = self.in_call("timeout");
        let deadline = does.deadline.take();
        does.says = b"late".to_vec();
        drop(does);
        assert!(deadline.is_some_and(|deadline| Instant::now() >= deadline), "called too early");
        self.tell(Told::Timeout);
    }

    fn write(&mut self, out: &mut Outgoing) {
        let says = std::mem::take(&mut self.does.lock().unwrap_or_else(PoisonError::into_inner).says);
        out.push(&says);
        self.tell(Told::Asked);
        drop(self.in_call("write"));
    }

    fn is_over(&self) -> bool {
        self.in_call("is_over").over
    }

    fn gathers(&self) -> bool {
        self.in_call("gathers").gathers
    }

    fn stall_max(&self) -> Option<Duration> {
        self.in_call("stall_max").stall_max
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.tell(Told::Dropped);
        drop(self.in_call("drop"));
    }
}

/// Both ends of a connection: what a loop takes, and its peer.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let peer = TcpStream::connect(listener.local_addr().expect("an address")).expect("it listens");
    let (ours, _) = listener.accept().expect("a connection");
    peer.set_read_timeout(Some(PATIENCE)).expect("a socket");
    peer.set_write_timeout(Some(PATIENCE)).expect("a socket");
    (ours, peer)
}

/// A scripted endpoint in a loop, and the other end of its connection.
pub(crate) struct Joined {
    pub(crate) peer: TcpStream,
    pub(crate) remote: Remote,
    does: Arc<Mutex<Does>>,
    told: Receiver<Told>,
}

impl Joined {
    pub(crate) fn new(handle: &Handle, does: Does) -> Self {
        let (ours, peer) = pair();
        let (does, (told, hears), (say_remote, remote)) = (Arc::new(Mutex::new(does)), channel(), channel());
        let script = does.clone();
        handle.adopt(ours, Vec::new(), move |remote| {
            say_remote.send(remote).expect("the test waits for it");
            Box::new(Scripted { does: script, told })
        });
        Self { peer, remote: remote.recv_timeout(PATIENCE).expect("it was adopted"), does, told: hears }
    }

    /// Changes what it does, which it notices when it is called next.
    pub(crate) fn does(&self) -> MutexGuard<'_, Does> {
        self.does.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it is told next, whether it was asked or woken aside.
    pub(crate) fn hears(&self) -> Told {
        self.all().find(|told| !matches!(told, Told::Asked | Told::Woken)).expect("it is told something")
    }

    pub(crate) fn is_told(&self, wanted: &Told) {
        assert!(self.all().any(|told| told == *wanted), "it is never told {wanted:?}");
    }

    /// Has it woken to say something, and waits until that is done, also the rest of that turn.
    pub(crate) fn says(&self, bytes: Vec<u8>) {
        self.does().says = bytes;
        self.remote.wake();
        while !self.does().says.is_empty() {
            self.is_told(&Told::Asked);
        }
        self.woken_once();
    }

    /// Everything that it is told, until it is dropped.
    pub(crate) fn all(&self) -> impl Iterator<Item = Told> {
        std::iter::from_fn(|| match self.told.recv_timeout(PATIENCE) {
            Ok(told) => Some(told),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(error) => panic!("nothing happens: {error}"),
        })
    }

    /// Wakes it twice; what it was told between being woken and being woken again.
    pub(crate) fn woken_once(&self) -> Vec<Told> {
        self.remote.wake();
        self.is_told(&Told::Woken);
        self.remote.wake();
        self.all().take_while(|told| *told != Told::Woken).collect()
    }
}
