//! Rule H9: a commit that fails for the disk is kept, and made durable once the disk is well again.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use rusqlite::Connection;
use store::{CommitError, DeviceKey, Event, Message, Options, Sample, Store, Write, limits};

use crate::rig::{PUMP, Rig, device, message, numbered};

/// A store whose events are all heard.
struct Heard {
    store: Store,
    events: Receiver<Event>,
}

impl Heard {
    fn open(dir: &Path) -> Heard {
        let (sender, events) = mpsc::channel();
        let on_event = move |event| {
            // Nobody listens any longer when a test is over.
            let _ = sender.send(event);
        };
        let (store, _) = Store::open(dir, Options::default(), on_event).unwrap();
        Heard { store, events }
    }

    fn with_pump(dir: &Path) -> Heard {
        let heard = Heard::open(dir);
        heard.store.submit(device(PUMP, "pump-1"));
        assert!(matches!(heard.events.recv().unwrap(), Event::Commit(commit) if commit.result.is_ok()));
        heard
    }

    fn fails(&self) -> String {
        let Event::Failed { reason } = self.events.recv().unwrap() else { panic!("it has to fail") };
        reason
    }

    /// The writes of the next commit, which went well.
    fn committed(&self) -> Vec<Write> {
        let Event::Commit(commit) = self.events.recv().unwrap() else { panic!("a commit was expected") };
        commit.result.unwrap();
        commit.writes
    }
}

/// Holds what a writer needs, as long as this is there.
fn lock(dir: &Path) -> Connection {
    let connection = Connection::open(dir.join("glassline.db")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

fn assert_flow(dir: &Path, count: u64) {
    let rig = Rig::open(dir);
    assert_eq!((rig.pump().cursor, rig.pump().received), (count, count));
    let channels = [&Arc::from("flow")];
    let rows = crate::dump::samples_of(rig.store.reader(), PUMP, &channels);
    assert_eq!(rows.len() as u64, count);
}

#[test]
fn h9_what_could_not_be_committed_is_kept_and_committed_after_recovery() {
    let dir = tempfile::tempdir().unwrap();
    let heard = Heard::with_pump(dir.path());
    let locked = lock(dir.path());
    let first = numbered(1, "k7-1", 1, &[("flow", "1")]);
    heard.store.submit(first.clone());
    assert!(heard.fails().contains("locked"));
    // What comes meanwhile waits behind it.
    let others: Vec<Write> =
        (2..=50).map(|cursor| numbered(cursor, "k7-1", cursor, &[("flow", "2")])).collect();
    others.iter().for_each(|write| heard.store.submit(write.clone()));
    drop(locked);
    assert_eq!(heard.committed(), [first]);
    assert!(matches!(heard.events.recv().unwrap(), Event::Recovered));
    let mut after = Vec::new();
    while after.len() < others.len() {
        after.extend(heard.committed());
    }
    assert_eq!(after, others);
    heard.store.close();
    assert_flow(dir.path(), 50);
}

#[test]
fn h9_readers_go_on_while_the_store_has_failed() {
    let dir = tempfile::tempdir().unwrap();
    let heard = Heard::with_pump(dir.path());
    heard.store.submit(numbered(1, "k7-1", 1, &[("flow", "1")]));
    heard.committed();
    let _locked = lock(dir.path());
    heard.store.submit(numbered(2, "k7-1", 2, &[("flow", "2")]));
    heard.fails();
    let entries = heard.store.reader().messages(PUMP, 0, 10).unwrap();
    assert_eq!(entries.len(), 1, "and what is not committed is not shown");
}

#[test]
fn h9_closing_tries_once_more_and_then_hands_everything_back() {
    let dir = tempfile::tempdir().unwrap();
    let heard = Heard::with_pump(dir.path());
    let locked = lock(dir.path());
    let writes = [numbered(1, "k7-1", 1, &[("flow", "1")]), numbered(2, "k7-1", 2, &[("flow", "2")])];
    heard.store.submit(writes[0].clone());
    heard.fails();
    heard.store.submit(writes[1].clone());
    heard.store.close();
    let Event::Commit(commit) = heard.events.recv().unwrap() else { panic!("it has to be handed back") };
    assert_eq!(commit.writes, writes);
    assert!(matches!(commit.result, Err(CommitError::Failed(_))));
    drop(locked);
    assert_flow(dir.path(), 0);
}

#[test]
fn h9_closing_a_store_whose_disk_is_well_again_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let heard = Heard::with_pump(dir.path());
    let locked = lock(dir.path());
    heard.store.submit(numbered(1, "k7-1", 1, &[("flow", "1")]));
    heard.fails();
    heard.store.submit(numbered(2, "k7-1", 2, &[("flow", "2")]));
    drop(locked);
    heard.store.close();
    assert_flow(dir.path(), 2);
}

#[test]
fn what_finds_no_room_while_the_store_has_failed_is_handed_back_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let heard = Heard::with_pump(dir.path());
    heard.store.submit(device(DeviceKey(2), "gone"));
    heard.store.submit(Write::RemoveDevice { device: DeviceKey(2) });
    let mut waiting = 2;
    while waiting > 0 {
        waiting -= heard.committed().len();
    }
    let locked = lock(dir.path());
    heard.store.submit(numbered(1, "k7-1", 1, &[("flow", "1")]));
    heard.fails();
    // They weigh, although they share their text and will go nowhere: their device was removed.
    let mebibyte: Arc<str> = "x".repeat(1024 * 1024).into();
    let value = Sample { channel: "flow".into(), ts: 1, device_ts: None, late: false, value: mebibyte };
    let heavy = Message { device: DeviceKey(2), samples: vec![value], ..message(1, 1, &[]) };
    let count = limits::QUEUE_BYTES_MAX / (1024 * 1024) + 10;
    (0..count).for_each(|_| heard.store.submit(Write::Message(heavy.clone())));
    let Event::Commit(commit) = heard.events.recv().unwrap() else { panic!("it is still locked") };
    assert!(matches!(commit.result, Err(CommitError::Full)));
    let mut refused = commit.writes.len();
    drop(locked);
    let mut recovered = false;
    let mut committed = 0;
    while committed + refused < count + 1 {
        match heard.events.recv().unwrap() {
            Event::Commit(commit) if commit.result.is_ok() => committed += commit.writes.len(),
            Event::Commit(commit) => refused += commit.writes.len(),
            Event::Recovered => recovered = true,
            Event::Failed { reason } => panic!("{reason}"),
            Event::Lost(_) | Event::Spool(_) => panic!("nothing was done early, and this is no spool"),
        }
    }
    assert!(recovered && committed > limits::QUEUE_BYTES_MAX / (1024 * 1024) - 10, "{committed}");
    heard.store.close();
    assert_flow(dir.path(), 1);
}

/// Set for the process whose disk is full: its state folder.
const CROWDED: &str = "GLASSLINE_STORE_CROWDED";

/// Writes a message for each line of its input and says on standard error what happens. Does nothing in an ordinary run of the tests.
#[test]
fn crowded() {
    let Some(dir) = std::env::var_os(CROWDED) else { return };
    let (store, _) = Store::open(Path::new(&dir), Options::default(), say).unwrap();
    write_what_is_asked(|write| store.submit(write));
}

/// Says on standard error what happens.
pub(crate) fn say(event: Event) {
    let said = match event {
        Event::Commit(commit) if commit.result.is_ok() => format!("committed {}", commit.writes.len()),
        Event::Commit(_) => "refused".to_owned(),
        Event::Failed { .. } => "failed".to_owned(),
        Event::Recovered => "recovered".to_owned(),
        Event::Lost(_) => "lost".to_owned(),
        Event::Spool(event) => format!("{event:?}"),
    };
    // Not what the test harness keeps to itself.
    let mut out = std::io::stderr();
    writeln!(out, "said {said}").unwrap();
}

/// A message for each line of the input.
pub(crate) fn write_what_is_asked(submit: impl Fn(Write)) {
    submit(device(PUMP, "pump-1"));
    let text = format!("\"{}\"", "x".repeat(4000));
    for (cursor, line) in (1..).zip(std::io::stdin().lines()) {
        assert_eq!(line.unwrap(), "write");
        submit(numbered(cursor, "k7-1", cursor, &[("flow", &text)]));
    }
}

/// The process whose disk can be full.
struct Crowded {
    child: Child,
    said: std::io::Lines<BufReader<ChildStderr>>,
}

impl Crowded {
    /// Runs the test `victim`, with its state folder in `variable`.
    fn start(victim: &str, variable: &str, state: &Path) -> Crowded {
        // A file that reaches its limit is an error to it, and not its end.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" --exact \"$1\" --nocapture"])
            .arg(std::env::current_exe().unwrap())
            .arg(victim)
            .env(variable, state)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Crowded { child, said }
    }

    fn write(&mut self) {
        writeln!(self.child.stdin.as_mut().unwrap(), "write").unwrap();
    }

    fn hear(&mut self) -> String {
        let next = self.said.find_map(|line| line.unwrap().strip_prefix("said ").map(str::to_owned));
        next.expect("it goes on until it is told to end")
    }

    /// From now on no file of it can grow beyond this.
    fn limit_files(&self, bytes: &str) {
        let limit = format!("--fsize={bytes}:unlimited");
        let done = Command::new("prlimit").args([&limit, "--pid", &self.child.id().to_string()]).status();
        assert!(done.unwrap().success());
    }
}

/// Fills the disk of a victim and makes room again; how many messages it had to write.
#[cfg(target_os = "linux")]
pub(crate) fn crowd(victim: &str, variable: &str, state: &Path) -> u64 {
    let mut crowded = Crowded::start(victim, variable, state);
    assert_eq!(crowded.hear(), "committed 1");
    crowded.limit_files("262144");
    // Each commit is more than a page: it does not take many.
    let mut written = 0;
    loop {
        crowded.write();
        written += 1;
        match crowded.hear().as_str() {
            "failed" => break,
            said => assert_eq!(said, "committed 1"),
        }
        assert!(written < 1000, "the limit is not kept");
    }
    crowded.write();
    written += 1;
    crowded.limit_files("unlimited");
    assert_eq!(crowded.hear(), "committed 1");
    assert_eq!(crowded.hear(), "recovered");
    assert_eq!(crowded.hear(), "committed 1");
    drop(crowded.child.stdin.take());
    assert!(crowded.child.wait().unwrap().success());
    written
}

#[cfg(target_os = "linux")]
#[test]
fn h9_a_disk_that_was_full_for_a_while_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let written = crowd("recovery::crowded", CROWDED, dir.path());
    assert_flow(dir.path(), written);
}
