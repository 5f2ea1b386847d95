//! What the audit can be told, and in which words it is stored.

use super::network;
use crate::auth::Grant;
use crate::limits::{AUDIT_DETAILS_MAX, AUDIT_NAME_BYTES, AUDIT_TEXT_BYTES};
use serde_json::{Map, Value};
use std::net::IpAddr;
use store::AuditEntry;

macro_rules! whats {
    ($($(#[$about:meta])* $name:ident = $word:literal,)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum What {
            $($(#[$about])* $name,)*
        }

        impl What {
            /// All of them, in the order in which they are listed to choose from.
            pub const ALL: &[What] = &[$(What::$name),*];

            /// The word for it in the store and in the API.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(What::$name => $word,)*
                }
            }
        }
    };
}

whats! {
    /// Somebody logged in: by a password, a link or the administrator's token (`by`).
    Login = "login",
    /// Somebody could not. Merged.
    LoginFailed = "login_failed",
    /// Somebody logged out.
    Logout = "logout",
    /// A login link was made by whoever owns the machine.
    LinkMade = "link_made",
    /// A token of the API was issued.
    TokenIssued = "token_issued",
    /// A token of the API, or a login from elsewhere, was ended by somebody.
    TokenRevoked = "token_revoked",
    /// An account was made (`person`).
    PersonMade = "person_made",
    /// What a person may was changed (`person`).
    PersonChanged = "person_changed",
    /// An account was taken away (`person`).
    PersonRemoved = "person_removed",
    /// A password was set (`person`).
    PasswordSet = "password_set",
    /// A group was made or changed (`group`).
    GroupChanged = "group_changed",
    /// A group was removed (`group`).
    GroupRemoved = "group_removed",
    /// A device was made by somebody.
    DeviceMade = "device_made",
    /// A device made itself known with a join token, or without where anybody may. Merged.
    DeviceJoined = "device_joined",
    /// What a device is called, or its labels, were changed.
    DeviceRenamed = "device_renamed",
    /// A device was removed.
    DeviceRemoved = "device_removed",
    /// A gateway was made (`gateway`).
    GatewayMade = "gateway_made",
    /// A gateway was removed (`gateway`).
    GatewayRemoved = "gateway_removed",
    /// A device or gateway was given another key (`gateway` where it is one).
    KeyRotated = "key_rotated",
    /// A key of a device or gateway counts no longer.
    KeyRevoked = "key_revoked",
    /// Somebody showed a key or join token that does not count. Merged.
    KeyRefused = "key_refused",
    /// A join token was made.
    JoinMade = "join_made",
    /// A join token was revoked.
    JoinRevoked = "join_revoked",
    /// A command settled. The store says it.
    Command = "command",
    /// Two connections said to be one device, and the newer took over. Merged.
    Takeover = "takeover",
    /// Something of a device's log is missing. Merged.
    Gap = "gap",
    /// A limit was hit (`limit`). Merged.
    Limit = "limit",
    /// A view or component was changed (`file`).
    ViewChanged = "view_changed",
    /// Rows that were too old or too many went. The store says it.
    Pruned = "pruned",
    /// The store was put back from a copy. The store says it.
    Restored = "restored",
    /// The hub began.
    Started = "started",
    /// The hub was stopped.
    Stopped = "stopped",
}

impl What {
    /// What the word says.
    pub fn from_word(word: &str) -> Option<What> {
        Self::ALL.iter().copied().find(|what| what.as_str() == word)
    }

    /// Whether those outside can make it happen as often as they like, so that it is counted.
    pub(super) fn is_merged(self) -> bool {
        matches!(
            self,
            What::LoginFailed
                | What::DeviceJoined
                | What::KeyRefused
                | What::Takeover
                | What::Gap
                | What::Limit
        )
    }
}

impl What {
    /// Whether a person can make it happen as often as they like without changing what others may or have, so that it is
    /// counted beyond [`AUDIT_PERSON`](crate::limits::AUDIT_PERSON). What is neither this nor merged is always a row.
    pub(super) fn is_own(self) -> bool {
        matches!(
            self,
            What::Login
                | What::Logout
                | What::TokenIssued
                | What::TokenRevoked
                | What::ViewChanged
                | What::Command
        )
    }
}

/// Something for the audit, made where it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) what: What,
    pub(super) who: Box<str>,
    pub(super) device: Box<str>,
    /// Whether the device did it for itself.
    pub(super) is_by_device: bool,
    pub(super) details: Vec<(&'static str, Box<str>)>,
    /// What is added up where entries are merged.
    pub(super) count: Option<(&'static str, u64)>,
}

impl Entry {
    /// Nobody did it, or nobody is known to have.
    pub fn new(what: What) -> Entry {
        Entry {
            what,
            who: "".into(),
            device: "".into(),
            is_by_device: false,
            details: Vec::new(),
            count: None,
        }
    }

    /// Done by whoever this was granted to. Of a device its id is said as such: it may be the name of a person too.
    pub fn by(what: What, grant: &Grant) -> Entry {
        match grant.device() {
            Some(id) => Entry { is_by_device: true, ..Entry::new(what).device(id) },
            None => Entry::new(what).named(grant.user()),
        }
    }

    /// Done by somebody of this name; cut where it is too long.
    pub fn named(self, who: &str) -> Entry {
        Entry { who: bounded(who, AUDIT_NAME_BYTES), ..self }
    }

    /// About this device.
    pub fn device(self, id: &str) -> Entry {
        Entry { device: bounded(id, AUDIT_NAME_BYTES), ..self }
    }

    /// From this address: its network is kept.
    pub fn from(self, address: IpAddr) -> Entry {
        self.say("network", network(address))
    }

    /// Says one thing more, for people; never a secret. Cut where it is too long, and left out where there are too many already.
    pub fn say(mut self, name: &'static str, text: impl AsRef<str>) -> Entry {
        if self.details.len() < AUDIT_DETAILS_MAX {
            self.details.push((name, bounded(text.as_ref(), AUDIT_TEXT_BYTES)));
        }
        self
    }

    /// Says how many of something there were: added up where it is merged.
    pub(crate) fn count(self, name: &'static str, count: u64) -> Entry {
        Entry { count: Some((name, count)), ..self }
    }

    /// The same by a name that nobody has, which may be anything.
    pub(super) fn by_nobody_known(self) -> Entry {
        Entry { who: "".into(), ..self }.say("name", "unknown")
    }

    /// As it is stored.
    pub(super) fn row(&self, at: i64) -> AuditEntry {
        let text = |text: &str| Value::String(text.to_owned());
        let mut details: Map<String, Value> =
            self.details.iter().map(|(name, said)| ((*name).to_owned(), text(said))).collect();
        if let Some((name, count)) = self.count {
            details.insert(name.to_owned(), text(&count.to_string()));
        }
        AuditEntry {
            at,
            what: self.what.as_str().into(),
            who: self.who.clone(),
            device: self.device.clone(),
            details: Value::Object(details).to_string().into(),
        }
    }
}

/// The text, or its beginning.
fn bounded(text: &str, bytes: usize) -> Box<str> {
    let end = text.floor_char_boundary(bytes);
    if end < text.len() { format!("{}…", &text[..end]).into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Auth;

    #[test]
    fn what_a_device_does_is_not_taken_for_a_person_of_the_same_name() {
        let auth = Auth::new(Vec::new(), &[], Box::new(|_| {}));
        let row = Entry::by(What::TokenIssued, &auth.device("boss")).row(0);
        assert_eq!((&*row.who, &*row.device), ("", "boss"));
    }
}
