//! Who may do what: credentials are checked here, and here only, and become a [`Grant`].
//!
//! | credential | where it is shown | opens |
//! |---|---|---|
//! | the administrator's token of this run | `Authorization: Bearer` | everything |
//! | a token of the API | `Authorization: Bearer` | what it was issued for |
//! | a login | the cookie | everything |
//! | a login link | the URL, once | a login |
//! | a ticket | the first frame of a panel socket, once | what its taker had |
//! | a device's token | `identify`, `Authorization: Bearer` | sending as this device |
//! | the join token of this run | `identify` | the first identify of new devices |
//! | a gateway's token | an uplink's `identify` | its uplink, on which it sends for any device |
//!
//! There are no accounts: whoever has a link or the administrator's token is the administrator.
//! Nothing here reads a clock: `now` is milliseconds since 1970.

mod grant;
mod kept;
pub mod limits;
mod once;
mod secret;

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use store::{TokenHash, TokenRow, Write};

pub use grant::{Grant, Scope, Scopes};
pub use kept::Full;
pub(crate) use secret::same;
pub use secret::{Secret, SecretKind, hash, matches};

use grant::Subject;
use kept::{Kept, Use};
use limits::{
    CREDENTIAL_BYTES_MAX, LINK_LIFE_MS, LINKS_MAX, LOGIN_LIFE_MS, TICKET_LIFE_MS, TICKETS_MAX, TOKEN_LIFE_MS,
};
use once::Once;

/// The name of the only person there is without accounts.
pub const ADMINISTRATOR: &str = "admin";

/// A token that was just issued. The text is shown this once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The token.
    pub token: Secret,
    /// From when on it counts no longer, ms since 1970.
    pub expires: i64,
    /// What it permits.
    pub scopes: Scopes,
}

/// All credentials of a hub, but for the devices' own tokens, which stand with the devices.
pub struct Auth {
    admin: Secret,
    join: Secret,
    tables: Mutex<Tables>,
    write: Box<dyn Fn(Write) + Send + Sync>,
}

struct Tables {
    kept: Kept,
    links: Once<()>,
    tickets: Once<Grant>,
}

impl Auth {
    /// With the tokens that the store `loaded`; what is to be stored goes to `write`, which must not block. Makes the
    /// administrator's token and the join token of this run.
    pub fn new(loaded: Vec<TokenRow>, write: Box<dyn Fn(Write) + Send + Sync>) -> Self {
        let tables = Tables {
            kept: Kept::load(loaded),
            links: Once::new(LINKS_MAX, LINK_LIFE_MS),
            tickets: Once::new(TICKETS_MAX, TICKET_LIFE_MS),
        };
        Self {
            admin: Secret::random(SecretKind::Admin),
            join: Secret::random(SecretKind::Join),
            tables: Mutex::new(tables),
            write,
        }
    }

    /// The administrator's token of this run.
    pub fn admin_token(&self) -> &str {
        self.admin.text()
    }

    /// The token with which new devices may identify in this run.
    pub fn join_token(&self) -> &str {
        self.join.text()
    }

    /// Whether this is the join token.
    pub fn is_join(&self, presented: &TokenHash) -> bool {
        same(&self.join.hash(), presented)
    }

    /// The code of a new login link: good once, for [`limits::LINK_LIFE_MS`].
    pub fn login_link(&self, now: i64) -> String {
        let code = Secret::random(SecretKind::Link);
        self.tables().links.put(code.hash(), (), now);
        code.into_text()
    }

    /// Opens a login link: the text for the login cookie, and what it permits. The link is used up.
    pub fn redeem_link(&self, code: &str, now: i64) -> Option<(String, Grant)> {
        let hash = presented(code)?;
        self.tables().links.take(&hash, now)?;
        Some(self.login(administrator(), now))
    }

    /// Logs in with the administrator's token instead of a link.
    pub fn login_with_admin_token(&self, token: &str, now: i64) -> Option<(String, Grant)> {
        self.administrator(token).map(|grant| self.login(grant, now))
    }

    fn login(&self, grant: Grant, now: i64) -> (String, Grant) {
        let login = Secret::random(SecretKind::Login);
        let mut tables = self.tables();
        match tables.kept.insert(login.hash(), &grant, Use::Login, now + LOGIN_LIFE_MS, now) {
            Ok(writes) => self.submit(writes),
            // Logins make room for each other.
            Err(Full) => tracing::error!("a login found no room"),
        }
        (login.into_text(), grant)
    }

    /// A ticket for one panel socket: good once, for [`limits::TICKET_LIFE_MS`].
    pub fn ticket(&self, grant: &Grant, now: i64) -> String {
        let ticket = Secret::random(SecretKind::Ticket);
        self.tables().tickets.put(ticket.hash(), grant.clone(), now);
        ticket.into_text()
    }

    /// What the ticket's taker was permitted. The ticket is used up.
    pub fn redeem_ticket(&self, ticket: &str, now: i64) -> Option<Grant> {
        let hash = presented(ticket)?;
        self.tables().tickets.take(&hash, now)
    }

    /// What a bearer token permits: the administrator's of this run, or one of the API.
    pub fn bearer(&self, token: &str, now: i64) -> Option<Grant> {
        self.administrator(token).or_else(|| self.open(token, Use::Api, now))
    }

    /// What a token of the API permits, of which the hash was presented.
    pub(crate) fn of_api(&self, presented: &TokenHash, now: i64) -> Option<Grant> {
        self.open_hash(presented, Use::Api, now)
    }

    /// What the administrator's token of this run permits. No token of the API stands for it: a token that could get
    /// the next one would never end.
    pub fn administrator(&self, token: &str) -> Option<Grant> {
        matches(&self.admin.hash(), token).then(administrator)
    }

    /// What the login in a cookie permits.
    pub fn cookie(&self, login: &str, now: i64) -> Option<Grant> {
        self.open(login, Use::Login, now)
    }

    /// What a device may that shows its own token, of which `kept` is known.
    pub fn device(&self, id: &str, kept: &TokenHash, token: &str) -> Option<Grant> {
        let grant = || Grant::new(Subject::Device(id.into()), Scopes::of(&[Scope::Send]));
        matches(kept, token).then(grant)
    }

    /// A token that permits what `grant` does, good for [`limits::TOKEN_LIFE_MS`].
    ///
    /// # Errors
    /// [`Full`] when there are [`limits::TOKENS_MAX`].
    pub fn issue_token(&self, grant: &Grant, now: i64) -> Result<Issued, Full> {
        let token = Secret::random(SecretKind::Token);
        let expires = now + TOKEN_LIFE_MS;
        let mut tables = self.tables();
        let writes = tables.kept.insert(token.hash(), grant, Use::Api, expires, now)?;
        self.submit(writes);
        Ok(Issued { token, expires, scopes: grant.scopes() })
    }

    /// Ends a token of the API or a login. Whether there was such a one.
    pub fn revoke(&self, token: &str) -> bool {
        let Some(hash) = presented(token) else { return false };
        let mut tables = self.tables();
        let write = tables.kept.remove(&hash);
        let was_there = write.is_some();
        self.submit(write);
        was_there
    }

    /// Whether what `credential` permitted once it still permits now. What was shown without a token of the API was a
    /// person's own, who has it as long as there are no accounts.
    pub fn still_permits(&self, credential: Option<&TokenHash>, scope: Scope, now: i64) -> bool {
        credential.is_none_or(|hash| self.tables().kept.permits(hash, scope, now))
    }

    /// Ends all tokens that a device was issued: it was removed.
    pub fn device_removed(&self, id: &str) {
        let mut tables = self.tables();
        let writes = tables.kept.remove_device(id);
        self.submit(writes);
    }

    fn open(&self, token: &str, used_for: Use, now: i64) -> Option<Grant> {
        self.open_hash(&presented(token)?, used_for, now)
    }

    fn open_hash(&self, hash: &TokenHash, used_for: Use, now: i64) -> Option<Grant> {
        let mut tables = self.tables();
        let (grant, write) = tables.kept.open(hash, used_for, now)?;
        self.submit(write);
        Some(grant)
    }

    /// Under the lock, so that the store gets the writes in the order of the changes.
    fn submit(&self, writes: impl IntoIterator<Item = Write>) {
        writes.into_iter().for_each(&self.write);
    }

    /// No code panics while it holds the lock halfway through a change, so that a poisoned one is still whole.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

fn administrator() -> Grant {
    /// One for all: each open panel has it.
    static NAME: LazyLock<Arc<str>> = LazyLock::new(|| ADMINISTRATOR.into());
    Grant::new(Subject::User(NAME.clone()), Scopes::all())
}

/// The hash to look up, unless what was presented cannot be any of ours.
pub(crate) fn presented(text: &str) -> Option<TokenHash> {
    (text.len() <= CREDENTIAL_BYTES_MAX).then(|| hash(text))
}

#[cfg(test)]
mod tests;
