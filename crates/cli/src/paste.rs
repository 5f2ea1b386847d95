//! The line to paste that makes a device appear: nothing but a shell and `nc`.

use std::net::SocketAddr;

/// The id of the device that the line makes. A fixed one, so that pasting it again is the same device.
const DEVICE: &str = "my-first-device";

/// A line for bash, zsh and dash with any netcat: identifies by the join token, says what its channel is, and sends a
/// value every second. It ends with Ctrl-C, or when the hub takes the connection away.
pub(crate) fn line(lines: SocketAddr, join: &str) -> String {
    let identify = format!(r#"{{"identify":"{DEVICE}","token":"{join}"}}"#);
    let describe = r#"{"describe":{"level":{"unit":"%","min":0,"max":100}}}"#;
    let sample = r#"{\"level\":$i}"#;
    format!(
        "(i=0; echo '{identify}'; echo '{describe}'; while echo \"{sample}\"; do i=$(( (i + 7) % 101 )); sleep 1; done) \
         | nc {} {}",
        lines.ip(),
        lines.port()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_can_be_read_by_people_too() {
        let line = line("127.0.0.1:7070".parse().expect("an address"), "j-1");
        assert_eq!(
            line,
            r#"(i=0; echo '{"identify":"my-first-device","token":"j-1"}'; echo '{"describe":{"level":{"unit":"%","min":0,"max":100}}}'; while echo "{\"level\":$i}"; do i=$(( (i + 7) % 101 )); sleep 1; done) | nc 127.0.0.1 7070"#
        );
    }
}
