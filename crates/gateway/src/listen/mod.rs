//! The transports on which devices come.

mod accept;
#[cfg(unix)]
pub mod serial;
pub mod tcp;
pub mod tls;
#[cfg(unix)]
pub mod unix;
pub mod websocket;

#[cfg(unix)]
pub use serial::serve as serve_serial;
pub use tcp::serve as serve_tcp;
pub use tls::serve as serve_tls;
#[cfg(unix)]
pub use unix::serve as serve_unix;
pub use websocket::websocket;

use crate::clock;
use crate::device::{Device, TurnedAway};
use crate::place::Address;
use crate::register::Gateway;
use protocol::session::HubSide;
use protocol::time::Time;
use sockets::{Endpoint, Outgoing, Remote};

/// How lines travel over a transport.
pub(crate) trait Framing: Send + 'static {
    /// The conversation of a connection that was made at `since`.
    fn session(&self, since: Time) -> HubSide {
        HubSide::new(since)
    }

    /// Calls `lines`, once and perhaps with nothing, with the bytes of lines among `bytes`, which have just come and may be
    /// changed.
    fn read(&mut self, bytes: &mut [u8], lines: impl FnOnce(&[u8])) -> Came;

    /// The device is welcome: what it says may be as long as a line may be.
    fn welcomed(&mut self) {}

    /// Adds `lines`, which are whole, and whatever else is to be said. `last`: nothing follows.
    fn write(&mut self, lines: &[u8], last: bool, out: &mut Outgoing);
}

/// Whether more may come.
pub(crate) enum Came {
    More,
    /// The device says no more.
    Last,
    /// What came is not of this transport: nothing more of it can be read.
    Nonsense,
}

/// Our end of a connection from `address`, made at `since`, which `remote` reaches. Where there is no room it says so, and is
/// over.
fn end(
    gateway: &Gateway,
    address: Address,
    since: Time,
    remote: Remote,
    framing: impl Framing,
) -> Box<dyn Endpoint> {
    match gateway.admit(address.clone(), remote) {
        Ok(door) => Box::new(Device::new(door, since, framing)),
        Err(bye) => {
            gateway.turned_away().note(clock::now().mono, &address, &bye);
            Box::new(TurnedAway { bye, framing })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Place;
    use std::sync::Arc;

    /// What an allocation costs beside what was asked for.
    const ALLOCATION: usize = 16;

    /// What an idle connection holds in this crate: its end, its place, and its entry in the register. The id of its device is
    /// the device's own.
    const fn idle(end: usize) -> usize {
        let place = 2 * size_of::<usize>() + size_of::<Place>();
        let entry = size_of::<usize>() + size_of::<Arc<Place>>();
        (end + ALLOCATION) + (place + ALLOCATION) + entry
    }

    #[test]
    fn an_idle_connection_is_small() {
        let (tcp, websocket) = (size_of::<Device<tcp::Bytes>>(), size_of::<Device<websocket::WebSocket>>());
        assert!(idle(tcp) <= 320, "over TCP: {} bytes, {tcp} of them the end", idle(tcp));
        assert!(
            idle(websocket) <= 376,
            "over WebSocket: {} bytes, {websocket} of them the end",
            idle(websocket)
        );
        assert!(size_of::<Place>() <= 104, "{} bytes", size_of::<Place>());
    }
}
