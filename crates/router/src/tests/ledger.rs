//! The books: each message that comes is counted where it ends up. The player checks after every line that they balance.

use super::check;

#[test]
fn a_message_is_in_flight_until_it_is_committed() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        a > {"t":2}
        store < message 2
        ledger
        ledger < {"received":2,"committed":0,"in_flight":2,"duplicate":0,"skipped":0,"late":0,"gaps":[]}
        commit
        a < ack 1 of 1
        a < committed 1
        a > {"seq":1,"channel":"t","value":1}
        ledger
        ledger < {"received":2,"committed":2,"in_flight":0,"duplicate":1,"skipped":0,"late":0,"gaps":[]}
        "#,
    );
}

#[test]
fn gaps_are_counted_by_their_reason_and_survive_a_restart_with_everything_but_duplicates() {
    check(
        r#"
        a begins k7-1
        a > {"skip":3,"reason":"overflow"}
        store < gap 1 at k7-1 3: 1 to 3 overflow
        commit
        a < ack 3 of 1
        a > {"seq":4,"channel":"t","value":1,"ts":1763846840000}
        store < message 2 at k7-1 4
        a > {"seq":5,"channel":"t","value":1,"ts":1763846830000}
        store < message 3 at k7-1 5
        commit
        a < ack 4 of 1
        a < ack 5 of 1
        a > {"seq":5,"channel":"t","value":1,"ts":1763846830000}
        cut a
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":8}
        store < gap 4 at k7-1 7: 6 to 7 lost
        commit
        b < welcome k7-1 ack 7
        ledger
        ledger < {"received":2,"committed":2,"in_flight":0,"duplicate":1,"skipped":5,"late":1,"gaps":[{"reason":"lost","gaps":1,"messages":2},{"reason":"overflow","gaps":1,"messages":3}]}
        restart
        ledger
        ledger < {"received":2,"committed":2,"in_flight":0,"duplicate":0,"skipped":5,"late":1,"gaps":[{"reason":"lost","gaps":1,"messages":2},{"reason":"overflow","gaps":1,"messages":3}]}
        "#,
    );
}

#[test]
fn what_the_store_refused_was_never_received() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        refuse
        a < bye failed
        ledger
        ledger < {"received":0,"committed":0,"in_flight":0,"duplicate":0,"skipped":0,"late":0,"gaps":[]}
        "#,
    );
}

#[test]
fn the_outbox_is_what_the_device_said_last_less_what_was_acked_since() {
    check(
        r#"
        a > {"identify":"pump-1","nonce":1,"boot":true,"outbox":500}
        store < session k7-1
        commit
        a < welcome k7-1 ack 0
        a > {"seq":1,"channel":"t","value":1,"outbox":501}
        store < message 1 at k7-1 1
        commit
        a < ack 1 of 1
        ledger
        ledger < {"received":1,"committed":1,"in_flight":0,"duplicate":0,"skipped":0,"late":0,"gaps":[],"outbox":500}
        a > {"seq":2,"channel":"t","value":1}
        store < message 2 at k7-1 2
        ledger
        ledger < {"received":2,"committed":1,"in_flight":1,"duplicate":0,"skipped":0,"late":0,"gaps":[],"outbox":64}
        "#,
    );
}
