//! The audit: who did what, kept by the store in a chain in which nothing can be changed unseen.
//!
//! Whoever does something worth asking about later says so by [`Hub::audit`]. What anybody outside can make happen as often as
//! they like (failed logins, limits that are hit, gaps) is merged here: the first is written at once, those like it are counted,
//! and the count is one row when their time is over. So nobody fills it. Commands are not said here: the store adds a row with the
//! commit by which one settles.
//!
//! No row holds a secret: neither a password, a token nor a link, nor any part of one.

mod entry;
mod merging;

pub use entry::{Entry, What};

use crate::Hub;
use crate::limits::AUDIT_TELL_EVERY;
use crate::registry::Found;
use merging::Merging;
use protocol::id::DeviceId;
use protocol::intake::StrangerLimit;
use router::{Refusal, Request};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError, Weak};
use store::{AuditEntry, Write};

/// What waits to be said.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    merging: Mutex<Merging>,
}

impl Hub {
    /// Has the audit remember something. It blocks nobody, and is durable with one of the next commits.
    ///
    /// A name with which somebody could not log in is kept only where there is such a person: people type passwords into the
    /// wrong field.
    pub fn audit(&self, entry: Entry) {
        let now = self.now();
        let entry = self.without_what_was_mistyped(entry);
        let rows = self.audit.with(|merging| merging.take(entry, now));
        self.write_down(rows);
    }

    /// A sleeping or waking device's log lost something.
    pub(crate) fn audit_gap(&self, device: &str, gap: &store::Gap) {
        let messages = gap.to.saturating_sub(gap.from).saturating_add(1);
        self.audit(
            Entry::new(What::Gap).device(device).say("reason", &*gap.reason).count("messages", messages),
        );
    }

    /// Somebody identified with a token that does not count. The id is kept only where there is such a device, as a name is.
    pub(crate) fn audit_refused(&self, id: Option<&DeviceId>, address: &str) {
        let known = id.filter(|id| !matches!(self.registry.look(id.as_str()), Ok(Found::Nothing) | Err(_)));
        let entry = Entry::new(What::KeyRefused);
        let entry = match known {
            Some(id) => entry.device(id.as_str()),
            None => entry.say("name", "unknown"),
        };
        self.audit(self::address(address).map_or(entry.clone(), |from| entry.from(from)));
    }

    /// Somebody who has not shown who it is hit a limit.
    pub fn audit_limit(&self, limit: StrangerLimit, from: IpAddr) {
        self.audit(Entry::new(What::Limit).say("limit", limit.as_str()).from(from));
    }

    /// A command was refused before its device heard of it: the store knows nothing of it.
    pub(crate) fn audit_refused_command(&self, device: &str, asked: &Request, refusal: Refusal) {
        let entry = Entry::new(What::Command).named(&asked.by).device(device).say("command", &asked.id);
        let entry = entry.say("channel", &asked.channel).say("value", asked.value.get());
        self.audit(entry.say("outcome", "refused").say("reason", refusal.as_str()));
    }

    /// Writes down what was counted, where its time is over, now and then.
    pub(crate) async fn tell_audit(hub: Weak<Self>) {
        let mut often = tokio::time::interval(AUDIT_TELL_EVERY);
        loop {
            often.tick().await;
            let Some(hub) = hub.upgrade() else { return };
            hub.tell_counted(false);
        }
    }

    /// Writes down what was counted: where its time is over, or all of it.
    pub(crate) fn tell_counted(&self, all: bool) {
        let now = self.now();
        let rows = self.audit.with(|merging| merging.tell(now, all));
        self.write_down(rows);
    }

    /// Says in the log where the chain ends: whoever keeps logs elsewhere has a head that no other chain has.
    pub(crate) fn log_audit_head(hub: &Weak<Hub>) {
        let Some(hub) = hub.upgrade() else { return };
        match hub.reader().audit_head() {
            Ok(head) => {
                tracing::info!(head = %format_args!("{}:{}", head.number, head.hash), "the audit goes on")
            }
            Err(error) => tracing::error!(%error, "the audit cannot be read"),
        }
    }

    fn without_what_was_mistyped(&self, entry: Entry) -> Entry {
        let is_known = &*entry.who == crate::auth::ADMINISTRATOR || self.auth.person(&entry.who).is_some();
        if entry.what == What::LoginFailed && !is_known { entry.by_nobody_known() } else { entry }
    }

    fn write_down(&self, rows: impl IntoIterator<Item = AuditEntry>) {
        for row in rows {
            self.store.submit(Write::Audit(Box::new(row)));
        }
    }
}

/// A word that is none of those by which the audit says what happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is nothing called “{word}” in the audit; there are {}", words())]
pub struct UnknownWhat {
    word: String,
}

fn words() -> String {
    What::ALL.iter().map(|what| what.as_str()).collect::<Vec<_>>().join(", ")
}

impl What {
    /// What these words say, with commas between them.
    ///
    /// # Errors
    /// One of them says nothing.
    pub fn of_words(words: &str) -> Result<Vec<What>, UnknownWhat> {
        let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
        let what = |word: &str| What::from_word(word).ok_or_else(|| UnknownWhat { word: word.to_owned() });
        words.map(what).collect()
    }
}

impl Audit {
    fn with<T>(&self, change: impl FnOnce(&mut Merging) -> T) -> T {
        // Counts, whole whatever panicked.
        change(&mut self.merging.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is of the network in the address of a connection: of `tcp 192.0.2.7:52144`, of `192.0.2.7:52144`.
pub(crate) fn address(of: &str) -> Option<IpAddr> {
    let address = of.rsplit(' ').next()?.parse::<SocketAddr>().ok()?;
    Some(address.ip())
}

/// The network that an address is in, as the audit says it: /24 of IPv4, /48 of IPv6.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(four) => {
            let [a, b, c, _] = four.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(six) => {
            let [a, b, c, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// The day of `2026-11-23`, counted from 1970-01-01; nothing where it is none.
pub fn day(text: &str) -> Option<i64> {
    let parts: Option<Vec<i64>> = text.split('-').map(|part| part.parse().ok()).collect();
    let &[year, month, day] = parts?.as_slice() else { return None };
    let is_a_day = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    // Years that begin in March, so that the leap day is the last of its year.
    let year = year - i64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day = year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468;
    (is_a_day && crate::view::time_text(day * 86_400_000).starts_with(text)).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_says_nothing_is_refused_with_those_that_do() {
        assert_eq!(What::of_words("login, command,"), Ok(vec![What::Login, What::Command]));
        let said = What::of_words("login,nonsense").expect_err("none").to_string();
        assert!(said.contains("“nonsense”") && said.contains("login_failed, logout"), "{said}");
    }

    #[test]
    fn days_are_read_as_they_are_written() {
        for (text, expected) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-23", 20_780)] {
            assert_eq!(day(text), Some(expected), "{text}");
        }
        for none in ["", "2026", "2026-11", "2026-02-29", "2026-13-01", "2026-11-23-1", "x-y-z"] {
            assert_eq!(day(none), None, "{none}");
        }
    }

    #[test]
    fn of_an_address_the_network_is_said() {
        let of = |address: &str| network(address.parse().expect("an address"));
        assert_eq!(of("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(of("::ffff:192.0.2.77"), "192.0.2.0/24");
        assert_eq!(of("2001:db8:1:2::7"), "2001:db8:1::/48");
    }
}
