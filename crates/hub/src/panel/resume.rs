//! What a panel that came back missed, read from the store.

use crate::Hub;
use crate::limits::{PANEL_READ_MESSAGES, PANEL_READ_SECONDS_MAX, PANEL_READS_MAX};
use crate::registry::Cell;
use bytes::Bytes;
use router::frame;
use router::limits::{LOOK_BYTES_MAX, RESUME_MESSAGES_MAX};
use std::sync::Arc;
use std::time::Duration;
use store::{DeviceKey, ReadError, Reader};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How many panels may read at a time.
pub(super) struct Reads(Arc<Semaphore>);

impl Default for Reads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PANEL_READS_MAX)))
    }
}

/// The messages and gaps of a device behind `after`, at most `limit` and so many bytes as one look may bring, as patches
/// with their cursors. Empty where they are no longer stored or cannot be read in time: the panel is then moved forward.
pub(super) async fn read(hub: &Arc<Hub>, cell: &Arc<Cell>, after: u64, limit: usize) -> Vec<(u64, Bytes)> {
    let (reading, cell) = (hub.clone(), cell.clone());
    let read = async {
        let place = hub.panels.reads.0.clone().acquire_owned().await.expect("this semaphore is never closed");
        let id = cell.id.clone();
        let patches = spawn_blocking(move || {
            // The place is held by the thread: a panel that is gone does not end its read.
            let _place = place;
            patches(reading.reader(), cell.key, cell.id.as_str(), after, limit)
        });
        (id, patches.await)
    };
    match timeout(Duration::from_secs(PANEL_READ_SECONDS_MAX), read).await {
        Ok((_, Ok(Ok(patches)))) => patches,
        Ok((device, Ok(Err(error)))) => {
            tracing::warn!(%device, %error, "a panel cannot be given what it missed");
            Vec::new()
        }
        Ok((device, Err(error))) => {
            tracing::error!(%device, %error, "reading what a panel missed panicked");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// In several calls, each for as many as should fit: a device may send ten bytes at a time, or tens of thousands.
fn patches(
    reader: &Reader,
    key: DeviceKey,
    id: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, Bytes)>, ReadError> {
    let (mut patches, mut bytes, mut last) = (Vec::new(), 0, after);
    let mut wanted = PANEL_READ_MESSAGES;
    loop {
        let left = limit - usize::try_from(last - after).unwrap_or(limit).min(limit);
        let entries = reader.messages(key, last, wanted.min(left))?;
        let Some(end) = entries.last().map(|entry| entry.cursor) else { return Ok(patches) };
        last = end;
        for entry in &entries {
            let Some(patch) = frame::stored(id, entry) else { continue };
            // A message alone may be longer than what fits.
            if bytes + patch.len() > LOOK_BYTES_MAX && !patches.is_empty() {
                return Ok(patches);
            }
            bytes += patch.len();
            patches.push((entry.cursor, patch));
        }
        let usual = (bytes / patches.len().max(1)).max(1);
        wanted = ((LOOK_BYTES_MAX - bytes.min(LOOK_BYTES_MAX)) / usual).clamp(1, RESUME_MESSAGES_MAX);
    }
}
