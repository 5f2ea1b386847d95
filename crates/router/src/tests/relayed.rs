//! A device behind a gateway: what an uplink brings, who has it, and what becomes of it without one (rules U1 and U6).

use super::check;

const SNAPSHOT: &str = r#"panel < {"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"offline","since":1763846847000,"name":"pump-1","channels":{},"describe":{},"counts":{"received":0,"gaps":0},"commands":[]}"#;

#[test]
fn u1_an_entry_is_written_with_its_place_in_the_spool_and_moves_only_the_lane_of_its_gateway() {
    check(
        r#"
        north up t1
        north entry g7-1 5 {"t":1}
        store < relayed 1 to g7-1 5: message 1 at g7-1 5
        north entry - 0 {"t":2}
        store < relayed 2: message 2
        commit
        a > {"identify":"pump-1","nonce":1,"boot":true}
        store < session k7-1
        commit
        a < welcome k7-1 ack 0
        ledger
        ledger < {"received":2,"committed":2,"in_flight":0,"duplicate":0,"skipped":0,"late":0,"gaps":[]}
        "#,
    );
}

#[test]
fn u1_what_was_said_before_is_dropped_and_the_spool_goes_on() {
    check(
        r#"
        north up t1
        north entry g7-1 1 {"t":1}
        store < relayed 1 to g7-1 1: message 1 at g7-1 1
        north entry g7-1 1 {"t":1}
        store < relayed 2: nothing
        commit
        north entry g7-1 1 {"t":1}
        store < relayed 3: nothing
        north entry g7-1 9 {"t":2}
        store < relayed 4 to g7-1 9: message 2 at g7-1 9
        commit
        ledger
        ledger < {"received":2,"committed":2,"in_flight":0,"duplicate":2,"skipped":0,"late":0,"gaps":[]}
        "#,
    );
}

#[test]
fn u1_what_was_refused_is_taken_again_when_it_is_brought_again() {
    check(
        r#"
        north up t1
        north entry g7-1 1 {"t":1}
        store < relayed 1 to g7-1 1: message 1 at g7-1 1
        north entry g7-1 2 {"t":2}
        store < relayed 2 to g7-1 2: message 2 at g7-1 2
        refuse 1
        north entry g7-1 3 {"t":3}
        north < unfit
        refuse
        north up t1
        north entry g7-1 1 {"t":1}
        store < relayed 1 to g7-1 1: message 1 at g7-1 1
        commit
        "#,
    );
}

#[test]
fn u1_a_backlog_is_late_where_it_is_older_than_the_latest_and_has_the_time_at_which_the_gateway_got_it() {
    check(
        r#"
        a begins plain
        a > {"t":1}
        store < message 1
        commit
        a < committed 1
        panel
        panel < {"snapshot":"pump-1","cursor":1,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{"t":{"value":1,"ts":1763846847000}},"describe":{},"counts":{"received":1,"gaps":0},"commands":[]}
        north up t1
        north entry@1763846840000 g7-1 1 {"t":0}
        store < relayed 1 to g7-1 1: message 2 at g7-1 1
        north entry@12 g7-1 2 {"t":2}
        store < relayed 2 to g7-1 2: message 3 at g7-1 2
        commit
        panel
        panel < {"device":"pump-1","cursor":2,"channel":"t","value":0,"ts":1763846840000,"late":true}
        panel < {"device":"pump-1","cursor":3,"channel":"t","value":2,"ts":1763846847000}
        "#,
    );
}

#[test]
fn u1_a_loss_is_recorded_but_for_what_the_hub_has() {
    check(
        r#"
        north up t1
        north entry g7-1 3 {"t":1}
        store < relayed 1 to g7-1 3: message 1 at g7-1 3
        north gap g7-1 1 2 overflow
        store < relayed 2: nothing
        north lists g7-1 2 8 quota
        store < relayed 2 to g7-1 8: gap 2 at g7-1 8: 4 to 8 quota
        north lists - 1 7 quota
        store < relayed 2: gap 3: 1 to 7 quota
        commit
        "#,
    );
}

#[test]
fn h1_a_welcome_does_not_wait_for_what_an_uplink_still_brings() {
    check(
        r#"
        north up t1
        north entry g7-1 1 {"t":1}
        store < relayed 1 to g7-1 1: message 1 at g7-1 1
        a > {"identify":"pump-1"}
        a < welcome
        "#,
    );
}

#[test]
fn u6_a_lost_uplink_makes_its_devices_unreachable_and_back_again_nothing_has_happened() {
    check(&format!(
        r#"
        panel
        {SNAPSHOT}
        wait 10000
        north up t1
        north connected 4000
        panel
        panel < {{"device":"pump-1","presence":"online","since":1763846853000,"name":"pump-1","gateway":"north"}}
        wait 5
        north lost
        panel
        panel < {{"device":"pump-1","presence":"unreachable","since":1763846857005,"name":"pump-1","gateway":"north"}}
        wait 5000
        north up t1
        panel
        north connected 9010
        north restored
        panel
        panel < {{"device":"pump-1","presence":"online","since":1763846853000,"name":"pump-1","gateway":"north"}}
        "#
    ));
}

#[test]
fn u6_who_is_not_told_of_any_more_was_gone_and_who_was_offline_stays_so() {
    check(&format!(
        r#"
        panel
        {SNAPSHOT}
        wait 10000
        north up t1
        north connected 0
        north lost
        north up t1
        north restored
        wait 10
        north lost
        north up t1
        panel
        panel < {{"device":"pump-1","presence":"online","since":1763846857000,"name":"pump-1","gateway":"north"}}
        panel < {{"device":"pump-1","presence":"unreachable","since":1763846857000,"name":"pump-1","gateway":"north"}}
        panel < {{"device":"pump-1","presence":"offline","since":1763846857000,"name":"pump-1","gateway":"north"}}
        north connected 0
        north gone 7
        panel
        panel < {{"device":"pump-1","presence":"online","since":1763846857010,"name":"pump-1","gateway":"north"}}
        panel < {{"device":"pump-1","presence":"offline","since":1763846857003,"name":"pump-1","gateway":"north"}}
        "#
    ));
}

#[test]
fn u6_the_newest_identify_has_the_device_wherever_it_was() {
    check(
        r#"
        wait 10000
        a begins plain
        wait 100
        north up t1
        north connected 5000
        north < part pump-1 replaced
        north connected 50
        a < bye replaced
        b > {"identify":"pump-1"}
        north < part pump-1 replaced
        b < welcome
        cut b
        north lost
        wait 10
        north up t1
        north connected 60
        north < part pump-1 replaced
        south up s1
        south connected 0
        wait 10
        north connected 5
        south < part pump-1 replaced
        south connected 100
        south < part pump-1 replaced
        "#,
    );
}

#[test]
fn h10_what_an_older_uplink_says_of_its_devices_changes_nothing() {
    check(&format!(
        r#"
        panel
        {SNAPSHOT}
        wait 10
        south up s1
        north up t1
        north connected 0
        south gone 0
        south away
        south lost
        panel
        panel < {{"device":"pump-1","presence":"online","since":1763846847010,"name":"pump-1","gateway":"north"}}
        "#
    ));
}

#[test]
fn a_description_of_the_gateway_counts_until_the_device_identifies_elsewhere() {
    check(
        r#"
        north up t1
        north describes {"t":{"unit":"C"}}
        store < relayed 1: describe {"t":{"unit":"C"}}
        north describes {"t":{"unit":"C"}}
        store < relayed 2: nothing
        commit
        wait 1
        a begins plain
        north describes {"t":{"unit":"F"}}
        store < relayed 3: nothing
        commit
        "#,
    );
}

#[test]
fn after_a_start_the_lanes_of_gateways_go_on_where_they_were() {
    check(
        r#"
        north up t1
        north entry g7-1 5 {"t":1}
        store < relayed 1 to g7-1 5: message 1 at g7-1 5
        commit
        restart
        north entry g7-1 5 {"t":1}
        store < relayed 2: nothing
        north entry g7-1 6 {"t":1}
        store < relayed 3 to g7-1 6: message 2 at g7-1 6
        commit
        "#,
    );
}
