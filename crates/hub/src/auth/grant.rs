//! Grants: the proof in code that a credential was checked, and what it permits.
//!
//! A [`Grant`] can be made in `auth` only. What needs permission takes one as an argument, so that a forgotten check
//! does not compile.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use store::TokenHash;

use super::rights::Rights;

/// One thing that a credential may permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

    /// These and the others.
    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those of them that are among the others too.
    pub fn within(self, others: Self) -> Self {
        Self(self.0 & others.0)
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

impl Serialize for Scopes {
    /// A list of their words.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.words())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    /// A list of words, of which each names one.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let scopes = Vec::<Scope>::deserialize(from)?;
        if scopes.len() > Scope::ALL.len() {
            return Err(de::Error::custom("a scope is named twice"));
        }
        Ok(Self::of(&scopes))
    }
}

/// Whom a grant speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// Whoever owns the machine: has a link of this run, or its token.
    Owner(Arc<str>),
    /// A person with an account.
    User(Arc<str>),
    /// A device.
    Device(Arc<str>),
}

impl Subject {
    pub(super) fn write(&self) -> Box<str> {
        match self {
            Self::Owner(name) => format!("owner/{name}").into(),
            Self::User(name) => format!("user/{name}").into(),
            Self::Device(id) => format!("device/{id}").into(),
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        match text.split_once('/')? {
            ("owner", name) => Some(Self::Owner(name.into())),
            ("user", name) => Some(Self::User(name.into())),
            ("device", id) => Some(Self::Device(id.into())),
            _ => None,
        }
    }
}

/// Who all grants of one person or device are of. What they may can change while they are held.
#[derive(Debug)]
pub(super) struct Holder {
    subject: Subject,
    rights: RwLock<Arc<Rights>>,
    /// Another one whenever what it may has changed.
    version: AtomicU32,
}

impl Holder {
    pub(super) fn new(subject: Subject, rights: Rights) -> Self {
        Self { subject, rights: RwLock::new(Arc::new(rights)), version: AtomicU32::new(0) }
    }

    /// From now on this is what every grant of it permits at most.
    pub(super) fn set(&self, rights: Rights) {
        let mut held = self.rights.write().unwrap_or_else(PoisonError::into_inner);
        if **held != rights {
            *held = Arc::new(rights);
            self.version.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Whether it may everything.
    pub(super) fn is_administrator(&self) -> bool {
        self.rights().scopes().has(Scope::Admin)
    }

    fn rights(&self) -> Arc<Rights> {
        self.rights.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What was shown, where it can be taken back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// A token of the API.
    Api(TokenHash),
    /// A login.
    Login(TokenHash),
}

impl Credential {
    pub(super) fn hash(&self) -> &TokenHash {
        match self {
            Self::Api(hash) | Self::Login(hash) => hash,
        }
    }
}

/// The proof that somebody showed a valid credential.
///
/// What it permits is asked at each use: a right that is withdrawn is gone from every grant at once. That a credential was
/// taken back is asked of [`Auth::stands`](super::Auth::stands).
#[derive(Clone, Debug)]
pub struct Grant {
    holder: Arc<Holder>,
    /// What the credential permits at most.
    most: Scopes,
    /// In a box: each panel has a grant.
    credential: Option<Box<Credential>>,
}

impl PartialEq for Grant {
    /// Of the same holder, by the same credential.
    fn eq(&self, other: &Self) -> bool {
        self.subject() == other.subject() && self.most == other.most && self.credential == other.credential
    }
}

impl Eq for Grant {}

impl Grant {
    /// All that `holder` may, as far as it is among `most`.
    pub(super) fn new(holder: Arc<Holder>, most: Scopes) -> Self {
        Self { holder, most, credential: None }
    }

    /// The same by this credential, which can be taken back.
    pub(super) fn by(self, credential: Credential) -> Self {
        Self { credential: Some(Box::new(credential)), ..self }
    }

    pub(super) fn holder(self) -> Arc<Holder> {
        self.holder
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.holder.subject
    }

    /// What the credential permits at most.
    pub(super) fn most(&self) -> Scopes {
        self.most
    }

    /// What was shown, where it can be taken back.
    pub(super) fn shown(&self) -> Option<&Credential> {
        self.credential.as_deref()
    }

    /// The same with these scopes alone.
    #[cfg(test)]
    pub(crate) fn with_scopes(self, scopes: Scopes) -> Self {
        Self { most: scopes, ..self }
    }

    /// The same with the scopes that it has now, whatever its holder is given later.
    pub(super) fn as_of_now(&self) -> Self {
        Self { most: self.scopes(), ..self.clone() }
    }

    /// Whether it permits this on anything at all. What is about a device or a view is asked of [`Grant::may_device`] and
    /// [`Grant::may_view`].
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes().has(scope)
    }

    /// Whether it permits this on the device.
    pub fn may_device(&self, scope: Scope, id: &str) -> bool {
        self.most.has(scope) && self.holder.rights().device(scope, id)
    }

    /// Whether it permits this on all devices that there are and will be.
    pub fn may_all_devices(&self, scope: Scope) -> bool {
        self.most.has(scope) && self.holder.rights().all_devices(scope)
    }

    /// Whether it permits this on all views that there are and will be.
    pub fn may_all_views(&self, scope: Scope) -> bool {
        self.most.has(scope) && self.holder.rights().all_views(scope)
    }

    /// Whether it permits to see everything that can be shown: all devices and all views.
    pub fn sees_all(&self) -> bool {
        self.may_all_devices(Scope::View) && self.may_all_views(Scope::View)
    }

    /// Another number whenever what it permits has changed: whoever shows for longer compares it.
    pub fn version(&self) -> u32 {
        self.holder.version.load(Ordering::Acquire)
    }

    /// Whether it permits this on the view.
    pub fn may_view(&self, scope: Scope, name: &str) -> bool {
        self.most.has(scope) && self.holder.rights().view(scope, name)
    }

    /// Whether it permits to send samples as this device: the device itself and administrators may.
    pub fn may_send_as(&self, device: &str) -> bool {
        match self.subject() {
            Subject::Device(_) => self.may_device(Scope::Send, device),
            Subject::Owner(_) | Subject::User(_) => self.may(Scope::Admin),
        }
    }

    /// Who it speaks for: a person's name or a device's id. Commands bear it.
    pub fn user(&self) -> &Arc<str> {
        match self.subject() {
            Subject::Owner(name) | Subject::User(name) | Subject::Device(name) => name,
        }
    }

    /// The device it speaks for, where it is not a person.
    pub fn device(&self) -> Option<&str> {
        match self.subject() {
            Subject::Device(id) => Some(id),
            Subject::Owner(_) | Subject::User(_) => None,
        }
    }

    /// Whether both speak for the same person or device.
    pub fn is_of_same(&self, other: &Self) -> bool {
        self.subject() == other.subject()
    }

    /// The name of the person with an account that it speaks for, where it speaks for one.
    pub fn person(&self) -> Option<&str> {
        match self.subject() {
            Subject::User(name) => Some(name),
            Subject::Owner(_) | Subject::Device(_) => None,
        }
    }

    /// Whether it speaks for whoever owns the machine, by a link or the administrator's token.
    pub fn is_owner(&self) -> bool {
        matches!(self.subject(), Subject::Owner(_))
    }

    /// Whether the administrator's token of this run itself was shown, and nothing that came of it.
    pub fn is_of_run(&self) -> bool {
        self.is_owner() && self.credential.is_none()
    }

    /// The token of the API that was shown, where it was one: what it permits ends with it.
    pub fn credential(&self) -> Option<TokenHash> {
        match self.shown() {
            Some(Credential::Api(hash)) => Some(*hash),
            Some(Credential::Login(_)) | None => None,
        }
    }

    /// What it permits now, on whatever.
    pub fn scopes(&self) -> Scopes {
        self.most.within(self.holder.rights().scopes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rights::Rule;
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
        let rule =
            Rule { scopes: Scopes::of(&[Scope::Send]), devices: vec!["boiler-7".into()], views: vec![] };
        let holder = Holder::new(Subject::Device("boiler-7".into()), Rights::of(&[rule]));
        let grant = Grant::new(Arc::new(holder), Scopes::all());
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
