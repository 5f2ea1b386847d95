//! Who has not shown yet who it is: how many of them there are at a time, from where, and who waits for a place.
//!
//! Whoever listens lets each connection in here before anything is spent on it. A stranger holds its place until it has shown
//! who it is, or is gone; then the next one has it. Those that wait are neither read nor told anything. First comes who waits
//! where the fewest are inside: so an address that opens many makes itself wait, and nobody else for long.

mod crowd;

use self::crowd::{Arrival, Crowd};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use self::crowd::{Bounds, Origin};

/// Begins a connection, given its place. Dropped uncalled, it closes it.
type Begin = Box<dyn FnOnce(Stay) + Send>;

/// The place where strangers are let in. Cheap to clone.
#[derive(Clone)]
pub struct Doorway(Arc<Shared>);

struct Shared {
    wait_max: Duration,
    state: Mutex<State>,
}

struct State {
    crowd: Crowd<Begin>,
    turned_away: u64,
}

/// A stranger's place. Dropped, it is somebody else's.
pub struct Stay(Box<Place>);

struct Place {
    doorway: Doorway,
    origin: Origin,
    until: Option<Instant>,
}

/// What became of a stranger that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It has a place.
    Inside,
    /// It waits. To be given up when it has waited for as long as it may.
    Waits(Waiting),
    /// There is no room even to wait: it is closed.
    TurnedAway,
}

/// A stranger that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    origin: Origin,
    number: u64,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strangers {
    /// Those that have a place.
    pub inside: usize,
    /// Those that wait for one.
    pub waiting: usize,
    /// Those that got none, since this was made.
    pub turned_away: u64,
}

impl Doorway {
    /// Lets in as many as `bounds` permit, and lets others wait for at most `wait_max`.
    pub fn new(bounds: Bounds, wait_max: Duration) -> Self {
        let state = State { crowd: Crowd::new(bounds), turned_away: 0 };
        Self(Arc::new(Shared { wait_max, state: Mutex::new(state) }))
    }

    /// A stranger came: `begin` is called with its place, now or by whoever gives one back. It must not block, and it may be
    /// called in any thread that drops a [`Stay`].
    pub fn enter(&self, origin: Origin, begin: impl FnOnce(Stay) + Send + 'static) -> Came {
        let mut state = self.lock();
        let arrival = state.crowd.arrive(origin, Box::new(begin));
        state.turned_away += u64::from(matches!(arrival, Arrival::InsteadOf(..) | Arrival::Refused(_)));
        // What is begun or closed is so without the lock.
        drop(state);
        match arrival {
            Arrival::Inside(begin) => {
                begin(self.stay(origin));
                Came::Inside
            }
            Arrival::Waits(number) | Arrival::InsteadOf(number, _) => Came::Waits(Waiting { origin, number }),
            Arrival::Refused(_) => Came::TurnedAway,
        }
    }

    /// How long a stranger may wait.
    pub fn wait_max(&self) -> Duration {
        self.0.wait_max
    }

    /// A stranger has waited for as long as it may: it is closed. False: it has got a place, or was closed.
    pub fn give_up(&self, waiting: Waiting) -> bool {
        let mut state = self.lock();
        let gone = state.crowd.give_up(waiting.origin, waiting.number);
        state.turned_away += u64::from(gone.is_some());
        drop(state);
        gone.is_some()
    }

    /// How many there are now.
    pub fn strangers(&self) -> Strangers {
        let state = self.lock();
        let (inside, waiting) = (state.crowd.inside(), state.crowd.waiting());
        Strangers { inside, waiting, turned_away: state.turned_away }
    }

    fn stay(&self, origin: Origin) -> Stay {
        Stay(Box::new(Place { doorway: self.clone(), origin, until: None }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in it panics half-way: counts and lists are changed together.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stay {
    /// Who has it in an event loop is cut at `until`, whatever its endpoint waits for, unless it has shown who it is.
    #[must_use]
    pub fn at_most_until(mut self, until: Instant) -> Self {
        self.0.until = Some(until);
        self
    }

    pub(crate) fn until(&self) -> Option<Instant> {
        self.0.until
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let Place { doorway, origin, .. } = &*self.0;
        let next = doorway.lock().crowd.leave(*origin);
        if let Some((origin, begin)) = next {
            begin(doorway.stay(origin));
        }
    }
}

impl std::fmt::Debug for Stay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stay").field(&self.0.origin).finish()
    }
}

impl Origin {
    /// Where a connection from `address` counts: an address of IPv4, or a network of 64 bits of IPv6, which is what one
    /// subscriber has.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::Network(address.to_ipv6_mapped().to_bits()),
            IpAddr::V6(address) => Self::Network(address.to_bits() >> 64 << 64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};

    const BOUNDS: Bounds = Bounds { each_max: 1, all_max: 2, waiting_max: 2 };

    fn one(last: u8) -> Origin {
        Origin::of([127, 0, 0, last].into())
    }

    /// A stranger, and what tells that it has a place, or nothing once it is closed.
    fn comes(doorway: &Doorway, from: Origin) -> (Came, Receiver<Stay>) {
        let (sender, begun) = channel();
        let came = doorway.enter(from, move |stay| {
            // Nobody may look for it any more.
            let _ = sender.send(stay);
        });
        (came, begun)
    }

    #[test]
    fn who_leaves_makes_room_for_who_waits() {
        let doorway = Doorway::new(BOUNDS, Duration::from_secs(5));
        let (came, first) = comes(&doorway, one(1));
        assert_eq!(came, Came::Inside);
        let (came, second) = comes(&doorway, one(1));
        assert!(matches!(came, Came::Waits(_)), "{came:?}");
        assert!(second.try_recv().is_err());
        drop(first.try_recv().expect("it is inside"));
        let stay = second.try_recv().expect("it is inside now");
        assert_eq!(doorway.strangers(), Strangers { inside: 1, waiting: 0, turned_away: 0 });
        drop(stay);
        assert_eq!(doorway.strangers(), Strangers { inside: 0, waiting: 0, turned_away: 0 });
    }

    #[test]
    fn who_waited_for_too_long_is_closed() {
        let doorway = Doorway::new(BOUNDS, Duration::from_secs(5));
        let (_, _inside) = comes(&doorway, one(1));
        let (came, begun) = comes(&doorway, one(1));
        let Came::Waits(waiting) = came else { panic!("{came:?}") };
        assert!(doorway.give_up(waiting) && !doorway.give_up(waiting));
        assert!(begun.recv().is_err(), "what would have begun it is dropped");
        assert_eq!(doorway.strangers().turned_away, 1);
    }

    #[test]
    fn a_network_of_ipv6_is_one_origin_and_so_is_an_address_in_either_form() {
        let of = |text: &str| Origin::of(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.2"), of("192.0.2.1"));
    }
}
