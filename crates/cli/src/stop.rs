//! The end: Ctrl-C or SIGTERM once asks for it, twice forces it.

use anyhow::{Context as _, Result};
use tokio::sync::watch;

/// The exit code of a forced end, as shells have it for Ctrl-C.
const FORCED: i32 = 130;

/// Resolves for everybody who waits once the end was asked for.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Begins to listen for the signals. A second one ends the program at once.
    ///
    /// # Errors
    /// The operating system does not let us.
    pub(crate) fn on_signal() -> Result<Self> {
        let mut signals = Signals::new().context("signals cannot be listened for")?;
        let (asked, stop) = watch::channel(false);
        tokio::spawn(async move {
            signals.next().await;
            // Nobody waiting any more is the end already.
            let _ = asked.send(true);
            signals.next().await;
            std::process::exit(FORCED);
        });
        Ok(Self(stop))
    }

    /// Waits until the end was asked for.
    pub(crate) async fn asked(mut self) {
        // An error says that the listening task is gone: its runtime ends.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a console there is nothing to wait for, and nothing that could come.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
