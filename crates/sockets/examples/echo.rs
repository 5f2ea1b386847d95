//! Says again what it is told over WebSocket, through the same frames and event loops as panels and devices: for suites that
//! judge WebSockets from outside, such as Autobahn's (`wstest -m fuzzingclient`). `echo [ADDRESS]`, until it is ended.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};
use sockets::websocket::{Frame, Frames, Violation, close, header, pong};
use sockets::{Endpoint, EventLoops, Outgoing};
use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Bytes of a message: more than any that Autobahn sends.
const MESSAGE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What is to be said.
enum Say {
    Message(u8, Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, &'static str),
}

struct Echo {
    frames: Frames,
    says: VecDeque<Say>,
    over: bool,
}

impl Echo {
    fn hears(&mut self, frame: Result<Frame<'_>, Violation>) {
        self.says.push_back(match frame {
            Ok(Frame::Text(text)) => Say::Message(0x81, text.into_owned().into_bytes()),
            Ok(Frame::Binary(bytes)) => Say::Message(0x82, bytes.into_owned()),
            Ok(Frame::Ping(payload)) => Say::Pong(payload.into_owned()),
            Ok(Frame::Pong) => return,
            Ok(Frame::Close(code)) => Say::Close(code.unwrap_or(1000), ""),
            Err(violation) => Say::Close(violation.code(), violation.reason()),
        });
    }
}

impl Endpoint for Echo {
    // What is said waits for its peer to read it: meanwhile nothing more is heard.
    fn reads(&self) -> bool {
        self.says.is_empty() && !self.over
    }

    fn read(&mut self, mut bytes: &mut [u8]) {
        while let Some(frame) = self.frames.next(&mut bytes) {
            self.hears(frame);
        }
    }

    fn read_closed(&mut self) {
        self.over = true;
    }

    fn write(&mut self, out: &mut Outgoing) {
        for say in self.says.drain(..) {
            match say {
                Say::Message(first, payload) => {
                    let mut head = header(payload.len()).as_ref().to_vec();
                    head[0] = first;
                    out.push(&head);
                    out.push(&payload);
                }
                Say::Pong(payload) => pong(out, &payload),
                Say::Close(code, reason) => {
                    close(out, code, reason);
                    self.over = true;
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        self.over && self.says.is_empty()
    }
}

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let (loops, listener) = (EventLoops::start(1)?, TcpListener::bind(address)?);
    for stream in listener.incoming() {
        let stream = stream?;
        match greeted(&stream) {
            Ok(read) => loops.handle().adopt(stream, read, |_| {
                let frames = Frames::new(MESSAGE_BYTES_MAX);
                Box::new(Echo { frames, says: VecDeque::new(), over: false })
            }),
            Err(error) => eprintln!("a handshake failed: {error}"),
        }
    }
    Ok(())
}

/// Answers the handshake; what was read behind it.
fn greeted(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut key = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("sec-websocket-key")
        {
            key = value.trim().to_owned();
        }
    }
    let read = reader.buffer().to_vec();
    let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let accept = STANDARD.encode(Sha1::new().chain_update(key).chain_update(suffix).finalize());
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )?;
    Ok(read)
}
