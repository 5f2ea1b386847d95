//! What a person may: scopes, on devices and views by pattern.

use serde::{Deserialize, Serialize};
use store::Pattern;

use super::grant::{Scope, Scopes};

/// Scopes on some devices and some views.
///
/// Of the scopes, `view` and `command` are about devices, `view` and `edit` about views too; `admin` is about everything, and
/// has all the others in it, whatever the patterns say. In patterns `*` stands for any run of characters and `?` for any one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What is permitted.
    pub scopes: Scopes,
    /// On which devices, by id.
    #[serde(default)]
    pub devices: Vec<Box<str>>,
    /// On which views, by name.
    #[serde(default)]
    pub views: Vec<Box<str>>,
}

/// All that a person may: whatever one of the rules permits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rights {
    scopes: Scopes,
    devices: [Reach; Scope::ALL.len()],
    views: [Reach; Scope::ALL.len()],
}

/// How far one scope reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reach {
    everything: bool,
    patterns: Vec<Pattern>,
}

impl Reach {
    fn add(&mut self, pattern: &str) {
        match pattern {
            "*" => self.everything = true,
            pattern => self.patterns.push(Pattern::of_ids(pattern)),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.everything || self.patterns.iter().any(|pattern| pattern.fits(name))
    }
}

impl Rights {
    /// Everything.
    pub(super) fn all() -> Self {
        Self::of(&[Rule { scopes: Scopes::all(), ..Rule::default() }])
    }

    /// What these rules permit together.
    pub(super) fn of<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Self {
        let mut rights = Self::default();
        for rule in rules {
            let is_admin = rule.scopes.has(Scope::Admin);
            let (scopes, everywhere) = match is_admin {
                true => (Scopes::all(), &[Box::from("*")][..]),
                false => (rule.scopes, &[][..]),
            };
            rights.scopes = rights.scopes.with(scopes);
            for scope in Scope::ALL.into_iter().filter(|scope| scopes.has(*scope)) {
                let (devices, views) =
                    (&mut rights.devices[scope as usize], &mut rights.views[scope as usize]);
                rule.devices.iter().chain(everywhere).for_each(|pattern| devices.add(pattern));
                rule.views.iter().chain(everywhere).for_each(|pattern| views.add(pattern));
            }
        }
        rights
    }

    /// The scopes that reach anything.
    pub(super) fn scopes(&self) -> Scopes {
        self.scopes
    }

    pub(super) fn device(&self, scope: Scope, id: &str) -> bool {
        self.devices[scope as usize].has(id)
    }

    pub(super) fn view(&self, scope: Scope, name: &str) -> bool {
        self.views[scope as usize].has(name)
    }

    /// Whether the scope is permitted on all devices there are and will be.
    pub(super) fn all_devices(&self, scope: Scope) -> bool {
        self.devices[scope as usize].everything
    }

    /// The same of views.
    pub(super) fn all_views(&self, scope: Scope) -> bool {
        self.views[scope as usize].everything
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(scopes: &[Scope], devices: &[&str], views: &[&str]) -> Rule {
        let patterns = |texts: &[&str]| texts.iter().map(|text| Box::from(*text)).collect();
        Rule { scopes: Scopes::of(scopes), devices: patterns(devices), views: patterns(views) }
    }

    #[test]
    fn a_scope_reaches_what_its_own_rules_name() {
        let rights = Rights::of(&[
            rule(&[Scope::View], &["pump-*", "tank"], &["plant"]),
            rule(&[Scope::View, Scope::Command], &["pump-1"], &[]),
        ]);
        assert!(rights.device(Scope::View, "pump-9") && rights.device(Scope::View, "tank"));
        assert!(!rights.device(Scope::View, "tank-2") && !rights.device(Scope::View, ""));
        assert!(rights.device(Scope::Command, "pump-1") && !rights.device(Scope::Command, "pump-9"));
        assert!(rights.view(Scope::View, "plant") && !rights.view(Scope::Edit, "plant"));
        assert!(!rights.all_devices(Scope::View));
        assert_eq!(rights.scopes(), Scopes::of(&[Scope::View, Scope::Command]));
    }

    #[test]
    fn an_administrator_may_everything_whatever_the_patterns_say() {
        let rights = Rights::of(&[rule(&[Scope::Admin], &["none"], &[])]);
        for scope in Scope::ALL {
            assert!(rights.scopes().has(scope) && rights.all_devices(scope));
            assert!(rights.device(scope, "any") && rights.view(scope, "any"));
        }
    }

    #[test]
    fn nobody_may_anything_without_a_rule() {
        let rights = Rights::of(&[]);
        assert_eq!(rights.scopes(), Scopes::default());
        assert!(!rights.device(Scope::View, "pump-1") && !rights.view(Scope::View, "plant"));
    }

    #[test]
    fn rules_are_written_in_words() {
        let text = r#"{"scopes":["view","command"],"devices":["pump-*"],"views":["plant"]}"#;
        let read: Rule = serde_json::from_str(text).expect("a rule");
        assert_eq!(read, rule(&[Scope::View, Scope::Command], &["pump-*"], &["plant"]));
        assert_eq!(serde_json::to_string(&read).expect("it is written"), text);
        for wrong in
            [r#"{"scopes":["fly"]}"#, r#"{"scopes":["view"],"device":["x"]}"#, r#"{"devices":["x"]}"#]
        {
            assert!(serde_json::from_str::<Rule>(wrong).is_err(), "{wrong}");
        }
    }
}
