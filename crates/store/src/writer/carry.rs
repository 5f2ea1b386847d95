//! Carrying out a batch inside a transaction: everything in its row, samples in one journal.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::batch::Batch;
use super::keys::{DeviceKeys, Keys};
use super::rows;
use crate::journal::Journal;
use crate::judge::{Judge, Standing};
use crate::limits::GAPS_KEPT_MAX;
use crate::load;
use crate::write::{DeviceKey, Message, Write};

/// What a batch added to the journal, and what else the chores behind it must know of.
#[derive(Clone, Copy, Default)]
pub(crate) struct Carried {
    pub(crate) samples: u64,
    pub(crate) bytes: u64,
    pub(crate) now: Option<i64>,
    /// Whether a device was removed.
    pub(crate) removed: bool,
}

/// Carries out all of a batch. `judge` stands behind it; channels of removed devices are added to `ownerless`.
pub(crate) fn carry(
    connection: &Connection,
    batch: &Batch,
    judge: &Judge,
    keys: &mut Keys,
    ownerless: &mut Vec<i64>,
) -> rusqlite::Result<Carried> {
    let (journal, lost) = (Journal::default(), BTreeSet::new());
    let mut carry = Carry { connection, keys, ownerless, journal, lost, now: None, removed: false };
    for write in batch.stored() {
        carry.write(write)?;
    }
    for device in &batch.moved {
        if let Some(standing) = judge.standing(*device) {
            carry.stands(*device, standing)?;
        }
    }
    let Carry { journal, now, removed, .. } = carry;
    rows::insert_journal(connection, batch.number, journal.samples(), journal.content())?;
    Ok(Carried { samples: journal.samples(), bytes: journal.content().len() as u64, now, removed })
}

struct Carry<'a> {
    connection: &'a Connection,
    keys: &'a mut Keys,
    ownerless: &'a mut Vec<i64>,
    journal: Journal,
    /// Devices with new gaps.
    lost: BTreeSet<DeviceKey>,
    /// The time that it is.
    now: Option<i64>,
    /// Whether a device was removed.
    removed: bool,
}

impl Carry<'_> {
    fn write(&mut self, write: &Write) -> rusqlite::Result<()> {
        let connection = self.connection;
        match write {
            Write::Message(message) => self.message(message),
            Write::Device(new) => {
                self.keys.add(new.key);
                rows::insert_device(connection, new)
            }
            Write::Gap(gap) => {
                if let Some(position) = &gap.position
                    && let Some(keys) = self.keys.device(connection, gap.device)?
                {
                    keys.session(connection, gap.device, position)?;
                }
                self.lost.insert(gap.device);
                rows::insert_gap(connection, gap)
            }
            // The counters of devices move with their logs.
            Write::CommandCounter { .. } => Ok(()),
            Write::Session { tag, .. } => rows::insert_issuer(connection, tag),
            Write::DeviceToken { device, token, confirmed } => {
                rows::set_device_token(connection, *device, token, *confirmed)
            }
            Write::Describe { device, describe } => rows::set_description(connection, *device, describe),
            Write::Rhythm { device, channel, every } => {
                let Some(keys) = self.keys.device(connection, *device)? else { return Ok(()) };
                let channel = keys.channel(connection, *device, channel)?;
                rows::set_rhythm(connection, channel, *every)
            }
            Write::Called { device, called } => rows::set_called(connection, *device, called),
            Write::Command(command) => rows::put_command(connection, command),
            Write::Token(token) => rows::put_token(connection, token),
            Write::TokenUsed { hash, at } => rows::set_token_used(connection, hash, *at),
            Write::TokenRevoked { hash } => rows::delete_token(connection, hash),
            Write::RemoveDevice { device } => {
                self.removed = true;
                self.keys.remove(*device);
                self.ownerless.extend(load::channel_keys(connection, *device)?);
                rows::delete_device(connection, *device)
            }
            Write::Prune { commands, tokens, now } => {
                self.now = Some(*now);
                rows::prune(connection, *commands, *tokens)
            }
        }
    }

    fn message(&mut self, message: &Message) -> rusqlite::Result<()> {
        let device = message.device;
        let Some(keys) = self.keys.device(self.connection, device)? else { return Ok(()) };
        let position = match &message.position {
            Some(position) => Some((keys.session(self.connection, device, position)?, position.seq)),
            None => None,
        };
        if message.samples.is_empty() {
            return Ok(());
        }
        self.journal.begin(message.cursor, position);
        for sample in &message.samples {
            let channel = keys.channel(self.connection, device, &sample.channel)?;
            self.journal.sample(channel, sample);
        }
        self.journal.end(device);
        Ok(())
    }

    /// Puts in where a device's log stands.
    fn stands(&mut self, device: DeviceKey, standing: &Standing) -> rusqlite::Result<()> {
        let keys = self.keys.device(self.connection, device)?;
        let session = keys.and_then(|keys| DeviceKeys::current_session(keys));
        rows::put_log(self.connection, device, standing, session)?;
        if self.lost.contains(&device) {
            for count in &standing.gaps {
                rows::put_loss(self.connection, device, count)?;
            }
            if standing.gaps.iter().map(|count| count.gaps).sum::<u64>() > GAPS_KEPT_MAX as u64 {
                rows::trim_gaps(self.connection, device)?;
            }
        }
        Ok(())
    }
}
