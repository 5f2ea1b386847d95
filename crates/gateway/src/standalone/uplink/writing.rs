//! Writes frames to a hub in a task of their own: one that does not read holds up neither what it says itself nor anybody else.

use super::super::limits::{UNSENT_BYTES_MAX, WRITE_WAIT_MAX};
use super::connect::Socket;
use futures_util::SinkExt as _;
use futures_util::stream::SplitSink;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// The way to what writes. Dropping it closes the WebSocket once all is written.
pub(super) struct Writing {
    frames: mpsc::UnboundedSender<Message>,
    unsent: Arc<AtomicUsize>,
}

impl Writing {
    /// Writes to `sink`. `less` is told when so much was written that more may be handed over, and when nothing can be written
    /// any more.
    pub(super) fn begin(sink: SplitSink<Socket, Message>, less: Arc<Notify>) -> Self {
        let (frames, written) = mpsc::unbounded_channel();
        let unsent = Arc::new(AtomicUsize::new(0));
        tokio::spawn(write(sink, written, unsent.clone(), less));
        Self { frames, unsent }
    }

    /// Hands a frame over. While it is full nothing is read of the spool for it, nor of what the hub says.
    pub(super) fn send(&self, text: String) {
        self.unsent.fetch_add(text.len(), Ordering::AcqRel);
        // Where the writer is gone the end of the socket is about to be read.
        let _ = self.frames.send(Message::text(text));
    }

    pub(super) fn is_full(&self) -> bool {
        self.unsent.load(Ordering::Acquire) > UNSENT_BYTES_MAX && !self.frames.is_closed()
    }
}

async fn write(
    mut sink: SplitSink<Socket, Message>,
    mut frames: mpsc::UnboundedReceiver<Message>,
    unsent: Arc<AtomicUsize>,
    less: Arc<Notify>,
) {
    while let Some(frame) = frames.recv().await {
        let bytes = frame.len();
        let written = timeout(WRITE_WAIT_MAX, async {
            sink.feed(frame).await?;
            // What follows at once goes along.
            if frames.is_empty() { sink.flush().await } else { Ok(()) }
        });
        if !matches!(written.await, Ok(Ok(()))) {
            return less.notify_one();
        }
        let before = unsent.fetch_sub(bytes, Ordering::AcqRel);
        if before > UNSENT_BYTES_MAX && before - bytes <= UNSENT_BYTES_MAX {
            less.notify_one();
        }
    }
    // It is over either way.
    let _ = timeout(WRITE_WAIT_MAX, sink.close()).await;
}
