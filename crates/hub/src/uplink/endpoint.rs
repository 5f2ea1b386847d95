//! One uplink's socket as a state machine, around [`UplinkHub`].

use super::gateway::{Gateway, Taken};
use super::line::{Line, Post};
use crate::Hub;
use crate::audit::{Entry, What};
use crate::limits::{
    UPLINK_STRANGER_FRAME_BYTES_MAX, UPLINK_UNSENT_BYTES, UPLINK_UNSENT_BYTES_MAX, UPLINK_WRITE_SECONDS_MAX,
};
use protocol::code::Bye;
use protocol::intake::StrangerLimit;
use protocol::limits::UPLINK_FRAME_BYTES_MAX;
use protocol::time::Time;
use protocol::uplink::UplinkHub;
use protocol::uplink::hub_side::Output;
use protocol::uplink::message::GatewayIdentify;
use router::{RelayPost, Uplink};
use sockets::websocket::{self, Frame, Frames, Violation};
use sockets::{Endpoint, Outgoing, Remote};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Whose uplink it is, once it is welcome.
pub(super) struct Joined {
    pub(super) gateway: Arc<Gateway>,
    pub(super) uplink: Arc<Uplink>,
}

/// Our end of one uplink.
pub(super) struct UplinkEnd {
    pub(super) hub: Arc<Hub>,
    pub(super) line: Arc<Line>,
    pub(super) side: UplinkHub,
    frames: Frames,
    from: IpAddr,
    address: String,
    /// Who identified.
    gateway: Option<Arc<Gateway>>,
    pub(super) joined: Option<Arc<Joined>>,
    /// What the gateway said that is not carried out yet.
    pub(super) outputs: VecDeque<Output>,
    /// Devices are being read from the store, and nothing is carried out meanwhile.
    pub(super) wakes: Option<Arc<AtomicBool>>,
    /// What is to be carried out next was put back until its device is awake.
    pub(super) has_woken: bool,
    /// What is said and not taken by the socket, and its bytes.
    texts: Vec<String>,
    unsent: usize,
    pong: Option<Vec<u8>>,
    violation: Option<Violation>,
    is_over: bool,
}

impl UplinkEnd {
    pub(super) fn open(hub: &Arc<Hub>, address: SocketAddr, remote: Remote) -> Self {
        Self {
            hub: hub.clone(),
            line: Arc::new(Line::new(remote)),
            side: UplinkHub::new(hub.now()),
            frames: Frames::new(UPLINK_STRANGER_FRAME_BYTES_MAX),
            from: address.ip(),
            address: format!("websocket {address}"),
            gateway: None,
            joined: None,
            outputs: VecDeque::new(),
            wakes: None,
            has_woken: false,
            texts: Vec::new(),
            unsent: 0,
            pong: None,
            violation: None,
            is_over: false,
        }
    }

    fn hear(&mut self, now: Time, frame: Frame<'_>) {
        match frame {
            Frame::Text(text) => {
                self.side.frame(now, &text);
                self.collect();
            }
            Frame::Binary(_) => self.side.end(Bye::Bad),
            Frame::Pong => {}
            Frame::Ping(payload) => self.pong = Some(payload.into_owned()),
            Frame::Close(_) => self.is_over = true,
        }
    }

    /// Takes what comes out of the conversation: what is to be said at once, the rest in its turn.
    fn collect(&mut self) {
        while let Some(output) = self.side.poll_output() {
            match output {
                Output::Send(text) => {
                    self.unsent += text.len();
                    self.texts.push(text);
                }
                Output::Close => {
                    if let Some(error) = self.side.last_error() {
                        tracing::info!(address = %self.address, error, "an uplink ended");
                    }
                    self.is_over = true;
                    // What it brought before that is not taken any more: the next uplink brings it again.
                    self.outputs.clear();
                }
                output => self.outputs.push_back(output),
            }
        }
        if self.unsent > UPLINK_UNSENT_BYTES_MAX && !self.is_over {
            tracing::info!(address = %self.address, "a gateway does not read what it is told: its uplink ends");
            self.is_over = true;
            self.outputs.clear();
            self.texts.clear();
        }
    }

    /// Carries out what is to be carried out, as far as that goes without waiting.
    fn go_on(&mut self, now: Time) {
        self.take_posts(now);
        while !self.is_over
            && !self.is_waking()
            && let Some(output) = self.outputs.pop_front()
        {
            match output {
                Output::Identify(identify) => {
                    if let Err(bye) = self.identify(&identify) {
                        if bye == Bye::Auth {
                            self.hub.audit(self.key_refused(&identify.gateway));
                        }
                        self.side.refused(bye);
                    }
                }
                output => {
                    let Some(joined) = self.joined.clone() else { continue };
                    match self.carry_out(now, &joined, output) {
                        Taken::Yes => {}
                        Taken::Fenced => self.side.end(Bye::Replaced),
                        Taken::Unfit => self.side.end(Bye::Failed),
                    }
                }
            }
            self.take_posts(now);
        }
        self.collect();
    }

    fn identify(&mut self, identify: &GatewayIdentify) -> Result<(), Bye> {
        let gateway = self.hub.gateway_of(identify)?;
        let number = self.hub.gateways.uplinks.fetch_add(1, Ordering::Relaxed) + 1;
        gateway.identify(&self.hub, identify, &self.line, (number, &self.address))?;
        self.gateway = Some(gateway);
        self.frames.widen(UPLINK_FRAME_BYTES_MAX);
        Ok(())
    }

    fn key_refused(&self, gateway: &str) -> Entry {
        // What is no gateway's id may be anything that somebody typed into the wrong field.
        let known = self.hub.gateways.by_id(gateway).is_some();
        let entry = Entry::new(What::KeyRefused).from(self.from);
        if known { entry.say("gateway", gateway) } else { entry.say("gateway", "unknown") }
    }

    fn is_waking(&self) -> bool {
        self.wakes.as_ref().is_some_and(|done| !done.load(Ordering::Acquire))
    }

    fn take_posts(&mut self, now: Time) {
        for post in self.line.take() {
            match post {
                Post::Relay(RelayPost::Part { device, bye }) => self.side.part(now, &device, bye),
                Post::Relay(RelayPost::Hand(handed)) => self.side.hand(now, handed),
                Post::Relay(RelayPost::Cancel(command)) => self.side.cancel(now, command),
                Post::Relay(RelayPost::Settled(command)) => self.side.settled(now, command),
                Post::Welcome(uplink, cursor) => {
                    self.side.welcome(now, uplink.name.clone(), cursor);
                    self.joined = self.gateway.clone().map(|gateway| Arc::new(Joined { gateway, uplink }));
                }
                Post::Committed(cursor) => self.side.committed(now, &cursor),
                Post::Admitted { ask, device, token, hash } => {
                    self.side.admitted(now, ask, device, token, hash);
                }
                Post::Denied(ask, bye) => self.side.denied(now, ask, bye),
                Post::Forget(device) => self.side.forget(now, device),
                Post::End(bye) => self.side.end(bye),
            }
        }
        self.collect();
    }
}

impl Endpoint for UplinkEnd {
    fn is_stranger(&self) -> bool {
        self.gateway.is_none()
    }

    fn reads(&self) -> bool {
        !self.is_over && self.side.reading() && !self.is_waking() && self.unsent <= UPLINK_UNSENT_BYTES
    }

    fn read(&mut self, mut bytes: &mut [u8]) {
        let now = self.hub.now();
        self.side.heard(now);
        while !self.is_over
            && let Some(next) = self.frames.next(&mut bytes)
        {
            match next {
                Ok(frame) => self.hear(now, frame),
                Err(violation) => {
                    self.violation = Some(violation);
                    self.is_over = true;
                }
            }
        }
        self.go_on(now);
    }

    fn read_closed(&mut self) {
        self.is_over = true;
    }

    fn woken(&mut self) {
        let now = self.hub.now();
        if !self.is_waking() && self.wakes.take().is_some() {
            self.side.heard(now);
        }
        self.go_on(now);
    }

    fn deadline(&self) -> Option<Instant> {
        self.side.poll_timeout().map(|at| self.hub.started + Duration::from_millis(at))
    }

    fn timeout(&mut self) {
        let now = self.hub.now();
        if !self.reads() {
            // What it says waits unread: it is not silent.
            self.side.heard(now);
        }
        self.side.timeout(now);
        self.go_on(now);
        if self.is_over && self.gateway.is_none() {
            self.hub.audit_limit(StrangerLimit::Time, self.from);
        }
    }

    fn write(&mut self, out: &mut Outgoing) {
        if let Some(payload) = self.pong.take() {
            websocket::pong(out, &payload);
        }
        for text in self.texts.drain(..) {
            websocket::text(out, text.as_bytes());
        }
        if std::mem::take(&mut self.unsent) > UPLINK_UNSENT_BYTES {
            // Nothing was read meanwhile.
            self.line.wake();
        }
        if self.is_over {
            let (code, reason) =
                self.violation.map_or((1000, ""), |violation| (violation.code(), violation.reason()));
            websocket::close(out, code, reason);
        }
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn stall_max(&self) -> Option<Duration> {
        Some(Duration::from_secs(UPLINK_WRITE_SECONDS_MAX))
    }
}

impl Drop for UplinkEnd {
    fn drop(&mut self) {
        self.line.end();
        if let Some(gateway) = &self.gateway {
            gateway.closed(&self.hub, &self.line);
        }
    }
}
