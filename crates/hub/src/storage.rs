//! Whether the hub's storage takes over what it must (rule H9), and what changes while it does not.
//!
//! What is on its way to the store while it fails is not lost: its commit takes until the disk is back. Meanwhile nothing
//! is acked, the windows of all conversations are closed, and what would wait for a commit is refused.

use crate::{Hub, TakeError};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::Commit;
use tokio::sync::watch;

/// Whether the storage works.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// What is submitted becomes durable.
    #[default]
    Up,
    /// A commit failed, and the store tries to go on.
    Failed {
        /// Since when, milliseconds since 1970.
        since: i64,
        /// What the system said: for people.
        reason: Arc<str>,
    },
}

impl Storage {
    /// Whether it works.
    pub fn is_up(&self) -> bool {
        matches!(self, Storage::Up)
    }
}

impl Hub {
    /// Whether the storage works, and each change of it.
    pub fn storage(&self) -> watch::Receiver<Storage> {
        self.storage.subscribe()
    }

    /// Whether the storage works now.
    pub(crate) fn storage_is_up(&self) -> bool {
        self.storage.borrow().is_up()
    }

    /// How often the storage has failed in this run.
    pub fn storage_failures(&self) -> u64 {
        self.storage_failures.load(Ordering::Relaxed)
    }

    /// A commit failed: what waits for it is told, and nothing more is asked of the devices.
    pub(crate) fn storage_failed(self: &Arc<Self>, reason: &str) {
        tracing::error!(reason, "the storage failed: nothing is acked until it is back");
        let (now, reason) = (self.now().wall, reason.into());
        self.storage.send_modify(|storage| match storage {
            // It is the same failure as long as nothing was committed in between.
            Storage::Failed { reason: known, .. } => *known = reason,
            Storage::Up => {
                self.storage_failures.fetch_add(1, Ordering::Relaxed);
                *storage = Storage::Failed { since: now, reason };
            }
        });
        self.panels.storage_changed();
        for cell in self.registry.awake() {
            self.with(&cell, |inner, effects| {
                inner.answer(|_, requests| {
                    for (_, waiter) in requests.waiting.drain(..) {
                        // Whoever waited may have gone.
                        let _ = waiter.send(Err(TakeError::Storage));
                    }
                    requests.ends.clear();
                });
                inner.device.storage(false, effects);
            });
        }
    }

    /// What was taken over at once can never be written: what devices were told is not what is stored, and what they say next
    /// will not fit either. A start finds what is stored, and has them told what is missing. At a stop there is nothing else
    /// to be done about it: the disk had failed.
    pub(crate) fn storage_lost(&self, commit: &Commit) {
        let (writes, error) = (commit.writes.len(), commit.result.as_ref().err().map(ToString::to_string));
        tracing::error!(writes, error, "what was taken over cannot be written");
        if !*self.stopping.borrow() {
            tracing::error!("ending, so that the devices learn it");
            std::process::abort();
        }
    }

    /// What failed is durable now, and everything goes on.
    pub(crate) fn storage_recovered(self: &Arc<Self>) {
        if self.storage_is_up() {
            return;
        }
        tracing::info!("the storage is back");
        self.storage.send_replace(Storage::Up);
        self.panels.storage_changed();
        for cell in self.registry.awake() {
            self.with(&cell, |inner, effects| inner.device.storage(true, effects));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Grant;
    use crate::{ChangeError, CommandRequest, CreateError, Settings, Undecided};
    use protocol::id::DeviceId;
    use protocol::intake::{Intake as _, Outlet, Peer, Post};
    use protocol::message::{Identify, Sample, Samples};
    use serde_json::value::RawValue;
    use tokio::sync::mpsc;

    struct Wire(mpsc::UnboundedSender<Post>);

    impl Outlet for Wire {
        fn post(&self, post: Post) {
            // A connection that is gone hears nothing.
            let _ = self.0.send(post);
        }
    }

    fn one() -> Box<RawValue> {
        RawValue::from_string("1".into()).expect("JSON")
    }

    fn samples() -> Samples {
        let samples = vec![Sample { channel: "t".into(), value: one() }];
        Samples { seq: None, ts: None, samples, outbox: None }
    }

    fn command() -> CommandRequest {
        let (id, device, channel) = ("c1".into(), "pump-1".into(), "fan".into());
        CommandRequest { id, device, channel, value: one(), intent: Some("queue".into()), ttl: None }
    }

    async fn hub_with_pump(folder: &std::path::Path) -> (Arc<Hub>, Grant, String) {
        let hub = Hub::open(folder, Settings::default()).expect("the folder is ours");
        let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
        let token = hub.create_device(&admin, "pump-1").await.expect("free");
        (hub, admin, token.into_text())
    }

    async fn identify(hub: &Hub, token: &str) -> (mpsc::UnboundedReceiver<Post>, Option<u32>, Post) {
        let (sender, mut posts) = mpsc::unbounded_channel();
        let (device, token) = (DeviceId::parse("pump-1"), Some(token.to_owned()));
        let identify = Identify { device, token, nonce: Some(1), boot: true, ..Identify::default() };
        hub.identify(identify, Peer { connection: 7, address: "test".into() }, Arc::new(Wire(sender)));
        let post = posts.recv().await.expect("an answer");
        let Post::Welcome { welcome, .. } = &post else { panic!("no welcome") };
        (posts, welcome.window, post)
    }

    #[tokio::test]
    async fn h9_while_the_storage_has_failed_windows_are_closed_and_what_needs_it_is_refused_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (hub, admin, token) = hub_with_pump(folder.path()).await;
        let (mut posts, window, _welcome) = identify(&hub, &token).await;
        assert_eq!(window, Some(protocol::limits::WINDOW_MESSAGES));
        let mut heard = hub.storage();

        hub.storage_failed("no space left");
        hub.storage_failed("still none");
        assert!(matches!(posts.recv().await, Some(Post::Window(0))));
        let told = heard.borrow_and_update().clone();
        assert!(matches!(told, Storage::Failed { reason, .. } if &*reason == "still none"));
        assert_eq!(hub.storage_failures(), 1, "it was the same one");
        assert_eq!(hub.take_samples("pump-1", samples()).await, Err(crate::TakeError::Storage));
        assert_eq!(hub.command(&admin, command()).await.map(drop), Err(Undecided::Storage));
        assert_eq!(hub.create_device(&admin, "pump-2").await.map(drop), Err(CreateError::Storage));
        assert_eq!(hub.remove_device(&admin, "pump-1"), Err(ChangeError::Storage));
        assert_eq!(hub.renew_token(&admin, "pump-1").map(drop), Err(ChangeError::Storage));
        let (mut posts, window, _welcome) = identify(&hub, &token).await;
        assert_eq!(window, Some(0), "also for whoever comes meanwhile");

        hub.storage_recovered();
        assert!(matches!(posts.recv().await, Some(Post::Window(64))));
        assert_eq!(*heard.borrow_and_update(), Storage::Up);
        assert_eq!(hub.take_samples("pump-1", samples()).await, Ok(()));
        assert!(hub.command(&admin, command()).await.is_ok());
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
    }

    #[tokio::test]
    async fn h9_a_request_that_waits_when_the_storage_fails_is_told_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let (hub, _, _) = hub_with_pump(folder.path()).await;
        let cell = hub.registry.by_id("pump-1").expect("it was made");
        let (sender, waits) = tokio::sync::oneshot::channel();
        cell.lock().requests().waiting.push((u64::MAX, sender));
        hub.storage_failed("no space left");
        assert_eq!(waits.await, Ok(Err(crate::TakeError::Storage)));
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
    }
}
