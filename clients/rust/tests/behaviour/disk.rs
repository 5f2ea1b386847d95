//! A stored outbox on a disk that is full or fails.

use crate::hub::{PATIENCE, Port, until};
use glassline_client::outbox::{Bounds, Done, OpenError, Outbox};
use glassline_client::{Device, Settings};
use protocol::message::{Sample, Samples};
use protocol::session::device_side::{Head, Kept};
use serde_json::value::RawValue;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

fn open(folder: &Path, file_bytes: u64) -> (Outbox, Kept) {
    let (outbox, kept, _) = Outbox::open(folder, Bounds { file_bytes }).expect("it opens");
    (outbox, kept)
}

fn message() -> Samples {
    let value = RawValue::from_string("123456789".to_owned()).expect("a number");
    Samples { seq: None, ts: Some(5), outbox: None, samples: vec![Sample { channel: "n".into(), value }] }
}

/// The hub has taken over everything below `position`.
fn taken_over(outbox: &mut Outbox, position: u64) {
    let keep = outbox.keep(&Head { session: None, head: position }, position);
    let done = keep.run().expect("a head needs no room");
    outbox.done(done);
}

/// Fills the disk, goes on after a restart, and lives on what the hub takes over.
fn fill(folder: &Path, file_bytes: u64) {
    let (mut outbox, _) = open(folder, file_bytes);
    while outbox.append(&message()).is_ok() {}
    let accepted = outbox.next() - 1;
    assert!(accepted > 1000, "{accepted}");
    taken_over(&mut outbox, 1);
    assert!(outbox.append(&message()).is_err(), "there is still no room");
    drop(outbox);

    let (mut outbox, kept) = open(folder, file_bytes);
    assert_eq!(kept.messages.iter().flatten().count() as u64, accepted, "they are there");
    taken_over(&mut outbox, 1);
    let _full = outbox.append(&message());
    let all = outbox.next();
    taken_over(&mut outbox, all);
    for _ in 0..1000 {
        outbox.append(&message()).expect("there is room");
    }
    drop(outbox);
    let (_, kept) = open(folder, file_bytes);
    assert_eq!((kept.first, kept.messages.len()), (all, 1000));
}

/// A device whose disk is full when it connects: its messages arrive, and then it accepts more.
async fn a_device_fills(folder: &Path) {
    let port = Port::open().await;
    let settings = port.settings().holding(10_000, 1 << 20).stored_in(folder);
    let device = Device::with(settings).expect("a device");
    while device.send("n", 123_456_789) {}
    let accepted = device.queued();
    assert!(accepted > 1000, "{accepted}");
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    for number in 1..=accepted {
        hub.hears(&format!("{{\"seq\":{number},")).await;
        hub.says(&format!("{{\"ack\":{number}}}")).await;
    }
    until(|| device.send("n", 1)).await;
    hub.hears(&format!("\"seq\":{},", accepted + 1)).await;
}

/// On a disk of its own, where the system lets a test have one.
#[test]
fn a_disk_that_the_outbox_filled_takes_more_once_the_hub_has_taken_over_what_is_there() {
    const NAME: &str =
        "disk::a_disk_that_the_outbox_filled_takes_more_once_the_hub_has_taken_over_what_is_there";
    const FOLDER: &str = "GLASSLINE_SMALL_DISK";
    const NO_MOUNT: i32 = 77;
    if let Some(folder) = std::env::var_os(FOLDER) {
        fill(&Path::new(&folder).join("files"), 16 * 1024);
        fs::remove_dir_all(Path::new(&folder).join("files")).expect("it is ours");
        fill(&Path::new(&folder).join("one file"), 1 << 20);
        fs::remove_dir_all(Path::new(&folder).join("one file")).expect("it is ours");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        return runtime.block_on(a_device_fills(&Path::new(&folder).join("device")));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let script =
        format!("mount -t tmpfs -o size=256k none \"$1\" || exit {NO_MOUNT}; exec \"$2\" --exact {NAME}");
    let ended = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"])
        .args([folder.path(), &std::env::current_exe().expect("this test")])
        .env(FOLDER, folder.path())
        .output();
    match ended {
        Ok(ended) if ended.status.code() == Some(101) => panic!("{}", String::from_utf8_lossy(&ended.stdout)),
        Ok(ended) if ended.status.success() => {}
        other => eprintln!("skipped: the system gives no small disk: {other:?}"),
    }
}

/// The same without such a disk: no file can be made.
#[test]
fn room_is_given_back_where_no_file_can_be_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut outbox, _) = open(folder.path(), 1000);
    for _ in 0..100 {
        outbox.append(&message()).expect("there is room");
    }
    let before = outbox.log_bytes();
    let blocked = [format!("{:020}.log", outbox.next()), "head.new".to_owned()];
    blocked.iter().for_each(|name| fs::create_dir(folder.path().join(name)).expect("a folder"));
    let all = outbox.next();
    taken_over(&mut outbox, all);
    assert!(outbox.log_bytes() < before / 4, "{} of {before}", outbox.log_bytes());
}

/// Writing a head takes as long as the disk likes: one that does not come back must not hold up who sends.
#[test]
fn what_is_dropped_is_given_back_by_send_without_a_head() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = || Settings::new("tcp://127.0.0.1:9", "pump-1", "").expect("settings");
    let bounded = || settings().holding(1000, 64 * 1024).stored_in(folder.path());
    let device = Device::with(bounded()).expect("a device");
    let head = folder.path().join("head");
    fs::remove_file(&head).expect("it was made");
    fs::create_dir(&head).expect("a folder");
    for n in 0..20_000 {
        assert!(device.send("n", n));
    }
    let files = fs::read_dir(folder.path()).expect("it is there");
    let bytes: u64 = files.map(|file| file.and_then(|file| file.metadata()).expect("a file").len()).sum();
    assert!(bytes < 4 * 64 * 1024, "{bytes} bytes");
    let queued = device.queued();
    assert_eq!(device.dropped() + queued, 20_000);
    drop(device);

    fs::remove_dir(&head).expect("it is empty");
    let device = Device::with(bounded()).expect("a device");
    assert_eq!(device.queued(), queued, "what was held is there");
}

#[test]
fn nothing_is_accepted_before_a_head_has_its_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let head = folder.path().join("head");
    fs::create_dir(&head).expect("what cannot be written to");
    let (mut outbox, _) = open(folder.path(), 1000);
    assert!(outbox.append(&message()).is_err(), "it might take all the room");
    fs::remove_dir(&head).expect("it is empty");
    assert!(outbox.append(&message()).is_ok() && head.is_file());
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_the_system_fails_to_read_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let (log, aside) = (folder.path().join(format!("{:020}.log", 1)), folder.path().join("aside"));
    let (mut outbox, _) = open(folder.path(), 1000);
    outbox.append(&message()).expect("there is room");
    drop(outbox);
    fs::rename(&log, &aside).expect("it is there");
    // Can be opened, and not read.
    std::os::unix::fs::symlink("/proc/self/mem", &log).expect("a name");
    let (mut outbox, kept) = open(folder.path(), 1000);
    assert_eq!(kept.messages.iter().flatten().count(), 0);
    outbox.append(&message()).expect("another file takes it");
    drop(outbox);
    assert!(fs::symlink_metadata(&log).expect("it is there").is_symlink());
    // The disk has come to its senses.
    fs::rename(&aside, &log).expect("it is there");
    let (_, kept) = open(folder.path(), 1000);
    assert_eq!((kept.first, kept.messages.iter().flatten().count()), (1, 2), "both are there");
}

#[test]
fn two_syncs_of_a_file_that_was_not_synced_do_not_meet() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut outbox, _) = open(folder.path(), 1 << 20);
    for _ in 0..1000 {
        outbox.append(&message()).expect("there is room");
    }
    let begin = Instant::now();
    for round in 0..200 {
        outbox.done(Done::Failed(vec![1]));
        let syncs = [outbox.sync().expect("two"), outbox.sync().expect("of them")];
        let together = Barrier::new(syncs.len());
        let ended = thread::scope(|scope| {
            let run = |sync: glassline_client::outbox::Sync| {
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    sync.run()
                })
            };
            syncs.map(run).map(|running| running.join().expect("no panic"))
        });
        for (done, synced) in ended {
            synced.unwrap_or_else(|error| panic!("round {round}: {error}"));
            outbox.done(done);
        }
        // On a slow disk fewer rounds have to do.
        if begin.elapsed() > PATIENCE / 3 {
            break;
        }
    }
    drop(outbox);
    assert_eq!(open(folder.path(), 1 << 20).1.messages.iter().flatten().count(), 1000);
}

#[test]
fn a_work_that_outlives_its_outbox_holds_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let in_use = || {
        let opened = Outbox::open(folder.path(), Bounds { file_bytes: 1000 });
        matches!(opened, Err(OpenError::InUse { .. }))
    };
    let (mut outbox, _) = open(folder.path(), 1000);
    let (keep, sync) = (outbox.keep(&Head { session: None, head: 1 }, 1), outbox.sync().expect("it begins"));
    drop(outbox);
    assert!(in_use(), "two works are under way");
    drop(sync);
    assert!(in_use(), "one would write the head");
    let _nobody_to_tell = keep.run().expect("there is room");
    assert!(!in_use());
}
