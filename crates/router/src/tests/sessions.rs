//! Identify, takeover and resume: rules H1, H2, H3 and H10.

use super::check;

#[test]
fn h2_a_new_session_is_durable_before_it_is_handed_out() {
    check(
        r#"
        a > {"identify":"pump-1","nonce":1,"boot":true}
        store < session k7-1
        commit
        a < welcome k7-1 ack 0
        "#,
    );
}

#[test]
fn h1_a_plain_device_is_welcomed_at_once_and_without_session() {
    check(
        r#"
        a > {"identify":"pump-1"}
        a < welcome
        a > {"temperature":20.5}
        store < message 1
        commit
        a < committed 1
        "#,
    );
}

#[test]
fn h1_a_takeover_waits_until_what_the_old_connection_brought_is_settled() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1}
        a < bye replaced
        commit
        b < welcome k7-1 ack 1
        "#,
    );
}

#[test]
fn h1_nothing_more_is_heard_of_a_fenced_connection() {
    check(
        r#"
        a begins plain
        b > {"identify":"pump-1"}
        a < bye replaced
        b < welcome
        a > {"t":1}
        b > {"t":2}
        store < message 1
        "#,
    );
}

#[test]
fn h1_an_identify_repeated_on_its_connection_is_no_takeover() {
    check(
        r#"
        a begins k7-1
        a > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1}
        a < welcome k7-1 ack 0
        "#,
    );
}

#[test]
fn h2_a_session_that_is_still_empty_can_be_resumed_and_closes_nothing() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        commit
        a < ack 1 of 1
        b > {"identify":"pump-1","nonce":2}
        a < bye replaced
        store < session k7-2
        commit
        b < welcome k7-2 ack 0
        c > {"identify":"pump-1","nonce":3,"session":"k7-1","oldest":1}
        b < bye replaced
        c < welcome k7-1 ack 1
        d > {"identify":"pump-1","nonce":4,"session":"k7-2","oldest":1}
        c < bye replaced
        d < welcome k7-2 ack 0
        "#,
    );
}

#[test]
fn h2_an_older_session_is_closed_and_a_foreign_one_is_replaced() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        commit
        a < ack 1 of 1
        a > {"identify":"pump-1","nonce":2}
        store < session k7-2
        commit
        a < welcome k7-2 ack 0
        a > {"seq":1,"channel":"t","value":2}
        store < message 2 at k7-2 1
        commit
        a < ack 1 of 1
        a > {"identify":"pump-1","nonce":3,"session":"k7-1","oldest":2}
        a < refused closed
        b > {"identify":"pump-1","nonce":4,"session":"zz-9","oldest":7}
        store < session k7-3
        commit
        b < welcome k7-3 ack 0
        "#,
    );
}

#[test]
fn h2_a_session_of_an_earlier_start_goes_on_and_new_ones_bear_the_new_tag() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        commit
        a < ack 1 of 1
        restart
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":2}
        b < welcome k7-1 ack 1
        c > {"identify":"pump-1","nonce":3}
        b < bye replaced
        store < session m2-2
        commit
        c < welcome m2-2 ack 0
        "#,
    );
}

#[test]
fn h3_what_a_device_no_longer_holds_is_a_gap_that_is_committed_before_the_welcome() {
    check(
        r#"
        a begins k7-1
        cut a
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":6}
        store < gap 1 at k7-1 5: 1 to 5 lost
        commit
        b < welcome k7-1 ack 5
        panel
        panel < {"snapshot":"pump-1","cursor":1,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{},"describe":{},"counts":{"received":0,"gaps":1},"commands":[]}
        "#,
    );
}

#[test]
fn h3_what_a_restored_store_has_forgotten_is_a_gap_of_the_session_it_forgot() {
    check(
        r#"
        b > {"identify":"pump-1","nonce":2,"session":"k7-5","oldest":6}
        store < gap 1: 1 to 5 lost
        store < session k7-6
        commit
        b < welcome k7-6 ack 0
        "#,
    );
}

#[test]
fn h10_the_end_of_an_older_connection_does_not_make_the_device_offline() {
    check(
        r#"
        a begins plain
        b > {"identify":"pump-1"}
        a < bye replaced
        b < welcome
        panel
        panel < {"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{},"describe":{},"counts":{"received":0,"gaps":0},"commands":[]}
        cut a
        panel
        wait 10
        cut b
        panel
        panel < {"device":"pump-1","presence":"offline","since":1763846847010,"name":"pump-1"}
        "#,
    );
}

#[test]
fn what_the_store_refused_is_never_acked_and_the_device_begins_again_where_the_store_stands() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        a > {"seq":2,"channel":"t","value":2}
        store < message 2 at k7-1 2
        refuse
        a < bye failed
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1}
        b < welcome k7-1 ack 0
        b > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        commit
        b < ack 1 of 1
        "#,
    );
}

#[test]
fn h10_a_takeover_that_is_told_its_session_is_closed_leaves_the_device_offline() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        commit
        a < ack 1 of 1
        a > {"identify":"pump-1","nonce":2}
        store < session k7-2
        commit
        a < welcome k7-2 ack 0
        a > {"seq":1,"channel":"t","value":2}
        store < message 2 at k7-2 1
        commit
        a < ack 1 of 1
        panel
        panel < {"snapshot":"pump-1","cursor":2,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{"t":{"value":2,"ts":1763846847000}},"describe":{},"counts":{"received":2,"gaps":0},"commands":[]}
        wait 5
        b > {"identify":"pump-1","nonce":3,"session":"k7-1","oldest":2}
        a < bye replaced
        b < refused closed
        panel
        panel < {"device":"pump-1","presence":"offline","since":1763846847005,"name":"pump-1"}
        "#,
    );
}

#[test]
fn h1_a_takeover_is_no_change_of_presence() {
    check(
        r#"
        a begins plain
        panel
        panel < {"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{},"describe":{},"counts":{"received":0,"gaps":0},"commands":[]}
        wait 5
        b > {"identify":"pump-1"}
        a < bye replaced
        b < welcome
        panel
        "#,
    );
}

#[test]
fn a_caller_that_went_away_while_it_waited_is_not_shown_as_online() {
    check(
        r#"
        panel
        panel < {"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"offline","since":1763846847000,"name":"pump-1","channels":{},"describe":{},"counts":{"received":0,"gaps":0},"commands":[]}
        a > {"identify":"pump-1","nonce":1,"boot":true}
        store < session k7-1
        cut a
        commit
        panel
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1}
        b < welcome k7-1 ack 0
        "#,
    );
}
