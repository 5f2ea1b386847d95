//! What is not started, and why.

use crate::rig::{Hub, Program, request};
use std::net::TcpListener;

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
    for flag in ["--http", "--lines"] {
        let ended = Program::run(home.path(), &["serve", "--state", "state", flag, "0.0.0.0:0"]);
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
fn a_wrong_level_is_refused_in_a_sentence() {
    let home = tempfile::tempdir().expect("a folder");
    let ended = Program::run(home.path(), &["--log", "cli=loud", "check", "."]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.complained.contains("--log cli=loud is no level"), "{ended:?}");
}

#[test]
fn simulated_devices_without_a_hub_say_so() {
    let closed =
        TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").to_string();
    let home = tempfile::tempdir().expect("a folder");
    let ended = Program::run(home.path(), &["simulate", "weather", "--to", &closed, "--token", "x"]);
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
