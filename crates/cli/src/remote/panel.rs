//! One panel socket: what a terminal shares with a browser.

use super::Target;
use super::dial::{Wire, dial};
use super::frame::{self, Received};
use super::http::reason;
use crate::output;
use anyhow::{Context as _, Result, anyhow, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{StatusCode, header};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// How long a hub may take to answer the first words.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// What stands in the hub's list of panels instead of a page's path.
pub(super) const USER_AGENT: &str = concat!("glassline/", env!("CARGO_PKG_VERSION"));

/// An open panel.
pub(super) struct Panel {
    socket: WebSocketStream<Box<dyn Wire>>,
    waiting: VecDeque<Received>,
    heartbeat: Duration,
    beat: Interval,
    heard: Instant,
}

impl Panel {
    /// Opens a panel at `target` and waits for its welcome.
    ///
    /// # Errors
    /// Nobody answers there, or the token does not permit it.
    pub(super) async fn open(target: &Target) -> Result<Self> {
        let late = || format!("the hub at {} does not answer", target.hub);
        let opened = timeout(CONNECT_MAX, async {
            let socket = connect(target).await?;
            Self::welcomed(socket).await
        });
        opened.await.with_context(late)?
    }

    async fn welcomed(socket: WebSocketStream<Box<dyn Wire>>) -> Result<Self> {
        let mut panel = Self {
            socket,
            waiting: VecDeque::new(),
            heartbeat: CONNECT_MAX,
            beat: every(CONNECT_MAX),
            heard: Instant::now(),
        };
        loop {
            let Received { message, .. } = panel.next().await?;
            if let Some(error) = message.error {
                bail!("the hub refused: {} ({})", error.reason, error.code);
            }
            if message.welcome.is_some() {
                panel.heartbeat = Duration::from_secs(message.heartbeat.unwrap_or(15).max(1));
                panel.beat = every(panel.heartbeat);
                return Ok(panel);
            }
        }
    }

    /// Says something to the hub.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) async fn say(&mut self, message: &Value) -> Result<()> {
        self.say_text(message.to_string()).await
    }

    /// Says something that is JSON already.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) async fn say_text(&mut self, message: String) -> Result<()> {
        self.socket.send(Message::text(message)).await.map_err(|error| gone(&error))
    }

    /// The next message of the hub; keeps the connection alive while waiting.
    ///
    /// # Errors
    /// The connection is gone, silent for two heartbeats, or says what is no JSON.
    pub(super) async fn next(&mut self) -> Result<Received> {
        loop {
            if let Some(received) = self.waiting.pop_front() {
                return Ok(received);
            }
            let silent = self.heard + 2 * self.heartbeat;
            tokio::select! {
                frame = timeout_at(silent, self.socket.next()) => {
                    let frame = frame.map_err(|_| anyhow!("the hub has been silent for too long"))?;
                    self.heard = Instant::now();
                    self.take(frame)?;
                }
                _ = self.beat.tick() => self.say_text(String::new()).await?,
            }
        }
    }

    fn take(&mut self, frame: Option<Result<Message, Error>>) -> Result<()> {
        match frame {
            Some(Ok(Message::Text(text))) => {
                let received = frame::read(&text).context("the hub said something that is no JSON")?;
                self.waiting.extend(received);
                Ok(())
            }
            // The library answers pings itself; binary frames are from the future.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => bail!("the hub has closed the connection"),
            Some(Err(error)) => Err(gone(&error)),
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut beat = interval_at(Instant::now() + period, period);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

async fn connect(target: &Target) -> Result<WebSocketStream<Box<dyn Wire>>> {
    let hub = &target.hub;
    let url = format!("ws://{}{}", hub.authority(), hub.path("/panel"));
    let mut request = url.into_client_request().with_context(|| format!("{hub} is no address of a hub"))?;
    let bearer = format!("Bearer {}", target.token).parse().context("this is no token")?;
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    request.headers_mut().insert(header::USER_AGENT, header::HeaderValue::from_static(USER_AGENT));
    match client_async(request, dial(target).await?).await {
        Ok((socket, _)) => Ok(socket),
        Err(error) => Err(unreached(&error, target)),
    }
}

/// Why no panel could be opened, by what a person can do about it.
fn unreached(error: &Error, target: &Target) -> anyhow::Error {
    let hub = &target.hub;
    match error {
        Error::Http(answer) => match answer.status() {
            StatusCode::UNAUTHORIZED => anyhow!("the hub at {hub} does not know this token"),
            StatusCode::FORBIDDEN => anyhow!("the hub at {hub} does not permit this"),
            status => match answer.body().as_deref().and_then(reason) {
                Some(reason) => anyhow!("{}", output::printable(&reason)),
                None => anyhow!("what answers at {hub} is no hub: it says {status}"),
            },
        },
        Error::Io(error) => anyhow!("no hub answers at {hub}: {error}"),
        error => anyhow!("what answers at {hub} is no hub: {error}"),
    }
}

fn gone(error: &Error) -> anyhow::Error {
    anyhow!("the connection to the hub is gone: {error}")
}
