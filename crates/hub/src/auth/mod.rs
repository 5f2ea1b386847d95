//! Who may do what: credentials are checked here, and here only, and become a [`Grant`].
//!
//! | credential | where it is shown | opens |
//! |---|---|---|
//! | the administrator's token of this run | `Authorization: Bearer` | everything |
//! | a token of the API | `Authorization: Bearer` | what it was issued for, as far as its person may still |
//! | a login | the cookie | what its person may |
//! | a name and a password | a form, HTTP Basic | a login, or a token of the API |
//! | a login link | the URL, once | a login |
//! | a ticket | the first frame of a panel socket, once | what its taker had |
//! | a device's token | `identify`, `Authorization: Bearer` | sending as this device |
//! | the join token of this run, or one that was made | `identify` | the first identify of new devices |
//! | a gateway's token | an uplink's `identify` | its uplink, on which it sends for any device |
//!
//! Whoever has a link or the administrator's token owns the machine, and may everything. People have accounts, and rights by
//! rules ([`Rule`]); a right that is withdrawn is gone from all grants at once.
//! Nothing here reads a clock: `now` is milliseconds since 1970.

mod delays;
mod grant;
mod hashing;
mod hex;
mod join;
mod kept;
pub mod limits;
pub(crate) mod names;
mod once;
pub(crate) mod password;
mod people;
mod proof;
mod rights;
mod secret;
mod signing_in;
mod stored;

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use store::{AccessRow, Commit, TokenHash, TokenRow, Write};
use tokio::sync::watch;

pub use grant::{Grant, Scope, Scopes};
pub(crate) use hex::{hex, read_hash};
pub use join::{Enrolment, Full, JoinTerms, JoinToken};
pub(crate) use join::{NotJoined, Reserved};
pub use kept::KeptToken;
pub use names::BadName;
pub use password::Weak;
pub use people::{Group, Person};
pub use proof::{Drive, Editing, Sight};
pub use rights::Rule;
pub(crate) use secret::same;
pub use secret::{Secret, SecretKind, hash, matches};
pub use signing_in::LoginError;
pub(crate) use stored::NotStored;

use grant::{Credential, Holder, Subject};
use hashing::Hashing;
use join::Joins;
use kept::{Kept, Room, Use};
use limits::{
    CREDENTIAL_BYTES_MAX, LINK_LIFE_MS, LINKS_MAX, LOGIN_LIFE_MS, TICKET_LIFE_MS, TICKETS_MAX,
    TICKETS_OF_ONE_MAX, TOKEN_LIFE_MS,
};
use once::Once;
use people::People;
use rights::Rights;
use signing_in::Tries;
use stored::Stored;

/// The name under which whoever owns the machine does things. No person can have it.
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
    joins: Mutex<Joins>,
    write: Box<dyn Fn(Write) + Send + Sync>,
    /// How often something was withdrawn or given.
    changes: watch::Sender<u64>,
    /// The same number, which costs nothing to look at.
    epoch: AtomicU32,
    /// What is not durable yet of what was changed.
    stored: Stored,
    /// Who hashes passwords now.
    hashing: Hashing,
    /// Who tried passwords lately.
    tries: Tries,
}

struct Tables {
    kept: Kept,
    people: People,
    links: Once<()>,
    tickets: Once<Grant>,
}

impl Auth {
    /// With the tokens and the people that the store loaded; what is to be stored goes to `write`, which must not block.
    /// Makes the administrator's token and the join token of this run.
    pub fn new(tokens: Vec<TokenRow>, access: &[AccessRow], write: Box<dyn Fn(Write) + Send + Sync>) -> Self {
        let people = People::load(access);
        let tables = Tables {
            kept: Kept::load(tokens, |subject| holder(subject, &people)),
            people,
            links: Once::new(LINKS_MAX, LINK_LIFE_MS),
            tickets: Once::new(TICKETS_MAX, TICKET_LIFE_MS),
        };
        let join = Secret::random(SecretKind::Join);
        Self {
            admin: Secret::random(SecretKind::Admin),
            joins: Joins::load(access, join.hash()),
            join,
            tables: Mutex::new(tables),
            write,
            changes: watch::Sender::new(0),
            epoch: AtomicU32::new(0),
            stored: Stored::default(),
            hashing: Hashing::default(),
            tries: Tries::default(),
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

    /// Logs in whoever was granted this by a password, a link or the administrator's token.
    pub(crate) fn login(&self, grant: Grant, now: i64) -> (String, Grant) {
        let login = Secret::random(SecretKind::Login);
        self.keep(&login, &grant, Use::Login, now + LOGIN_LIFE_MS, now);
        let grant = grant.by(Credential::Login(login.hash()));
        (login.into_text(), grant)
    }

    /// A ticket for one panel socket: good once, for [`limits::TICKET_LIFE_MS`].
    pub fn ticket(&self, grant: &Grant, now: i64) -> String {
        let ticket = Secret::random(SecretKind::Ticket);
        let mut tables = self.tables();
        tables.tickets.make_room(TICKETS_OF_ONE_MAX, |other| other.is_of_same(grant));
        tables.tickets.put(ticket.hash(), grant.clone(), now);
        ticket.into_text()
    }

    /// What the ticket's taker was permitted. The ticket is used up.
    pub fn redeem_ticket(&self, ticket: &str, now: i64) -> Option<Grant> {
        let hash = presented(ticket)?;
        let grant = self.tables().tickets.take(&hash, now)?;
        self.stands(&grant, now).then_some(grant)
    }

    /// Whether what was shown for this grant still counts: it was not taken back, nor has it expired. An open page asks now and
    /// then, and so stays logged in.
    pub fn stands(&self, grant: &Grant, now: i64) -> bool {
        let mut tables = self.tables();
        let (is_kept, write) =
            grant.shown().map_or((true, None), |credential| tables.kept.stands(credential.hash(), now));
        self.submit(write);
        is_kept && grant.person().is_none_or(|name| tables.people.person(name).is_some())
    }

    /// What this person may, whose password was checked.
    pub fn of_person(&self, name: &str) -> Option<Grant> {
        self.tables().people.holder(name).map(|holder| Grant::new(holder, Scopes::all()))
    }

    /// The same of somebody who sees a device, and whether they still may.
    pub fn still(&self, sight: &Sight, now: i64) -> bool {
        sight.holds() && self.stands(sight.grant(), now)
    }

    /// Another number whenever something was withdrawn or given; it has changed before the call that changed it returns.
    /// Whoever delivers something compares it each time.
    pub fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Tells when something was withdrawn or given: rights, a token, a login. Whoever shows something to somebody then asks
    /// again.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
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

    /// What a device may that has shown its own token.
    pub(crate) fn device(&self, id: &str) -> Grant {
        Grant::new(device(id), Scopes::all())
    }

    /// A token that permits what `grant` does now: of a device good for [`limits::TOKEN_LIFE_MS`], else as long as a login. It
    /// gets no scope more when its person does, whereas a login grows. At a limit another one ends for it.
    pub fn issue_token(&self, grant: &Grant, now: i64) -> Issued {
        let token = Secret::random(SecretKind::Token);
        let expires = now + if grant.device().is_some() { TOKEN_LIFE_MS } else { LOGIN_LIFE_MS };
        let grant = grant.as_of_now();
        self.keep(&token, &grant, Use::Api, expires, now);
        Issued { token, expires, scopes: grant.most() }
    }

    fn keep(&self, secret: &Secret, grant: &Grant, used_for: Use, expires: i64, now: i64) {
        let mut tables = self.tables();
        let Room { writes, has_ended } = tables.kept.insert(secret.hash(), grant, used_for, expires, now);
        self.submit(writes);
        drop(tables);
        if has_ended {
            self.changed();
        }
    }

    /// Ends a token of the API or a login. Whether there was such a one.
    pub fn revoke(&self, token: &str) -> bool {
        let Some(hash) = presented(token) else { return false };
        let mut tables = self.tables();
        let write = tables.kept.remove(&hash);
        let was_there = write.is_some();
        self.submit(write);
        drop(tables);
        self.changed();
        was_there
    }

    /// The logins and tokens that `grant` may see and end, the newest first: those of the same person, and of an administrator all.
    pub fn tokens(&self, grant: &Grant, now: i64) -> Vec<KeptToken> {
        let asked = grant.shown().map(Credential::hash);
        self.tables().kept.list(asked, |other| may_end(grant, other), now)
    }

    /// Ends the login or token of this id; the name of whose it was. Nothing where there is no such one that `grant` may end.
    pub fn end_token(&self, grant: &Grant, id: &str) -> Option<Box<str>> {
        let mut tables = self.tables();
        let (ended, write) = tables.kept.remove_by_id(id, |other| may_end(grant, other))?;
        self.submit([write]);
        drop(tables);
        self.changed();
        Some((&**ended.user()).into())
    }

    /// Whether anybody has an account.
    pub fn has_people(&self) -> bool {
        self.tables().people.people().len() > 0
    }

    /// Whether some person is an administrator, by own rules or those of a group.
    pub fn has_administrator(&self) -> bool {
        let tables = self.tables();
        let mut people = tables.people.people();
        people.any(|(name, _)| tables.people.holder(name).is_some_and(|holder| holder.is_administrator()))
    }

    /// Waits until every change that was made so far is durable.
    ///
    /// # Errors
    /// One of them was not stored.
    pub(crate) fn stored(&self) -> impl Future<Output = Result<(), NotStored>> + use<> {
        self.stored.wait()
    }

    /// The store has settled some writes.
    pub(crate) fn settle(&self, commit: &Commit) {
        self.stored.settle(commit);
    }

    /// Whether whoever asked for something of a device still may. `credential` is the token of the API that was shown then;
    /// without one it was the person, or whoever owns the machine.
    pub fn still_permits(
        &self,
        by: &str,
        credential: Option<&TokenHash>,
        scope: Scope,
        device: &str,
        now: i64,
    ) -> bool {
        let tables = self.tables();
        match credential {
            Some(hash) => tables.kept.permits(hash, scope, device, now),
            None if by == ADMINISTRATOR => true,
            None => tables
                .people
                .holder(by)
                .is_some_and(|holder| Grant::new(holder, Scopes::all()).may_device(scope, device)),
        }
    }

    /// Makes a person, or changes what one may. Rights that are withdrawn by it are gone at once.
    pub fn put_person(&self, name: &str, person: Person) {
        let mut tables = self.tables();
        let write = tables.people.put_person(name, person);
        self.submit([write]);
        drop(tables);
        self.changed();
    }

    /// Takes a person's account away, with all logins and tokens. Whether there was such a one.
    pub fn remove_person(&self, name: &str) -> bool {
        let mut tables = self.tables();
        let Some(write) = tables.people.remove_person(name) else { return false };
        let writes = tables.kept.remove_person(name, None);
        self.submit(writes.into_iter().chain([write]));
        drop(tables);
        self.changed();
        true
    }

    /// Ends all logins and tokens of a person, but for the one by which this was asked.
    pub fn end_logins(&self, name: &str, but: Option<&Grant>) {
        let mut tables = self.tables();
        let but = but.and_then(Grant::shown).map(Credential::hash);
        let writes = tables.kept.remove_person(name, but);
        self.submit(writes);
        drop(tables);
        self.changed();
    }

    /// Makes a group, or changes what its members may.
    pub fn put_group(&self, name: &str, group: Group) {
        let mut tables = self.tables();
        let write = tables.people.put_group(name, group);
        self.submit([write]);
        drop(tables);
        self.changed();
    }

    /// Removes a group: its members have nothing of it any more. Whether there was such a one.
    pub fn remove_group(&self, name: &str) -> bool {
        let mut tables = self.tables();
        let Some(write) = tables.people.remove_group(name) else { return false };
        self.submit([write]);
        drop(tables);
        self.changed();
        true
    }

    /// The account of this name.
    pub fn person(&self, name: &str) -> Option<Person> {
        self.tables().people.person(name).cloned()
    }

    /// All accounts, by name.
    pub fn people(&self) -> Vec<(String, Person)> {
        self.tables().people.people().map(|(name, person)| (name.to_owned(), person.clone())).collect()
    }

    /// All groups, by name.
    pub fn groups(&self) -> Vec<(String, Group)> {
        self.tables().people.groups().map(|(name, group)| (name.to_owned(), group.clone())).collect()
    }

    /// Says that something was withdrawn or given.
    fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Ends all tokens that a device was issued: it was removed.
    pub fn device_removed(&self, id: &str) {
        let mut tables = self.tables();
        let writes = tables.kept.remove_device(id);
        self.submit(writes);
        drop(tables);
        self.changed();
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
        for write in writes {
            self.stored.submitting(&write);
            (self.write)(write);
        }
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
    static OWNER: LazyLock<Arc<Holder>> =
        LazyLock::new(|| Arc::new(Holder::new(Subject::Owner(ADMINISTRATOR.into()), Rights::all())));
    Grant::new(OWNER.clone(), Scopes::all())
}

/// What a device may: to send as itself.
fn device(id: &str) -> Arc<Holder> {
    let rule = Rule { scopes: Scopes::of(&[Scope::Send]), devices: vec![id.into()], views: Vec::new() };
    Arc::new(Holder::new(Subject::Device(id.into()), Rights::of(&[rule])))
}

/// Whether `grant` may see and end what gives `other`.
fn may_end(grant: &Grant, other: &Grant) -> bool {
    grant.may(Scope::Admin) || grant.subject() == other.subject()
}

/// Who a stored token is of, if there is still such a one.
fn holder(subject: &Subject, people: &People) -> Option<Arc<Holder>> {
    match subject {
        Subject::Owner(_) => Some(administrator().holder()),
        Subject::User(name) => people.holder(name),
        Subject::Device(id) => Some(device(id)),
    }
}

/// The hash to look up, unless what was presented cannot be any of ours.
pub(crate) fn presented(text: &str) -> Option<TokenHash> {
    (text.len() <= CREDENTIAL_BYTES_MAX).then(|| hash(text))
}

#[cfg(test)]
mod tests;
