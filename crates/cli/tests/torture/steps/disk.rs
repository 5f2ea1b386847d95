//! A disk that does not take what it is given, for a while: the hub says so, acks nothing, and goes on by itself.

use super::{Outcome, Run};
use crate::dice::Dice;
use crate::fleet::Load;
use crate::rig::Verdict;
use crate::scene::Scene;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Room on the disk that fills up; the load of a minute is a part of it.
const ROOM: &str = "size=48m";
/// Seconds for which it takes nothing.
const SECONDS: u64 = 10;

/// The disk is full, and is not.
pub(super) fn full(mut run: Run) -> Outcome {
    let times = run.times(1, 3);
    let (disk, mut fault) = begin();
    for _ in 0..times {
        fault.strike(&mut run.dice, || disk.fill(), || {}, || disk.free());
    }
    Outcome {
        done: format!("the disk was full {times} times for {SECONDS} s; {}", fault.said()),
        verdict: fault.end(),
    }
}

/// The disk is read-only, and is not. No system turns a disk read-only under files that are open for writing. So it is
/// full first; when the hub opens its files anew there is room, and nothing may be written.
pub(super) fn read_only(mut run: Run) -> Outcome {
    let times = run.times(1, 3);
    let (disk, mut fault) = begin();
    for _ in 0..times {
        let turns = || {
            disk.turn_read_only();
            disk.free();
        };
        fault.strike(&mut run.dice, || disk.fill(), turns, || disk.turn_writable());
    }
    let done = format!("the disk was read-only {times} times for {SECONDS} s; {}", fault.said());
    Outcome { done, verdict: fault.end() }
}

fn begin() -> (Disk, Fault) {
    let home = tempfile::tempdir().expect("a folder");
    let disk = Disk::mount(&home.path().join("state"));
    let scene = Scene::begin_in(home, LOAD, &[]);
    (disk, Fault { scene, noticed: Duration::ZERO, recovered: Duration::ZERO })
}

const LOAD: Load = Load { devices: 12, rate: 20.0, heartbeat: 15 };

/// A scene whose disk fails, and how long the hub took to notice and to recover.
struct Fault {
    scene: Scene,
    noticed: Duration,
    recovered: Duration,
}

impl Fault {
    /// It strikes; once the hub has noticed it `turns` into another; it ends.
    fn strike(&mut self, dice: &mut Dice, strike: impl FnOnce(), turns: impl FnOnce(), end: impl FnOnce()) {
        let scene = &self.scene;
        scene.wire.passes(dice.between(50, 1000));
        let closed = scene.wire.closed();
        strike();
        let begin = Instant::now();
        scene.storage_is("failed");
        self.noticed = self.noticed.max(begin.elapsed());
        turns();
        scene.fleet.accepts(LOAD.messages(SECONDS));
        assert_eq!(scene.hub().get("/readyz").status, 503, "a hub without storage is not ready");
        let told = scene.wire.closed() - closed;
        assert!(told >= LOAD.devices, "{told} of {} devices were told to send nothing", LOAD.devices);
        end();
        let begin = Instant::now();
        scene.storage_is("ok");
        self.recovered = self.recovered.max(begin.elapsed());
        assert_eq!(scene.hub().get("/readyz").status, 200, "it is ready again, by itself");
    }

    fn end(self) -> Verdict {
        self.scene.end()
    }

    fn said(&self) -> String {
        let (noticed, recovered) = (self.noticed.as_secs_f64(), self.recovered.as_secs_f64());
        format!("panels knew within {noticed:.1} s, and of its end within {recovered:.1} s")
    }
}

/// A small disk in memory, mounted as long as this lives.
struct Disk {
    at: PathBuf,
    /// What fills it. It lies on the disk itself, not on what is mounted over it.
    filling: File,
}

impl Disk {
    fn mount(at: &Path) -> Self {
        fs::create_dir(at).expect("the folder is ours");
        mount(&["-t", "tmpfs", "-o", ROOM, "tmpfs"], at);
        let filling = File::create(at.join("filling")).expect("there is room for a name");
        Self { at: at.to_owned(), filling }
    }

    /// Until nothing more goes in.
    fn fill(&self) {
        for piece in [1 << 20, 4096, 1] {
            while (&self.filling).write_all(&vec![0; piece]).is_ok() {}
        }
    }

    fn free(&self) {
        self.filling.set_len(0).and_then(|()| (&self.filling).rewind()).expect("it is a file");
    }

    /// For who opens files from now on.
    fn turn_read_only(&self) {
        let itself = self.at.to_str().expect("a path of ours").to_owned();
        mount(&["--bind", &itself], &self.at);
        mount(&["-o", "remount,bind,ro"], &self.at);
    }

    fn turn_writable(&self) {
        unmount(&self.at);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.at);
    }
}

fn mount(how: &[&str], at: &Path) {
    let mounted = Command::new("mount").args(how).arg(at).status();
    assert!(mounted.expect("there is a mount").success(), "the disk cannot be mounted");
}

/// Lazily: somebody may still hold a file there.
fn unmount(at: &Path) {
    // What cannot be unmounted now ends with this namespace.
    let _ = Command::new("umount").arg("--lazy").arg(at).status();
}
