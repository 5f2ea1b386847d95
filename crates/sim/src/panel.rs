//! Panels: each watches all devices, and takes what is there for it when it can.

use crate::check::frame::Frame;
use crate::hub::Hub;
use crate::storage::Storage;
use crate::trace::Trace;
use bytes::Bytes;
use router::{Step, Watch, frame};
use serde_json::value::RawValue;

/// A panel.
#[derive(Debug, Default)]
pub(crate) struct Panel {
    /// By device, in the order of their numbers.
    watches: Vec<Option<Watch>>,
    /// It takes nothing until this time.
    pub(crate) frozen_until: u64,
}

impl Panel {
    pub(crate) fn new(devices: usize) -> Self {
        Self { watches: vec![None; devices], frozen_until: 0 }
    }

    /// Its connection is gone, with the hub.
    pub(crate) fn disconnected(&mut self) {
        self.watches.fill(None);
    }

    /// Takes what there is of one device into `frames`. Behind a connection that was lost it goes on after `cursor`.
    pub(crate) fn look(
        &mut self,
        device: usize,
        id: &str,
        cursor: Option<u64>,
        hub: &mut Hub,
        storage: &Storage,
        frames: &mut Vec<Bytes>,
    ) -> Option<u64> {
        let known = hub.device_mut(id)?;
        known.watched(true);
        let watch = self.watches[device].get_or_insert_with(|| match cursor {
            Some(cursor) => known.resume_watch(cursor),
            None => Watch::begin(),
        });
        let mut runs = Vec::new();
        loop {
            match known.catch_up(watch, &mut runs) {
                Step::Done => break,
                Step::More => {}
                Step::Read { after, limit } => {
                    let stored = storage.behind(known.identity.key, after, limit);
                    let patches =
                        stored.iter().filter_map(|entry| Some((entry.cursor, frame::stored(id, entry)?)));
                    watch.read(patches, &mut runs);
                }
            }
        }
        frames.extend(runs.iter().flat_map(|run| cut(&run.bytes)));
        Some(known.committed())
    }
}

/// The frames of a run, which a browser reads between brackets. Where they are none, the run is the one that cannot be
/// read.
fn cut(run: &Bytes) -> Vec<Bytes> {
    let text = [b"[", &run[..], b"]"].concat();
    match serde_json::from_slice::<Vec<&RawValue>>(&text) {
        Ok(frames) => frames.into_iter().map(|frame| frame.get().to_owned().into()).collect(),
        Err(_) => vec![run.clone()],
    }
}

/// Reads a frame as a browser would.
pub(crate) fn read<'a>(frame: &'a [u8], trace: &mut Trace) -> Result<Frame<'a>, String> {
    trace.fold_bytes(frame);
    serde_json::from_slice(frame)
        .map_err(|error| format!("a frame cannot be read: {error}: {}", String::from_utf8_lossy(frame)))
}
