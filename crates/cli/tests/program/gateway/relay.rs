//! What lies between a gateway and its hub: can be led elsewhere, and cut.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A relay on a port of its own.
pub(crate) struct Relay {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Where it leads; nowhere: who connects is cut at once.
    to: Option<String>,
    open: Vec<TcpStream>,
    /// Bytes towards the hub after which connections are cut, each anew.
    cut_after: Option<usize>,
}

impl Relay {
    pub(crate) fn to(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let state = Arc::new(Mutex::new(State { to: Some(to.to_owned()), ..State::default() }));
        let carrying = state.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                carry(near, &carrying);
            }
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// From now on it leads there, or nowhere. What is open is cut.
    pub(crate) fn lead_to(&self, to: Option<&str>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).to = to.map(str::to_owned);
        self.cut();
    }

    /// Cuts what is open.
    pub(crate) fn cut(&self) {
        for open in self.state.lock().unwrap_or_else(PoisonError::into_inner).open.drain(..) {
            // It may be cut already.
            let _ = open.shutdown(Shutdown::Both);
        }
    }

    /// Cuts each connection from now on after so many bytes towards the hub.
    pub(crate) fn cut_after(&self, bytes: Option<usize>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).cut_after = bytes;
        self.cut();
    }
}

fn carry(near: TcpStream, state: &Arc<Mutex<State>>) {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(far) = state.to.as_ref().and_then(|to| TcpStream::connect(to).ok()) else { return };
    let ends = [&near, &far].map(|end| end.try_clone().expect("a socket"));
    state.open.extend(ends);
    let left = state.cut_after.unwrap_or(usize::MAX);
    let (back, there) = (near.try_clone().expect("a socket"), far.try_clone().expect("a socket"));
    thread::spawn(move || pump(near, there, left));
    thread::spawn(move || pump(far, back, usize::MAX));
}

fn pump(mut from: TcpStream, mut to: TcpStream, mut left: usize) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let part = &bytes[..read.min(left)];
        left -= part.len();
        if to.write_all(part).is_err() || left == 0 {
            break;
        }
    }
    // One end of it is gone: so is the other.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
