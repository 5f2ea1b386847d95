//! Where devices come in besides the port for lines: TLS, a Unix socket, serial ports (pseudo terminals here).

use crate::rig::{DEADLINE, Hub, Program};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use tempfile::TempDir;

/// The other end of a port, which is called `port`.
fn plug(port: &Path) -> File {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
    let slave = ptsname(&master, Vec::new()).expect("it has a name");
    std::os::unix::fs::symlink(slave.to_str().expect("a path"), port).expect("no other is called so");
    master.into()
}

fn configured(text: &str) -> TempDir {
    let home = TempDir::new().expect("a folder");
    let text = text.replace("HOME", home.path().to_str().expect("a path"));
    fs::write(home.path().join("glassline.toml"), text).expect("a file");
    home
}

fn serve(home: TempDir) -> Hub {
    Hub::begin(home, &["serve", "--config", "glassline.toml"])
}

#[test]
fn a_scale_that_only_prints_is_a_device_and_stays_one_when_the_hub_is_started_again() {
    let map = "[[serial]]\nport = \"HOME/ttyTEST*\"\nbaud = 9600\n[serial.map]\ndevice = \"scale-1\"\n\
               format = \"numbers\"\nnames = [\"weight\"]\nunits = [\"kg\"]\n";
    let home = configured(map);
    let mut scale = plug(&home.path().join("ttyTEST0"));
    let hub = serve(home);
    scale.write_all(b"Scale ready\r\n12.30 kg\r\n").expect("it is plugged in");
    hub.shows("scale-1", "weight", "12.30");
    let hub = serve(hub.stop("TERM").1);
    scale.write_all(b"12.40 kg\r\n").expect("it is plugged in");
    hub.shows("scale-1", "weight", "12.40");
    let metrics = hub.get("/metrics").body;
    assert!(metrics.contains("glassline_serial_printed_total{result=\"sample\"} 1\n"), "{metrics}");
}

#[test]
fn tls_and_a_unix_socket_take_devices_and_go_with_the_hub() {
    let home = configured(
        "unix = \"lines.sock\"\n[tls]\nlines = \"127.0.0.1:0\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n",
    );
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(home.path().join("c.pem"), made.cert.pem()).expect("a file");
    fs::write(home.path().join("k.pem"), made.signing_key.serialize_pem()).expect("a file");
    let hub = serve(home);
    let socket = hub.home().join("lines.sock");
    let stream = UnixStream::connect(&socket).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    let mut device = BufReader::new(stream);
    let identify = format!("{{\"identify\":\"local-1\",\"token\":\"{}\"}}\n", hub.of_ready("join"));
    device.get_mut().write_all(identify.as_bytes()).expect("it holds");
    let mut welcome = String::new();
    device.read_line(&mut welcome).expect("it holds");
    assert!(welcome.starts_with("{\"welcome\":\"local-1\""), "{welcome}");
    // Whoever speaks no TLS is answered with an alert of TLS.
    let mut plain = TcpStream::connect(hub.of_ready("tls")).expect("it listens");
    plain.set_read_timeout(Some(DEADLINE)).expect("a socket");
    plain.write_all(b"{\"identify\":\"local-2\"}\n").expect("it is open");
    let mut alert = Vec::new();
    plain.read_to_end(&mut alert).expect("it ends");
    assert_eq!(alert.first(), Some(&21), "{alert:?}");
    let _stopped = hub.stop("TERM");
    assert!(!socket.exists());
}

#[test]
fn what_is_wrong_with_a_listener_is_found_by_check_and_refused_by_serve() {
    let home = configured(
        "[[serial]]\nport = \"/dev/ttyUSB0\"\n[serial.map]\ndevice = \"s\"\nformat = \"numbers\"\n",
    );
    let checked = Program::run(home.path(), &["check", "."]);
    assert_eq!(checked.code, Some(1));
    assert!(checked.said.contains("without a header the values need “names”"), "{}", checked.said);
    fs::write(
        home.path().join("glassline.toml"),
        "[tls]\nlines = \"127.0.0.1:0\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n",
    )
    .expect("a file");
    let flags = ["serve", "--config", "glassline.toml", "--state", "state", "--http", "127.0.0.1:0"];
    let served = Program::run(home.path(), &[&flags[..], &["--lines", "127.0.0.1:0"]].concat());
    assert_eq!(served.code, Some(1));
    assert!(served.complained.contains("the certificate of [tls]: "), "{}", served.complained);
}

#[test]
fn a_port_that_is_watched_tells_how_its_lines_would_be_read() {
    let home = TempDir::new().expect("a folder");
    let mut device = plug(&home.path().join("ttyTEST0"));
    let flags = ["serial", "watch", "ttyTEST0", "--baud", "9600", "--lines"];
    let port = home.path().join("ttyTEST0");
    let mut guessing = Program::start(home.path(), &[&flags[..], &["4"]].concat());
    guessing.line(|line| line == "# ttyTEST0 is open, 9600 baud");
    device.write_all(b"12.30 21\r\nt=5\r\n\xff\r\n{\"x\":1}\n").expect("it is plugged in");
    let said = guessing.ended().said;
    for expected in [
        "12.30 21  →  as numbers: {\"values\":{\"value-1\":12.30,\"value-2\":21}}",
        "t=5  →  as key-value: {\"values\":{\"t\":5}}",
        "skipped: nothing fits",
        "{\"x\":1}  →  a line of the protocol, without checksum",
        "# 4 lines: 3 read, 1 skipped",
    ] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
    let named = ["1", "--format", "numbers", "--names", "weight", "--units", "kg"];
    let mut watching = Program::start(home.path(), &[&flags[..], &named].concat());
    watching.line(|line| line.ends_with("is open, 9600 baud"));
    device.write_all(b"12.30kg\n").expect("it is plugged in");
    let said = watching.ended().said;
    assert!(said.contains("12.30kg  →  {\"values\":{\"weight\":12.30}}"), "{said}");
    assert!(said.contains("format = \"numbers\"\nnames = [\"weight\"]\nunits = [\"kg\"]"), "{said}");

    let mut unnamed = Program::start(home.path(), &[&flags[..], &["1", "--format", "numbers"]].concat());
    unnamed.line(|line| line.ends_with("is open, 9600 baud"));
    device.write_all(b"12.30 21\n").expect("it is plugged in");
    let said = unnamed.ended().said;
    assert!(said.contains("12.30 21  →  {\"values\":{\"value-1\":12.30,\"value-2\":21}}"), "{said}");
    assert!(said.contains("format = \"numbers\"\nnames = [\"value-1\", \"value-2\"]\n"), "{said}");
    let mut headed = Program::start(home.path(), &[&flags[..], &["3"]].concat());
    headed.line(|line| line.ends_with("is open, 9600 baud"));
    device.write_all(b"temp,hum\n1,2\n3,4\n").expect("it is plugged in");
    let said = headed.ended().said;
    assert!(said.contains("3,4  →  as csv: {\"values\":{\"temp\":3,\"hum\":4}}"), "{said}");
    // What is printed at the end is a configuration.
    let table = said.split_once("skipped\n").expect("the counts").1;
    assert!(table.contains("format = \"csv\"") && table.contains(port.to_str().expect("a path")), "{table}");
    fs::write(home.path().join("glassline.toml"), table).expect("a file");
    let checked = Program::run(home.path(), &["check", "."]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}
