//! A gateway between the fleet and the hub, and what lies between those two: a wire, and the project's own chaos relay
//! where a step asks for it.

use crate::gateway::{Gateway, Killed};
use crate::rig::{DEADLINE, Hub, Program};
use crate::wire::Wire;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The gateway and its way to the hub.
pub(crate) struct Barn {
    /// Ends at the hub: an address that stays while hubs come and go.
    pub(crate) uplink: Wire,
    chaos: Option<Chaos>,
    gateway: Option<Gateway>,
    /// What is left of the gateway while none runs.
    killed: Option<Killed>,
}

impl Barn {
    /// A barn whose gateway does not run yet.
    pub(crate) fn new() -> Self {
        Self { uplink: Wire::new(), chaos: None, gateway: None, killed: None }
    }

    /// The same with the chaos relay on the way; everything random in it comes from `seed`.
    pub(crate) fn in_chaos(seed: u64) -> Self {
        let barn = Self::new();
        let chaos = Chaos::start(&barn.uplink.address(), seed);
        Self { chaos: Some(chaos), ..barn }
    }

    /// A gateway begins on the spool that is there, or as one that is new to `hub`. Gives where devices connect: on
    /// another port each time, for somebody else may have taken the old one.
    pub(crate) fn start(&mut self, hub: Option<&Hub>) -> &str {
        let gateway = match self.killed.take() {
            Some(killed) => Gateway::start_in(killed.home, killed.arguments),
            None => {
                let near = self.chaos.as_ref().map_or_else(|| self.uplink.address(), |it| it.address.clone());
                Gateway::before(hub.expect("it names the gateway"), &near)
            }
        };
        self.gateway.insert(gateway).lines()
    }

    /// The gateway is killed at this moment.
    pub(crate) fn kill(&mut self) {
        self.killed = Some(self.gateway.take().expect("the gateway runs").killed());
    }

    /// Gives the relay an order.
    pub(crate) fn chaos(&mut self, order: &str) {
        self.chaos.as_mut().expect("there is a relay").obeys(order);
    }

    /// Waits until the hub has acked everything that is in the spool.
    pub(crate) fn is_forwarded(&self, deadline: Duration) {
        let gateway = self.gateway.as_ref().expect("the gateway runs");
        let until = Instant::now() + deadline;
        loop {
            let hubs = gateway.hubs();
            if hubs.iter().all(|hub| hub["behind"] == 0) {
                return;
            }
            assert!(Instant::now() < until, "the gateway does not get rid of its spool: {hubs:?}");
        }
    }
}

/// `glassline chaos`.
struct Chaos {
    address: String,
    orders: BufReader<TcpStream>,
    _program: Program,
    _home: TempDir,
}

impl Chaos {
    fn start(to: &str, seed: u64) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let seed = seed.to_string();
        let here = "127.0.0.1:0";
        let arguments = ["chaos", "--listen", here, "--control", here, "--to", to, "--seed", &seed];
        let mut program = Program::start(home.path(), &arguments);
        let mut named = |word: &str| {
            let line = program.line(|line| line.starts_with(word));
            line[word.len()..].trim().to_owned()
        };
        let (address, control) = (named("listening"), named("control"));
        let control = TcpStream::connect(control).expect("it takes orders");
        control.set_read_timeout(Some(DEADLINE)).expect("a socket");
        Self { address, orders: BufReader::new(control), _program: program, _home: home }
    }

    fn obeys(&mut self, order: &str) {
        self.orders.get_mut().write_all(format!("{order}\n").as_bytes()).expect("it listens");
        let mut answer = String::new();
        self.orders.read_line(&mut answer).expect("it answers");
        assert_eq!(answer.trim_end(), "ok", "{order}");
    }
}
