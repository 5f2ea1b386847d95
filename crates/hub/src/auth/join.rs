//! Join tokens: who may make a device by identifying with one, how many, and until when.
//!
//! There is one of this run, whose text whoever started it knows, and there are those that an administrator made. Of these each is a
//! row in the store with the devices that it made, so that neither a restart nor a crash gives one of its uses back.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use store::{AccessKind, AccessRow, TokenHash, Write};

use super::hex::{hex, read_hash};
use super::limits::{
    JOIN_DEVICES_MAX, JOIN_LABEL_BYTES_MAX, JOIN_LIFE_MS_MAX, JOIN_LIFE_MS_MIN, JOIN_OF_RUN_DEVICES_MAX,
    JOIN_TOKENS_MAX,
};
use super::{Auth, Secret, SecretKind, same};

/// Who may join without an administrator having made them before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enrolment {
    /// Nobody: each device is made by an administrator.
    Closed,
    /// Whoever has a join token.
    #[default]
    Token,
    /// Whoever has a join token, and without any whoever connects from this machine itself.
    Open,
}

/// A join token as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JoinToken {
    /// By what it is revoked: the first half of its hash.
    pub id: String,
    /// What whoever made it calls it; may be empty.
    pub label: Box<str>,
    /// Who made it.
    pub by: Box<str>,
    /// When, ms since 1970.
    pub made: i64,
    /// From when on it makes nothing more, ms since 1970.
    pub expires: i64,
    /// How many devices it makes at most.
    pub devices: usize,
    /// How many it has made.
    pub used: usize,
}

/// What a new join token is to permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinTerms {
    /// What it is called; up to 100 bytes, may be empty.
    pub label: String,
    /// How many devices it makes, 1 to [`JOIN_DEVICES_MAX`].
    pub devices: usize,
    /// How long it is good for, ms: [`JOIN_LIFE_MS_MIN`] to [`JOIN_LIFE_MS_MAX`].
    pub life_ms: i64,
}

impl JoinTerms {
    /// What is wrong with them, as a sentence.
    pub fn problem(&self) -> Option<String> {
        if self.label.len() > JOIN_LABEL_BYTES_MAX || self.label.chars().any(char::is_control) {
            return Some(format!(
                "A label has at most {JOIN_LABEL_BYTES_MAX} bytes and no control characters."
            ));
        }
        if !(1..=JOIN_DEVICES_MAX).contains(&self.devices) {
            return Some(format!("A join token makes 1 to {JOIN_DEVICES_MAX} devices."));
        }
        let minutes = |ms: i64| ms / 60_000;
        (!(JOIN_LIFE_MS_MIN..=JOIN_LIFE_MS_MAX).contains(&self.life_ms)).then(|| {
            let (min, max) = (minutes(JOIN_LIFE_MS_MIN), minutes(JOIN_LIFE_MS_MAX));
            format!("A join token is good for {min} to {max} minutes.")
        })
    }
}

/// Why a join token makes no device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotJoined {
    /// It is none, counts no longer, or has made all it may.
    Auth,
    /// That of this run has made as many as it may.
    Full,
}

/// A device that a join token is about to make: its use is counted, and on its way to the store.
#[derive(Debug)]
pub(crate) struct Reserved {
    token: Option<TokenHash>,
    id: Box<str>,
}

impl Reserved {
    /// Whether the use must be durable before anybody is told of the device.
    pub(crate) fn is_kept(&self) -> bool {
        self.token.is_some()
    }
}

/// All join tokens.
#[derive(Debug)]
pub(super) struct Joins {
    enrolment: Enrolment,
    of_run: TokenHash,
    of_run_used: usize,
    kept: HashMap<TokenHash, Kept>,
}

/// One that an administrator made, as the store has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    label: Box<str>,
    by: Box<str>,
    made: i64,
    expires: i64,
    devices_max: usize,
    used: usize,
    /// Those that it made, by id: it may identify them again until they have used tokens of their own.
    devices: Vec<Box<str>>,
}

impl Kept {
    fn is_good(&self, now: i64) -> bool {
        now < self.expires
    }

    fn is_spent(&self, now: i64) -> bool {
        !self.is_good(now) || self.used >= self.devices_max
    }

    fn shown(&self, hash: &TokenHash) -> JoinToken {
        JoinToken {
            id: id(hash),
            label: self.label.clone(),
            by: self.by.clone(),
            made: self.made,
            expires: self.expires,
            devices: self.devices_max,
            used: self.used,
        }
    }

    fn write(&self, hash: &TokenHash) -> Write {
        let content = serde_json::to_string(self).expect("text, numbers and lists are JSON").into();
        Write::Access(AccessRow { kind: AccessKind::Join, name: name(hash), content })
    }
}

impl Joins {
    /// With what the store knew. What this version cannot read opens nothing.
    pub(super) fn load(rows: &[AccessRow], of_run: TokenHash) -> Mutex<Self> {
        let rows = rows.iter().filter(|row| row.kind == AccessKind::Join);
        let kept = rows.filter_map(|row| {
            let kept = serde_json::from_str(&row.content).inspect_err(|error| {
                tracing::error!(%error, "a join token cannot be read");
            });
            Some((read_hash(&row.name)?, kept.ok()?))
        });
        Mutex::new(Self { enrolment: Enrolment::default(), of_run, of_run_used: 0, kept: kept.collect() })
    }

    fn is_of_run(&self, presented: &TokenHash) -> bool {
        same(&self.of_run, presented)
    }
}

/// There are as many join tokens as there may be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are as many join tokens as there may be; revoke one")]
pub struct Full;

impl Auth {
    /// Who may join.
    pub fn enrolment(&self) -> Enrolment {
        self.joins().enrolment
    }

    /// From now on these may join.
    pub fn set_enrolment(&self, enrolment: Enrolment) {
        self.joins().enrolment = enrolment;
    }

    /// The hash of the join token of this run.
    pub(crate) fn join_of_run(&self) -> TokenHash {
        self.joins().of_run
    }

    /// Whether a join token may identify the device with this id, which one of them made and which has not used its own yet.
    pub(crate) fn rejoins(&self, presented: &TokenHash, device: &str, now: i64) -> bool {
        let joins = self.joins();
        if joins.enrolment == Enrolment::Closed {
            return false;
        }
        let of_kept = || {
            let kept = joins.kept.get(presented)?;
            Some(kept.is_good(now) && kept.devices.iter().any(|made| **made == *device))
        };
        joins.is_of_run(presented) || of_kept().unwrap_or(false)
    }

    /// Counts a use of the join token that was presented, for a device that is about to be made.
    pub(crate) fn reserve_join(
        &self,
        presented: &TokenHash,
        device: &str,
        now: i64,
    ) -> Result<Reserved, NotJoined> {
        let mut joins = self.joins();
        if joins.enrolment == Enrolment::Closed {
            return Err(NotJoined::Auth);
        }
        if joins.is_of_run(presented) {
            if joins.of_run_used >= JOIN_OF_RUN_DEVICES_MAX {
                return Err(NotJoined::Full);
            }
            joins.of_run_used += 1;
            return Ok(Reserved { token: None, id: device.into() });
        }
        let kept = joins.kept.get_mut(presented).filter(|kept| !kept.is_spent(now));
        let kept = kept.ok_or(NotJoined::Auth)?;
        kept.used += 1;
        kept.devices.push(device.into());
        let write = kept.write(presented);
        self.submit([write]);
        Ok(Reserved { token: Some(*presented), id: device.into() })
    }

    /// The device was not made after all: the use is given back.
    pub(crate) fn release_join(&self, reserved: Reserved) {
        let mut joins = self.joins();
        let Some(token) = reserved.token else {
            joins.of_run_used = joins.of_run_used.saturating_sub(1);
            return;
        };
        // Revoked meanwhile, there is nothing to be given back.
        let Some(kept) = joins.kept.get_mut(&token) else { return };
        kept.used = kept.used.saturating_sub(1);
        if let Some(place) = kept.devices.iter().rposition(|made| *made == reserved.id) {
            kept.devices.remove(place);
        }
        let write = kept.write(&token);
        self.submit([write]);
    }

    /// The device was removed: should another one get its id, none of these tokens made that.
    pub(crate) fn forget_joined(&self, device: &str) {
        let mut joins = self.joins();
        for (hash, kept) in &mut joins.kept {
            let before = kept.devices.len();
            kept.devices.retain(|made| **made != *device);
            if kept.devices.len() < before {
                let write = kept.write(hash);
                self.submit([write]);
            }
        }
    }

    /// Makes a join token in the name of `by`. Those that are spent make room, the one that ends first before others.
    ///
    /// # Errors
    /// [`Full`] when there are [`JOIN_TOKENS_MAX`], none of them spent.
    pub fn make_join(&self, terms: &JoinTerms, by: &str, now: i64) -> Result<(Secret, JoinToken), Full> {
        let mut joins = self.joins();
        let mut writes = Vec::new();
        if joins.kept.len() >= JOIN_TOKENS_MAX {
            let spent = joins.kept.iter().filter(|(_, kept)| kept.is_spent(now));
            let first = spent.min_by_key(|(_, kept)| kept.expires).map(|(hash, _)| *hash).ok_or(Full)?;
            joins.kept.remove(&first);
            writes.push(Write::RemoveAccess { kind: AccessKind::Join, name: name(&first) });
        }
        let secret = Secret::random(SecretKind::Join);
        let kept = Kept {
            label: (*terms.label).into(),
            by: by.into(),
            made: now,
            expires: now.saturating_add(terms.life_ms),
            devices_max: terms.devices,
            used: 0,
            devices: Vec::new(),
        };
        let hash = secret.hash();
        writes.push(kept.write(&hash));
        let shown = kept.shown(&hash);
        joins.kept.insert(hash, kept);
        self.submit(writes);
        Ok((secret, shown))
    }

    /// Join tokens that were made, the newest first; spent ones too, until their room is needed.
    pub fn join_tokens(&self) -> Vec<JoinToken> {
        let joins = self.joins();
        let mut tokens: Vec<JoinToken> = joins.kept.iter().map(|(hash, kept)| kept.shown(hash)).collect();
        tokens.sort_by(|a, b| b.made.cmp(&a.made).then_with(|| a.id.cmp(&b.id)));
        tokens
    }

    /// Ends a join token: it makes no device any more, nor does it identify one. Whether there was such a one.
    pub fn revoke_join(&self, of: &str) -> bool {
        let mut joins = self.joins();
        let Some(hash) = joins.kept.keys().find(|hash| id(hash) == of).copied() else { return false };
        joins.kept.remove(&hash);
        self.submit([Write::RemoveAccess { kind: AccessKind::Join, name: name(&hash) }]);
        true
    }

    fn joins(&self) -> MutexGuard<'_, Joins> {
        // Nothing panics halfway through a change.
        self.joins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As people name it: 64 bits of the hash tell one from another, and nobody comes from there to the token.
fn id(hash: &TokenHash) -> String {
    hex(&hash.0[..8])
}

/// As the store names it.
fn name(hash: &TokenHash) -> Box<str> {
    hex(&hash.0).into()
}

#[cfg(test)]
mod tests;
