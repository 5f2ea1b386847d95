//! Follows the gateway's configuration file: hubs that come, go or change do so at once; of the rest the log says that it counts
//! from the next start on; a mistake is said there with its place, while what held before still does.

use super::configuration::Configuration;
use gateway::standalone::Standalone;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What tells that a file is another: when it was changed, and its size. Nothing while it cannot be looked at.
type Seen = Option<(SystemTime, u64)>;

/// A configuration file, and what of it holds.
pub(super) struct Followed {
    file: PathBuf,
    /// What was read last.
    seen: Seen,
    /// What is different, and may still be being written.
    settling: Seen,
    started: Configuration,
    /// Keys that a flag outranks.
    overridden: Vec<&'static str>,
}

impl Followed {
    /// From when `started` was read from `file`. What changes in between is seen as a change.
    pub(super) fn new(file: &Path, started: Configuration, overridden: Vec<&'static str>) -> Self {
        Self { file: file.to_owned(), seen: None, settling: None, started, overridden }
    }

    /// Looks for as long as it is waited for.
    pub(super) async fn follow(mut self, gateway: Arc<Standalone>) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            every.tick().await;
            let seen = look(&self.file);
            let is_new = seen.is_some() && seen != self.seen;
            let has_settled = seen == self.settling;
            self.settling = seen;
            if is_new && has_settled {
                self.seen = self.settling.take();
                self.take(&gateway).await;
            }
        }
    }

    async fn take(&self, gateway: &Arc<Standalone>) {
        let now = match Configuration::read(&self.file) {
            Ok(now) => now,
            Err(error) => return tracing::warn!("{error:#}\nwhat held before still does"),
        };
        let mut keys = now.others_than(&self.started);
        keys.retain(|key| !self.overridden.contains(key));
        if !keys.is_empty() {
            tracing::warn!("{} counts from the next start on: {}", self.file.display(), keys.join(", "));
        }
        if self.overridden.contains(&"hub") {
            return;
        }
        let (gateway, hubs) = (gateway.clone(), now.hubs);
        match tokio::task::spawn_blocking(move || gateway.configure(hubs)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("{error}; what held before still does"),
            Err(error) => tracing::error!(%error, "the hubs could not be changed"),
        }
    }
}

fn look(file: &Path) -> Seen {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
