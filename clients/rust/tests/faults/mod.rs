//! Faults of a stored outbox: a device runs, is killed, its files are damaged, it runs again; in the end a hub has
//! everything once and in order, or was told what is missing.
//!
//! Used by the tests and by the example `outbox_faults`, which runs as many cases as one likes.

mod damage;
mod hub;
mod ledger;
mod random;
mod scan;

use damage::Damaged;
use glassline_client::outbox::{Bounds, Outbox, Report};
use hub::Hub;
use ledger::Ledger;
use protocol::id::DeviceId;
use protocol::message::{Sample, Samples};
use protocol::session::device_side::{DeviceSide, OutboxBounds, Output, Settings};
use protocol::time::Time;
use random::Random;
pub(crate) use scan::{cuts, flips};
use serde_json::value::RawValue;
use std::fs;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};

/// What one case came to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    /// Messages that outboxes accepted.
    pub(crate) accepted: u64,
    /// Those that a hub has.
    pub(crate) delivered: u64,
    /// Those whose loss was declared.
    pub(crate) declared: u64,
    /// Those that were cut off without a trace: not synced, so not promised.
    pub(crate) unpromised: u64,
}

impl Tally {
    /// Whether each message is somewhere, and no more than once.
    pub(crate) fn balances(&self) -> bool {
        self.accepted == self.delivered + self.declared + self.unpromised
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.delivered += other.delivered;
        self.declared += other.declared;
        self.unpromised += other.unpromised;
    }
}

/// A folder for `what`, empty: in memory where there is such a place, as much is synced in it.
pub(crate) fn place(what: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = place.join(format!("glassline-{what}-{}", std::process::id()));
    clear(&folder);
    folder
}

/// Makes `folder` anew.
fn clear(folder: &Path) {
    let _not_there = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("a folder");
}

/// Runs the case that `seed` determines, with its files in `folder`, whose contents go.
///
/// # Errors
/// What is wrong.
pub(crate) fn case(seed: u64, folder: &Path) -> Result<Tally, String> {
    clear(folder);
    let mut random = Random::new(seed);
    let messages_max = if random.one_in(4) { random.up_to(12) + 2 } else { 1000 };
    let mut scene = Scene::new(messages_max, random.up_to(3000) as u64 + 200);
    let restarts = 1 + random.up_to(3);
    let mut damaged = Damaged::none();
    for _ in 0..restarts {
        scene.run(folder, &damaged, &mut random)?;
        damaged = scene.ledger.damage(folder, &mut random);
    }
    scene.drain(folder, &damaged)?;
    scene.ledger.judge(scene.hub.log())
}

struct Scene {
    bounds: OutboxBounds,
    files: Bounds,
    hub: Hub,
    ledger: Ledger,
    nonce: u32,
}

const NOW: Time = Time { wall: 0, mono: 0 };

impl Scene {
    fn new(messages_max: usize, file_bytes: u64) -> Self {
        Self {
            bounds: OutboxBounds { messages_max, bytes_max: 1 << 20 },
            files: Bounds { file_bytes },
            hub: Hub::new(),
            ledger: Ledger::default(),
            nonce: 0,
        }
    }

    /// A run of the program, up to `kill -9`.
    fn run(&mut self, folder: &Path, damaged: &Damaged, random: &mut Random) -> Result<(), String> {
        let (mut device, mut outbox, _) = self.open(folder, damaged)?;
        for _ in 0..random.up_to(6) {
            for _ in 0..random.up_to(12) {
                self.publish(&mut device, &mut outbox)?;
            }
            if random.one_in(2) {
                let lines = random.up_to(30);
                self.converse(&mut device, &mut outbox, lines, Some(random))?;
            }
            if random.one_in(6) {
                let (done, synced) = outbox.sync().map_err(|error| error.to_string())?.run();
                outbox.done(done);
                synced.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// A run that goes on until the hub has everything.
    fn drain(&mut self, folder: &Path, damaged: &Damaged) -> Result<Report, String> {
        let (mut device, mut outbox, report) = self.open(folder, damaged)?;
        self.publish(&mut device, &mut outbox)?;
        for _ in 0..4 {
            self.converse(&mut device, &mut outbox, usize::MAX, None)?;
        }
        if device.unacked() > 0 || device.head().head != outbox.next() {
            return Err(format!("not drained: {device:?}"));
        }
        let room = 2 * self.files.file_bytes + 1024;
        if outbox.log_bytes() > room {
            return Err(format!("{} bytes are not given back", outbox.log_bytes()));
        }
        Ok(report)
    }

    fn open(&mut self, folder: &Path, damaged: &Damaged) -> Result<(DeviceSide, Outbox, Report), String> {
        let (mut outbox, kept, report) =
            Outbox::open(folder, self.files).map_err(|error| error.to_string())?;
        damaged.check(&report)?;
        self.ledger.check_restored(&kept)?;
        self.nonce += 1000;
        let id = DeviceId::parse("pump-1").expect("an id");
        let settings = Settings { outbox: self.bounds, ..Settings::new(id, None, self.nonce) };
        let mut device = DeviceSide::restored(settings, kept);
        while let Some(output) = device.poll_output() {
            if matches!(output, Output::Keep(_)) {
                keep(&device, &mut outbox)?;
            }
        }
        Ok((device, outbox, report))
    }

    fn publish(&mut self, device: &mut DeviceSide, outbox: &mut Outbox) -> Result<(), String> {
        let position = outbox.next();
        let content = self.ledger.accept(position);
        let message = message(content);
        outbox.append(&message).map_err(|error| error.to_string())?;
        let counted = device.publish(NOW, message);
        (counted == position).then_some(()).ok_or_else(|| format!("{position} in the file is {counted}"))
    }

    /// A connection on which at most `lines` lines of the device reach the hub, and perhaps not all of the answers.
    fn converse(
        &mut self,
        device: &mut DeviceSide,
        outbox: &mut Outbox,
        lines: usize,
        mut random: Option<&mut Random>,
    ) -> Result<(), String> {
        device.connected(NOW);
        let mut heard = 0;
        while let Some(output) = device.poll_output() {
            match output {
                Output::Keep(_) => keep(device, outbox)?,
                Output::Send(line) => {
                    heard += 1;
                    for answer in self.hub.hears(&line)? {
                        device.line(NOW, &answer);
                        outbox.note(&device.head(), device.unacked());
                    }
                }
                Output::Close(_) => break,
                Output::Begin(_) | Output::Welcome(_) | Output::Complaint(_) => {}
            }
            if outbox.has_room_to_give(device.held_from()) {
                keep(device, outbox)?;
            }
            let cut = random.as_mut().is_some_and(|random| random.one_in(40));
            if heard >= lines || cut {
                break;
            }
        }
        device.disconnected();
        Ok(())
    }
}

fn keep(device: &DeviceSide, outbox: &mut Outbox) -> Result<(), String> {
    let keep = outbox.keep(&device.head(), device.held_from()).run();
    outbox.done(keep.map_err(|error| error.to_string())?);
    Ok(())
}

/// The message with `content`; some are short and some are long.
fn message(content: u64) -> Samples {
    let value = RawValue::from_string(content.to_string()).expect("a number");
    let padding = RawValue::from_string(format!("\"{}\"", "x".repeat((content % 7 * 9) as usize)));
    let sample = |channel: &str, value| Sample { channel: channel.into(), value };
    let mut samples = vec![sample("n", value)];
    if content.is_multiple_of(3) {
        samples.push(sample("padding", padding.expect("a text")));
    }
    Samples { seq: None, ts: Some(1_763_846_847_123), samples, outbox: None }
}

/// The content of a message.
fn content(message: &Samples) -> u64 {
    message.samples[0].value.get().parse().expect("a number")
}
