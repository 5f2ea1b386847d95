//! Follows the configuration file while the hub runs: what can change does at once, of the rest every open page says that it
//! counts from the next start on, and a mistake is said there with its place, while what held before still does.

use crate::configuration::Configuration;
use hub::http::Site;
use hub::{Configuration as Standing, Hub};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// What tells that a file is another: when it was changed, and its size. Nothing while it cannot be looked at, as in the middle of a
/// rename.
type Seen = Option<(SystemTime, u64)>;

/// A configuration file, and what of it holds.
pub(crate) struct Followed {
    file: PathBuf,
    seen: Seen,
    /// What the process was started with.
    started: Configuration,
}

impl Followed {
    /// From when `started` was read from `file`. What changes in between is seen as a change.
    pub(crate) fn new(file: &Path, started: Configuration) -> Self {
        Self { file: file.to_owned(), seen: None, started }
    }

    /// Looks until the hub stops.
    pub(crate) async fn follow(mut self, hub: Arc<Hub>, site: Arc<Site>) {
        let mut stopping = hub.stopping();
        loop {
            let seen = look(&self.file);
            if seen.is_some() && seen != self.seen {
                self.seen = seen;
                hub.configured(self.take(&site));
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                // Should the sender be gone, the hub is.
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }

    /// Reads the file and takes over what can be. How things stand then.
    fn take(&self, site: &Site) -> Standing {
        match Configuration::read(&self.file) {
            Ok(now) => {
                site.rename(&now.hosts);
                let keys = now.others_than(&self.started);
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
