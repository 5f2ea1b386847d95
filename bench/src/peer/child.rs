//! A server's process: started in a folder of its own on the disk, killed when it is no longer needed.

use std::ffi::OsStr;
use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;

/// How long a server may take until it listens.
const START_MAX: Duration = Duration::from_secs(20);
/// How often it is looked whether it does.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// It, its folder and what it said there.
pub(crate) struct Child {
    process: std::process::Child,
    folder: TempDir,
}

impl Child {
    /// A command that ends with this program, however that ends.
    pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
        if !has_setpriv() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program);
        command
    }

    /// Starts it. What it says goes into a file of its folder.
    pub(crate) fn spawn(mut command: Command, folder: TempDir) -> anyhow::Result<Child> {
        let said = File::create(folder.path().join("said.txt"))?;
        let process = command
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
        Ok(Child { process, folder })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until it accepts connections there.
    pub(crate) fn listens(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        self.wait_for(|_| TcpStream::connect(address).is_ok().then_some(()))
    }

    /// Waits until there is what is looked for in its folder.
    pub(crate) fn wait_for<T>(&mut self, found: impl Fn(&Path) -> Option<T>) -> anyhow::Result<T> {
        let until = Instant::now() + START_MAX;
        loop {
            if let Some(found) = found(self.folder.path()) {
                return Ok(found);
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("it ended with {status}: {}", self.said());
            }
            if Instant::now() > until {
                bail!("it does not listen after {START_MAX:?}: {}", self.said());
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("said.txt")).unwrap_or_default()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: it is gone already, or it goes now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address of loopback that nobody listens on just now.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Whether a child can be tied to this program's life.
fn has_setpriv() -> bool {
    super::install::on_path("setpriv").is_some()
}
