//! How long the system tries to hand over what a peer does not take, for sockets that no loop has.

#[cfg(unix)]
use socket2::SockRef;
#[cfg(unix)]
use std::os::fd::AsFd;
use std::time::Duration;

/// Has the system keep at most `bytes` of what was written to `stream` and was not taken (Linux keeps twice as many, with its
/// own), and break the connection where its peer takes nothing of it for `wait_max`, also after it was closed here. Where the
/// system cannot, it does as it likes. A loop that adopts the socket undoes the second.
#[cfg(unix)]
pub fn limit_unsent(stream: &impl AsFd, bytes: usize, wait_max: Duration) {
    let options = SockRef::from(stream);
    let _ = options.set_send_buffer_size(bytes);
    limit_waiting(stream, wait_max);
}

/// The second half of [`limit_unsent`] alone.
#[cfg(unix)]
pub fn limit_waiting(stream: &impl AsFd, wait_max: Duration) {
    #[cfg(target_os = "linux")]
    {
        let _ = SockRef::from(stream).set_tcp_user_timeout(Some(wait_max));
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (stream, wait_max);
    }
}

/// Has the system drop what the peer has not taken as soon as `stream` is closed, and tell the peer so.
#[cfg(unix)]
pub fn drop_unsent(stream: &impl AsFd) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Does nothing here.
#[cfg(not(unix))]
pub fn limit_unsent<T>(_: &T, _: usize, _: Duration) {}

/// Does nothing here.
#[cfg(not(unix))]
pub fn limit_waiting<T>(_: &T, _: Duration) {}

/// Does nothing here.
#[cfg(not(unix))]
pub fn drop_unsent<T>(_: &T) {}
