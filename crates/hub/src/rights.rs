//! What is withdrawn while it is used: open panels look again, and commands that wait are taken back.

use crate::Hub;
use std::sync::Weak;

impl Hub {
    /// Has everything that outlives a request asked again whenever something was withdrawn or given.
    pub(crate) async fn follow_rights(hub: Weak<Self>) {
        let Some(mut changes) = hub.upgrade().map(|hub| hub.auth.changes()) else { return };
        loop {
            let Some(mut stopping) = hub.upgrade().map(|hub| hub.stopping.subscribe()) else { return };
            let changed = tokio::select! {
                changed = changes.changed() => changed,
                _ = stopping.wait_for(|stopping| *stopping) => return,
            };
            let Some(hub) = hub.upgrade().filter(|_| changed.is_ok()) else { return };
            hub.panels.look_again();
            let swept = tokio::task::spawn_blocking(move || Self::withdraw_commands(&hub)).await;
            swept.expect("taking commands back does not panic");
        }
    }
}

/// Where a right is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// For one device that is to be seen.
    Sight,
    /// For one that is to be commanded.
    Drive,
    /// For a view that is to be changed.
    Editing,
    /// For a view that is to be looked at.
    View,
    /// For a command that is decided upon.
    Deciding,
    /// For one that waits, or is about to leave.
    Waiting,
    /// For each device of a list in an answer.
    Listing,
    /// For each of a list on a page.
    PageList,
    /// For each of a panel's list.
    PanelList,
    /// For each change of that.
    Changes,
    /// For the panels of others.
    Panels,
    /// Whether a panel's credential still counts, when anything has changed.
    Credential,
    /// What a panel watches, when its rights have changed.
    Watches,
    /// What was gathered for it by then.
    Gathered,
    /// Before an answer leaves that was read from the store.
    Answer,
    /// Before each piece of a stream.
    Stream,
    /// Before a page leaves.
    Page,
}

/// Whether it is asked for there: always, but in a test that sees that it is noticed where it is not.
#[cfg(not(test))]
pub(crate) const fn asks(_: Check) -> bool {
    true
}

#[cfg(test)]
pub(crate) use tests::asks;

#[cfg(test)]
mod tests;
