//! What is logged about one thing: of all lines those that hold some words.

use std::fmt::{Debug, Write as _};
use std::sync::{Mutex, Once, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Who listens for which words. All tests of this program log to here.
static LISTENERS: Mutex<Vec<(&str, UnboundedSender<String>)>> = Mutex::new(Vec::new());

/// Lines that hold the words.
pub(crate) struct Lines(UnboundedReceiver<String>);

/// Begins to listen for lines with these words.
pub(crate) fn listen(words: &'static str) -> Lines {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Log).expect("it is the first"));
    let (sender, receiver) = unbounded_channel();
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).push((words, sender));
    Lines(receiver)
}

impl Lines {
    /// The next one.
    pub(crate) async fn next(&mut self) -> String {
        let next = tokio::time::timeout(crate::rig::PATIENCE, self.0.recv()).await;
        next.expect("it is logged").expect("it is listened for")
    }

    /// Those that came since.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

struct Log;

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.0, "{value:?}").expect("memory");
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Message(format!("{} ", event.metadata().level()));
        event.record(&mut line);
        for (words, listener) in &*LISTENERS.lock().unwrap_or_else(PoisonError::into_inner) {
            if line.0.contains(words) {
                // Its test may be over.
                let _ = listener.send(line.0.clone());
            }
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
