//! `glassline chaos` between a peer and an echo, both of them the test.

use crate::rig::{DEADLINE, Program};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use tempfile::TempDir;

/// A running relay, and what it leads to.
struct Relay {
    _home: TempDir,
    program: Program,
    address: String,
    orders: BufReader<TcpStream>,
    far: TcpListener,
}

impl Relay {
    fn start(flags: &[&str]) -> Self {
        let home = TempDir::new().expect("a folder");
        let far = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let to = far.local_addr().expect("it is bound").to_string();
        let common = ["chaos", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--to", &to];
        let mut program = Program::start(home.path(), &[&common[..], flags].concat());
        let mut named = |word: &str| {
            let line = program.line(|line| line.starts_with(word));
            line[word.len()..].trim().to_owned()
        };
        let (address, control) = (named("listening"), named("control"));
        let orders = BufReader::new(TcpStream::connect(control).expect("it takes orders"));
        Self { _home: home, program, address, orders, far }
    }

    /// A connection through it: its near and its far end.
    fn connects(&self) -> (TcpStream, TcpStream) {
        let near = self.near();
        let far = self.far.accept().expect("it is carried").0;
        far.set_read_timeout(Some(DEADLINE)).expect("a socket");
        (near, far)
    }

    fn near(&self) -> TcpStream {
        let near = TcpStream::connect(&self.address).expect("it listens");
        near.set_read_timeout(Some(DEADLINE)).expect("a socket");
        near
    }

    fn orders(&mut self, order: &str) -> String {
        self.orders.get_mut().write_all(format!("{order}\n").as_bytes()).expect("it listens");
        let mut answer = String::new();
        self.orders.read_line(&mut answer).expect("it answers");
        answer.trim_end().to_owned()
    }

    fn obeys(&mut self, order: &str) {
        assert_eq!(self.orders(order), "ok", "{order}");
    }
}

/// One of the counts, as it prints them.
fn count(counts: &str, name: &str) -> u64 {
    let value = counts.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    value.expect(name).parse().expect("a number")
}

fn passes(from: &mut TcpStream, to: &mut TcpStream, text: &str) {
    from.write_all(text.as_bytes()).expect("it is open");
    let mut read = vec![0; text.len()];
    to.read_exact(&mut read).expect("it comes");
    assert_eq!(read, text.as_bytes());
}

/// Whether nothing has come, and the connection stands.
fn is_silent(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let read = (&mut &*stream).read(&mut [0]);
    stream.set_nonblocking(false).expect("a socket");
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

fn is_reset(stream: &mut TcpStream) -> bool {
    let read = stream.read(&mut [0; 64]);
    read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

#[test]
fn without_faults_everything_passes_to_its_end() {
    let mut relay = Relay::start(&[]);
    let (mut near, mut far) = relay.connects();
    passes(&mut near, &mut far, "there\n");
    passes(&mut far, &mut near, "and back\n");
    near.shutdown(std::net::Shutdown::Write).expect("it is open");
    assert_eq!(far.read(&mut [0]).expect("the end"), 0);
    passes(&mut far, &mut near, "still heard\n");
    drop(far);
    assert_eq!(near.read(&mut [0]).expect("the end"), 0);
    relay.program.signal("TERM");
    let counts = relay.program.line(|line| line.starts_with("counts "));
    let counted = ["connections", "bytes-to", "bytes-back", "cut"].map(|name| count(&counts, name));
    assert_eq!(counted, [1, 6, 21, 0], "{counts}");
}

#[test]
fn a_cut_resets_both_ends_and_what_follows_passes() {
    let mut relay = Relay::start(&[]);
    let (mut near, mut far) = relay.connects();
    passes(&mut near, &mut far, "before");
    relay.obeys("cut");
    assert!(is_reset(&mut near) && is_reset(&mut far));
    let (mut near, mut far) = relay.connects();
    passes(&mut near, &mut far, "after");
}

#[test]
fn a_cut_after_so_many_bytes_lets_exactly_those_pass() {
    let mut relay = Relay::start(&["--cut-after", "10"]);
    let (mut near, mut far) = relay.connects();
    near.write_all(b"0123456789abcdef").expect("it is open");
    let mut read = Vec::new();
    let _reset = far.read_to_end(&mut read);
    assert!(read.is_empty() || read == b"0123456789", "{read:?}");
    let counts = relay.orders("counts");
    assert_eq!((count(&counts, "bytes-to"), count(&counts, "cut")), (10, 1), "{counts}");
}

#[test]
fn a_stall_keeps_everything_until_it_is_healed() {
    let mut relay = Relay::start(&["--stall"]);
    let (mut near, mut far) = relay.connects();
    near.write_all(b"kept\n").expect("it is open");
    let counts = relay.orders("counts");
    assert!(count(&counts, "bytes-to") == 0 && is_silent(&far), "{counts}");
    relay.obeys("heal");
    let mut read = [0; 5];
    far.read_exact(&mut read).expect("it comes");
    assert_eq!(&read, b"kept\n");
}

#[test]
fn one_end_of_a_half_open_connection_is_not_told() {
    for (order, near_is_told) in [("half-open", false), ("half-open to", true)] {
        let mut relay = Relay::start(&[]);
        let (mut near, mut far) = relay.connects();
        passes(&mut near, &mut far, "open");
        relay.obeys(order);
        let (told, untold) = if near_is_told { (&mut near, &mut far) } else { (&mut far, &mut near) };
        assert!(is_reset(told), "{order}");
        untold.write_all(b"into the void").expect("it seems open");
        assert!(is_silent(untold), "{order}");
        relay.obeys("heal");
        assert!(is_silent(untold), "{order}: the other end is gone for good");
        let (mut near, mut far) = relay.connects();
        passes(&mut near, &mut far, "anew");
    }
}

#[test]
fn what_is_refused_is_ended_and_a_wrong_order_is_answered() {
    let mut relay = Relay::start(&["--refuse"]);
    assert!(relay.near().read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    assert_eq!(relay.orders("explode"), "no: there is no such order: explode");
    relay.obeys("heal");
    let (mut near, mut far) = relay.connects();
    passes(&mut near, &mut far, "open again");
}

#[test]
fn bytes_are_corrupted_as_the_seed_has_it_and_delayed_in_their_order() {
    let corrupted = |seed: &str| {
        let flags =
            ["--corrupt", "20", "--delay", "5", "--jitter", "5", "--trickle", "20000", "--seed", seed];
        let relay = Relay::start(&flags);
        let (mut near, mut far) = relay.connects();
        let said: Vec<u8> = (0..2_000_u32).map(|number| (number % 251) as u8).collect();
        near.write_all(&said).expect("it is open");
        let mut read = vec![0; said.len()];
        far.read_exact(&mut read).expect("it comes");
        let differ = |(said, read): (&u8, &u8)| (said ^ read).count_ones();
        assert!(said.iter().zip(&read).map(differ).all(|bits| bits <= 1));
        read
    };
    let (one, same, other) = (corrupted("7"), corrupted("7"), corrupted("8"));
    assert_eq!(one, same);
    assert_ne!(one, other);
}
