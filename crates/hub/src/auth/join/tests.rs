//! Join tokens: how many devices they make, until when, and what a restart leaves of them.

use std::sync::{Arc, Mutex};

use super::*;

const NOW: i64 = 1_763_846_847_123;

type Written = Arc<Mutex<Vec<Write>>>;

fn auth(rows: &[AccessRow]) -> (Auth, Written) {
    let written = Written::default();
    let into = written.clone();
    let write = Box::new(move |write| into.lock().expect("whole").push(write));
    (Auth::new(Vec::new(), rows, write), written)
}

/// What a store would have loaded after these writes.
fn rows(written: &Written) -> Vec<AccessRow> {
    let mut rows: Vec<AccessRow> = Vec::new();
    for write in written.lock().expect("whole").iter() {
        match write {
            Write::Access(row) => {
                rows.retain(|known| known.name != row.name);
                rows.push(row.clone());
            }
            Write::RemoveAccess { name, .. } => rows.retain(|row| row.name != *name),
            other => panic!("join tokens write no {other:?}"),
        }
    }
    rows
}

fn terms(devices: usize) -> JoinTerms {
    JoinTerms { label: "barn".into(), devices, life_ms: JOIN_LIFE_MS_MIN }
}

#[test]
fn a_join_token_makes_as_many_devices_as_it_says_also_over_a_restart() {
    let (first, written) = auth(&[]);
    let (token, shown) = first.make_join(&terms(2), "ada", NOW).expect("room");
    assert_eq!((shown.used, shown.devices, shown.expires), (0, 2, NOW + JOIN_LIFE_MS_MIN));
    assert!(first.reserve_join(&token.hash(), "pump-1", NOW).is_ok_and(|reserved| reserved.is_kept()));
    let (second, again) = auth(&rows(&written));
    assert_eq!(second.join_tokens()[0].used, 1);
    assert!(second.rejoins(&token.hash(), "pump-1", NOW) && !second.rejoins(&token.hash(), "pump-2", NOW));
    let reserved = second.reserve_join(&token.hash(), "pump-2", NOW).expect("one more");
    assert_eq!(second.reserve_join(&token.hash(), "pump-3", NOW).map(drop), Err(NotJoined::Auth));
    second.release_join(reserved);
    assert!(!second.rejoins(&token.hash(), "pump-2", NOW));
    assert_eq!(second.join_tokens()[0].used, 1, "it was not made after all");
    assert_eq!(auth(&rows(&again)).0.join_tokens(), second.join_tokens());
    let text = format!("{:?}{:?}", rows(&written), second.join_tokens());
    assert!(!text.contains(token.text()), "only the hash is kept");
}

#[test]
fn who_join_at_the_same_moment_are_no_more_than_it_says() {
    let (auth, _) = auth(&[]);
    let (token, _) = auth.make_join(&terms(10), "ada", NOW).expect("room");
    let made = std::thread::scope(|scope| {
        let joining = |thread: usize| {
            let (auth, hash) = (&auth, token.hash());
            move || {
                let joins = |n: &usize| auth.reserve_join(&hash, &format!("d-{thread}-{n}"), NOW).is_ok();
                (0..20).filter(joins).count()
            }
        };
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(joining(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum::<usize>()
    });
    assert_eq!((made, auth.join_tokens()[0].used), (10, 10));
}

#[test]
fn a_join_token_that_ran_out_or_was_revoked_opens_nothing() {
    let (auth, written) = auth(&[]);
    let (late, _) = auth.make_join(&terms(2), "ada", NOW).expect("room");
    let (gone, shown) = auth.make_join(&terms(2), "ada", NOW).expect("room");
    for token in [&late, &gone] {
        auth.reserve_join(&token.hash(), "pump-1", NOW).expect("good");
    }
    assert!(auth.revoke_join(&shown.id) && !auth.revoke_join(&shown.id));
    for (token, now) in [(late, NOW + JOIN_LIFE_MS_MIN), (gone, NOW)] {
        assert!(!auth.rejoins(&token.hash(), "pump-1", now));
        assert_eq!(auth.reserve_join(&token.hash(), "pump-2", now).map(drop), Err(NotJoined::Auth));
    }
    assert_eq!(rows(&written).len(), 1);
}

#[test]
fn a_device_that_was_removed_is_forgotten_by_its_join_token() {
    let (auth, written) = auth(&[]);
    let (token, _) = auth.make_join(&terms(1), "ada", NOW).expect("room");
    auth.reserve_join(&token.hash(), "pump-1", NOW).expect("good");
    auth.forget_joined("pump-1");
    assert!(!auth.rejoins(&token.hash(), "pump-1", NOW));
    assert_eq!(
        auth.reserve_join(&token.hash(), "pump-1", NOW).map(drop),
        Err(NotJoined::Auth),
        "it is spent"
    );
    assert_eq!(written.lock().expect("whole").len(), 3);
}

#[test]
fn a_closed_hub_takes_no_join_token() {
    let (auth, _) = auth(&[]);
    let (token, _) = auth.make_join(&terms(1), "ada", NOW).expect("room");
    auth.set_enrolment(Enrolment::Closed);
    for token in [token.text(), auth.join_token()] {
        let hash = super::super::hash(token);
        assert!(!auth.rejoins(&hash, "pump-1", NOW));
        assert_eq!(auth.reserve_join(&hash, "pump-1", NOW).map(drop), Err(NotJoined::Auth));
    }
}

#[test]
fn at_the_limit_a_spent_join_token_makes_room_and_no_other_does() {
    let (auth, _) = auth(&[]);
    let tokens: Vec<_> =
        (0..JOIN_TOKENS_MAX).map(|_| auth.make_join(&terms(1), "ada", NOW).expect("room").0).collect();
    assert!(auth.make_join(&terms(1), "ada", NOW).is_err());
    auth.reserve_join(&tokens[7].hash(), "pump-1", NOW).expect("good");
    assert!(auth.make_join(&terms(1), "ada", NOW).is_ok());
    assert_eq!(auth.join_tokens().len(), JOIN_TOKENS_MAX);
    assert!(!auth.rejoins(&tokens[7].hash(), "pump-1", NOW));
}

#[test]
fn what_a_join_token_may_not_permit_is_said() {
    let wrong = [
        JoinTerms { devices: 0, ..terms(1) },
        JoinTerms { devices: JOIN_DEVICES_MAX + 1, ..terms(1) },
        JoinTerms { life_ms: 0, ..terms(1) },
        JoinTerms { life_ms: JOIN_LIFE_MS_MAX + 1, ..terms(1) },
        JoinTerms { label: "a\nb".into(), ..terms(1) },
        JoinTerms { label: "x".repeat(JOIN_LABEL_BYTES_MAX + 1), ..terms(1) },
    ];
    assert!(wrong.iter().all(|terms| terms.problem().is_some()));
    assert_eq!(terms(JOIN_DEVICES_MAX).problem(), None);
}
