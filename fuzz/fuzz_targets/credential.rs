//! Tickets, logins, links, tokens and rights, used in any order by somebody who also makes things up: what was used up, ended or
//! never given opens nothing, and nobody may what no rule gives.
#![no_main]

use std::sync::{Arc, Mutex};

use hub::auth::{Auth, Grant, Group, Person, Rule, Scope};
use libfuzzer_sys::fuzz_target;
use store::Pattern;

/// Operations that are carried out of one input.
const OPERATIONS_MAX: usize = 100;
/// An hour, ms.
const HOUR: i64 = 3_600_000;
/// Longer than anything is good for, ms.
const AGES: i64 = 30 * 24 * HOUR;

/// The bytes that say what to do.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn line(&mut self) -> &'a str {
        let end = self.0.iter().position(|byte| *byte == b'\n').unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        std::str::from_utf8(line).unwrap_or_default()
    }
}

fn person(rules: Vec<Rule>) -> Person {
    Person { password: "".into(), groups: vec!["night".into()], rules, created: 0, password_set: 0 }
}

/// Whether the rule gives the scope on the device. An administrator has every scope everywhere.
fn gives(rule: &Rule, scope: Scope, device: &str) -> bool {
    let fits = |pattern: &Box<str>| Pattern::of_ids(pattern).fits(device);
    rule.scopes.has(Scope::Admin) || rule.scopes.has(scope) && rule.devices.iter().any(fits)
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let written = Arc::new(Mutex::new(0_usize));
    let count = written.clone();
    let auth = Auth::new(Vec::new(), &[], Box::new(move |_| *count.lock().expect("a number") += 1));
    let owner = auth.administrator(auth.admin_token()).expect("its own token");
    let (mut now, mut tickets, mut tokens) = (1_700_000_000_000, Vec::new(), Vec::new());
    let (mut own, mut of_group): (Option<Vec<Rule>>, Vec<Rule>) = (None, Vec::new());
    for _ in 0..OPERATIONS_MAX {
        let Some(operation) = input.byte() else { break };
        let who = || -> Option<Grant> {
            if operation & 16 == 0 { Some(owner.clone()) } else { auth.of_person("ada") }
        };
        match operation % 12 {
            0 => tickets.extend(who().map(|grant| (auth.ticket(&grant, now), now))),
            1 => {
                if let Some((ticket, made)) = tickets.pop() {
                    let opened = auth.redeem_ticket(&ticket, now).is_some();
                    assert!(!opened || now - made <= 30_000, "a ticket that is too old");
                    assert!(auth.redeem_ticket(&ticket, now).is_none(), "a ticket is good twice");
                }
            }
            2 => {
                let grant = who();
                let issued = grant.map(|grant| auth.issue_token(&grant, now));
                tokens.extend(issued.map(|issued| issued.token.text().to_owned()));
            }
            3 => {
                if let Some(token) = tokens.pop() {
                    auth.revoke(&token);
                    assert!(auth.bearer(&token, now).is_none(), "a revoked token opens something");
                }
            }
            4 => {
                let made_up = input.line();
                assert!(auth.redeem_ticket(made_up, now).is_none(), "a ticket that nobody was given");
                assert!(auth.bearer(made_up, now).is_none() && auth.cookie(made_up, now).is_none());
                assert!(auth.redeem_link(made_up, now).is_none() && auth.administrator(made_up).is_none());
            }
            5 => now += i64::from(operation) * 1_000,
            6 => {
                let link = auth.login_link(now);
                let (login, grant) = auth.redeem_link(&link, now).expect("a new link");
                assert!(auth.redeem_link(&link, now).is_none(), "a link is good twice");
                assert!(auth.cookie(&login, now).is_some() && auth.stands(&grant, now));
                assert!(auth.cookie(&login, now + AGES).is_none(), "a login is good for ever");
            }
            7 => {
                if let Ok(rules) = serde_json::from_str::<Vec<Rule>>(input.line()) {
                    auth.put_person("ada", person(rules.clone()));
                    own = Some(rules);
                }
            }
            8 => {
                if let Ok(group) = serde_json::from_str::<Group>(input.line()) {
                    auth.put_group("night", group.clone());
                    of_group = group.rules;
                }
            }
            9 => {
                let was = own.take().is_some();
                assert_eq!(auth.remove_person("ada"), was);
                assert!(auth.of_person("ada").is_none(), "somebody who is gone is let in");
            }
            10 => {
                auth.remove_group("night");
                of_group.clear();
            }
            _ => {
                let device = input.line();
                let Some(grant) = auth.of_person("ada") else { continue };
                let own = own.as_deref().unwrap_or_default();
                for scope in Scope::ALL {
                    let may = grant.may_device(scope, device);
                    assert!(!may || grant.may(scope), "something on one device, and not on any");
                    let given = own.iter().chain(&of_group).any(|rule| gives(rule, scope, device));
                    assert_eq!(may, given, "{scope:?} on “{device}” is not as the rules say");
                }
            }
        }
    }
});
