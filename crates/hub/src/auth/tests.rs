//! How credentials live and end.

use std::sync::{Arc, Mutex};

use store::{TokenHash, TokenRow, Write};

use super::limits::{
    LINK_LIFE_MS, LOGIN_IDLE_MS, LOGIN_LIFE_MS, LOGINS_OF_PERSON_MAX, TICKET_LIFE_MS, TICKETS_MAX,
    TOKEN_LIFE_MS, TOKENS_MAX, TOKENS_OF_DEVICE_MAX, TOKENS_OF_PERSON_MAX, USED_WRITE_MS,
};
use super::*;

const NOW: i64 = 1_763_846_847_123;

/// What was written, in order.
type Written = Arc<Mutex<Vec<Write>>>;

fn auth(loaded: Vec<TokenRow>) -> (Auth, Written) {
    let written = Written::default();
    let into = written.clone();
    (Auth::new(loaded, &[], Box::new(move |write| into.lock().expect("whole").push(write))), written)
}

/// What a store would have loaded after these writes.
fn rows(written: &Written) -> Vec<TokenRow> {
    let mut rows: Vec<TokenRow> = Vec::new();
    for write in written.lock().expect("whole").iter() {
        match write {
            Write::Token(row) => rows.push(row.clone()),
            Write::TokenRevoked { hash } => rows.retain(|row| row.hash != *hash),
            Write::TokenUsed { hash, at } => {
                rows.iter_mut().filter(|row| row.hash == *hash).for_each(|row| row.used = *at);
            }
            other => panic!("credentials write no {other:?}"),
        }
    }
    rows
}

fn admin(auth: &Auth) -> Grant {
    auth.bearer(auth.admin_token(), NOW).expect("the administrator's token")
}

#[test]
fn the_administrators_token_permits_everything() {
    let (auth, _) = auth(Vec::new());
    let grant = admin(&auth);
    assert!(Scope::ALL.into_iter().all(|scope| grant.may(scope)));
    assert_eq!(&**grant.user(), ADMINISTRATOR);
    assert_eq!(grant.device(), None);
}

#[test]
fn tokens_of_one_kind_open_nothing_of_another() {
    let (auth, _) = auth(Vec::new());
    let (login, _) = auth.redeem_link(&auth.login_link(NOW), NOW).expect("a link");
    let issued = auth.issue_token(&admin(&auth), NOW);
    let ticket = auth.ticket(&admin(&auth), NOW);
    assert!(auth.bearer(&login, NOW).is_none());
    assert!(auth.bearer(auth.join_token(), NOW).is_none());
    assert!(auth.bearer(&ticket, NOW).is_none());
    assert!(auth.cookie(issued.token.text(), NOW).is_none());
    assert!(auth.cookie(auth.admin_token(), NOW).is_none());
    assert!(auth.redeem_ticket(issued.token.text(), NOW).is_none());
    assert!(!auth.rejoins(&hash(auth.admin_token()), "pump-1", NOW));
    assert!(auth.rejoins(&hash(auth.join_token()), "pump-1", NOW));
}

#[test]
fn a_link_opens_once_and_for_half_an_hour() {
    let (auth, _) = auth(Vec::new());
    let code = auth.login_link(NOW);
    let (login, grant) = auth.redeem_link(&code, NOW + LINK_LIFE_MS - 1).expect("in time");
    assert!(auth.redeem_link(&code, NOW).is_none(), "used up");
    assert_eq!(auth.cookie(&login, NOW + LINK_LIFE_MS), Some(grant));
    let late = auth.login_link(NOW);
    assert!(auth.redeem_link(&late, NOW + LINK_LIFE_MS).is_none());
}

#[test]
fn a_ticket_opens_once_and_for_thirty_seconds() {
    let (auth, _) = auth(Vec::new());
    let grant = admin(&auth);
    let ticket = auth.ticket(&grant, NOW);
    assert_eq!(auth.redeem_ticket(&ticket, NOW + TICKET_LIFE_MS - 1), Some(grant.clone()));
    assert!(auth.redeem_ticket(&ticket, NOW).is_none(), "used up");
    let late = auth.ticket(&grant, NOW);
    assert!(auth.redeem_ticket(&late, NOW + TICKET_LIFE_MS).is_none());
}

#[test]
fn a_login_ends_when_it_is_idle_for_long_and_at_last_in_any_case() {
    let (auth, _) = auth(Vec::new());
    let (idle, _) = auth.redeem_link(&auth.login_link(NOW), NOW).expect("a link");
    let (busy, _) = auth.redeem_link(&auth.login_link(NOW), NOW).expect("a link");
    assert!(auth.cookie(&idle, NOW + LOGIN_IDLE_MS).is_none());
    let step = LOGIN_IDLE_MS / 2;
    for at in (NOW + step..NOW + LOGIN_LIFE_MS).step_by(step as usize) {
        assert!(auth.cookie(&busy, at).is_some());
    }
    assert!(auth.cookie(&busy, NOW + LOGIN_LIFE_MS).is_none());
}

#[test]
fn tokens_and_logins_survive_a_restart_as_hashes() {
    let (first, written) = auth(Vec::new());
    let issued = first.issue_token(&admin(&first), NOW);
    let (login, _) = first.redeem_link(&first.login_link(NOW), NOW).expect("a link");
    let stored = format!("{:?}", written.lock().expect("whole"));
    assert!(!stored.contains(issued.token.text()) && !stored.contains(&login));

    let (second, _) = auth(rows(&written));
    let opened = second.bearer(issued.token.text(), NOW + 1).expect("it is good");
    assert_eq!((opened.user(), opened.scopes()), (admin(&second).user(), admin(&second).scopes()));
    let logged_in = second.cookie(&login, NOW + 1).expect("it is good");
    assert_eq!((logged_in.user(), logged_in.scopes()), (admin(&second).user(), admin(&second).scopes()));
    assert!(second.bearer(first.admin_token(), NOW + 1).is_none(), "that one was of its run");
    assert!(second.bearer(issued.token.text(), NOW + TOKEN_LIFE_MS).is_none());
}

#[test]
fn what_a_token_permitted_ends_with_it_and_what_a_person_may_does_not_end_with_a_login() {
    let (auth, _) = auth(Vec::new());
    let issued = auth.issue_token(&admin(&auth), NOW);
    let by_token = auth.bearer(issued.token.text(), NOW).expect("it is good").credential();
    let may = |credential: Option<TokenHash>, at| {
        auth.still_permits(ADMINISTRATOR, credential.as_ref(), Scope::Command, "pump-1", at)
    };
    assert!(by_token.is_some() && may(by_token, NOW));
    assert!(!may(by_token, NOW + TOKEN_LIFE_MS), "it has expired");
    assert!(auth.revoke(issued.token.text()));
    assert!(!may(by_token, NOW));

    let (login, _) = auth.redeem_link(&auth.login_link(NOW), NOW).expect("a link");
    let by_login = auth.cookie(&login, NOW).expect("it is good").credential();
    assert!(auth.revoke(&login));
    assert!(may(by_login, NOW));
}

#[test]
fn what_is_revoked_stays_revoked_after_a_restart() {
    let (first, written) = auth(Vec::new());
    let issued = first.issue_token(&admin(&first), NOW);
    assert!(first.revoke(issued.token.text()));
    assert!(!first.revoke(issued.token.text()));
    assert!(first.bearer(issued.token.text(), NOW).is_none());
    assert!(auth(rows(&written)).0.bearer(issued.token.text(), NOW).is_none());
}

#[test]
fn use_is_written_now_and_then_and_keeps_a_login_over_a_restart() {
    let (first, written) = auth(Vec::new());
    let (login, _) = first.redeem_link(&first.login_link(NOW), NOW).expect("a link");
    let before = written.lock().expect("whole").len();
    for ms in 1..100 {
        first.cookie(&login, NOW + ms).expect("good");
    }
    assert_eq!(written.lock().expect("whole").len(), before, "not each use is a write");
    let used = NOW + LOGIN_IDLE_MS - 1;
    first.cookie(&login, used).expect("good");
    let (second, _) = auth(rows(&written));
    assert!(second.cookie(&login, used + LOGIN_IDLE_MS - USED_WRITE_MS).is_some());
}

#[test]
fn an_open_page_is_use_which_is_shown_and_written_now_and_then_until_the_login_ends_in_any_case() {
    let (first, written) = auth(Vec::new());
    let (login, grant) = first.redeem_link(&first.login_link(NOW), NOW).expect("a link");
    let before = written.lock().expect("whole").len();
    let beat = LOGIN_IDLE_MS / 48;
    let mut now = NOW;
    while now + beat < NOW + LOGIN_LIFE_MS {
        now += beat;
        assert!(first.stands(&grant, now), "the page asked just before");
    }
    assert_eq!(first.tokens(&admin(&first), now)[0].used, now);
    let written_since = written.lock().expect("whole").len() - before;
    assert!(written_since <= usize::try_from(LOGIN_LIFE_MS / USED_WRITE_MS).expect("few"), "{written_since}");
    let (second, _) = auth(rows(&written));
    assert!(second.cookie(&login, now).is_some(), "it was in use when the hub started anew");
    assert!(
        !first.stands(&grant, NOW + LOGIN_LIFE_MS) && second.cookie(&login, NOW + LOGIN_LIFE_MS).is_none()
    );
}

#[test]
fn a_device_may_send_and_no_more_and_its_tokens_go_with_it() {
    let (auth, written) = auth(Vec::new());
    let grant = auth.device("boiler-7");
    let issued = auth.issue_token(&grant, NOW);
    let opened = auth.bearer(issued.token.text(), NOW).expect("issued");
    assert!(opened.may_send_as("boiler-7") && !opened.may(Scope::View));
    auth.device_removed("boiler-7");
    assert!(auth.bearer(issued.token.text(), NOW).is_none());
    assert!(rows(&written).is_empty());
}

/// Takes logins and tokens of `grant` until there are `count` more; gives the last of each.
fn take_many(auth: &Auth, grant: &Grant, count: usize) -> (String, String) {
    let mut last = Default::default();
    for ms in 1..=count as i64 {
        let (login, _) = auth.login(grant.clone(), NOW + ms);
        last = (login, auth.issue_token(grant, NOW + ms).token.text().to_owned());
    }
    last
}

#[test]
fn who_takes_all_logins_and_tokens_that_one_may_have_loses_the_own_that_were_idle_for_longest() {
    let (auth, written) = auth(Vec::new());
    auth.put_person("ada", person("[]"));
    auth.put_person("eve", person("[]"));
    written.lock().expect("whole").clear();
    let (ada, eve) = (auth.of_person("ada").expect("there"), auth.of_person("eve").expect("there"));
    let (idle, (login, open)) = (auth.issue_token(&ada, NOW).token, auth.login(ada.clone(), NOW));
    let (first, (_, own)) = (auth.issue_token(&eve, NOW).token, auth.login(eve.clone(), NOW));
    let mut changes = auth.changes();
    changes.mark_unchanged();
    take_many(&auth, &eve, LOGINS_OF_PERSON_MAX.max(TOKENS_OF_PERSON_MAX));
    assert!(changes.has_changed().expect("it is there"), "what they opened closes");
    assert!(!auth.stands(&own, NOW + 99) && auth.bearer(first.text(), NOW + 99).is_none());
    assert!(auth.stands(&open, NOW + 99) && auth.cookie(&login, NOW + 99).is_some());
    assert!(auth.bearer(idle.text(), NOW + 99).is_some());
    assert_eq!(auth.tokens(&eve, NOW + 99).len(), LOGINS_OF_PERSON_MAX + TOKENS_OF_PERSON_MAX);
    assert_eq!(rows(&written).len(), LOGINS_OF_PERSON_MAX + TOKENS_OF_PERSON_MAX + 2, "stored as well");
}

#[test]
fn devices_take_no_place_of_people_and_one_of_them_none_of_others() {
    let (auth, _) = auth(Vec::new());
    let idle = auth.issue_token(&auth.device("pump"), NOW).token;
    let first = auth.issue_token(&auth.device("boiler"), NOW + 1).token;
    for ms in 1..=2 * TOKENS_MAX as i64 {
        auth.issue_token(&auth.device("boiler"), NOW + ms);
    }
    assert!(auth.bearer(first.text(), NOW).is_none());
    assert_eq!(auth.tokens(&admin(&auth), NOW).len(), TOKENS_OF_DEVICE_MAX + 1);
    for n in 0..TOKENS_MAX {
        auth.issue_token(&auth.device(&format!("other-{n}")), NOW + 1);
    }
    assert_eq!(auth.tokens(&admin(&auth), NOW).len(), TOKENS_MAX);
    let of = |id: &str| auth.tokens(&admin(&auth), NOW).iter().filter(|token| *token.user == *id).count();
    assert_eq!((of("boiler"), of("pump")), (1, 0), "first of whoever has the most, then the idlest");
    assert!(auth.bearer(idle.text(), NOW).is_none());
    let of_person = auth.issue_token(&admin(&auth), NOW).token;
    assert!(auth.bearer(of_person.text(), NOW).is_some());
}

#[test]
fn who_takes_many_tickets_forgets_the_own_oldest_alone() {
    let (auth, _) = auth(Vec::new());
    auth.put_person("eve", person("[]"));
    let eve = auth.of_person("eve").expect("there");
    let waiting = auth.ticket(&admin(&auth), NOW);
    let first = auth.ticket(&eve, NOW);
    let mut last = String::new();
    for ms in 0..2 * TICKETS_MAX as i64 {
        last = auth.ticket(&eve, NOW + 1 + ms / 1_000);
    }
    assert!(auth.redeem_ticket(&first, NOW + 10).is_none());
    assert!(auth.redeem_ticket(&last, NOW + 10).is_some());
    assert!(auth.redeem_ticket(&waiting, NOW + 10).is_some(), "that is of somebody else");
}

#[test]
fn only_the_token_of_the_run_itself_is_of_the_run() {
    let (auth, _) = auth(Vec::new());
    let by_token = auth.issue_token(&admin(&auth), NOW).token;
    let (_, by_link) = auth.redeem_link(&auth.login_link(NOW), NOW).expect("a link");
    let by_token = auth.bearer(by_token.text(), NOW).expect("a token");
    assert!(admin(&auth).is_of_run() && !by_link.is_of_run() && !by_token.is_of_run());
    assert!(by_link.is_owner() && by_token.is_owner());
}

#[test]
fn rows_of_another_version_open_nothing() {
    let token = Secret::random(SecretKind::Token);
    let row = TokenRow {
        hash: token.hash(),
        subject: "group/night-shift".into(),
        scopes: "admin".into(),
        created: NOW,
        expires: NOW + TOKEN_LIFE_MS,
        used: 0,
    };
    assert!(auth(vec![row]).0.bearer(token.text(), NOW).is_none());
}

fn person(rules: &str) -> Person {
    let rules = serde_json::from_str(rules).expect("rules");
    Person { password: "".into(), groups: vec!["operators".into()], rules, created: NOW, password_set: NOW }
}

#[test]
fn a_right_that_is_withdrawn_is_gone_from_grants_that_were_given_before() {
    let (auth, _) = auth(Vec::new());
    auth.put_person("ada", person(r#"[{"scopes":["view","command"],"devices":["pump-*"]}]"#));
    let (login, grant) = auth.login(auth.of_person("ada").expect("she is there"), NOW);
    let token = auth.issue_token(&grant, NOW).token;
    let bearer = auth.bearer(token.text(), NOW).expect("a token");
    for grant in [&grant, &bearer] {
        assert!(grant.may_device(Scope::Command, "pump-1") && !grant.may_device(Scope::View, "tank"));
    }
    let mut changes = auth.changes();
    auth.put_person("ada", person(r#"[{"scopes":["view"],"devices":["pump-1"]}]"#));
    assert!(changes.has_changed().expect("it is there"));
    changes.mark_unchanged();
    for grant in [&grant, &bearer] {
        assert!(!grant.may_device(Scope::Command, "pump-1") && grant.may_device(Scope::View, "pump-1"));
        assert!(!grant.may_device(Scope::View, "pump-2"));
    }
    auth.put_group(
        "operators",
        Group {
            rules: serde_json::from_str(r#"[{"scopes":["command"],"devices":["tank"]}]"#).expect("rules"),
        },
    );
    assert!(grant.may_device(Scope::Command, "tank"));
    assert!(!bearer.may_device(Scope::Command, "pump-1"));
    assert!(auth.remove_group("operators") && !grant.may_device(Scope::Command, "tank"));
    assert!(auth.stands(&grant, NOW) && auth.stands(&bearer, NOW));
    assert!(auth.remove_person("ada") && changes.has_changed().expect("it is there"));
    assert!(!auth.stands(&grant, NOW) && !auth.stands(&bearer, NOW));
    assert_eq!(grant.scopes(), Scopes::default());
    assert!(auth.cookie(&login, NOW).is_none() && auth.bearer(token.text(), NOW).is_none());
}

#[test]
fn people_and_their_logins_are_there_after_a_restart() {
    let (before, written) = auth(Vec::new());
    before.put_group("operators", Group::default());
    before.put_person("ada", person(r#"[{"scopes":["view"],"devices":["*"]}]"#));
    before.put_person("bob", person("[]"));
    let (login, _) = before.login(before.of_person("ada").expect("she is there"), NOW);
    before.remove_person("bob");
    let mut access: Vec<AccessRow> = Vec::new();
    let mut tokens = Vec::new();
    for write in written.lock().expect("whole").drain(..) {
        match write {
            Write::Access(row) => access.push(row),
            Write::RemoveAccess { kind, name } => access.retain(|row| (row.kind, &row.name) != (kind, &name)),
            Write::Token(row) => tokens.push(row),
            other => panic!("accounts write no {other:?}"),
        }
    }
    let after = Auth::new(tokens, &access, Box::new(|_| {}));
    assert_eq!(after.people(), before.people());
    let grant = after.cookie(&login, NOW).expect("she is logged in");
    assert!(grant.may_all_devices(Scope::View) && !grant.may(Scope::Command));
    after.put_person("ada", person(r#"[{"scopes":["admin"]}]"#));
    assert!(grant.may(Scope::Admin), "a login has whatever its person has");
}

#[test]
fn a_logout_ends_what_is_open_by_that_login_alone() {
    let (auth, _) = auth(Vec::new());
    auth.put_person("ada", person("[]"));
    let ada = || auth.of_person("ada").expect("she is there");
    let ((one, first), (_, second), (_, third)) =
        (auth.login(ada(), NOW), auth.login(ada(), NOW), auth.login(ada(), NOW));
    assert!(auth.revoke(&one));
    assert!(!auth.stands(&first, NOW) && auth.stands(&second, NOW));
    let ticket = auth.ticket(&third, NOW);
    auth.end_logins("ada", Some(&second));
    assert!(auth.stands(&second, NOW) && !auth.stands(&third, NOW));
    assert!(auth.redeem_ticket(&ticket, NOW).is_none(), "a ticket ends with its login");
    assert!(!auth.stands(&second, NOW + LOGIN_LIFE_MS));
}

#[test]
fn a_token_gets_no_scope_that_it_was_not_issued_for_and_a_login_does() {
    let (auth, written) = auth(Vec::new());
    auth.put_person("ada", person(r#"[{"scopes":["view"],"devices":["*"]}]"#));
    let (_, login) = auth.login(auth.of_person("ada").expect("she is there"), NOW);
    let issued = auth.issue_token(&login, NOW);
    let view = Scopes::of(&[Scope::View]);
    assert_eq!(issued.scopes, view);
    let stored = written.lock().expect("whole").iter().rev().find_map(|write| match write {
        Write::Token(row) => Some(row.scopes.clone()),
        _ => None,
    });
    assert_eq!(stored.as_deref(), Some("view"), "nor after a restart");
    auth.put_person("ada", person(r#"[{"scopes":["admin"]}]"#));
    let bearer = auth.bearer(issued.token.text(), NOW).expect("a token");
    assert_eq!((bearer.scopes(), login.scopes()), (view, Scopes::all()));
    auth.put_person("ada", person("[]"));
    assert_eq!(bearer.scopes(), Scopes::default());
}
