//! The client commands against a hub elsewhere: over TLS, by whom they trust, and under a base path.

use crate::rig::{DEADLINE, Ended, Hub, Program};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use tempfile::TempDir;

/// An authority, and what it signs.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut about = CertificateParams::default();
        about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = about.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(about, key) }
    }

    /// Writes a certificate for `localhost` that is good until `year`.
    fn sign(&self, folder: &Path, year: i32) {
        let mut about = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        about.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let signed = about.signed_by(&key, &self.issuer).expect("a certificate");
        fs::write(folder.join("hub.pem"), signed.pem()).expect("a file");
        fs::write(folder.join("hub.key"), key.serialize_pem()).expect("a file");
    }
}

/// A hub over TLS whose authority is in `ca.pem`, and its address by the name in its certificate.
fn secured(year: i32) -> (Hub, String) {
    let home = TempDir::new().expect("a folder");
    let authority = Authority::new();
    authority.sign(home.path(), year);
    fs::write(home.path().join("ca.pem"), authority.pem).expect("a file");
    fs::write(home.path().join("other.pem"), Authority::new().pem).expect("a file");
    let text = "[https]\naddress = \"127.0.0.1:0\"\ncertificate = \"hub.pem\"\nkey = \"hub.key\"\n";
    fs::write(home.path().join("glassline.toml"), text).expect("a file");
    let hub = Hub::begin(home, &["serve", "--config", "glassline.toml"]);
    let named = hub.of_ready("https").replace("127.0.0.1", "localhost");
    (hub, named)
}

/// The flags that lead to the hub at `url`.
fn there<'a>(hub: &'a Hub, url: &'a str) -> [&'a str; 4] {
    ["--hub", url, "--token", hub.of_ready("token")]
}

fn asked(hub: &Hub, url: &str, words: &[&str]) -> Ended {
    Program::run(hub.home(), &[words, &there(hub, url)].concat())
}

/// What it says once it has done it.
fn done(hub: &Hub, url: &str, words: &[&str]) -> String {
    let ended = asked(hub, url, &[words, &["--ca", "ca.pem"]].concat());
    assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
    ended.said
}

#[test]
fn every_command_speaks_to_a_hub_over_tls() {
    let (hub, url) = secured(2090);
    assert!(done(&hub, &url, &["person", "add", "ada", "--admin", "--generate"]).len() > 12);
    assert!(done(&hub, &url, &["person", "list"]).contains("ada"));
    assert!(done(&hub, &url, &["login-link"]).starts_with(&format!("{url}/login/")));
    let join = done(&hub, &url, &["join-token", "make"]);
    assert!(join.starts_with("gl_join_"), "{join}");
    let mut device = hub.plain("pump-1");
    device.says(r#"{"describe":{"speed":{"input":"slider"}}}"#);
    device.says(r#"{"n":1}"#);
    let mut tail =
        Program::start(hub.home(), &[&["tail", "pump-1", "--ca", "ca.pem"], &there(&hub, &url)[..]].concat());
    tail.line(|line| line.ends_with("  n  1"));
    let send = Program::start(
        hub.home(),
        &[&["send", "pump-1", "speed", "7", "--ca", "ca.pem"], &there(&hub, &url)[..]].concat(),
    );
    let command = device.hears("command");
    device.says(&format!(r#"{{"result":{},"ok":true}}"#, command["command"]));
    assert_eq!(send.ended().said, "accepted\nsent\ndone\n");
    assert!(done(&hub, &url, &["devices"]).contains("pump-1"));
    assert!(done(&hub, &url, &["token", "renew", "pump-1"]).starts_with("gl_device_"));
    assert!(done(&hub, &url, &["audit", "--what", "person_made"]).contains("ada"));
    assert!(done(&hub, &url, &["eject", "pump-1", "--no-open"]).contains(&format!("{url}/views/pump-1")));
}

#[test]
fn what_is_wrong_with_a_certificate_is_said() {
    let (hub, url) = secured(2090);
    let by_number = hub.of_ready("https").to_owned();
    let ca: &[&str] = &["--ca", "ca.pem"];
    for (url, flags, expected) in [
        (
            &*url,
            &[][..],
            "no TLS with localhost: its certificate is from an authority that this machine does not trust",
        ),
        (&url, &["--ca", "other.pem"], "its certificate is from no authority in other.pem"),
        (&url, &["--ca", "hub.key"], "hub.key cannot be read: it holds no certificate"),
        (&by_number, ca, "no TLS with 127.0.0.1: its certificate is for another name: localhost"),
        (&url.replace("https", "http"), &[], "This port speaks TLS"),
        (
            &hub.of_ready("http").replace("http", "https"),
            ca,
            "no TLS with 127.0.0.1: what answers there speaks no TLS",
        ),
    ] {
        for command in [&["devices"][..], &["tail", "pump-1"]] {
            let ended = asked(&hub, url, &[command, flags].concat());
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert!(ended.complained.contains(expected), "{expected} in {}", ended.complained);
        }
    }
    let (hub, url) = secured(2020);
    let ended = asked(&hub, &url, &["devices", "--ca", "ca.pem"]);
    assert!(ended.complained.contains("its certificate is past its time"), "{ended:?}");
}

#[test]
fn a_pipe_says_why_nothing_arrives() {
    let (hub, _) = secured(2090);
    let address = hub.of_ready("https").replace("https", "wss");
    let flags =
        ["pipe", "--device", "scale-1", "--to", &address, "--token", hub.of_ready("join"), "--flush", "3"];
    let mut pipe = Program::start_fed(hub.home(), &[&flags[..], &["--ca", "ca.pem"]].concat());
    pipe.feed("{\"weight\":12}\n");
    pipe.end_input();
    let ended = pipe.ended();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.complained.contains("scale-1 is not connected: no TLS with 127.0.0.1: "), "{ended:?}");
}

#[test]
fn a_hub_under_a_base_path_is_asked_there() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/plant", listener.local_addr().expect("bound"));
    let home = TempDir::new().expect("a folder");
    let answer = |said: &str| {
        let (mut stream, _) = listener.accept().expect("one comes");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked).expect("it asks");
        stream.write_all(said.as_bytes()).expect("it reads");
        String::from_utf8_lossy(&asked[..length]).lines().next().unwrap_or_default().to_owned()
    };
    let start = |words: &[&str]| {
        Program::start(home.path(), &[words, &["--hub", &format!("{url}/views/x"), "--token", "t"]].concat())
    };
    let devices = start(&["devices", "--json"]);
    assert_eq!(answer("HTTP/1.0 200 OK\r\n\r\n[]"), "GET /plant/api/devices HTTP/1.0");
    assert_eq!(devices.ended().said, "[]\n");
    let tail = start(&["tail", "pump-1"]);
    let elsewhere = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(answer(elsewhere), "GET /plant/panel HTTP/1.1");
    let complained = tail.ended().complained;
    assert!(complained.contains(&format!("what answers at {url} is no hub")), "{complained}");
    // Whoever stands before it may lead on, to TLS mostly.
    let devices = start(&["devices"]);
    answer("HTTP/1.1 301 Moved\r\nLocation: https://hub.example/plant/api/devices\r\n\r\n");
    assert!(devices.ended().complained.contains("leads on to https://hub.example/plant/api/devices"));
}

#[test]
fn a_hub_knows_requests_under_its_base_path() {
    let home = TempDir::new().expect("a folder");
    fs::write(home.path().join("glassline.toml"), "[proxy]\nbase_path = \"/plant\"\n").expect("a file");
    let hub = Hub::begin(home, &["serve", "--config", "glassline.toml"]);
    hub.plain("pump-1").says(r#"{"n":1}"#);
    hub.shows("pump-1", "n", "1");
    let url = format!("{}/plant", hub.of_ready("http"));
    let mut tail = Program::start(hub.home(), &[&["tail", "pump-1"], &there(&hub, &url)[..]].concat());
    tail.line(|line| line.ends_with("  n  1"));
    let link = asked(&hub, &url, &["login-link"]).said;
    assert!(link.starts_with(&format!("{url}/login/")), "{link}");
}
