//! People and groups: who they are and what they may, in memory as in the store. Each change is a write for the store, and
//! counts at once for every grant that was made of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use store::{AccessKind, AccessRow, Write};

use super::grant::{Holder, Subject};
use super::rights::{Rights, Rule};

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The hash of the password, as argon2 spells it (PHC string).
    pub password: Box<str>,
    /// The groups whose rules count for this person too.
    #[serde(default)]
    pub groups: Vec<Box<str>>,
    /// What this person may besides.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// When the account was made, ms since 1970.
    pub created: i64,
    /// When the password was set, ms since 1970.
    pub password_set: i64,
}

/// Rules that several people have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What its members may.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct People {
    people: BTreeMap<Box<str>, Known>,
    groups: BTreeMap<Box<str>, Group>,
}

#[derive(Debug)]
struct Known {
    person: Person,
    /// What all grants of this person have.
    holder: Arc<Holder>,
}

impl People {
    /// What the store knew. What this version cannot read gives nobody anything.
    pub(super) fn load(rows: &[AccessRow]) -> Self {
        let mut all = Self::default();
        for row in rows {
            let read = match row.kind {
                AccessKind::Person => serde_json::from_str(&row.content).map(|person| {
                    let holder = Arc::new(Holder::new(Subject::User((&*row.name).into()), Rights::default()));
                    all.people.insert(row.name.clone(), Known { person, holder });
                }),
                AccessKind::Group => serde_json::from_str(&row.content).map(|group| {
                    all.groups.insert(row.name.clone(), group);
                }),
                AccessKind::Join => Ok(()),
            };
            if let Err(error) = read {
                tracing::error!(kind = row.kind.as_str(), name = &*row.name, %error, "an account cannot be read");
            }
        }
        // Whoever makes a group later is not to find members in it.
        let Self { people, groups } = &mut all;
        for known in people.values_mut() {
            known.person.groups.retain(|group| groups.contains_key(group));
        }
        all.settle();
        all
    }

    /// What all grants of this person have.
    pub(super) fn holder(&self, name: &str) -> Option<Arc<Holder>> {
        self.people.get(name).map(|known| known.holder.clone())
    }

    pub(super) fn person(&self, name: &str) -> Option<&Person> {
        self.people.get(name).map(|known| &known.person)
    }

    /// All people, by name.
    pub(super) fn people(&self) -> impl ExactSizeIterator<Item = (&str, &Person)> {
        self.people.iter().map(|(name, known)| (&**name, &known.person))
    }

    /// All groups, by name.
    pub(super) fn groups(&self) -> impl ExactSizeIterator<Item = (&str, &Group)> {
        self.groups.iter().map(|(name, group)| (&**name, group))
    }

    /// Makes a person, or changes who is there.
    pub(super) fn put_person(&mut self, name: &str, person: Person) -> Write {
        let write = row(AccessKind::Person, name, &person);
        match self.people.get_mut(name) {
            Some(known) => known.person = person,
            None => {
                let holder = Arc::new(Holder::new(Subject::User(name.into()), Rights::default()));
                self.people.insert(name.into(), Known { person, holder });
            }
        }
        self.settle();
        write
    }

    /// Takes a person's account away: what was granted permits nothing any more.
    pub(super) fn remove_person(&mut self, name: &str) -> Option<Write> {
        let known = self.people.remove(name)?;
        known.holder.set(Rights::default());
        Some(Write::RemoveAccess { kind: AccessKind::Person, name: name.into() })
    }

    pub(super) fn put_group(&mut self, name: &str, group: Group) -> Write {
        let write = row(AccessKind::Group, name, &group);
        self.groups.insert(name.into(), group);
        self.settle();
        write
    }

    /// Its members keep its name, and nothing else of it.
    pub(super) fn remove_group(&mut self, name: &str) -> Option<Write> {
        self.groups.remove(name)?;
        self.settle();
        Some(Write::RemoveAccess { kind: AccessKind::Group, name: name.into() })
    }

    /// Gives everybody what their rules permit now.
    fn settle(&self) {
        for known in self.people.values() {
            let of_groups = known.person.groups.iter().filter_map(|group| self.groups.get(group));
            let rules = of_groups.flat_map(|group| &group.rules).chain(&known.person.rules);
            known.holder.set(Rights::of(rules));
        }
    }
}

fn row(kind: AccessKind, name: &str, content: &impl Serialize) -> Write {
    let content = serde_json::to_string(content).expect("text, numbers and lists are JSON").into();
    Write::Access(AccessRow { kind, name: name.into(), content })
}
