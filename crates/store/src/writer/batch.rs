//! One transaction: writes as SQL, in their order, and what many of them change put in once at the end.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, OptionalExtension};

use super::state::{DeviceState, SessionState, State};
use crate::error::CommitError;
use crate::load;
use crate::write::{CommandRow, DeviceKey, Gap, Message, NewDevice, Position, Sample, TokenRow, Write};

/// Writes being put into a transaction.
pub(crate) struct Batch<'a> {
    connection: &'a Connection,
    state: &'a mut State,
    /// Devices whose row has to be brought up to date.
    moved: BTreeSet<DeviceKey>,
    /// The newest sample of each channel that got one, by the channel's key.
    latest: HashMap<i64, (Sample, u64)>,
    insert_sample: CachedStatement<'a>,
}

impl<'a> Batch<'a> {
    /// Begins with nothing; `connection` is inside a transaction.
    pub(crate) fn new(connection: &'a Connection, state: &'a mut State) -> rusqlite::Result<Batch<'a>> {
        let insert_sample = connection.prepare_cached(
            "INSERT INTO sample (channel, id, ts, value, cursor, session, seq, device_ts, late)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        Ok(Batch { connection, state, moved: BTreeSet::new(), latest: HashMap::new(), insert_sample })
    }

    /// Adds one write. [`CommitError::Failed`] spoils the transaction; any other error means that this write was refused
    /// before it changed anything, and the others go on.
    pub(crate) fn add(&mut self, write: &Write) -> Result<(), CommitError> {
        if let Some(device) = addressee(write)
            && self.state.device(device).is_none()
        {
            let removed = self.state.was_removed(device);
            return if removed { Ok(()) } else { Err(CommitError::UnknownDevice(device)) };
        }
        match write {
            Write::Device(device) => self.device(device),
            Write::Message(message) => self.message(message),
            Write::Gap(gap) => self.gap(gap),
            Write::Session { device, counter, tag } => self.session(*device, *counter, tag),
            Write::CommandCounter { device, next } => {
                if let Some(state) = self.moved(*device) {
                    state.next_command = *next;
                }
                Ok(())
            }
            Write::DeviceToken { device, token, confirmed } => self.run(
                "UPDATE device SET token = ?2, confirmed = ?3 WHERE key = ?1",
                (device.0.cast_signed(), token.0, confirmed),
            ),
            Write::Describe { device, describe } => {
                self.run("UPDATE device SET describe = ?2 WHERE key = ?1", (device.0.cast_signed(), describe))
            }
            Write::Command(command) => self.command(command),
            Write::Token(token) => self.token(token),
            Write::TokenUsed { hash, at } => {
                self.run("UPDATE token SET used = ?2 WHERE hash = ?1", (hash.0, at))
            }
            Write::TokenRevoked { hash } => self.run("DELETE FROM token WHERE hash = ?1", [hash.0]),
            Write::RemoveDevice { device } => self.remove(*device),
            Write::Prune { commands, tokens } => self.prune(*commands, *tokens),
        }
    }

    /// Puts in what the writes changed in common.
    pub(crate) fn finish(mut self) -> rusqlite::Result<()> {
        for key in std::mem::take(&mut self.moved) {
            if let Some(device) = self.state.device(key) {
                update_device(self.connection, key, device)?;
            }
        }
        let mut update = self
            .connection
            .prepare_cached("UPDATE channel SET value = ?2, ts = ?3, cursor = ?4 WHERE key = ?1")?;
        for (channel, (sample, cursor)) in self.latest {
            update.execute((channel, sample.value, sample.ts, cursor.cast_signed()))?;
        }
        Ok(())
    }

    fn device(&mut self, new: &NewDevice) -> Result<(), CommitError> {
        let taken = self
            .connection
            .prepare_cached("SELECT 1 FROM device WHERE id = ?1")?
            .query_row([&new.id], |_| Ok(()))
            .optional()?;
        if taken.is_some() || !self.state.is_free(new.key) {
            return Err(CommitError::DeviceTaken { device: new.key, id: new.id.clone() });
        }
        self.run(
            "INSERT INTO device (key, id, name, token, joined, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                new.key.0.cast_signed(),
                &new.id,
                &new.name,
                new.token.map(|token| token.0),
                new.joined,
                new.created,
            ),
        )?;
        self.state.add(new.key);
        Ok(())
    }

    fn session(&mut self, device: DeviceKey, counter: u64, tag: &str) -> Result<(), CommitError> {
        if let Some(state) = self.moved(device) {
            state.next_session = counter.saturating_add(1);
        }
        self.run("INSERT INTO issuer (tag) VALUES (?1) ON CONFLICT (tag) DO NOTHING", [tag])
    }

    fn message(&mut self, message: &Message) -> Result<(), CommitError> {
        let device = message.device;
        self.step(device, message.cursor, message.position.as_ref(), message.received)?;
        for sample in &message.samples {
            self.sample(message, sample)?;
        }
        if let Some(state) = self.state.device(device) {
            state.received += 1;
        }
        Ok(())
    }

    fn sample(&mut self, message: &Message, sample: &Sample) -> Result<(), CommitError> {
        let id = self.state.next_sample;
        let Some(state) = self.state.device(message.device) else { return Ok(()) };
        let channel = match state.channels.get(&sample.channel) {
            Some(key) => *key,
            None => {
                let key = insert_channel(self.connection, message.device, &sample.channel)?;
                state.channels.insert(sample.channel.clone(), key);
                key
            }
        };
        // `step` made the message's session the current one.
        let numbered = message.position.as_ref().zip(state.session.as_ref());
        self.insert_sample.execute((
            channel,
            id,
            sample.ts,
            &sample.value,
            message.cursor.cast_signed(),
            numbered.map(|(_, session)| session.key),
            numbered.map(|(position, _)| position.seq.cast_signed()),
            sample.device_ts,
            sample.late,
        ))?;
        self.state.next_sample = id + 1;
        if !sample.late {
            self.latest.insert(channel, (sample.clone(), message.cursor));
        }
        Ok(())
    }

    fn gap(&mut self, gap: &Gap) -> Result<(), CommitError> {
        self.step(gap.device, gap.cursor, gap.position.as_ref(), gap.at)?;
        if let Some(state) = self.state.device(gap.device) {
            state.gaps += 1;
        }
        self.run(
            "INSERT INTO gap (device, cursor, session, from_seq, to_seq, reason, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                gap.device.0.cast_signed(),
                gap.cursor.cast_signed(),
                &gap.session,
                gap.from.cast_signed(),
                gap.to.cast_signed(),
                &gap.reason,
                gap.at,
            ),
        )
    }

    /// Moves a device's log one on, or refuses what does not follow.
    fn step(
        &mut self,
        device: DeviceKey,
        cursor: u64,
        position: Option<&Position>,
        at: i64,
    ) -> Result<(), CommitError> {
        let connection = self.connection;
        let Some(state) = self.moved(device) else { return Ok(()) };
        if state.cursor.checked_add(1) != Some(cursor) {
            return Err(CommitError::NotNext { device, stored: state.cursor, got: cursor });
        }
        if let Some(position) = position {
            state.enter(connection, device, position)?;
        }
        state.cursor = cursor;
        state.last_seen = state.last_seen.max(Some(at));
        Ok(())
    }

    /// The state of a device whose row has to be brought up to date at the end.
    fn moved(&mut self, device: DeviceKey) -> Option<&mut DeviceState> {
        self.moved.insert(device);
        self.state.device(device)
    }

    fn command(&mut self, command: &CommandRow) -> Result<(), CommitError> {
        self.run(
            &format!(
                "INSERT INTO command ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                 ON CONFLICT (device, person, id) DO UPDATE SET
                   number = excluded.number, channel = excluded.channel, value = excluded.value,
                   intent = excluded.intent, ttl = excluded.ttl, state = excluded.state,
                   reason = excluded.reason, result = excluded.result, created = excluded.created,
                   deadline = excluded.deadline, updated = excluded.updated",
                load::COMMAND
            ),
            (
                command.device.0.cast_signed(),
                command.number.map(u64::cast_signed),
                &command.id,
                &command.by,
                &command.channel,
                &command.value,
                &command.intent,
                command.ttl.cast_signed(),
                &command.state,
                &command.reason,
                &command.result,
                command.created,
                command.deadline,
                command.updated,
            ),
        )
    }

    fn token(&mut self, token: &TokenRow) -> Result<(), CommitError> {
        self.run(
            "INSERT OR REPLACE INTO token (hash, subject, scopes, created, expires, used)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (token.hash.0, &token.subject, &token.scopes, token.created, token.expires, token.used),
        )
    }

    fn remove(&mut self, device: DeviceKey) -> Result<(), CommitError> {
        let key = [device.0.cast_signed()];
        // Without a device nobody finds the channels, and their names are free.
        self.run("UPDATE channel SET device = NULL, value = NULL WHERE device = ?1", key)?;
        self.run("DELETE FROM session WHERE device = ?1", key)?;
        self.run("DELETE FROM gap WHERE device = ?1", key)?;
        self.run("DELETE FROM command WHERE device = ?1", key)?;
        self.run("DELETE FROM device WHERE key = ?1", key)?;
        self.state.remove(device);
        Ok(())
    }

    fn prune(&mut self, commands: i64, tokens: i64) -> Result<(), CommitError> {
        let [accepted, queued, sent] = CommandRow::UNSETTLED;
        self.run(
            "DELETE FROM command WHERE updated < ?1 AND state NOT IN (?2, ?3, ?4)",
            (commands, accepted, queued, sent),
        )?;
        self.run("DELETE FROM token WHERE expires < ?1", [tokens])
    }

    fn run(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), CommitError> {
        self.connection.prepare_cached(sql)?.execute(parameters)?;
        Ok(())
    }
}

/// The device that has to be there for a write to have somewhere to go.
fn addressee(write: &Write) -> Option<DeviceKey> {
    match write {
        Write::Message(Message { device, .. })
        | Write::Gap(Gap { device, .. })
        | Write::Command(CommandRow { device, .. })
        | Write::DeviceToken { device, .. }
        | Write::Session { device, .. }
        | Write::Describe { device, .. }
        | Write::CommandCounter { device, .. }
        | Write::RemoveDevice { device } => Some(*device),
        Write::Device(_)
        | Write::Token(_)
        | Write::TokenUsed { .. }
        | Write::TokenRevoked { .. }
        | Write::Prune { .. } => None,
    }
}

impl DeviceState {
    /// Takes over a position: its session becomes the current one.
    fn enter(
        &mut self,
        connection: &Connection,
        device: DeviceKey,
        position: &Position,
    ) -> rusqlite::Result<()> {
        match &mut self.session {
            Some(session) if session.name == position.session => session.seq = position.seq,
            _ => {
                let key = session_key(connection, device, &position.session)?;
                let name: Arc<str> = position.session.clone();
                self.session = Some(SessionState { name, key, seq: position.seq });
            }
        }
        Ok(())
    }
}

/// The key of a device's session, made when it is new.
fn session_key(connection: &Connection, device: DeviceKey, name: &str) -> rusqlite::Result<i64> {
    let owner = device.0.cast_signed();
    connection
        .prepare_cached(
            "INSERT INTO session (device, name) VALUES (?1, ?2) ON CONFLICT (device, name) DO NOTHING",
        )?
        .execute((owner, name))?;
    connection
        .prepare_cached("SELECT key FROM session WHERE device = ?1 AND name = ?2")?
        .query_row((owner, name), |row| row.get(0))
}

fn insert_channel(connection: &Connection, device: DeviceKey, name: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO channel (device, name) VALUES (?1, ?2)")?
        .insert((device.0.cast_signed(), name))
}

fn update_device(connection: &Connection, key: DeviceKey, device: &DeviceState) -> rusqlite::Result<()> {
    let session = device.session.as_ref();
    connection
        .prepare_cached(
            "UPDATE device SET cursor = ?2, next_session = ?3, session = ?4, seq = ?5, received = ?6, gaps = ?7,
                    next_command = ?8, last_seen = ?9 WHERE key = ?1",
        )?
        .execute((
            key.0.cast_signed(),
            device.cursor.cast_signed(),
            device.next_session.cast_signed(),
            session.map(|session| session.key),
            session.map(|session| session.seq.cast_signed()),
            device.received.cast_signed(),
            device.gaps.cast_signed(),
            device.next_command.cast_signed(),
            device.last_seen,
        ))?;
    Ok(())
}
