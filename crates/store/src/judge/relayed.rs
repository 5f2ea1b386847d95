//! Judging what an uplink brought: all of it or nothing.

use super::{Judge, Known, Verdict, lanes};
use crate::error::CommitError;
use crate::relayed::Relayed;
use crate::write::{DeviceKey, Write};

impl Judge {
    /// Judges what an uplink brought with its place in the gateway's spool. What it holds for removed devices goes nowhere: what
    /// carries it out finds no such devices.
    pub(super) fn relayed(&mut self, relayed: &Relayed) -> Result<Verdict, CommitError> {
        let gateway = relayed.gateway;
        let is_there = self.gateways.is_there(gateway)?;
        self.gateways.follows(relayed)?;
        let mut before = Vec::new();
        let judged = self.held(relayed, is_there, &mut before);
        if judged.is_err() {
            // In reverse: of a device that several of them changed, the first one counts.
            for (device, known) in before.into_iter().rev() {
                self.put_back(device, known);
            }
        } else if is_there {
            self.gateways.advance(gateway, &relayed.cursor);
        }
        judged.map(|()| Verdict::Store)
    }

    /// Judges what is held, and notes how each device stood before that.
    fn held(
        &mut self,
        relayed: &Relayed,
        is_there: bool,
        before: &mut Vec<(DeviceKey, Option<Known>)>,
    ) -> Result<(), CommitError> {
        for write in &relayed.then {
            if let Some(device) = write.device() {
                before.push((device, self.devices.get(&device).cloned()));
            }
            match write {
                // The sessions that this hub issues are another lane.
                Write::Message(message) => {
                    self.change(message.device, |standing| standing.message(message, None))?
                }
                Write::Gap(gap) => self.change(gap.device, |standing| standing.gap(gap, None))?,
                Write::Device(_)
                | Write::DeviceToken { .. }
                | Write::Describe { .. }
                | Write::Called { .. }
                | Write::Rhythm { .. } => self.judge(write)?,
                _ => return Err(CommitError::NotRelayable),
            };
        }
        let Some((device, position)) = relayed.position.as_ref().filter(|_| is_there) else { return Ok(()) };
        let Some(known) = self.devices.get_mut(device) else { return Ok(()) };
        // What is refused here has changed nothing, so that it need not be noted.
        let place = lanes::advance(&mut known.standing.relayed, relayed.gateway, position)?;
        self.lanes.push((*device, relayed.gateway, place));
        Ok(())
    }

    /// Has a device stand again as it did.
    fn put_back(&mut self, device: DeviceKey, before: Option<Known>) {
        let after = self.devices.get_mut(&device);
        match (after, before) {
            // It is among those that moved, where it is.
            (Some(after), Some(before)) => *after = Known { moved: after.moved, ..before },
            (Some(_), None) => {
                if let Some(known) = self.devices.remove(&device) {
                    self.ids.remove(&known.id);
                }
            }
            (None, _) => {}
        }
    }
}
