//! A machine of its own, whose power can be cut: a user-mode Linux.
//!
//! Its root is that of this machine, read-only. The state lies on a disk of its own, an image with ext4. What its
//! kernel has not yet written to that disk when the power is cut dies with it. What it has written stays, also where it
//! was not flushed: a disk that loses its own cache is left to the simulation.

use crate::guest;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// What it takes, and the packages that bring it.
pub(crate) const PROGRAMS: &[(&str, &str)] =
    &[("linux.uml", "user-mode-linux"), ("mkfs.ext4", "e2fsprogs"), ("ip", "iproute2")];

/// Bytes of the disk.
const DISK_BYTES: u64 = 512 << 20;
/// The last line of a machine in which everything has ended.
const OVER: &str = "over";

/// The machine while it is off.
pub(crate) struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A machine with an empty disk, and a hub configured for this durability.
    pub(crate) fn new(durability: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = folder.path().join("disk");
        fs::File::create(&disk).and_then(|file| file.set_len(DISK_BYTES)).expect("a file");
        let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&disk).status();
        assert!(made.expect("it is here").success(), "mkfs.ext4 failed");
        let configuration = format!("durability = \"{durability}\"\n");
        fs::write(folder.path().join(guest::CONFIGURATION), configuration).expect("the folder is ours");
        Self { folder }
    }

    /// Turns it on, for the `boot`th time. It mounts its disk and runs this program as its [`guest`].
    pub(crate) fn turn_on(&self, boot: u64) -> Power {
        let folder = self.folder.path();
        let init = folder.join("init");
        fs::write(&init, script(folder, boot)).expect("the folder is ours");
        let made = Command::new("chmod").arg("+x").arg(&init).status();
        assert!(made.expect("there is a chmod").success());
        let at = |key: &str, path: &Path| format!("{key}={}", path.display());
        let mut machine = Command::new("linux.uml")
            .args(["mem=256M", "rootfstype=hostfs", "rootflags=/", "ro", "quiet", "con=null", "ssl=null"])
            .args(["con0=fd:0,fd:1", &at("ubd0", &folder.join("disk")), &at("init", &init)])
            .arg(at("uml_dir", folder))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // All its processes together, so that they can be ended together.
            .process_group(0)
            .spawn()
            .expect("it is here");
        let console = BufReader::new(machine.stdout.take().expect("piped")).lines();
        Power { machine, console, heard: Vec::new() }
    }
}

/// What the machine does when it starts.
fn script(folder: &Path, boot: u64) -> String {
    let program = std::env::current_exe().expect("this program is a file");
    let (folder, disk, program) = (folder.display(), guest::DISK, program.display());
    let command = guest::COMMAND;
    format!(
        "#!/bin/sh\n\
         export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run\n\
         stty -opost\n\
         mount -t proc proc /proc && mount -t tmpfs tmpfs /run && mkdir {disk} && ip link set lo up\n\
         mount -t ext4 /dev/ubda {disk} && cd {folder} && {program} {command} {boot} 2>&1\n\
         echo {OVER}\n\
         exec cat\n"
    )
}

/// The machine while it is on.
pub(crate) struct Power {
    machine: Child,
    console: Lines<BufReader<ChildStdout>>,
    /// For the report, where it does not do what it should.
    heard: Vec<String>,
}

impl Power {
    /// The next line of the console; none where what runs in it came to an end.
    pub(crate) fn next_line(&mut self) -> Option<String> {
        let line = self.console.next()?.ok()?;
        self.heard.push(line.clone());
        (line != OVER).then_some(line)
    }

    /// Waits for a line.
    pub(crate) fn hears(&mut self, wanted: &str) {
        while let Some(line) = self.next_line() {
            if line == wanted {
                return;
            }
        }
        panic!("the machine does not start:\n{}", self.heard.join("\n"));
    }

    /// The cut. Gives what the console had said and nobody has read yet.
    pub(crate) fn cut(mut self) -> Vec<String> {
        self.kill();
        // Up to its end: then all its processes are gone, and nobody writes to the disk any more.
        std::iter::from_fn(|| self.next_line()).collect()
    }

    fn kill(&mut self) {
        let group = format!("kill -9 -{}", self.machine.id());
        // Its processes may have ended already.
        let _ = Command::new("sh").args(["-c", &group]).stderr(Stdio::null()).status();
        let _ = self.machine.wait();
    }
}

impl Drop for Power {
    fn drop(&mut self) {
        self.kill();
    }
}
