//! Tokens that are kept over restarts: those of the API, and logins. Each change is a write for the store.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use store::{TokenHash, TokenRow, Write};

use super::grant::{Credential, Grant, Holder, Scope, Scopes, Subject};
use super::limits::{
    LOGIN_IDLE_MS, LOGINS_MAX, LOGINS_OF_PERSON_MAX, TOKENS_MAX, TOKENS_OF_DEVICE_MAX, TOKENS_OF_PERSON_MAX,
    USED_WRITE_MS,
};

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

/// What became of others for one more to be kept.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// What is to be written.
    pub(super) writes: Vec<Write>,
    /// Whether one ended for it that was still good: what it opened is to close.
    pub(super) has_ended: bool,
}

/// Those that share places: devices, of which there may be very many, take none of people's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    used_for: Use,
    is_of_device: bool,
}

impl Share {
    fn of(grant: &Grant, used_for: Use) -> Self {
        Self { used_for, is_of_device: grant.device().is_some() }
    }

    fn count_max(self) -> usize {
        match self.used_for {
            Use::Api => TOKENS_MAX,
            Use::Login => LOGINS_MAX,
        }
    }

    /// How many of them one holder has at most.
    fn of_one_max(self) -> usize {
        match (self.used_for, self.is_of_device) {
            (Use::Api, true) => TOKENS_OF_DEVICE_MAX,
            (Use::Api, false) => TOKENS_OF_PERSON_MAX,
            (Use::Login, _) => LOGINS_OF_PERSON_MAX,
        }
    }
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
    fn share(&self) -> Share {
        Share::of(&self.grant, self.used_for)
    }

    fn is_good(&self, now: i64) -> bool {
        let idle = now.saturating_sub(self.used.max(self.created));
        // A device may sleep for longer.
        now < self.expires && (self.grant.device().is_some() || idle < LOGIN_IDLE_MS)
    }

    /// It is used; what is to be written of that, now and then.
    fn is_used(&mut self, hash: &TokenHash, now: i64) -> Option<Write> {
        self.used = now;
        let due = now.saturating_sub(self.used_written) >= USED_WRITE_MS;
        due.then(|| {
            self.used_written = now;
            Write::TokenUsed { hash: *hash, at: now }
        })
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

impl Kept {
    /// What the store knew, of holders that are known. Rows that this version cannot read open nothing.
    pub(super) fn load(rows: Vec<TokenRow>, holder: impl Fn(&Subject) -> Option<Arc<Holder>>) -> Self {
        Self { tokens: rows.into_iter().filter_map(|row| read(row, &holder)).collect() }
    }

    /// Keeps a token. There is always room.
    pub(super) fn insert(
        &mut self,
        hash: TokenHash,
        grant: &Grant,
        used_for: Use,
        expires: i64,
        now: i64,
    ) -> Room {
        let mut made = self.make_room(grant, used_for, now);
        let token =
            Token { grant: grant.clone(), used_for, created: now, expires, used: now, used_written: now };
        made.writes.push(Write::Token(row(hash, &token)));
        self.tokens.insert(hash, token);
        made
    }

    /// Where there is no room: those that count no longer go; then, where its holder has as many as one may, that holder's own
    /// that was not used for longest, and else that of whoever has the most. So nobody pushes others out by having many.
    fn make_room(&mut self, grant: &Grant, used_for: Use, now: i64) -> Room {
        let share = Share::of(grant, used_for);
        if !self.is_full(share, grant) {
            return Room::default();
        }
        let mut writes = self.remove_where(|token| token.share() == share && !token.is_good(now));
        if !self.is_full(share, grant) {
            return Room { writes, has_ended: false };
        }
        let counts = self.counts(share);
        let count = |subject: &Subject| counts.get(subject).copied().unwrap_or(0);
        let has_enough = count(grant.subject()) >= share.of_one_max();
        let may_go = |token: &Token| {
            token.share() == share && (!has_enough || token.grant.subject() == grant.subject())
        };
        let going = self.tokens.iter().filter(|(_, token)| may_go(token));
        let idlest = going.min_by_key(|(_, token)| (Reverse(count(token.grant.subject())), token.used));
        let idlest = idlest.map(|(hash, _)| *hash);
        writes.extend(idlest.and_then(|hash| self.remove(&hash)));
        Room { writes, has_ended: idlest.is_some() }
    }

    /// Whether there are as many as there may be, in all or of this holder.
    fn is_full(&self, share: Share, grant: &Grant) -> bool {
        let of_share = || self.tokens.values().filter(|token| token.share() == share);
        let of_one = || of_share().filter(|token| token.grant.is_of_same(grant));
        of_share().count() >= share.count_max() || of_one().count() >= share.of_one_max()
    }

    /// How many each holder has.
    fn counts(&self, share: Share) -> HashMap<&Subject, usize> {
        let mut counts = HashMap::new();
        for token in self.tokens.values().filter(|token| token.share() == share) {
            *counts.entry(token.grant.subject()).or_default() += 1;
        }
        counts
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
        let write = token.is_used(hash, now);
        let grant = match used_for {
            Use::Api => token.grant.clone().by(Credential::Api(*hash)),
            Use::Login => token.grant.clone().by(Credential::Login(*hash)),
        };
        Some((grant, write))
    }

    /// Whether the token is there and good, and what is to be written of its use: a login whose page is open is used.
    pub(super) fn stands(&mut self, hash: &TokenHash, now: i64) -> (bool, Option<Write>) {
        match self.tokens.get_mut(hash).filter(|token| token.is_good(now)) {
            Some(token) => (true, token.is_used(hash, now)),
            None => (false, None),
        }
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
