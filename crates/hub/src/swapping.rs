//! What is saved while the hub runs: open panels are told of changed components and views, and of how the configuration
//! stands.

use crate::Hub;
use crate::limits::{LOOK_AGAIN, LOOK_EVERY, LOOKS_SHARE, SWAPS_A_SECOND};
use crate::view::{Found, Swap};
use std::sync::{PoisonError, Weak};
use std::time::{Duration, Instant};

/// How what the hub runs with stands to the file that it was configured by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Configuration {
    /// It is what the file says, or there is none.
    #[default]
    Holds,
    /// There is a mistake in the file: what held before does so still.
    Wrong {
        /// Where: `glassline.toml:3:9`.
        place: String,
        /// A sentence for people.
        what: String,
    },
    /// The file says something else that counts from the next start on.
    Restart {
        /// Of which keys.
        keys: Vec<String>,
    },
}

impl Hub {
    /// Looks at the user's files while somebody has a page open.
    pub(crate) async fn follow_files(hub: Weak<Self>) {
        loop {
            let Some(hub) = hub.upgrade() else { return };
            tokio::select! {
                () = hub.panels.somebody() => {}
                () = hub.stopped() => return,
            }
            let looking = hub.clone();
            let looked = tokio::task::spawn_blocking(move || looking.look_at_files()).await;
            let wait = looked.expect("looking at files does not panic");
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = hub.stopped() => return,
            }
        }
    }

    /// One look, and how long to wait for the next.
    fn look_at_files(&self) -> Duration {
        let began = Instant::now();
        let found = self.views.follow(self.now().mono);
        let took = began.elapsed();
        if let Some(swap) = self.views.take_swap() {
            tracing::info!(components = ?swap.changed.components, views = ?swap.changed.views, "files changed");
            self.panels.swapped(message(&swap, self.panels.len()));
        }
        match found {
            Found::Same => LOOK_EVERY.max(took * LOOKS_SHARE),
            Found::Settling => LOOK_AGAIN.max(took * LOOKS_SHARE),
            // What it took to load is not what a look takes.
            Found::Loaded => LOOK_EVERY,
        }
    }

    /// Runs the store so from now on: how long writes gather, and for how long samples are kept.
    pub fn reconfigure(&self, gather: Duration, retention: Vec<store::Retention>) {
        self.store.change(gather, retention);
        // What the new rules let go of need not wait for the next hour.
        self.prune_now();
    }

    /// How the configuration stands now: every open panel is told, and every page that is opened says so.
    pub fn configured(&self, configuration: Configuration) {
        {
            let mut held = self.configuration.lock().unwrap_or_else(PoisonError::into_inner);
            if *held == configuration {
                return;
            }
            *held = configuration;
        }
        self.panels.configured();
    }

    /// How the configuration stands.
    pub fn configuration(&self) -> Configuration {
        self.configuration.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A browser could not run a component of the library with this print.
    pub(crate) fn component_is_broken(&self, kind: &str, library: &str) {
        self.views.is_broken(kind, library);
    }
}

/// What panels are told when so many of them are open.
fn message(swap: &Swap, panels: usize) -> String {
    let within_ms = panels * 1_000 / SWAPS_A_SECOND;
    let mut swap = serde_json::json!({
        "library": swap.library, "components": swap.changed.components, "views": swap.changed.views,
    });
    if panels > SWAPS_A_SECOND {
        swap["within"] = within_ms.into();
    }
    serde_json::json!({ "swap": swap }).to_string()
}

impl Configuration {
    /// As panels are told.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Holds => serde_json::json!({ "configuration": "holds" }),
            Self::Wrong { place, what } => {
                serde_json::json!({ "configuration": "wrong", "place": place, "what": what })
            }
            Self::Restart { keys } => serde_json::json!({ "configuration": "restart", "keys": keys }),
        }
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_very_many_look_they_are_told_to_take_turns() {
        let swap = Swap { library: "a".to_owned(), changed: Default::default() };
        assert_eq!(message(&swap, 3), r#"{"swap":{"components":[],"library":"a","views":[]}}"#);
        assert!(message(&swap, 5_000).contains(r#""within":10000"#));
    }
}
