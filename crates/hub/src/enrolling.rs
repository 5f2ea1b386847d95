//! Who may join: join tokens as people make and revoke them.

use crate::Hub;
use crate::audit::{Entry, What};
use crate::auth::{Enrolment, Full, Grant, JoinTerms, JoinToken, Scope, Secret};
use std::sync::Arc;

/// Why a join token was not made or revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The person may not.
    #[error("you may not make or revoke join tokens")]
    Denied,
    /// No join token makes a device here ([`Enrolment::Closed`]).
    #[error("no join token makes a device here")]
    Closed,
    /// What it is to permit cannot be.
    #[error("{0}")]
    Bad(String),
    /// There are as many as may be.
    #[error("there are as many join tokens as there may be")]
    Full,
    /// There is none of this id.
    #[error("there is no such join token")]
    Unknown,
    /// The storage has failed: whoever was told that it is done could find it undone after a crash.
    #[error("the storage has failed")]
    Storage,
}

impl Hub {
    /// Makes a join token, shown this once; returns once it is stored.
    ///
    /// # Errors
    /// It was not made, or is not known to be stored, and why.
    pub async fn make_join_token(
        self: &Arc<Self>,
        grant: &Grant,
        terms: &JoinTerms,
    ) -> Result<(Secret, JoinToken), JoinError> {
        self.may_change_joins(grant)?;
        if self.auth.enrolment() == Enrolment::Closed {
            return Err(JoinError::Closed);
        }
        if let Some(what) = terms.problem() {
            return Err(JoinError::Bad(what));
        }
        let made =
            self.auth.make_join(terms, grant.user(), self.now().wall).map_err(|Full| JoinError::Full)?;
        self.audit(
            Entry::by(What::JoinMade, grant)
                .say("join", made.1.id.clone())
                .say("devices", terms.devices.to_string())
                .say("minutes", (terms.life_ms / 60_000).to_string()),
        );
        self.until_stored().await.map_err(|_| JoinError::Storage)?;
        Ok(made)
    }

    /// Ends a join token; returns once that is stored. The devices that it made stay.
    ///
    /// # Errors
    /// It is not known to be revoked for good, and why.
    pub async fn revoke_join_token(self: &Arc<Self>, grant: &Grant, id: &str) -> Result<(), JoinError> {
        self.may_change_joins(grant)?;
        if !self.auth.revoke_join(id) {
            return Err(JoinError::Unknown);
        }
        self.audit(Entry::by(What::JoinRevoked, grant).say("join", id));
        self.until_stored().await.map_err(|_| JoinError::Storage)
    }

    fn may_change_joins(&self, grant: &Grant) -> Result<(), JoinError> {
        match (grant.may(Scope::Admin), self.storage_is_up()) {
            (false, _) => Err(JoinError::Denied),
            (true, false) => Err(JoinError::Storage),
            (true, true) => Ok(()),
        }
    }
}
