//! A device for programs without a runtime: it brings a thread of its own, on which all of its network happens.

use crate::core::Books;
use crate::handlers::Failure;
use crate::outbox::Report;
use crate::reason::Reason;
use crate::settings::{Settings, SetupError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

/// A device as [`crate::Device`], whose methods mean the same; those that wait block the calling thread.
pub struct Device {
    inner: crate::Device,
    runtime: Handle,
    /// The thread ends when it is dropped.
    _end: oneshot::Sender<()>,
}

/// Why a device cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What it was to be made from.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The system gives no thread or no sockets.
    #[error("no thread can be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Device {
    /// As [`crate::Device::new`].
    ///
    /// # Errors
    /// As there, and no thread can be started.
    pub fn new(address: &str, id: &str, token: &str) -> Result<Self, StartError> {
        Self::with(Settings::new(address, id, token)?)
    }

    /// As [`crate::Device::with`].
    ///
    /// # Errors
    /// As there, and no thread can be started.
    pub fn with(settings: Settings) -> Result<Self, StartError> {
        let inner = crate::Device::with(settings)?;
        let (end, ended) = oneshot::channel::<()>();
        let (handle, handles) = mpsc::channel();
        thread::Builder::new().name("glassline".to_owned()).spawn(move || {
            let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(handle.send(Err(error))),
            };
            if handle.send(Ok(runtime.handle().clone())).is_ok() {
                // An error says that the device was dropped: that is the end, too.
                let _ = runtime.block_on(ended);
                runtime.shutdown_timeout(Duration::ZERO);
            }
        })?;
        let runtime = handles.recv().map_err(std::io::Error::other)??;
        Ok(Self { inner, runtime, _end: end })
    }

    /// As [`crate::Device::connect`], anywhere.
    pub fn connect(&self) {
        let _within = self.runtime.enter();
        self.inner.connect();
    }

    /// The same device for handlers and other threads: it sends, and does not wait.
    pub fn handle(&self) -> crate::Device {
        self.inner.clone()
    }

    /// As [`crate::Device::send`].
    pub fn send(&self, channel: &str, value: impl Serialize) -> bool {
        self.inner.send(channel, value)
    }

    /// As [`crate::Device::send_many`].
    pub fn send_many<C: AsRef<str>, V: Serialize>(&self, values: impl IntoIterator<Item = (C, V)>) -> bool {
        self.inner.send_many(values)
    }

    /// As [`crate::Device::send_at`].
    pub fn send_at<C: AsRef<str>, V: Serialize>(
        &self,
        ts: i64,
        values: impl IntoIterator<Item = (C, V)>,
    ) -> bool {
        self.inner.send_at(ts, values)
    }

    /// As [`crate::Device::send_unnumbered`].
    pub fn send_unnumbered(&self, channel: &str, value: impl Serialize) -> bool {
        self.inner.send_unnumbered(channel, value)
    }

    /// As [`crate::Device::describe`].
    pub fn describe(&self, channels: impl Serialize) -> bool {
        self.inner.describe(channels)
    }

    /// As [`crate::Device::on_command`].
    pub fn on_command<T, V>(
        &self,
        channel: &str,
        handler: impl FnMut(T) -> Result<V, Failure> + Send + 'static,
    ) where
        T: DeserializeOwned,
        V: Serialize,
    {
        self.inner.on_command(channel, handler);
    }

    /// As [`crate::Device::on_other_commands`].
    pub fn on_other_commands<T, V>(&self, handler: impl FnMut(&str, T) -> Result<V, Failure> + Send + 'static)
    where
        T: DeserializeOwned,
        V: Serialize,
    {
        self.inner.on_other_commands(handler);
    }

    /// As [`crate::Device::on_connected`].
    pub fn on_connected(&self, handler: impl FnMut(bool) + Send + 'static) {
        self.inner.on_connected(handler);
    }

    /// As [`crate::Device::on_disconnected`].
    pub fn on_disconnected(&self, handler: impl FnMut(&Reason) + Send + 'static) {
        self.inner.on_disconnected(handler);
    }

    /// As [`crate::Device::on_message`].
    pub fn on_message(&self, handler: impl FnMut(&str) + Send + 'static) {
        self.inner.on_message(handler);
    }

    /// As [`crate::Device::on_token`].
    pub fn on_token(&self, handler: impl FnMut(&str) + Send + 'static) {
        self.inner.on_token(handler);
    }

    /// As [`crate::Device::sync`].
    ///
    /// # Panics
    /// On a thread of an asynchronous runtime, which must not be blocked. So do [`Device::flush`], [`Device::close`] and
    /// [`Device::ended`].
    pub fn sync(&self) -> bool {
        self.runtime.block_on(self.inner.sync())
    }

    /// As [`crate::Device::flush`].
    pub fn flush(&self, patience: Duration) -> bool {
        self.runtime.block_on(self.inner.flush(patience))
    }

    /// As [`crate::Device::close`].
    pub fn close(&self) -> bool {
        self.runtime.block_on(self.inner.close())
    }

    /// As [`crate::Device::ended`].
    pub fn ended(&self) -> Reason {
        self.runtime.block_on(self.inner.ended())
    }

    /// As [`crate::Device::connected`].
    pub fn connected(&self) -> bool {
        self.inner.connected()
    }

    /// As [`crate::Device::queued`].
    pub fn queued(&self) -> u64 {
        self.inner.queued()
    }

    /// As [`crate::Device::dropped`].
    pub fn dropped(&self) -> u64 {
        self.inner.dropped()
    }

    /// As [`crate::Device::books`].
    pub fn books(&self) -> Books {
        self.inner.books()
    }

    /// As [`crate::Device::id`].
    pub fn id(&self) -> Option<String> {
        self.inner.id()
    }

    /// As [`crate::Device::session`].
    pub fn session(&self) -> Option<String> {
        self.inner.session()
    }

    /// As [`crate::Device::report`].
    pub fn report(&self) -> Option<Report> {
        self.inner.report()
    }
}
