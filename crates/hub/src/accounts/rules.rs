//! Whether groups and rules that somebody wrote can be kept: they permit something, and are no more than can be looked at.

use super::AccountError;
use crate::auth::limits::{GROUPS_OF_PERSON_MAX, PATTERN_BYTES_MAX, PATTERNS_MAX, RULES_MAX};
use crate::auth::{Rule, Scope, Scopes, names};

pub(super) fn check_groups(groups: &[Box<str>]) -> Result<(), AccountError> {
    if groups.len() > GROUPS_OF_PERSON_MAX {
        return Err(AccountError::Rule(format!("A person is in at most {GROUPS_OF_PERSON_MAX} groups.")));
    }
    groups.iter().try_for_each(|group| names::check(group)).map_err(AccountError::Name)
}

/// Whether these rules permit something, and no more than can be looked at.
pub(super) fn check_rules(rules: &[Rule]) -> Result<(), AccountError> {
    let wrong = |what: String| Err(AccountError::Rule(what));
    if rules.len() > RULES_MAX {
        return wrong(format!("There are at most {RULES_MAX} rules."));
    }
    for (rule, number) in rules.iter().zip(1..) {
        if rule.scopes == Scopes::default() {
            return wrong(format!("Rule {number} permits nothing: it names no scope."));
        }
        if rule.scopes.has(Scope::Send) {
            return wrong(format!("Rule {number}: “send” is for devices, and no person needs it."));
        }
        let patterns = || rule.devices.iter().chain(&rule.views);
        if rule.devices.len().max(rule.views.len()) > PATTERNS_MAX {
            return wrong(format!("Rule {number} has more than {PATTERNS_MAX} patterns."));
        }
        if !rule.scopes.has(Scope::Admin) && patterns().next().is_none() {
            return wrong(format!(
                "Rule {number} permits nothing: it names neither devices nor views. * is all of them."
            ));
        }
        let is_bad = |pattern: &str| {
            let is_long = pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX;
            is_long || pattern.chars().any(|letter| letter.is_control() || letter == ' ')
        };
        if let Some(bad) = patterns().find(|pattern| is_bad(pattern)) {
            return wrong(format!("Rule {number}: “{bad}” is no pattern of ids or names."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(scopes: &[Scope], devices: &[&str]) -> Rule {
        let devices = devices.iter().map(|id| Box::from(*id)).collect();
        Rule { scopes: Scopes::of(scopes), devices, views: vec![] }
    }

    #[test]
    fn rules_that_permit_nothing_or_too_much_to_read_are_refused_with_a_sentence() {
        let check = |rule: Rule| check_rules(&[rule]).err().map(|error| error.to_string());
        assert_eq!(check(rule(&[Scope::View, Scope::Command], &["pump-*", "tank"])), None);
        assert_eq!(check(rule(&[Scope::Admin], &[])), None);
        for (wrong, says) in [
            (rule(&[], &["*"]), "names no scope"),
            (rule(&[Scope::View], &[]), "neither devices nor views"),
            (rule(&[Scope::Send], &["*"]), "“send” is for devices"),
            (rule(&[Scope::View], &[""]), "is no pattern"),
            (rule(&[Scope::View], &["a b"]), "is no pattern"),
            (rule(&[Scope::View], &[&"x".repeat(PATTERN_BYTES_MAX + 1)]), "is no pattern"),
            (rule(&[Scope::View], &["x"; PATTERNS_MAX + 1]), "more than"),
        ] {
            let said = check(wrong).expect("refused");
            assert!(said.contains(says), "{said}");
        }
        assert!(check_rules(&vec![rule(&[Scope::View], &["*"]); RULES_MAX + 1]).is_err());
    }
}
