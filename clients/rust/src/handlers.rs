//! What the program wants to be told, and how it is called: one call after another, never on the connection's own
//! task, and a panic in one is its own affair.

use crate::device::json;
use crate::reason::Reason;
use protocol::limits::LINE_BYTES_MAX;
use protocol::message::{Command, FromDevice, Outcome, decode_from_device};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// What a handler of commands fails with; made from any error and from text.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

type Obey = dyn FnMut(&RawValue) -> Result<Option<Box<RawValue>>, String> + Send;
type ObeyAny = dyn FnMut(&str, &RawValue) -> Result<Option<Box<RawValue>>, String> + Send;
type OnConnected = dyn FnMut(bool) + Send;
type OnDisconnected = dyn FnMut(&Reason) + Send;
type OnText = dyn FnMut(&str) + Send;
/// Called without the table being locked, so that a handler may set another.
type Slot<F> = Option<Arc<Mutex<Box<F>>>>;

/// What there is to tell the program.
#[derive(Debug)]
pub(crate) enum Call {
    Command(Command),
    Connected(bool),
    Disconnected(Reason),
    /// A line as it came.
    Message(String),
    Token(String),
}

/// The program's handlers.
#[derive(Default)]
pub(crate) struct Handlers {
    commands: HashMap<String, Arc<Mutex<Box<Obey>>>>,
    others: Slot<ObeyAny>,
    connected: Slot<OnConnected>,
    disconnected: Slot<OnDisconnected>,
    message: Slot<OnText>,
    token: Slot<OnText>,
}

impl Handlers {
    /// Commands on `channel` are for `handler`.
    pub(crate) fn on_command<T, V>(
        &mut self,
        channel: &str,
        mut handler: impl FnMut(T) -> Result<V, Failure> + Send + 'static,
    ) where
        T: DeserializeOwned,
        V: Serialize,
    {
        let obey = move |value: &RawValue| answer(handler(read(value)?));
        self.commands.insert(channel.to_owned(), Arc::new(Mutex::new(Box::new(obey))));
    }

    /// Commands on all other channels are for `handler`.
    pub(crate) fn on_other_commands<T, V>(
        &mut self,
        mut handler: impl FnMut(&str, T) -> Result<V, Failure> + Send + 'static,
    ) where
        T: DeserializeOwned,
        V: Serialize,
    {
        let obey = move |channel: &str, value: &RawValue| answer(handler(channel, read(value)?));
        self.others = Some(Arc::new(Mutex::new(Box::new(obey))));
    }

    pub(crate) fn on_connected(&mut self, handler: impl FnMut(bool) + Send + 'static) {
        self.connected = Some(Arc::new(Mutex::new(Box::new(handler))));
    }

    pub(crate) fn on_disconnected(&mut self, handler: impl FnMut(&Reason) + Send + 'static) {
        self.disconnected = Some(Arc::new(Mutex::new(Box::new(handler))));
    }

    pub(crate) fn on_message(&mut self, handler: impl FnMut(&str) + Send + 'static) {
        self.message = Some(Arc::new(Mutex::new(Box::new(handler))));
    }

    pub(crate) fn on_token(&mut self, handler: impl FnMut(&str) + Send + 'static) {
        self.token = Some(Arc::new(Mutex::new(Box::new(handler))));
    }

    /// Whether somebody wants to know of it.
    pub(crate) fn wants(&self, call: &Call) -> bool {
        match call {
            Call::Command(_) => true,
            Call::Connected(_) => self.connected.is_some(),
            Call::Disconnected(_) => self.disconnected.is_some(),
            Call::Message(_) => self.wants_messages(),
            Call::Token(_) => self.token.is_some(),
        }
    }

    pub(crate) fn wants_messages(&self) -> bool {
        self.message.is_some()
    }
}

fn read<T: DeserializeOwned>(value: &RawValue) -> Result<T, String> {
    serde_json::from_str(value.get()).map_err(|error| format!("not understood: {error}"))
}

fn answer(outcome: Result<impl Serialize, Failure>) -> Result<Option<Box<RawValue>>, String> {
    let answer = outcome.map_err(|failure| failure.to_string())?;
    let answer = json(&answer).map_err(|error| format!("done, but no answer: {error}"))?;
    // `()`: there is nothing to say.
    Ok(Some(answer).filter(|answer| answer.get() != "null"))
}

/// Calls the program. Answers what is to be said, after a command.
pub(crate) fn call(handlers: &Mutex<Handlers>, call: Call) -> Option<Outcome> {
    match call {
        Call::Command(command) => return Some(obey(handlers, &command)),
        Call::Connected(resumed) => tell(handlers, |table| &table.connected, |handler| handler(resumed)),
        Call::Disconnected(why) => tell(handlers, |table| &table.disconnected, |handler| handler(&why)),
        Call::Message(line) => tell(handlers, |table| &table.message, |handler| handler(&line)),
        Call::Token(token) => tell(handlers, |table| &table.token, |handler| handler(&token)),
    }
    None
}

fn tell<F: ?Sized>(
    handlers: &Mutex<Handlers>,
    which: impl Fn(&Handlers) -> &Slot<F>,
    told: impl FnOnce(&mut Box<F>),
) {
    let slot = which(&locked(handlers)).clone();
    if let Some(slot) = slot
        && let Err(panic) = catch_unwind(AssertUnwindSafe(|| told(&mut locked(&slot))))
    {
        tracing::error!("a handler panicked: {}", words(&*panic));
    }
}

fn obey(handlers: &Mutex<Handlers>, command: &Command) -> Outcome {
    let table = locked(handlers);
    let (own, others) = (table.commands.get(&command.channel).cloned(), table.others.clone());
    drop(table);
    let called = catch_unwind(AssertUnwindSafe(|| match (own, others) {
        (Some(own), _) => locked(&own)(&command.value),
        (None, Some(others)) => locked(&others)(&command.channel, &command.value),
        (None, None) => Err(format!("nothing here takes commands on {}", command.channel)),
    }));
    let result = called.unwrap_or_else(|panic| {
        let words = words(&*panic);
        tracing::error!(channel = command.channel, "a handler panicked: {words}");
        Err(format!("the program failed: {words}"))
    });
    let done = |value| readable(Outcome { command: command.number, ok: true, value, reason: None });
    result.and_then(done).unwrap_or_else(|reason| failed(command, &reason))
}

/// What the hub would skip is no answer: nobody would ever know what became of the command.
fn readable(outcome: Outcome) -> Result<Outcome, String> {
    let line = FromDevice::Result(outcome.clone()).encode();
    let line = &line[..line.len() - 1];
    if line.len() > LINE_BYTES_MAX {
        return Err("done, but the answer is too long".to_owned());
    }
    let read = decode_from_device(line).map_err(|fail| format!("done, but no answer: {}", fail.reason));
    read.map(|_| outcome)
}

/// The answer to a command that was not done.
pub(crate) fn failed(command: &Command, reason: &str) -> Outcome {
    let reason = protocol::message::cut(reason, protocol::limits::REASON_BYTES_MAX).to_owned();
    Outcome { command: command.number, ok: false, value: None, reason: Some(reason) }
}

/// What a handler that panicked left behind is its own affair, too.
fn locked<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
