//! Carrying out a batch inside a transaction: everything in its row, samples in one journal.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::audit::Chain;
use super::batch::Batch;
use super::commands::Commands;
use super::keys::{DeviceKeys, Keys};
use super::rows;
use crate::journal::Journal;
use crate::judge::{Judge, Standing};
use crate::limits::GAPS_KEPT_MAX;
use crate::load;
use crate::write::{DeviceKey, Gap, Message, Write};

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
    let (audit, commands) = (Chain::default(), Commands::of(batch));
    let mut carry = Carry {
        connection,
        judge,
        keys,
        ownerless,
        journal,
        audit,
        commands,
        lost,
        now: None,
        removed: false,
    };
    for write in batch.stored() {
        carry.write(write)?;
    }
    for device in &batch.moved.devices {
        if let Some(standing) = judge.standing(*device) {
            carry.stands(*device, standing)?;
        }
    }
    for (device, gateway, place) in &batch.moved.lanes {
        if let Some(standing) = judge.standing(*device)
            && let Some(lane) =
                standing.relayed.iter().find(|lane| (lane.gateway, lane.place) == (*gateway, *place))
        {
            rows::put_relayed(connection, *device, lane)?;
        }
    }
    for gateway in &batch.moved.gateways {
        if let Some(cursor) = judge.gateways().cursor(*gateway) {
            rows::set_spool_cursor(connection, *gateway, cursor)?;
        }
    }
    let Carry { journal, audit, commands, now, removed, .. } = carry;
    commands.end(connection)?;
    audit.end(connection)?;
    rows::insert_journal(connection, batch.number, journal.samples(), journal.content())?;
    Ok(Carried { samples: journal.samples(), bytes: journal.content().len() as u64, now, removed })
}

/// Who issued the session of a message.
#[derive(Clone, Copy)]
enum Lane {
    /// This hub: it is the device's current session from then on.
    Hub,
    /// A gateway.
    Gateway,
}

struct Carry<'a> {
    connection: &'a Connection,
    judge: &'a Judge,
    keys: &'a mut Keys,
    ownerless: &'a mut Vec<i64>,
    journal: Journal,
    audit: Chain<'a>,
    commands: Commands<'a>,
    /// Devices with new gaps.
    lost: BTreeSet<DeviceKey>,
    /// The time that it is.
    now: Option<i64>,
    /// Whether a device was removed.
    removed: bool,
}

impl<'a> Carry<'a> {
    fn write(&mut self, write: &'a Write) -> rusqlite::Result<()> {
        let connection = self.connection;
        match write {
            Write::Message(message) => self.message(message, Lane::Hub),
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
                self.gap(gap)
            }
            // The counters of devices move with their logs.
            Write::CommandCounter { .. } => Ok(()),
            Write::Session { tag, .. } => rows::insert_issuer(connection, tag),
            Write::DeviceToken { device, token, previous, confirmed } => {
                rows::set_device_token(connection, *device, (token, previous), *confirmed)
            }
            Write::Describe { device, describe } => rows::set_description(connection, *device, describe),
            Write::Rhythm { device, channel, every } => {
                let Some(keys) = self.keys.device(connection, *device)? else { return Ok(()) };
                let channel = keys.channel(connection, *device, channel)?;
                rows::set_rhythm(connection, channel, *every)
            }
            Write::Called { device, called } => rows::set_called(connection, *device, called),
            Write::Command(command) => {
                // One that is removed with this batch is not known to the judge any more.
                self.audit.command(connection, command, self.judge.id(command.device))?;
                self.commands.put(connection, command)
            }
            Write::Token(token) => rows::put_token(connection, token),
            Write::TokenUsed { hash, at } => rows::set_token_used(connection, hash, *at),
            Write::TokenRevoked { hash } => rows::delete_token(connection, hash),
            Write::Access(row) => rows::put_access(connection, row),
            Write::RemoveAccess { kind, name } => rows::delete_access(connection, *kind, name),
            Write::Audit(entry) => self.audit.append(connection, entry),
            Write::RemoveDevice { device } => {
                self.removed = true;
                self.keys.remove(*device);
                self.ownerless.extend(load::channel_keys(connection, *device)?);
                rows::delete_device(connection, *device)
            }
            Write::Gateway(new) => rows::insert_gateway(connection, new),
            Write::GatewayToken { gateway, token, previous } => {
                rows::set_gateway_token(connection, *gateway, token, previous)
            }
            Write::RemoveGateway { gateway } => rows::delete_gateway(connection, *gateway),
            Write::Relayed(relayed) => relayed.then.iter().try_for_each(|write| self.relayed(write)),
            // Refused.
            Write::Spool(_) => Ok(()),
            Write::Prune { commands, tokens, now } => {
                self.now = Some(*now);
                self.audit.prune(connection, *now)?;
                rows::prune(connection, *commands, *tokens)
            }
        }
    }

    /// What an uplink brought. What it holds for removed devices goes nowhere.
    fn relayed(&mut self, write: &'a Write) -> rusqlite::Result<()> {
        if let Some(device) = write.device()
            && !matches!(write, Write::Device(_))
            && self.keys.device(self.connection, device)?.is_none()
        {
            return Ok(());
        }
        match write {
            Write::Message(message) => self.message(message, Lane::Gateway),
            Write::Gap(gap) => self.gap(gap),
            other => self.write(other),
        }
    }

    fn gap(&mut self, gap: &Gap) -> rusqlite::Result<()> {
        self.lost.insert(gap.device);
        rows::insert_gap(self.connection, gap)
    }

    fn message(&mut self, message: &Message, lane: Lane) -> rusqlite::Result<()> {
        let device = message.device;
        let Some(keys) = self.keys.device(self.connection, device)? else { return Ok(()) };
        let position = match &message.position {
            Some(position) => {
                let session = match lane {
                    Lane::Hub => keys.session(self.connection, device, position)?,
                    Lane::Gateway => keys.relayed_session(self.connection, device, position)?,
                };
                Some((session, position.seq))
            }
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
