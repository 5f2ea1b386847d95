//! The transports on which devices come.

pub mod tcp;
pub mod websocket;

pub use tcp::serve as serve_tcp;
pub use websocket::websocket;

use protocol::code::Bye;
use protocol::limits::LINE_BYTES_MAX;
use protocol::message::ToDevice;

/// The one line that a connection is told for which there is no room.
fn farewell(bye: Bye) -> Vec<u8> {
    ToDevice::Bye(bye.into()).encode(LINE_BYTES_MAX)
}
