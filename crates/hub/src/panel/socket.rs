//! One panel's socket: authenticate, then hear and tell until one side ends it.

use super::watching::Watching;
use super::{PanelInfo, PanelPeer, Waker, message};
use crate::Hub;
use crate::auth::Grant;
use crate::limits::{
    PANEL_AUTHENTICATE_SECONDS_MAX, PANEL_HEARTBEAT_SECONDS, PANEL_WRITE_SECONDS_MAX, PANELS_MAX,
};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

/// Why a panel's socket is closed by the hub: WebSocket close codes of the application's own range, and their reasons.
#[derive(Debug, Clone, Copy)]
enum Closing {
    /// No valid ticket came in time.
    Unauthenticated,
    /// There are as many panels as may be.
    Full,
    /// Nothing was heard for two heartbeats.
    Silent,
    /// The hub stops.
    Stopping,
}

impl Closing {
    fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Closing::Unauthenticated => (4401, "no valid ticket"),
            Closing::Full => (4503, "too many panels"),
            Closing::Silent => (4408, "silent"),
            Closing::Stopping => (1001, "the hub is stopping"),
        };
        CloseFrame { code, reason: reason.into() }
    }
}

impl Hub {
    /// Serves one panel until its socket ends. `first` is its first frame where that was already read.
    pub async fn panel(self: Arc<Self>, mut socket: WebSocket, peer: PanelPeer, first: Option<String>) {
        let closing = match self.authenticate(&mut socket, &peer, first).await {
            None => Closing::Unauthenticated,
            Some(_) if self.panels.len() >= PANELS_MAX => Closing::Full,
            Some((grant, page)) => match self.converse(&mut socket, grant, page, peer.address).await {
                Some(closing) => closing,
                None => return,
            },
        };
        // The browser may be gone already: then there is nobody to tell.
        drop(timeout(Duration::from_secs(1), socket.send(Message::Close(Some(closing.frame())))).await);
    }

    /// Who looks, and at which page. Where the upgrade proved it already, the first frame is heard as any other.
    async fn authenticate(
        &self,
        socket: &mut WebSocket,
        peer: &PanelPeer,
        first: Option<String>,
    ) -> Option<(Grant, String)> {
        if let (Some(grant), None) = (&peer.grant, &first) {
            return Some((grant.clone(), String::new()));
        }
        let text = match first {
            Some(text) => text,
            None => {
                let limit = Duration::from_secs(PANEL_AUTHENTICATE_SECONDS_MAX);
                timeout(limit, first_text(socket)).await.ok()??
            }
        };
        let message = message::read(&text).ok()?.into_iter().next()?.ok()?;
        let grant = match (message.authenticate, &peer.grant) {
            (Some(ticket), _) => self.auth.redeem_ticket(&ticket, self.now().wall)?,
            (None, Some(grant)) => grant.clone(),
            (None, None) => return None,
        };
        // It becomes a link for others: a path of ours, and nothing else.
        let is_ours = |page: &String| page.starts_with('/') && !page[1..].starts_with(['/', '\\']);
        Some((grant, message.page.filter(is_ours).unwrap_or_default()))
    }

    async fn converse(
        self: &Arc<Self>,
        socket: &mut WebSocket,
        grant: Grant,
        page: String,
        address: String,
    ) -> Option<Closing> {
        let info = PanelInfo {
            id: String::new(),
            user: grant.user().to_string(),
            page: protocol::message::cut(&page, 256).to_owned(),
            address,
            since: self.now().wall,
            devices: Vec::new(),
        };
        let number = self.panels.add(info);
        let registered = Registered { hub: self, number };
        let welcome = self.panel_welcome(number, &grant);
        let mut watching = Watching::new(self.clone(), grant, Arc::<Waker>::default());
        if !write(socket, welcome).await {
            return None;
        }
        registered.run(socket, &mut watching).await
    }

    fn panel_welcome(&self, number: u64, grant: &Grant) -> String {
        serde_json::json!({
            "welcome": format!("p{number}"),
            "user": &**grant.user(),
            "scopes": grant.scopes().words(),
            "log": self.log(),
            "heartbeat": PANEL_HEARTBEAT_SECONDS,
            "time": self.now().wall,
            "durability": self.durability().name(),
        })
        .to_string()
    }
}

/// The panel's place in the list of open ones, for as long as it is open.
struct Registered<'a> {
    hub: &'a Arc<Hub>,
    number: u64,
}

impl Registered<'_> {
    /// Hears, tells and beats until one side ends it; returns why, where it was the hub.
    async fn run(&self, socket: &mut WebSocket, watching: &mut Watching) -> Option<Closing> {
        let silence = Duration::from_secs(2 * PANEL_HEARTBEAT_SECONDS);
        let mut heard = Instant::now();
        let mut beat = interval(Duration::from_secs(PANEL_HEARTBEAT_SECONDS));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.reset();
        let mut storage = self.hub.storage();
        storage.mark_changed();
        let mut failed = false;
        loop {
            tokio::select! {
                // In this order: a frame may take as long to leave as a browser may be silent, and meanwhile nothing is heard.
                biased;
                () = self.hub.stopped() => return Some(Closing::Stopping),
                Ok(()) = storage.changed() => {
                    let now = storage.borrow_and_update().clone();
                    // At first there is something to tell only if it has failed.
                    if failed || !now.is_up() {
                        watching.tell(&message::storage(&now));
                    }
                    failed = !now.is_up();
                }
                frame = socket.recv(), if watching.may_hear() => {
                    heard = Instant::now();
                    match frame {
                        Some(Ok(Message::Text(text))) if text.is_empty() => {}
                        Some(Ok(Message::Text(text))) => watching.hear(&text),
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                        Some(Ok(_)) => {}
                    }
                }
                () = sleep_until(heard + silence), if watching.may_hear() => return Some(Closing::Silent),
                _ = beat.tick() => if !write(socket, String::new()).await { return None },
                () = watching.woken() => {}
            }
            let frame = watching.next_frame().await;
            if watching.take_changed() {
                self.hub.panels.update(self.number, watching.devices());
            }
            // What did not fit comes next, after the browser was heard again.
            if let Some(frame) = frame
                && !write(socket, frame).await
            {
                return None;
            }
        }
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.hub.panels.remove(self.number);
    }
}

/// The first frame that says something; heartbeats do not.
async fn first_text(socket: &mut WebSocket) -> Option<String> {
    loop {
        match socket.recv().await?.ok()? {
            Message::Text(text) if text.is_empty() => {}
            Message::Text(text) => return Some(text.to_string()),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Close(_) => return None,
        }
    }
}

/// Writes one frame; false when the browser is gone or has read nothing for [`PANEL_WRITE_SECONDS_MAX`].
async fn write(socket: &mut WebSocket, text: String) -> bool {
    let limit = Duration::from_secs(PANEL_WRITE_SECONDS_MAX);
    matches!(timeout(limit, socket.send(Message::Text(text.into()))).await, Ok(Ok(())))
}
