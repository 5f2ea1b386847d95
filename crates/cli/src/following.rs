//! Follows the configuration file while the hub runs: what can change does at once, of the rest every open page says that it
//! counts from the next start on, and a mistake is said there with its place, while what held before still does.

use crate::configuration::Configuration;
use hub::http::Site;
use hub::{Configuration as Standing, Hub};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How soon it is looked at again when it has just changed: an editor may still be writing.
const LOOK_AGAIN: Duration = Duration::from_millis(80);

/// What tells that a file is another: when it was changed, and its size. Nothing while it cannot be looked at, as in the middle of a
/// rename.
type Seen = Option<(SystemTime, u64)>;

/// A configuration file, and what of it holds.
pub(crate) struct Followed {
    file: PathBuf,
    /// What was read last.
    seen: Seen,
    /// What is different, and may still be being written.
    settling: Seen,
    /// What the process was started with.
    started: Configuration,
    /// What it runs with, as far as that can change.
    held: Configuration,
    /// Keys that a flag outranks.
    overridden: Vec<&'static str>,
}

impl Followed {
    /// From when `started` was read from `file`. What changes in between is seen as a change.
    pub(crate) fn new(file: &Path, started: Configuration, overridden: Vec<&'static str>) -> Self {
        let (file, held) = (file.to_owned(), started.clone());
        Self { file, seen: None, settling: None, started, held, overridden }
    }

    /// Looks until the hub stops.
    pub(crate) async fn follow(mut self, hub: Arc<Hub>, site: Arc<Site>) {
        let mut stopping = hub.stopping();
        loop {
            let seen = look(&self.file);
            let is_new = seen.is_some() && seen != self.seen;
            let has_settled = seen == self.settling;
            self.settling = seen;
            if is_new && has_settled {
                self.seen = self.settling.take();
                hub.configured(self.take(&hub, &site));
            }
            let wait = if is_new && !has_settled { LOOK_AGAIN } else { LOOK_EVERY };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // Should the sender be gone, the hub is.
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }

    /// Reads the file and takes over what can be. How things stand then.
    fn take(&mut self, hub: &Hub, site: &Site) -> Standing {
        match Configuration::read(&self.file) {
            Ok(now) => {
                site.rename(&now.hosts);
                site.embed_in(&now.embedding);
                hub.auth().set_enrolment(now.enrolment);
                if (now.gather, &now.retention) != (self.held.gather, &self.held.retention) {
                    hub.reconfigure(Duration::from_millis(now.gather), now.retention.clone());
                }
                let mut keys = now.others_than(&self.started);
                keys.retain(|key| !self.overridden.contains(&key.as_str()));
                self.held = now;
                if keys.is_empty() { Standing::Holds } else { Standing::Restart { keys } }
            }
            Err(error) => {
                let (place, what) = match error.downcast_ref::<crate::configuration::Problem>() {
                    Some(problem) => (problem.place(), problem.what().to_owned()),
                    None => (self.file.display().to_string(), format!("{error:#}")),
                };
                tracing::warn!("{place}: {what}; what held before still does");
                Standing::Wrong { place, what }
            }
        }
    }
}

fn look(file: &Path) -> Seen {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
