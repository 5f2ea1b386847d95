//! Accounts as administrators make and change them. Each change is checked here, counts at once, and is answered when it is
//! stored.

mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Hub;
use crate::audit::{Entry, What};
use crate::auth::limits::{GROUPS_MAX, PEOPLE_MAX};
use crate::auth::{
    BadName, Grant, Group, LoginError, NotStored, Person, Rule, Scope, Scopes, Weak, names, password,
};
use crate::limits::PERSON_CHANGES;
use rules::{check_groups, check_rules};

/// Why an account or a group was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The person may not.
    #[error("this needs the scope “admin”")]
    Denied,
    /// There is none by that name.
    #[error("there is nobody of this name")]
    Unknown,
    /// There is one by that name.
    #[error("there is one of this name already")]
    Exists,
    /// Nobody can be called so.
    #[error(transparent)]
    Name(#[from] BadName),
    /// The password is not taken.
    #[error(transparent)]
    Weak(#[from] Weak),
    /// A new person needs one.
    #[error("a new person needs a password")]
    NoPassword,
    /// The own password that was shown is wrong, or cannot be looked at now.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// A person would be in a group that is not there.
    #[error("there is no group “{0}”: make it first")]
    NoGroup(Box<str>),
    /// A rule is none; what is wrong with it.
    #[error("{0}")]
    Rule(String),
    /// There are as many as may be.
    #[error("there are {0} already, and no more are kept")]
    Full(usize),
    /// There is an administrator: somebody else was faster.
    #[error("there is an administrator already")]
    HasAdministrator,
    /// Nobody would be an administrator any more.
    #[error("this is the last administrator: make another one first")]
    LastAdministrator,
    /// The storage has failed.
    #[error("the storage has failed")]
    Storage,
}

impl From<NotStored> for AccountError {
    fn from(NotStored: NotStored) -> Self {
        Self::Storage
    }
}

/// What is to change of a person; what is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    /// A new password. It ends all logins and tokens of this person.
    #[serde(default)]
    pub password: Option<String>,
    /// All the groups that this person is in.
    #[serde(default)]
    pub groups: Option<Vec<Box<str>>>,
    /// All that this person may besides.
    #[serde(default)]
    pub rules: Option<Vec<Rule>>,
}

/// Of whom a person's account is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    /// Whoever it is.
    Any,
    /// Somebody who has none yet.
    New,
    /// The first administrator.
    First,
}

/// A person as administrators see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonState {
    /// The name to log in by.
    pub name: Box<str>,
    /// The groups whose rules count too.
    pub groups: Vec<Box<str>>,
    /// Own rules.
    pub rules: Vec<Rule>,
    /// The scopes that both give, on whatever.
    pub scopes: Scopes,
    /// When the account was made, ms since 1970.
    pub created: i64,
    /// When the password was set, ms since 1970.
    pub password_set: i64,
}

/// A group as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupState {
    /// Its name.
    pub name: Box<str>,
    /// What its members may.
    pub rules: Vec<Rule>,
    /// Who is in it, by name.
    pub members: Vec<Box<str>>,
}

impl Hub {
    /// All people, by name.
    ///
    /// # Errors
    /// [`AccountError::Denied`].
    pub fn people(&self, grant: &Grant) -> Result<Vec<PersonState>, AccountError> {
        may_change(grant)?;
        let people = self.auth().people().into_iter();
        Ok(people.map(|(name, person)| self.person_state(name.into(), person)).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`AccountError::Denied`] or [`AccountError::Unknown`].
    pub fn person(&self, grant: &Grant, name: &str) -> Result<PersonState, AccountError> {
        may_change(grant)?;
        let person = self.auth().person(name).ok_or(AccountError::Unknown)?;
        Ok(self.person_state(name.into(), person))
    }

    fn person_state(&self, name: Box<str>, person: Person) -> PersonState {
        let scopes = self.auth().of_person(&name).map(|grant| grant.scopes()).unwrap_or_default();
        let Person { groups, rules, created, password_set, .. } = person;
        PersonState { name, groups, rules, scopes, created, password_set }
    }

    /// Makes a person, or changes who is there; whether it was made. What is withdrawn is gone at once.
    ///
    /// # Errors
    /// Nothing was changed, and why. With [`AccountError::Storage`] it may still be, once the storage is back.
    pub async fn put_person(
        self: &Arc<Self>,
        grant: &Grant,
        name: &str,
        change: PersonChange,
        only_new: bool,
    ) -> Result<bool, AccountError> {
        self.put(grant, name, change, if only_new { Put::New } else { Put::Any }).await
    }

    /// Makes the first administrator.
    ///
    /// # Errors
    /// As [`Hub::put_person`]; [`AccountError::HasAdministrator`] where it is not the first.
    pub async fn make_first(
        self: &Arc<Self>,
        grant: &Grant,
        name: &str,
        password: String,
    ) -> Result<(), AccountError> {
        let everything = Rule { scopes: Scopes::of(&[Scope::Admin]), ..Rule::default() };
        let change = PersonChange { password: Some(password), groups: None, rules: Some(vec![everything]) };
        self.put(grant, name, change, Put::First).await.map(drop)
    }

    async fn put(
        self: &Arc<Self>,
        grant: &Grant,
        name: &str,
        change: PersonChange,
        put: Put,
    ) -> Result<bool, AccountError> {
        may_change(grant)?;
        names::check(name)?;
        check_rules(change.rules.as_deref().unwrap_or_default())?;
        check_groups(change.groups.as_deref().unwrap_or_default())?;
        let kept = match change.password {
            Some(new) => Some(self.new_password(name, new).await?),
            None => None,
        };
        let _changing = self.changing_accounts.lock().await;
        self.takes_changes()?;
        if put == Put::First && self.auth().has_administrator() {
            return Err(AccountError::HasAdministrator);
        }
        let (now, before) = (self.now().wall, self.auth().person(name));
        let is_new = before.is_none();
        if !is_new && put != Put::Any {
            return Err(AccountError::Exists);
        }
        let mut person = match before {
            Some(person) => person,
            None if self.auth().people().len() >= PEOPLE_MAX => return Err(AccountError::Full(PEOPLE_MAX)),
            None if kept.is_none() => return Err(AccountError::NoPassword),
            None => {
                Person { password: "".into(), groups: vec![], rules: vec![], created: now, password_set: now }
            }
        };
        person.groups = change.groups.unwrap_or(person.groups);
        person.rules = change.rules.unwrap_or(person.rules);
        let has_new_password = kept.is_some();
        if let Some(kept) = kept {
            (person.password, person.password_set) = (kept, now);
        }
        let mut after = Access::of(self);
        // Whoever makes a group later is not to find members in it.
        if let Some(group) = person.groups.iter().find(|group| !after.groups.contains_key(&***group)) {
            return Err(AccountError::NoGroup(group.clone()));
        }
        after.people.insert(name.into(), person.clone());
        after.keeps_an_administrator(self)?;
        self.auth().put_person(name, person);
        self.audit(
            Entry::by(if is_new { What::PersonMade } else { What::PersonChanged }, grant).say("person", name),
        );
        if has_new_password {
            self.auth().end_logins(name, Some(grant));
            self.audit(Entry::by(What::PasswordSet, grant).say("person", name));
        }
        self.until_stored().await?;
        Ok(is_new)
    }

    /// Takes a person's account away, with all logins and tokens.
    ///
    /// # Errors
    /// As [`Hub::put_person`].
    pub async fn remove_person(self: &Arc<Self>, grant: &Grant, name: &str) -> Result<(), AccountError> {
        may_change(grant)?;
        let _changing = self.changing_accounts.lock().await;
        self.takes_changes()?;
        let mut after = Access::of(self);
        after.people.remove(name).ok_or(AccountError::Unknown)?;
        after.keeps_an_administrator(self)?;
        self.auth().remove_person(name);
        self.audit(Entry::by(What::PersonRemoved, grant).say("person", name));
        self.until_stored().await
    }

    /// Gives whoever has this grant another password. It ends all other logins and tokens of this person.
    ///
    /// # Errors
    /// As [`Hub::put_person`]; [`AccountError::Unknown`] where the grant is of no person.
    pub async fn change_password(
        self: &Arc<Self>,
        grant: &Grant,
        address: std::net::IpAddr,
        old: &str,
        new: String,
    ) -> Result<(), AccountError> {
        let name = grant.person().ok_or(AccountError::Unknown)?;
        self.auth().sign_in(name, old, address, self.now().mono).await?;
        let kept = self.new_password(name, new).await?;
        let _changing = self.changing_accounts.lock().await;
        self.takes_changes()?;
        let mut person = self.auth().person(name).ok_or(AccountError::Unknown)?;
        (person.password, person.password_set) = (kept, self.now().wall);
        self.auth().put_person(name, person);
        self.auth().end_logins(name, Some(grant));
        self.audit(Entry::by(What::PasswordSet, grant).say("person", name).from(address));
        self.until_stored().await
    }

    /// All groups, by name.
    ///
    /// # Errors
    /// [`AccountError::Denied`].
    pub fn groups(&self, grant: &Grant) -> Result<Vec<GroupState>, AccountError> {
        may_change(grant)?;
        let people = self.auth().people();
        let members = |group: &str| {
            let of = people.iter().filter(|(_, person)| person.groups.iter().any(|name| &**name == group));
            of.map(|(name, _)| name.as_str().into()).collect()
        };
        let groups = self.auth().groups().into_iter();
        Ok(groups
            .map(|(name, group)| GroupState {
                members: members(&name),
                name: name.into(),
                rules: group.rules,
            })
            .collect())
    }

    /// Makes a group, or changes what its members may; whether it was made.
    ///
    /// # Errors
    /// As [`Hub::put_person`].
    pub async fn put_group(
        self: &Arc<Self>,
        grant: &Grant,
        name: &str,
        group: Group,
        only_new: bool,
    ) -> Result<bool, AccountError> {
        may_change(grant)?;
        names::check(name)?;
        check_rules(&group.rules)?;
        let _changing = self.changing_accounts.lock().await;
        self.takes_changes()?;
        let mut after = Access::of(self);
        if after.groups.len() >= GROUPS_MAX && !after.groups.contains_key(name) {
            return Err(AccountError::Full(GROUPS_MAX));
        }
        let is_new = after.groups.insert(name.into(), group.clone()).is_none();
        if !is_new && only_new {
            return Err(AccountError::Exists);
        }
        after.keeps_an_administrator(self)?;
        self.auth().put_group(name, group);
        self.audit(Entry::by(What::GroupChanged, grant).say("group", name));
        self.until_stored().await?;
        Ok(is_new)
    }

    /// Removes a group: its members have nothing of it any more, and are in it no longer.
    ///
    /// # Errors
    /// As [`Hub::put_person`].
    pub async fn remove_group(self: &Arc<Self>, grant: &Grant, name: &str) -> Result<(), AccountError> {
        may_change(grant)?;
        let _changing = self.changing_accounts.lock().await;
        self.takes_changes()?;
        let mut after = Access::of(self);
        after.groups.remove(name).ok_or(AccountError::Unknown)?;
        after.keeps_an_administrator(self)?;
        // First those who are in it: should another group get this name, it is not to find members that nobody put there.
        for (member, mut person) in self.auth().people() {
            if person.groups.iter().any(|group| &**group == name) {
                person.groups.retain(|group| &**group != name);
                self.auth().put_person(&member, person);
            }
        }
        self.auth().remove_group(name);
        self.audit(Entry::by(What::GroupRemoved, grant).say("group", name));
        self.until_stored().await
    }

    /// Ends a login or a token that `grant` may end; returns once that is stored.
    ///
    /// # Errors
    /// There is no such one, or the storage has failed: after a crash it would count again.
    pub async fn end_token(self: &Arc<Self>, grant: &Grant, id: &str) -> Result<(), AccountError> {
        self.takes_changes()?;
        let whose = self.auth().end_token(grant, id).ok_or(AccountError::Unknown)?;
        self.audit(Entry::by(What::TokenRevoked, grant).say("of", whose));
        self.until_stored().await
    }

    async fn new_password(&self, name: &str, new: String) -> Result<Box<str>, AccountError> {
        password::check(name, &new)?;
        Ok(self.auth().keep_password(new).await?)
    }

    /// Whether somebody may change accounts, devices and the like once more now. Whoever owns the machine could change the audit
    /// itself.
    pub(crate) fn may_change_more(&self, grant: &Grant) -> bool {
        grant.is_owner() || self.changes.take(grant.user(), self.now().mono, PERSON_CHANGES)
    }

    fn takes_changes(&self) -> Result<(), AccountError> {
        if self.storage_is_up() { Ok(()) } else { Err(AccountError::Storage) }
    }

    /// Waits until all changes of accounts that were made are stored.
    ///
    /// # Errors
    /// The storage failed meanwhile.
    pub(crate) async fn until_stored(&self) -> Result<(), AccountError> {
        let mut storage = self.storage();
        tokio::select! {
            stored = self.auth().stored() => Ok(stored?),
            _ = storage.wait_for(|storage| !storage.is_up()) => Err(AccountError::Storage),
        }
    }
}

/// People and groups, as they would be after a change.
struct Access {
    people: BTreeMap<String, Person>,
    groups: BTreeMap<String, Group>,
}

impl Access {
    fn of(hub: &Hub) -> Self {
        Self {
            people: hub.auth().people().into_iter().collect(),
            groups: hub.auth().groups().into_iter().collect(),
        }
    }

    /// Whoever takes the last administrator's right away, their own above all, would have to get to the machine itself.
    fn keeps_an_administrator(&self, hub: &Hub) -> Result<(), AccountError> {
        let is_admin = |rules: &[Rule]| rules.iter().any(|rule| rule.scopes.has(Scope::Admin));
        let remains = self.people.values().any(|person| {
            let mut groups = person.groups.iter().filter_map(|group| self.groups.get(&**group));
            is_admin(&person.rules) || groups.any(|group| is_admin(&group.rules))
        });
        if remains || !hub.auth().has_administrator() { Ok(()) } else { Err(AccountError::LastAdministrator) }
    }
}

fn may_change(grant: &Grant) -> Result<(), AccountError> {
    if grant.may(Scope::Admin) { Ok(()) } else { Err(AccountError::Denied) }
}

#[cfg(test)]
mod tests;
