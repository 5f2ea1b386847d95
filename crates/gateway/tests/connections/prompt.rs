//! An intake that answers in the same call, as a hub does that keeps everything in memory.

use protocol::intake::{Intake, Lane, Outlet, Peer, Post, Said};
use protocol::limits::{LINE_BYTES_MAX, WINDOW_MESSAGES};
use protocol::message::{Identify, Welcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Called with the device's id and its channel, for each sample. May panic, or take its time.
type Told = dyn Fn(&str, &str) + Send + Sync;

pub(crate) struct Prompt {
    told: Arc<Told>,
    pub(crate) lanes: Arc<AtomicUsize>,
}

struct PromptLane {
    device: String,
    outlet: Arc<dyn Outlet>,
    told: Arc<Told>,
    lanes: Arc<AtomicUsize>,
}

impl Prompt {
    pub(crate) fn new(told: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self { told: Arc::new(told), lanes: Arc::default() }
    }
}

impl Intake for Prompt {
    fn identify(&self, identify: Identify, _: Peer, outlet: Arc<dyn Outlet>) {
        let device = identify.device.expect("an id").to_string();
        let welcome = Welcome {
            device: device.as_str().into(),
            nonce: identify.nonce,
            session: Some("k7-1".to_owned()),
            ack: Some(0),
            window: Some(WINDOW_MESSAGES),
            heartbeat: 15,
            line_max: LINE_BYTES_MAX,
            time: 0,
            token: None,
        };
        self.lanes.fetch_add(1, Ordering::SeqCst);
        let (told, lanes) = (self.told.clone(), self.lanes.clone());
        let lane = Arc::new(PromptLane { device, outlet: outlet.clone(), told, lanes });
        outlet.post(Post::Welcome { welcome, lane });
    }
}

impl Lane for PromptLane {
    fn take(&self, _: u64, said: Said) {
        let Said::Samples(samples) = said else { return };
        (self.told)(&self.device, &samples.samples[0].channel);
        self.outlet.post(Post::Committed { seq: samples.seq, messages: 1 });
    }

    fn ended(&self) {}
}

impl Drop for PromptLane {
    fn drop(&mut self) {
        self.lanes.fetch_sub(1, Ordering::SeqCst);
    }
}
