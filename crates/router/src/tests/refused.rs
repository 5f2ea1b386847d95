//! What the store refuses: it counts as never taken, and nothing else goes with it.

use super::check;
use crate::{Device, Done, Effect, Issuer, TakeRefused};
use protocol::message::{Sample, Samples};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::sync::Arc;
use store::Write;

#[test]
fn what_is_refused_does_not_take_with_it_what_is_on_its_way_before_it() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        a > {"seq":2,"channel":"t","value":2}
        store < message 2 at k7-1 2
        a > {"seq":3,"channel":"t","value":3}
        store < message 3 at k7-1 3
        refuse 2
        a < bye failed
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1}
        refuse 3
        commit
        b < welcome k7-1 ack 1
        b > {"seq":2,"channel":"t","value":2}
        store < message 2 at k7-1 2
        commit
        b < ack 2 of 1
        "#,
    );
}

#[test]
fn whoever_waits_for_the_store_is_welcomed_when_it_refuses_the_last_it_had() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1}
        a < bye replaced
        refuse
        b < welcome k7-1 ack 0
        "#,
    );
}

#[test]
fn c5_a_run_that_waits_until_it_is_durable_what_became_of_a_command_is_welcomed_if_it_never_is() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        commit
        a < ack 1 of 1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":2,"boot":true}
        a < bye replaced
        store < command c1 unknown
        refuse
        b < welcome k7-1 ack 1
        "#,
    );
}

const NOW: Time = Time { wall: 1_763_846_847_000, mono: 1_000 };

fn take(device: &mut Device) -> Result<u64, TakeRefused> {
    let value = RawValue::from_string("1".into()).expect("JSON");
    let samples = vec![Sample { channel: "t".into(), value }];
    let mut effects = Vec::new();
    let cursor =
        device.take_loose(NOW, Samples { seq: None, ts: None, samples, outbox: None }, &mut effects)?;
    let writes = effects.iter().filter(|effect| matches!(effect, Effect::Record(Write::Message(_))));
    assert_eq!(writes.count(), 1);
    Ok(cursor)
}

#[test]
fn a_refused_cursor_is_given_again_once_all_behind_it_are_refused_too() {
    let issuer = Issuer { tag: "k7".into(), earlier: Arc::new([]) };
    let mut device = Device::new(super::player::identity(), 0);
    let mut effects = Vec::new();
    assert_eq!([1, 2, 3].map(|_| take(&mut device)), [Ok(1), Ok(2), Ok(3)]);
    device.refused(NOW, &issuer, &Done::Entries(2), &mut effects);
    assert_eq!(take(&mut device), Err(TakeRefused::Busy), "what the store says of 3 is about the old one");
    device.refused(NOW, &issuer, &Done::Entries(3), &mut effects);
    assert_eq!(take(&mut device), Ok(2));
    device.done(NOW, &issuer, &Done::Entries(1), &mut effects);
    assert_eq!((device.committed(), device.books_balance()), (1, Ok(())));
    device.done(NOW, &issuer, &Done::Entries(2), &mut effects);
    assert_eq!((device.committed(), device.books_balance()), (2, Ok(())));
}

#[test]
fn what_is_still_on_its_way_decides_what_is_late_when_something_behind_it_was_refused() {
    check(
        r#"
        a begins plain
        a > {"channel":"t","value":1,"ts":1763846840000}
        store < message 1
        a > {"channel":"t","value":2,"ts":1763846846000}
        store < message 2
        refuse 2
        a < bye failed
        commit
        b > {"identify":"pump-1"}
        b < welcome
        b > {"channel":"t","value":3,"ts":1763846841000}
        store < message 2
        commit
        b < committed 1
        ledger
        ledger < {"received":2,"committed":2,"in_flight":0,"duplicate":0,"skipped":0,"late":0,"gaps":[]}
        "#,
    );
}
