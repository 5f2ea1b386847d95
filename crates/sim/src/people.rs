//! People: they look at panels, ask devices for things, ask again, and take back what they asked for.

use crate::check::Checks;
use crate::hub::Hub;
use crate::panel;
use crate::storage::{PERSON, command_id};
use crate::trace::Trace;
use crate::world::World;
use router::{Intent, Request};
use serde_json::value::RawValue;

/// Commands under the id of another one ask for their value and this.
const FORGED: u64 = 500_000;

/// What somebody asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// Which no other command asks for.
    value: u64,
    device: usize,
    channel: &'static str,
    intent: Intent,
    ttl: u64,
}

impl World {
    pub(crate) fn look_some(&mut self) {
        let panel = self.random.place(self.panels.len());
        if self.panels[panel].frozen_until <= self.now.mono {
            self.look(panel);
        }
    }

    pub(crate) fn freeze(&mut self) {
        let panel = self.random.place(self.panels.len());
        self.panels[panel].frozen_until = self.now.mono + self.random.pick(&[1_000, 20_000, 100_000]);
        self.hub.iter_mut().for_each(Hub::unwatched);
    }

    /// A panel takes all there is.
    pub(crate) fn look(&mut self, number: usize) {
        let Some(hub) = &mut self.hub else { return };
        let mut frames = Vec::new();
        for (device, program) in self.programs.iter().enumerate() {
            let id = program.make.id.as_str();
            if device > 0 && !self.plan.is_honest() {
                break;
            }
            let cursor = self.checks.panels.cursor(number, id);
            frames.clear();
            let Some(committed) =
                self.panels[number].look(device, id, cursor, hub, &self.storage, &mut frames)
            else {
                continue;
            };
            let bytes = frames.iter().map(|frame| frame.len()).sum();
            let verdict = self.checks.bounds.frames(bytes);
            self.checks.note("bounds", verdict);
            for frame in &frames {
                for (value, state) in receive(&mut self.checks, &mut self.trace, number, frame) {
                    // What is refused by a device that has said nothing yet leaves no trace.
                    let found = state == "refused" || self.storage.state_of(id, value).is_some();
                    let verdict = self.checks.commands.found(value, &state, found);
                    self.checks.note("commands", verdict);
                }
            }
            let verdict = self.checks.panels.caught_up(number, id, committed);
            self.checks.note("panels", verdict);
        }
    }

    pub(crate) fn ask(&mut self) {
        // Nobody can say which of two would run it.
        if !self.plan.is_honest() {
            return;
        }
        let asked = Asked {
            value: self.asked.len() as u64 + 1,
            device: self.random.place(self.programs.len()),
            channel: self.random.pick(&["fan", "fan", "fan", "lamp"]),
            intent: self.random.pick(&[Intent::Now, Intent::Latest, Intent::Queue]),
            ttl: self.random.pick(&[200, 2_000, 10_000, 30_000]),
        };
        let id = self.programs[asked.device].make.id.clone();
        if self.hub.as_ref().is_none_or(|hub| hub.device(id.as_str()).is_none()) {
            return;
        }
        self.asked.push(asked);
        let plain = self.programs[asked.device].is_plain().then_some(asked.channel == "fan");
        self.checks.commands.asked(asked.value, asked.device, plain);
        self.request(asked, asked.value);
    }

    /// The same again.
    pub(crate) fn repeat(&mut self) {
        if !self.asked.is_empty() {
            let asked = self.asked[self.random.place(self.asked.len())];
            self.request(asked, asked.value);
        }
    }

    /// Something else under the same id.
    pub(crate) fn forge(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let asked = self.asked[self.random.place(self.asked.len())];
        let forged = Asked { value: asked.value + FORGED, ..asked };
        let id = self.programs[asked.device].make.id.clone();
        if self.storage.state_of(id.as_str(), asked.value).is_none() {
            // Nobody has to know of the first one yet.
            return;
        }
        if let Some(state) = self.request(forged, asked.value) {
            let verdict = self.checks.commands.forged(forged.value, asked.device, state);
            self.checks.note("commands", verdict);
        }
    }

    pub(crate) fn request(&mut self, asked: Asked, id: u64) -> Option<&'static str> {
        self.trace.happened(30, format_args!("{PERSON} asks for {asked:?}"));
        let device = self.programs[asked.device].make.id.clone();
        let request = Request {
            id: command_id(id).into(),
            by: PERSON.into(),
            channel: asked.channel.into(),
            value: RawValue::from_string(asked.value.to_string()).expect("a number is JSON"),
            intent: asked.intent,
            ttl: Some(asked.ttl),
            credential: None,
        };
        let deadline = self.now.mono + asked.ttl;
        self.checks.commands.wanted(asked.value, deadline);
        let receipt = self.at_hub(|hub, around| hub.command(device.as_str(), request, around))??;
        let state = receipt.state.as_str();
        if asked.value == id {
            let verdict = self.checks.commands.told(asked.value, state);
            self.checks.note("commands", verdict);
        }
        Some(state)
    }

    pub(crate) fn cancel(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let asked = self.asked[self.random.place(self.asked.len())];
        self.trace.happened(31, format_args!("{PERSON} cancels c{}", asked.value));
        let device = self.programs[asked.device].make.id.clone();
        let id = command_id(asked.value);
        self.at_hub(|hub, around| hub.cancel(device.as_str(), PERSON, &id, around));
    }
}

/// A panel receives a frame. Answers which commands it tells of, and that they are what.
fn receive(checks: &mut Checks, trace: &mut Trace, panel: usize, frame: &[u8]) -> Vec<(u64, String)> {
    let mut told = Vec::new();
    match panel::read(frame, trace) {
        Ok(frame) => {
            let verdict = checks.panels.received(panel, &frame);
            checks.note("panels", verdict);
            let alone = frame.asked.zip(frame.state.as_deref());
            let within = frame.commands.iter().map(|receipt| (receipt.asked, receipt.state));
            for (asked, state) in alone.into_iter().chain(within) {
                let value = asked.get().parse().unwrap_or(0);
                let verdict = checks.commands.told(value, state);
                checks.note("commands", verdict);
                told.push((value, state.to_owned()));
            }
        }
        Err(said) => checks.note("panels", Err(said)),
    }
    told
}
