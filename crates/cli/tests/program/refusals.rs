//! What is not started, and why.

use crate::rig::{Hub, Program, request};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

fn taken(flag: &str, other: &str) {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = holder.local_addr().expect("bound").to_string();
    let home = tempfile::tempdir().expect("a folder");
    for command in ["serve", "demo"] {
        let ended =
            Program::run(home.path(), &[command, "--state", "state", flag, &address, other, "127.0.0.1:0"]);
        assert_eq!(ended.code, Some(1));
        let port = address.rsplit(':').next().expect("a port");
        assert!(ended.complained.contains(&format!("port {port} ")), "{ended:?}");
        assert!(ended.complained.contains(flag), "{ended:?}");
        assert!(!ended.complained.contains(other), "only the one that is taken: {ended:?}");
    }
}

#[test]
fn a_taken_http_port_is_named_with_its_flag() {
    taken("--http", "--lines");
}

#[test]
fn a_taken_device_port_is_named_with_its_flag() {
    taken("--lines", "--http");
}

#[test]
fn other_addresses_than_loopback_need_an_account() {
    let home = tempfile::tempdir().expect("a folder");
    let tls = "address = \"0.0.0.0:0\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
    std::fs::write(home.path().join("https.toml"), format!("[https]\n{tls}")).expect("a file");
    std::fs::write(home.path().join("tls.toml"), format!("[tls]\n{}", tls.replace("address", "lines")))
        .expect("a file");
    for (flag, what) in [
        ("--http", "0.0.0.0:0"),
        ("--lines", "0.0.0.0:0"),
        ("--config", "https.toml"),
        ("--config", "tls.toml"),
    ] {
        let ended = Program::run(home.path(), &["serve", "--state", "state", flag, what]);
        assert_eq!(ended.code, Some(1));
        assert!(ended.complained.contains("0.0.0.0:0 is refused"), "{ended:?}");
        assert!(
            ended.complained.contains("nobody has an account yet")
                && ended.complained.contains("person add NAME --admin"),
            "{ended:?}"
        );
    }
    assert!(!home.path().join("state").exists(), "nothing was begun");
}

#[test]
fn other_addresses_than_loopback_are_opened_once_somebody_is_an_administrator() {
    let hub = Hub::serve();
    let made = hub.command(&["person", "add", "ada", "--admin", "--generate"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let (_, home) = hub.stop("TERM");
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let tls = "certificate = \"c.pem\"\nkey = \"k.pem\"\n";
    let text = format!(
        "http = \"0.0.0.0:0\"\nlines = \"0.0.0.0:0\"\n[https]\naddress = \"0.0.0.0:0\"\n{tls}[tls]\nlines = \"0.0.0.0:0\"\n{tls}"
    );
    for (file, text) in
        [("glassline.toml", text), ("c.pem", key.cert.pem()), ("k.pem", key.signing_key.serialize_pem())]
    {
        std::fs::write(home.path().join(file), text).expect("a file");
    }
    let mut serving =
        Program::start(home.path(), &["serve", "--config", "glassline.toml", "--state", "state"]);
    let mut rows = Vec::new();
    while !rows.last().is_some_and(|row: &String| row.starts_with("State")) {
        rows.push(serving.line(|_| true));
    }
    let expected = [
        ("device lines  ", "every network of this machine, NOT ENCRYPTED"),
        ("device lines, TLS", "every network of this machine"),
        ("https://", "every network of this machine"),
        ("http://", "every network of this machine, sent on to https"),
    ];
    for (what, who) in expected {
        let row = rows.iter().find(|row| row.contains(what)).unwrap_or_else(|| panic!("{what} in {rows:?}"));
        assert!(row.ends_with(&format!("  {who}")), "{row}");
        let (_, port) = row.split_once("0.0.0.0:").expect("where it listens");
        let port = port.split(' ').next().and_then(|port| port.parse().ok()).expect("a port");
        // What listens on 127.0.0.1 alone is not there under the other number.
        for address in [[127, 0, 0, 1], [127, 0, 0, 2]] {
            TcpStream::connect((Ipv4Addr::from(address), port)).expect("it listens everywhere");
        }
    }
}

#[test]
fn a_word_that_the_audit_does_not_know_is_refused_with_those_that_it_does() {
    let home = tempfile::tempdir().expect("a folder");
    let ended = Program::run(home.path(), &["audit", "--what", "login,nonsense"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.complained.contains("“nonsense”") && ended.complained.contains("login_failed"),
        "{ended:?}"
    );
}

#[test]
fn a_wrong_level_is_refused_in_a_sentence() {
    let home = tempfile::tempdir().expect("a folder");
    let ended = Program::run(home.path(), &["--log", "cli=loud", "check", "."]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.complained.contains("--log cli=loud is no level"), "{ended:?}");
}

#[test]
fn simulated_devices_without_a_hub_say_so() {
    // Nobody listens there, and nobody gets it who asks for any port.
    let closed = "127.0.0.1:1";
    let home = tempfile::tempdir().expect("a folder");
    let ended = Program::run(home.path(), &["simulate", "weather", "--to", closed, "--token", "x"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.complained.contains(&format!("no device port answers at {closed}: ")), "{ended:?}");
}

#[test]
fn the_ready_file_says_everything_and_is_for_its_owner() {
    let hub = Hub::serve();
    for key in ["http", "lines", "link", "token", "join"] {
        assert!(!hub.of_ready(key).is_empty());
    }
    assert_eq!(hub.ready.as_object().expect("an object").len(), 5);
    assert!(hub.of_ready("link").starts_with(hub.of_ready("http")));
    let run = std::fs::read_to_string(hub.state().join("run.json")).expect("the run file is there");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&run).expect("JSON"), hub.ready);
    #[cfg(unix)]
    for file in [hub.home().join("ready.json"), hub.state().join("run.json")] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(file).expect("there").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_login_link_is_good_once() {
    let hub = Hub::serve();
    let path = hub.of_ready("link").strip_prefix(hub.of_ready("http")).expect("below the base");
    let first = request(hub.address(), "GET", path, None);
    assert!((300..400).contains(&first.status), "{first:?}");
    assert!(first.head.to_ascii_lowercase().contains("set-cookie:"), "{first:?}");
    let second = request(hub.address(), "GET", path, None);
    assert_eq!(second.status, 401, "{second:?}");
    assert_eq!(
        request(hub.address(), "GET", "/api/devices", None).status,
        401,
        "nothing is open to strangers"
    );
}
