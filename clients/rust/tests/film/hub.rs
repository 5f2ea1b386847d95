//! A hub on a real socket that says what it is told to, and can be reached only when it is to be.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use tokio::net::TcpSocket;

pub(crate) struct Hub {
    address: SocketAddr,
    /// Holds the port while nobody listens: nobody else is given it.
    _port: TcpSocket,
    listener: Option<TcpListener>,
    stream: Option<TcpStream>,
    unfinished: Vec<u8>,
    said: VecDeque<Vec<u8>>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        let port = TcpSocket::new_v4().expect("a socket");
        port.set_reuseaddr(true).and_then(|()| port.bind(([127, 0, 0, 1], 0).into())).expect("a free port");
        let address = port.local_addr().expect("it is bound");
        Self {
            address,
            _port: port,
            listener: None,
            stream: None,
            unfinished: Vec::new(),
            said: VecDeque::new(),
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("tcp://{}", self.address)
    }

    pub(crate) fn listens(&mut self) {
        let listener = TcpListener::bind(self.address).expect("the port is still free");
        listener.set_nonblocking(true).expect("a setting");
        self.listener = Some(listener);
    }

    pub(crate) fn listens_no_more(&mut self) {
        self.listener = None;
    }

    /// Takes a connection if there is one; then there is no other.
    pub(crate) fn accepts(&mut self) -> bool {
        let accepted = self.listener.as_ref().and_then(|listener| listener.accept().ok());
        if let Some((stream, _)) = accepted {
            stream.set_nonblocking(true).expect("a setting");
            stream.set_nodelay(true).expect("a setting");
            (self.stream, self.listener) = (Some(stream), None);
            self.unfinished.clear();
            self.said.clear();
        }
        self.stream.is_some()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    pub(crate) fn closes(&mut self) {
        self.stream = None;
    }

    pub(crate) async fn says(&mut self, line: &str) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        stream.write_all(format!("{line}\n").as_bytes()).is_ok()
    }

    /// Reads what is there. Answers whether the device has closed the connection.
    pub(crate) fn reads_to_end(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return true };
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(bytes) => self.unfinished.extend_from_slice(&buffer[..bytes]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_reset) => return true,
            }
        }
        while let Some(end) = self.unfinished.iter().position(|byte| *byte == b'\n') {
            let rest = self.unfinished.split_off(end + 1);
            self.said.push_back(std::mem::replace(&mut self.unfinished, rest));
        }
        false
    }

    pub(crate) fn has_some(&self) -> bool {
        !self.said.is_empty()
    }

    /// The next line that the device said, with its end.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        self.said.pop_front()
    }
}
