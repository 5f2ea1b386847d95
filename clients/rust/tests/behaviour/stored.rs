use crate::hub::{PATIENCE, Port};
use glassline_client::outbox::OpenError;
use glassline_client::{Device, SetupError};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn stored(port: &Port, folder: &Path) -> Device {
    Device::with(port.settings().stored_in(folder)).expect("a device")
}

#[tokio::test]
async fn what_was_accepted_survives_the_program_and_its_session_is_resumed_first() {
    let (port, folder) = (Port::open().await, tempfile::tempdir().expect("a folder"));
    let device = stored(&port, folder.path());
    device.send("n", 1);
    device.send("n", 2);
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    hub.hears(r#""seq":2"#).await;
    assert!(device.close().await, "nothing is lost: it is synced");

    let device = stored(&port, folder.path());
    assert_eq!((device.queued(), device.session().as_deref()), (2, Some("k7-1")));
    device.send("n", 3);
    device.connect();
    let mut hub = port.hears_identify(r#""session":"k7-1","oldest":1,"boot":true"#).await;
    hub.welcomes(1, "k7-1", 1).await;
    assert!(hub.hears("seq").await.starts_with(r#"{"seq":2,"channel":"n","value":2"#));
    hub.says(r#"{"ack":2}"#).await;
    let identify = hub.hears("identify").await;
    assert!(!identify.contains("session"), "what is new needs a session of this run: {identify}");
    hub.welcomes(2, "k7-2", 0).await;
    assert!(hub.hears("seq").await.starts_with(r#"{"seq":1,"channel":"n","value":3"#));
    hub.says(r#"{"ack":1}"#).await;
    assert!(device.flush(PATIENCE).await);
    let books = device.books();
    assert!(books.balance() && (books.restored, books.accepted, books.acked) == (2, 1, 3), "{books:?}");
}

#[test]
fn what_send_accepted_survives_kill_9() {
    let folder = tempfile::tempdir().expect("a folder");
    // The example sends and says so, to an address where nobody is; then it is killed.
    let mut program = Command::new(example("thermometer"))
        .args(["tcp://127.0.0.1:1", "pump-1", ""])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example");
    let said = std::io::BufReader::new(program.stdout.take().expect("piped"));
    let accepted = std::io::BufRead::lines(said).map_while(Result::ok).take(3).count() as u64;
    program.kill().expect("it runs");
    program.wait().expect("it is our child");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let queued = runtime.block_on(async {
        let port = Port::open().await;
        stored(&port, folder.path()).queued()
    });
    assert_eq!(accepted, 3);
    assert!(queued >= accepted, "{queued} of {accepted}");
}

/// Where cargo builds the examples of this crate before its tests.
fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("this test");
    path.pop();
    path.pop();
    path.join("examples").join(name)
}

#[tokio::test]
async fn a_device_that_is_closed_again_says_again_that_nothing_is_lost() {
    let (port, folder) = (Port::open().await, tempfile::tempdir().expect("a folder"));
    let device = stored(&port, folder.path());
    assert!(device.send("n", 1));
    assert!(device.close().await && device.clone().close().await, "it is synced");
    drop(device);
    assert_eq!(stored(&port, folder.path()).queued(), 1);
}

#[tokio::test]
async fn two_programs_never_share_an_outbox() {
    let (port, folder) = (Port::open().await, tempfile::tempdir().expect("a folder"));
    let device = stored(&port, folder.path());
    let second = Device::with(port.settings().stored_in(folder.path())).err().expect("refused");
    assert!(matches!(second, SetupError::Outbox(OpenError::InUse { .. })), "{second}");
    assert!(second.to_string().contains("in use by another program"));
    device.close().await;
    assert!(Device::with(port.settings().stored_in(folder.path())).is_ok(), "it was let go");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_makes_send_say_no_and_the_program_goes_on() {
    let (port, folder) = (Port::open().await, tempfile::tempdir().expect("a folder"));
    let device = stored(&port, folder.path());
    // What stands where the log would be cannot be written to.
    let log = folder.path().join(format!("{:020}.log", 1));
    fs::create_dir(&log).expect("a folder");
    assert!(!device.send("n", 1));
    assert_eq!((device.queued(), device.books().accepted), (0, 0), "nothing is in memory only");
    fs::remove_dir(&log).expect("it is empty");
    assert!(device.send("n", 2));
    assert_eq!(device.queued(), 1);
    drop(device);
    crate::hub::until(|| Device::with(port.settings().stored_in(folder.path())).is_ok()).await;
    assert_eq!(stored(&port, folder.path()).queued(), 1);
}

#[tokio::test]
async fn a_session_that_cannot_be_kept_is_not_spoken_in() {
    let (port, folder) = (Port::open().await, tempfile::tempdir().expect("a folder"));
    let device = stored(&port, folder.path());
    assert!(device.send("n", 1));
    // What stands where the head would be cannot be written to.
    let head = folder.path().join("head");
    fs::remove_file(&head).expect("it is there");
    fs::create_dir(&head).expect("a folder");
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    assert_eq!(hub.line().await, None, "it hangs up without a numbered line");
    fs::remove_dir(&head).expect("it is empty");
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(2, "k7-1", 0).await;
    hub.hears(r#""seq":1"#).await;
    assert!(fs::read_to_string(head).expect("the head").contains("k7-1"));
}

#[tokio::test]
async fn a_damaged_outbox_is_reported_exactly_and_its_loss_declared() {
    let (port, folder) = (Port::open().await, tempfile::tempdir().expect("a folder"));
    let device = stored(&port, folder.path());
    for number in 1..=3 {
        device.send("n", number);
    }
    device.close().await;
    let log = folder.path().join(format!("{:020}.log", 1));
    let mut bytes = fs::read(&log).expect("the log");
    let second = bytes.windows(9).position(|window| window == br#"{"seq":2,"#).expect("it is there");
    let end = second + bytes[second..].iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    bytes[second + 12] ^= 4;
    fs::write(&log, &bytes).expect("it can be written");

    let device = stored(&port, folder.path());
    let report = device.report().expect("it is stored");
    assert_eq!((report.restored, report.missing.clone()), (2, vec![2..=2]));
    let [damage] = &report.damages[..] else { panic!("{report}") };
    assert_eq!((damage.offset, damage.bytes), (second as u64, (end - second) as u64));
    assert_eq!(damage.file, log);
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    assert!(hub.line().await.expect("a line").starts_with(r#"{"seq":1,"#));
    hub.says(r#"{"ack":1}"#).await;
    assert_eq!(hub.line().await.expect("a line").trim_end(), r#"{"skip":2,"reason":"lost"}"#);
    hub.says(r#"{"ack":2}"#).await;
    assert!(hub.line().await.expect("a line").starts_with(r#"{"seq":3,"#));
}

#[tokio::test]
async fn a_long_outage_stays_within_bounds_on_the_disk_too() {
    let (port, folder) = (Port::open().await, tempfile::tempdir().expect("a folder"));
    let device =
        Device::with(port.settings().holding(100, 20_000).stored_in(folder.path())).expect("a device");
    let text = "x".repeat(900);
    for connects in [false, true] {
        for _ in 0..1000 {
            assert!(device.send("text", &text));
            let bytes = bytes_in(folder.path());
            assert!(bytes < 2 * 20_000 + 5 * 16_384 + 4096, "{bytes} bytes");
            tokio::task::yield_now().await;
        }
        assert!(device.books().balance() && device.dropped() > 900);
        if !connects {
            // To where nobody answers: the outage goes on.
            device.connect();
        }
    }
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("the folder");
    entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|metadata| metadata.len()).sum()
}
