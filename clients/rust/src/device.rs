//! A device, for programs on a tokio runtime.

use crate::core::{Books, Core, NotAccepted};
use crate::drive::drive;
use crate::handlers::Failure;
use crate::live::Live;
use crate::outbox::Report;
use crate::reason::Reason;
use crate::settings::{Settings, SetupError};
use protocol::message::{Description, FromDevice, Sample, Samples, decode_from_device};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// A device: what is sent is kept until the hub has taken it over, and commands come to handlers.
///
/// Cheap to clone: all clones are the same device. It goes on until [`Device::close`], or until the last clone is dropped;
/// a handler that holds one counts.
#[derive(Clone)]
pub struct Device {
    own: Arc<Owned>,
}

/// What closes the device when nobody has it any more.
struct Owned {
    live: Arc<Live>,
    connecting: AtomicBool,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.live.core().close();
        self.live.wake.notify_one();
    }
}

impl Device {
    /// The device `id` with its outbox in memory. It connects to `address` (`tcp://host:port`, `tls://…`, `ws://…` or
    /// `wss://…`) once [`Device::connect`] is called, and shows `token`; an empty one for none.
    ///
    /// # Errors
    /// The address or the id is none.
    pub fn new(address: &str, id: &str, token: &str) -> Result<Self, SetupError> {
        Self::with(Settings::new(address, id, token)?)
    }

    /// A device that is not as usual: its outbox in a folder, say.
    ///
    /// # Errors
    /// The outbox is in use or its folder cannot be made. What is damaged in it is no error: see [`Device::report`].
    pub fn with(settings: Settings) -> Result<Self, SetupError> {
        let core = Core::new(&settings)?;
        let live = Arc::new(Live::new(settings, core));
        Ok(Self { own: Arc::new(Owned { live, connecting: AtomicBool::new(false) }) })
    }

    fn live(&self) -> &Arc<Live> {
        &self.own.live
    }

    /// Connects, now and whenever the connection is gone, after a random time that grows with every attempt. Set the
    /// handlers before. Has no effect the second time.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time and I/O.
    pub fn connect(&self) {
        if !self.own.connecting.swap(true, Ordering::Relaxed) {
            tokio::spawn(drive(self.live().clone()));
        }
    }

    /// Sends `value` on `channel`, taken now. Answers whether it was accepted: it is kept, in the file if there is one,
    /// until the hub has it; then it arrives once and in order, or its loss is counted and declared.
    ///
    /// Never waits for the network and never panics. It is not accepted when the device is closed, when the channel's name
    /// or the value is none the hub takes, or when the outbox's disk is full or broken.
    pub fn send(&self, channel: &str, value: impl Serialize) -> bool {
        self.accept(None, [(channel, value)])
    }

    /// Sends the values of several channels as one message, taken now. As [`Device::send`].
    pub fn send_many<C: AsRef<str>, V: Serialize>(&self, values: impl IntoIterator<Item = (C, V)>) -> bool {
        self.accept(None, values)
    }

    /// Sends values that were taken at `ts`, in milliseconds since 1970. As [`Device::send`].
    pub fn send_at<C: AsRef<str>, V: Serialize>(
        &self,
        ts: i64,
        values: impl IntoIterator<Item = (C, V)>,
    ) -> bool {
        self.accept(Some(ts), values)
    }

    /// Sends `value` on `channel` without keeping it, where the device is connected; what is under way when the connection
    /// breaks is lost, and nobody is told. Answers whether it was sent: it is not while the hub leaves much unread.
    pub fn send_unnumbered(&self, channel: &str, value: impl Serialize) -> bool {
        let now = self.live().now();
        let Some(samples) = samples(now.wall, [(channel, value)]) else { return false };
        let sent = self.live().core().send_unnumbered(now, samples);
        self.said(sent)
    }

    fn accept<C: AsRef<str>, V: Serialize>(
        &self,
        ts: Option<i64>,
        values: impl IntoIterator<Item = (C, V)>,
    ) -> bool {
        let now = self.live().now();
        let Some(samples) = samples(ts.unwrap_or(now.wall), values) else { return false };
        let accepted = self.live().core().send(now, samples);
        self.said(accepted)
    }

    fn said(&self, outcome: Result<(), NotAccepted>) -> bool {
        let live = self.live();
        if let Err(why) = &outcome {
            tracing::debug!(device = live.settings.name(), %why, "not accepted");
        }
        // Where the disk is full, what can be given back is given back now.
        if matches!(outcome, Ok(()) | Err(NotAccepted::Outbox(_))) {
            live.wake.notify_one();
        }
        outcome.is_ok()
    }

    /// Says what the channels are, now and after each reconnect: an object with a member for each channel, such as
    /// `json!({"fan": {"input": "switch"}})`. It replaces what was said before. Answers whether it is one.
    pub fn describe(&self, channels: impl Serialize) -> bool {
        let Ok(channels) = json(&channels) else { return false };
        let line = format!("{{\"describe\":{}}}", channels.get());
        let Ok(FromDevice::Describe(description)) = decode_from_device(line.as_bytes()) else { return false };
        self.say_description(description);
        true
    }

    fn say_description(&self, description: Description) {
        let live = self.live();
        live.core().describe(live.now(), description);
        live.wake.notify_one();
    }

    /// Commands on `channel` are for `handler`: what it returns is the result, and its error is the reason why it was not
    /// done. A panic is reported and answered as not done, and the program goes on.
    ///
    /// Handlers are called one after another, on a thread where they may take their time. What a handler sends is there
    /// before its result is.
    pub fn on_command<T, V>(
        &self,
        channel: &str,
        handler: impl FnMut(T) -> Result<V, Failure> + Send + 'static,
    ) where
        T: DeserializeOwned,
        V: Serialize,
    {
        self.live().handlers().on_command(channel, handler);
    }

    /// Commands on all channels that have no handler of their own are for `handler`, which is told the channel. As
    /// [`Device::on_command`].
    pub fn on_other_commands<T, V>(&self, handler: impl FnMut(&str, T) -> Result<V, Failure> + Send + 'static)
    where
        T: DeserializeOwned,
        V: Serialize,
    {
        self.live().handlers().on_other_commands(handler);
    }

    /// Calls `handler` when the hub welcomed the device on a new connection, with whether it goes on with its session:
    /// nobody else has taken its place, and what is held goes on under the numbers it had.
    pub fn on_connected(&self, handler: impl FnMut(bool) + Send + 'static) {
        self.live().handlers().on_connected(handler);
    }

    /// Calls `handler` when such a connection is over, and when the device will not come back.
    pub fn on_disconnected(&self, handler: impl FnMut(&Reason) + Send + 'static) {
        self.live().handlers().on_disconnected(handler);
    }

    /// Calls `handler` with each line of the hub as it came, heartbeats apart, besides what else is done with it.
    pub fn on_message(&self, handler: impl FnMut(&str) + Send + 'static) {
        self.live().handlers().on_message(handler);
    }

    /// Calls `handler` with a token of its own that the hub gives the device, where it came with a join token: the next run
    /// of the program is to use it. A device whose outbox is in a folder has kept it there already.
    pub fn on_token(&self, handler: impl FnMut(&str) + Send + 'static) {
        self.live().handlers().on_token(handler);
    }

    /// Makes durable all that was accepted. Answers whether it is: from then on a power cut does not lose it. Never with an
    /// outbox in memory.
    pub async fn sync(&self) -> bool {
        self.live().sync().await
    }

    /// Makes durable all that was accepted, as [`Device::sync`], and then waits until the hub has taken it over, for at most
    /// `patience`. Answers whether it has. Where it has not, what is in a folder is there all the same.
    pub async fn flush(&self, patience: Duration) -> bool {
        let live = self.live();
        let mut progress = live.progress.subscribe();
        let all = live.core().next();
        if live.core().is_stored() {
            self.sync().await;
        }
        let taken_over = progress.wait_for(|()| live.core().is_taken_over(all));
        timeout(patience, taken_over).await.is_ok()
    }

    /// Ends the device: nothing is accepted any more, the connection ends, a stored outbox is synced and free for another
    /// program. Answers whether nothing is lost by that: all is taken over, or synced.
    ///
    /// It does not wait for the hub; [`Device::flush`] before does.
    pub async fn close(&self) -> bool {
        let live = self.live();
        live.core().close();
        live.wake.notify_one();
        if self.own.connecting.load(Ordering::Relaxed) {
            self.ended().await;
        }
        let synced = self.sync().await;
        // A handler may hold the device that holds it.
        let handlers = std::mem::take(&mut *live.handlers());
        drop(handlers);
        live.core().let_go(synced)
    }

    /// Waits until the device does not come back, because it was closed or because its token is not valid. Answers why.
    pub async fn ended(&self) -> Reason {
        let mut over = self.live().over.subscribe();
        let reason = over.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        reason.unwrap_or(Reason::Closed)
    }

    /// Whether the hub has welcomed it on its present connection.
    pub fn connected(&self) -> bool {
        self.live().core().is_welcome()
    }

    /// Why it is not connected at present, once a connection ended or could not be made: a certificate that is not trusted, say.
    pub fn trouble(&self) -> Option<Reason> {
        self.live().trouble.borrow().clone()
    }

    /// Messages held until the hub has taken them over.
    pub fn queued(&self) -> u64 {
        self.books().queued
    }

    /// Messages dropped in this run because the outbox was full: the oldest first. Results of commands never are.
    pub fn dropped(&self) -> u64 {
        self.books().dropped
    }

    /// What became of all messages.
    pub fn books(&self) -> Books {
        self.live().core().books()
    }

    /// Its id; nothing as long as the hub has not made one.
    pub fn id(&self) -> Option<String> {
        self.live().core().id().map(str::to_owned)
    }

    /// The session in which messages are numbered, if there is one.
    pub fn session(&self) -> Option<String> {
        self.live().core().session().map(|session| session.to_string())
    }

    /// What a stored outbox was found to have kept and lost; nothing for one in memory.
    pub fn report(&self) -> Option<Report> {
        self.live().core().report().cloned()
    }
}

fn samples<C: AsRef<str>, V: Serialize>(
    ts: i64,
    values: impl IntoIterator<Item = (C, V)>,
) -> Option<Samples> {
    let sample = |(channel, value): (C, V)| {
        Some(Sample { channel: channel.as_ref().into(), value: json(&value).ok()? })
    };
    let samples = values.into_iter().map(sample).collect::<Option<_>>()?;
    Some(Samples { ts: Some(ts), samples, seq: None, outbox: None })
}

/// `value` as JSON on one line.
pub(crate) fn json(value: &impl Serialize) -> serde_json::Result<Box<RawValue>> {
    let raw = to_raw_value(value)?;
    if !raw.get().contains(['\n', '\r']) {
        return Ok(raw);
    }
    // In strings they are escaped; elsewhere any white space will do.
    RawValue::from_string(raw.get().replace(['\n', '\r'], " "))
}
