//! What people may, told in the plainest way: nothing of the program's own is used but the rules as they are written.

use crate::auth::{Rule, Scope, Scopes};
use std::collections::BTreeMap;

/// Who may what.
#[derive(Default)]
pub(super) struct Model {
    people: BTreeMap<String, Account>,
    groups: BTreeMap<String, Vec<Rule>>,
}

#[derive(Clone, Default)]
pub(super) struct Account {
    pub(super) groups: Vec<String>,
    pub(super) rules: Vec<Rule>,
}

/// What somebody shows: whose it is, what it is good for at most, and whether it was taken back.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) person: String,
    pub(super) most: Scopes,
    pub(super) is_revoked: bool,
}

impl Model {
    pub(super) fn put_person(&mut self, name: &str, account: Account) {
        self.people.insert(name.to_owned(), account);
    }

    pub(super) fn remove_person(&mut self, name: &str) {
        self.people.remove(name);
    }

    pub(super) fn put_group(&mut self, name: &str, rules: Vec<Rule>) {
        self.groups.insert(name.to_owned(), rules);
    }

    pub(super) fn remove_group(&mut self, name: &str) {
        self.groups.remove(name);
    }

    pub(super) fn account(&self, name: &str) -> Option<&Account> {
        self.people.get(name)
    }

    /// Whether what is shown counts at all.
    pub(super) fn stands(&self, shown: &Shown) -> bool {
        !shown.is_revoked && self.people.contains_key(&shown.person)
    }

    pub(super) fn anything(&self, shown: &Shown, scope: Scope) -> bool {
        self.some_rule(shown, scope, |_| true)
    }

    pub(super) fn device(&self, shown: &Shown, scope: Scope, id: &str) -> bool {
        self.some_rule(shown, scope, |rule| rule.devices.iter().any(|pattern| fits(pattern, id)))
    }

    pub(super) fn view(&self, shown: &Shown, scope: Scope, name: &str) -> bool {
        self.some_rule(shown, scope, |rule| rule.views.iter().any(|pattern| fits(pattern, name)))
    }

    fn some_rule(&self, shown: &Shown, scope: Scope, reaches: impl Fn(&Rule) -> bool) -> bool {
        if !self.stands(shown) || !shown.most.has(scope) {
            return false;
        }
        let account = &self.people[&shown.person];
        let of_groups = account.groups.iter().filter_map(|group| self.groups.get(group)).flatten();
        let mut all = of_groups.chain(&account.rules);
        all.any(|rule| rule.scopes.has(Scope::Admin) || rule.scopes.has(scope) && reaches(rule))
    }
}

/// By trying everything that a `*` can stand for.
fn fits(pattern: &str, name: &str) -> bool {
    match (pattern.chars().next(), name.chars().next()) {
        (None, first) => first.is_none(),
        (Some('*'), first) => {
            fits(&pattern[1..], name) || first.is_some_and(|first| fits(pattern, &name[first.len_utf8()..]))
        }
        (Some(wanted), Some(first)) if wanted == '?' || wanted == first => {
            fits(&pattern[wanted.len_utf8()..], &name[first.len_utf8()..])
        }
        _ => false,
    }
}
