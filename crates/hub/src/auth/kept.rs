//! Tokens that are kept over restarts: those of the API, and logins. Each change is a write for the store.

use std::collections::HashMap;
use std::sync::Arc;

use store::{TokenHash, TokenRow, Write};

use super::grant::{Credential, Grant, Holder, Scope, Scopes, Subject};
use super::limits::{LOGIN_IDLE_MS, LOGINS_MAX, TOKENS_MAX, USED_WRITE_MS};

/// The word among a row's scopes that makes it a login: good in the cookie, and nowhere else.
const LOGIN: &str = "login";

/// What a kept token is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// In an `Authorization` header.
    Api,
    /// In the login cookie.
    Login,
}

/// All kept tokens, by hash.
#[derive(Debug, Default)]
pub(super) struct Kept {
    tokens: HashMap<TokenHash, Token>,
}

#[derive(Debug)]
struct Token {
    grant: Grant,
    used_for: Use,
    created: i64,
    expires: i64,
    used: i64,
    used_written: i64,
}

impl Token {
    fn is_good(&self, now: i64) -> bool {
        let idle = now.saturating_sub(self.used.max(self.created));
        // A device may sleep for longer.
        now < self.expires && (self.grant.device().is_some() || idle < LOGIN_IDLE_MS)
    }
}

/// A kept token as whoever may end it sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct KeptToken {
    /// By what it is named, which opens nothing.
    pub id: String,
    /// `login` or `token`.
    pub kind: &'static str,
    /// Whose: a person's name, a device's id, or who owns the machine.
    pub user: Box<str>,
    /// What it permits now.
    pub scopes: Vec<&'static str>,
    /// When it was made, ms since 1970.
    pub created: i64,
    /// When it was last used, ms since 1970.
    pub used: i64,
    /// From when on it counts no longer, used or not, ms since 1970.
    pub expires: i64,
    /// Whether it is the one by which this was asked.
    pub current: bool,
}

/// By what a token is named to people: a part of a hash of what is kept of it.
fn id(hash: &TokenHash) -> String {
    super::hash(&format!("{:?}", hash.0)).0[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// There are as many tokens as there may be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are as many tokens as there may be; wait for one to expire, or revoke one")]
pub struct Full;

impl Kept {
    /// What the store knew, of holders that are known. Rows that this version cannot read open nothing.
    pub(super) fn load(rows: Vec<TokenRow>, holder: impl Fn(&Subject) -> Option<Arc<Holder>>) -> Self {
        Self { tokens: rows.into_iter().filter_map(|row| read(row, &holder)).collect() }
    }

    /// Keeps a token; gives what is to be written.
    pub(super) fn insert(
        &mut self,
        hash: TokenHash,
        grant: &Grant,
        used_for: Use,
        expires: i64,
        now: i64,
    ) -> Result<Vec<Write>, Full> {
        let mut writes = self.make_room(used_for, now)?;
        let token =
            Token { grant: grant.clone(), used_for, created: now, expires, used: now, used_written: now };
        writes.push(Write::Token(row(hash, &token)));
        self.tokens.insert(hash, token);
        Ok(writes)
    }

    /// Expired ones go first; then, of logins, the one that was not used for longest.
    fn make_room(&mut self, used_for: Use, now: i64) -> Result<Vec<Write>, Full> {
        let count_max = match used_for {
            Use::Api => TOKENS_MAX,
            Use::Login => LOGINS_MAX,
        };
        if self.count(used_for) < count_max {
            return Ok(Vec::new());
        }
        let gone = |token: &Token| token.used_for == used_for && !token.is_good(now);
        let mut writes = self.remove_where(gone);
        if self.count(used_for) < count_max {
            return Ok(writes);
        }
        let of_use = self.tokens.iter().filter(|(_, token)| token.used_for == used_for);
        let idlest = of_use.min_by_key(|(_, token)| token.used).map(|(hash, _)| *hash);
        match (used_for, idlest) {
            (Use::Login, Some(hash)) => writes.extend(self.remove(&hash)),
            _ => return Err(Full),
        }
        Ok(writes)
    }

    fn count(&self, used_for: Use) -> usize {
        self.tokens.values().filter(|token| token.used_for == used_for).count()
    }

    /// What the token opens now, and what is to be written of its use.
    pub(super) fn open(
        &mut self,
        hash: &TokenHash,
        used_for: Use,
        now: i64,
    ) -> Option<(Grant, Option<Write>)> {
        let token = self.tokens.get_mut(hash)?;
        if token.used_for != used_for || !token.is_good(now) {
            return None;
        }
        token.used = now;
        let due = now.saturating_sub(token.used_written) >= USED_WRITE_MS;
        if due {
            token.used_written = now;
        }
        let grant = match used_for {
            Use::Api => token.grant.clone().by(Credential::Api(*hash)),
            Use::Login => token.grant.clone().by(Credential::Login(*hash)),
        };
        Some((grant, due.then_some(Write::TokenUsed { hash: *hash, at: now })))
    }

    /// Whether the token is there and good. A login whose page is open is used.
    pub(super) fn stands(&mut self, hash: &TokenHash, now: i64) -> bool {
        let Some(token) = self.tokens.get_mut(hash).filter(|token| token.is_good(now)) else { return false };
        token.used = now;
        true
    }

    /// Whether the token is there, is good and permits `scope` on the device.
    pub(super) fn permits(&self, hash: &TokenHash, scope: Scope, device: &str, now: i64) -> bool {
        self.tokens.get(hash).is_some_and(|token| token.is_good(now) && token.grant.may_device(scope, device))
    }

    /// Forgets a token; gives what is to be written.
    pub(super) fn remove(&mut self, hash: &TokenHash) -> Option<Write> {
        self.tokens.remove(hash).map(|_| Write::TokenRevoked { hash: *hash })
    }

    /// All that are good and of which `shown` says so, the newest first.
    pub(super) fn list(
        &self,
        asked: Option<&TokenHash>,
        shown: impl Fn(&Grant) -> bool,
        now: i64,
    ) -> Vec<KeptToken> {
        let listed = |(hash, token): (&TokenHash, &Token)| KeptToken {
            id: id(hash),
            kind: match token.used_for {
                Use::Api => "token",
                Use::Login => LOGIN,
            },
            user: (&**token.grant.user()).into(),
            scopes: token.grant.scopes().words(),
            created: token.created,
            used: token.used,
            expires: token.expires,
            current: asked == Some(hash),
        };
        let good = self.tokens.iter().filter(|(_, token)| token.is_good(now) && shown(&token.grant));
        let mut list: Vec<KeptToken> = good.map(listed).collect();
        list.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
        list
    }

    /// Forgets the token of this id, if `may` says so of what it grants; whose it was, and what is to be written.
    pub(super) fn remove_by_id(
        &mut self,
        wanted: &str,
        may: impl Fn(&Grant) -> bool,
    ) -> Option<(Grant, Write)> {
        let (hash, token) =
            self.tokens.iter().find(|(hash, token)| may(&token.grant) && id(hash) == wanted)?;
        let (hash, grant) = (*hash, token.grant.clone());
        self.remove(&hash).map(|write| (grant, write))
    }

    /// Forgets all tokens of a device.
    pub(super) fn remove_device(&mut self, id: &str) -> Vec<Write> {
        self.remove_where(|token| token.grant.device() == Some(id))
    }

    /// Forgets all tokens and logins of a person, but for the one that is to stay.
    pub(super) fn remove_person(&mut self, name: &str, but: Option<&TokenHash>) -> Vec<Write> {
        let keep = but.copied();
        self.remove_where_hash(|hash, token| token.grant.person() == Some(name) && Some(*hash) != keep)
    }

    fn remove_where(&mut self, gone: impl Fn(&Token) -> bool) -> Vec<Write> {
        self.remove_where_hash(|_, token| gone(token))
    }

    fn remove_where_hash(&mut self, gone: impl Fn(&TokenHash, &Token) -> bool) -> Vec<Write> {
        let hashes: Vec<TokenHash> =
            self.tokens.iter().filter(|(hash, token)| gone(hash, token)).map(|(hash, _)| *hash).collect();
        hashes.iter().filter_map(|hash| self.remove(hash)).collect()
    }
}

fn row(hash: TokenHash, token: &Token) -> TokenRow {
    let scopes = token.grant.most();
    TokenRow {
        hash,
        subject: token.grant.subject().write(),
        scopes: match token.used_for {
            Use::Api => scopes.to_string().into(),
            Use::Login => format!("{LOGIN} {scopes}").into(),
        },
        created: token.created,
        expires: token.expires,
        used: token.used,
    }
}

fn read(row: TokenRow, holder: &impl Fn(&Subject) -> Option<Arc<Holder>>) -> Option<(TokenHash, Token)> {
    let used_for = if row.scopes.split(' ').any(|word| word == LOGIN) { Use::Login } else { Use::Api };
    let grant = Grant::new(holder(&Subject::read(&row.subject)?)?, Scopes::read(&row.scopes));
    let token = Token {
        grant,
        used_for,
        created: row.created,
        expires: row.expires,
        used: row.used,
        used_written: row.used,
    };
    Some((row.hash, token))
}
