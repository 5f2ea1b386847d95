//! Grants: the proof in code that a credential was checked, and what it permits.
//!
//! A [`Grant`] can be made in `auth` only. What needs permission takes one as an argument, so that a forgotten check
//! does not compile.

use std::fmt;
use std::sync::Arc;

use store::TokenHash;

/// One thing that a credential may permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// To see pages, devices and history, and to open panels.
    View,
    /// To command devices.
    Command,
    /// To change views and components.
    Edit,
    /// To send samples: a device for itself.
    Send,
    /// To make and remove devices, and to see the state of everything.
    Admin,
}

impl Scope {
    /// All of them, in the order in which they are named.
    pub const ALL: [Scope; 5] = [Scope::View, Scope::Command, Scope::Edit, Scope::Send, Scope::Admin];

    /// The word for it, on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Command => "command",
            Self::Edit => "edit",
            Self::Send => "send",
            Self::Admin => "admin",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// These scopes.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// All there are: what the administrator has.
    pub fn all() -> Self {
        Self::of(&Scope::ALL)
    }

    /// Whether this scope is among them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Their words, in a fixed order.
    pub fn words(self) -> Vec<&'static str> {
        Scope::ALL.into_iter().filter(|scope| self.has(*scope)).map(Scope::as_str).collect()
    }

    /// The scopes that a text with their words names; other words name none.
    pub(super) fn read(text: &str) -> Self {
        let named = |scope: &Scope| text.split(' ').any(|word| word == scope.as_str());
        Self(Scope::ALL.iter().filter(|scope| named(scope)).fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    /// Their words, one blank between two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

/// Whom a grant speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A person.
    User(Arc<str>),
    /// A device.
    Device(Arc<str>),
}

impl Subject {
    pub(super) fn write(&self) -> Box<str> {
        match self {
            Self::User(name) => format!("user/{name}").into(),
            Self::Device(id) => format!("device/{id}").into(),
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        match text.split_once('/')? {
            ("user", name) => Some(Self::User(name.into())),
            ("device", id) => Some(Self::Device(id.into())),
            _ => None,
        }
    }
}

/// The proof that somebody showed a valid credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    subject: Subject,
    scopes: Scopes,
    /// In a box: few have one, and each panel has a grant.
    credential: Option<Box<TokenHash>>,
}

impl Grant {
    pub(super) fn new(subject: Subject, scopes: Scopes) -> Self {
        Self { subject, scopes, credential: None }
    }

    /// The same by this token of the API, which can be revoked.
    pub(super) fn by(self, token: TokenHash) -> Self {
        Self { credential: Some(Box::new(token)), ..self }
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The same with these scopes alone.
    #[cfg(test)]
    pub(crate) fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes, ..self }
    }

    /// Whether it permits this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    /// Whether it permits to send samples as this device: the device itself and the administrator may.
    pub fn may_send_as(&self, device: &str) -> bool {
        match &self.subject {
            Subject::Device(id) => **id == *device && self.may(Scope::Send),
            Subject::User(_) => self.may(Scope::Admin),
        }
    }

    /// Who it speaks for: a person's name or a device's id. Commands bear it.
    pub fn user(&self) -> &Arc<str> {
        match &self.subject {
            Subject::User(name) | Subject::Device(name) => name,
        }
    }

    /// The device it speaks for, where it is not a person.
    pub fn device(&self) -> Option<&str> {
        match &self.subject {
            Subject::Device(id) => Some(id),
            Subject::User(_) => None,
        }
    }

    /// The token of the API that was shown, where it was one: what it permits ends with it.
    pub fn credential(&self) -> Option<TokenHash> {
        self.credential.as_deref().copied()
    }

    /// What it permits.
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_as_written() {
        for scopes in [Scopes::default(), Scopes::all(), Scopes::of(&[Scope::View, Scope::Command])] {
            assert_eq!(Scopes::read(&scopes.to_string()), scopes);
        }
        assert_eq!(Scopes::read("view viewer from-the-future"), Scopes::of(&[Scope::View]));
    }

    #[test]
    fn a_device_sends_for_itself_alone() {
        let grant = Grant::new(Subject::Device("boiler-7".into()), Scopes::of(&[Scope::Send]));
        assert!(grant.may_send_as("boiler-7"));
        assert!(!grant.may_send_as("boiler-8"));
        assert!(!grant.may(Scope::View));
    }

    #[test]
    fn a_person_and_a_device_of_the_same_name_are_two() {
        let (user, device) = (Subject::User("admin".into()), Subject::Device("admin".into()));
        assert_ne!(user.write(), device.write());
        assert_eq!(Subject::read(&user.write()), Some(user));
        assert_eq!(Subject::read(&device.write()), Some(device));
    }
}
