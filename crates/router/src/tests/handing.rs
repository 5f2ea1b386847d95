//! Commands for a device behind a gateway (rule U5).

use super::check;

#[test]
fn u5_a_command_is_handed_once_that_is_durable_and_what_is_reported_settles_it() {
    check(
        r#"
        north up t1
        north connected 0
        ada > fan true now c1 5000
        ada < accepted
        store < command c1 queued handed under t1
        commit
        north < hand c1 fan true until 1763846852000
        north reports c1 sent
        store < command c1 sent handed under t1
        north reports c1 done 5
        store < command c1 done handed under t1
        commit
        north < settled c1
        north reports c1 done 5
        north < settled c1
        north reports c9 done
        north < settled c9
        "#,
    );
}

#[test]
fn u5_it_is_handed_again_under_the_same_tag_and_is_unknown_under_another() {
    check(
        r#"
        north up t1
        north connected 0
        ada > fan true now c1 5000
        ada < accepted
        store < command c1 queued handed under t1
        commit
        north < hand c1 fan true until 1763846852000
        north lost
        north up t1
        north < hand c1 fan true until 1763846852000
        north lost
        north up t2
        store < command c1 unknown handed under t1
        commit
        "#,
    );
}

#[test]
fn u5_one_whose_bytes_have_not_left_is_the_hubs_own_again() {
    check(
        r#"
        north up t1
        north connected 0
        ada > fan true queue c1 5000
        ada < accepted
        store < command c1 queued handed under t1
        north lost
        commit
        store < command c1 queued
        commit
        north up t2
        north connected 0
        store < command c1 queued handed under t2
        commit
        north < hand c1 fan true until 1763846852000
        "#,
    );
}

#[test]
fn u5_without_a_report_it_is_unknown_two_heartbeats_after_its_deadline_until_one_comes() {
    check(
        r#"
        north up t1
        north connected 0
        ada > fan true now c1 5000
        ada < accepted
        store < command c1 queued handed under t1
        commit
        north < hand c1 fan true until 1763846852000
        wait 34999
        wait 1
        store < command c1 unknown handed under t1
        commit
        north reports c1 done true
        store < command c1 done handed under t1
        commit
        north < settled c1
        "#,
    );
}

#[test]
fn u5_nobody_can_be_asked_now_while_the_device_is_unreachable_and_what_can_wait_is_handed_when_it_is_back() {
    check(
        r#"
        north up t1
        north connected 0
        north lost
        ada > fan true now c1 5000
        ada < refused: offline
        store < command c1 refused
        ada > fan true queue c2 60000
        ada < queued
        store < command c2 queued
        commit
        north up t1
        north connected 0
        store < command c2 queued handed under t1
        commit
        north < hand c2 fan true until 1763846907000
        "#,
    );
}

#[test]
fn u5_a_command_is_taken_back_by_the_gateway_and_a_newer_latest_takes_its_place() {
    check(
        r#"
        north up t1
        north connected 0
        ada > fan 1 latest c1 5000
        ada < accepted
        store < command c1 queued handed under t1
        commit
        north < hand c1 fan 1 until 1763846852000
        ada > fan 2 latest c2 5000
        ada < accepted
        north < cancel c1
        store < command c2 queued handed under t1
        commit
        north < hand c2 fan 2 until 1763846852000
        north reports c1 cancelled
        store < command c1 cancelled handed under t1
        ada cancels c2
        north < cancel c2
        commit
        north < settled c1
        north lost
        north up t1
        north < hand c2 fan 2 until 1763846852000
        north < cancel c2
        "#,
    );
}

#[test]
fn u5_it_is_not_handed_for_somebody_who_may_no_longer() {
    check(
        r#"
        north up t1
        north connected 0
        ada > fan 1 now c1 5000
        ada < accepted
        store < command c1 queued handed under t1
        revoke ada
        commit
        store < command c1 refused handed under t1
        commit
        "#,
    );
}

#[test]
fn u5_it_goes_nowhere_else_though_the_device_does() {
    check(
        r#"
        north up t1
        north connected 0
        ada > fan 1 queue c1 5000
        ada < accepted
        store < command c1 queued handed under t1
        commit
        north < hand c1 fan 1 until 1763846852000
        wait 10
        a > {"identify":"pump-1","nonce":1,"boot":true}
        north < part pump-1 replaced
        store < session k7-1
        commit
        a < welcome k7-1 ack 0
        north reports c1 expired
        store < command c1 expired handed under t1
        commit
        north < settled c1
        "#,
    );
}

#[test]
fn u5_a_start_hands_it_again_under_the_same_tag() {
    check(
        r#"
        north up t1
        north connected 0
        ada > fan 1 queue c1 5000
        ada < accepted
        store < command c1 queued handed under t1
        commit
        north < hand c1 fan 1 until 1763846852000
        restart
        north up t1
        north < hand c1 fan 1 until 1763846852000
        north removed
        store < command c1 unknown handed under t1
        "#,
    );
}
