//! The demo: a station that moves, and a line that makes a second device.

use crate::rig::{Hub, Program};
use std::process::{Command, Stdio};

fn demo() -> Hub {
    Hub::begin(tempfile::tempdir().expect("a folder"), &["demo", "--no-open"])
}

#[test]
fn the_station_reports_and_obeys() {
    let hub = demo();
    let mut tail = hub.start(&["tail", "weather-1"]);
    for channel in ["temperature", "humidity", "pressure", "wind_speed", "rain"] {
        tail.line(|line| line.contains(&format!("  {channel}  ")));
    }
    let reset = hub.command(&["send", "weather-1", "reset", "true"]);
    assert_eq!(reset.code, Some(0), "{reset:?}");
    assert!(reset.said.starts_with("accepted\nsent\ndone"), "{reset:?}");
    assert_eq!(hub.get("/views/weather").status, 200);
    assert!(hub.of_ready("link").ends_with("?to=/views/weather"));
}

#[test]
fn its_audit_is_found_without_naming_its_folder() {
    let home = tempfile::tempdir().expect("a folder");
    let own = ["demo", "--no-open", "--http", "localhost:0", "--lines", "127.0.0.1:0"];
    let mut demo = Program::start(home.path(), &own);
    demo.line(|line| line.starts_with("Open "));
    let audit = Program::run(home.path(), &["audit", "--what", "started"]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
    assert!(audit.said.contains("started"), "{audit:?}");
}

#[test]
fn it_ends_cleanly_and_its_station_comes_back() {
    let (ended, home) = demo().stop("INT");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.complained, "", "nothing noisy");
    let hub = Hub::begin(home, &["demo", "--no-open"]);
    hub.start(&["tail", "weather-1"]).line(|line| line.contains("  temperature  "));
    let (ended, _) = hub.stop("TERM");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn the_pasted_line_makes_a_device_that_moves_and_pasting_it_again_works() {
    let mut hub = demo();
    let line = hub.program.line(|line| line.contains("| nc "));
    // There need not be a netcat here: what it would be given is given to the port by us.
    let (said, _) = line.rsplit_once("| nc ").expect("a pipe to netcat");
    for _ in 0..2 {
        let mut shell =
            Command::new("sh").arg("-c").arg(said).stdout(Stdio::piped()).spawn().expect("a shell");
        let mut netcat = hub.connect();
        netcat.copies(shell.stdout.take().expect("piped"), 4);
        assert_eq!(netcat.hears("welcome")["welcome"], "my-first-device");
        hub.start(&["tail", "my-first-device"]).line(|line| line.contains("  level  7"));
        shell.kill().expect("it runs");
        shell.wait().expect("it is our child");
    }
    let page = hub.get("/devices/my-first-device");
    assert!(page.status == 200 && page.body.contains("level"), "{}", page.body);
}
