//! The moment at which a command leaves, and what may have become of it by then.

use super::check;

#[test]
fn c8_a_command_whose_commit_took_longer_than_it_was_wanted_never_leaves() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        wait 5000
        store < command c1 expired
        commit
        ada > fan 1 now c1 5000
        ada < expired: not sent in time
        "#,
    );
}

#[test]
fn c8_a_command_is_expired_also_where_nothing_woke_the_device_at_its_deadline() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        asleep 5000
        commit
        store < command c1 expired
        "#,
    );
}

#[test]
fn a_command_whose_commit_took_long_is_sent_with_what_is_left_of_its_time() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        wait 3000
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":2000}
        "#,
    );
}

#[test]
fn a_command_can_be_taken_back_until_its_bytes_leave() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        ada > fan 2 now c2 5000
        ada < accepted
        store < command c2 accepted
        ada cancels c1
        store < command c1 cancelled
        store < next command 3
        store < command c2 sent
        commit
        a < {"command":2,"channel":"fan","value":2,"ttl":5000}
        ada cancels c2
        ada > fan 2 now c2 5000
        ada < sent
        "#,
    );
}

#[test]
fn a_command_whose_device_went_away_before_it_left_waits_for_it_and_gets_another_number() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        cut a
        commit
        store < command c1 queued
        b > {"identify":"pump-1","nonce":2,"boot":true}
        store < session k7-2
        commit
        b < welcome k7-2 ack 0
        store < next command 3
        store < command c1 sent
        wait 1000
        commit
        b < {"command":2,"channel":"fan","value":1,"ttl":4000}
        "#,
    );
}

#[test]
fn a_command_that_never_left_is_nothing_that_another_run_of_the_program_makes_unknown() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        cut a
        b > {"identify":"pump-1","nonce":2,"boot":true}
        store < session k7-2
        commit
        store < command c1 queued
        b < welcome k7-2 ack 0
        store < next command 3
        store < command c1 sent
        "#,
    );
}

#[test]
fn c9_a_command_is_looked_at_again_when_a_device_of_another_kind_came_back_before_it_left() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        b > {"identify":"pump-1"}
        a < bye replaced
        b < welcome
        commit
        store < command c1 refused
        "#,
    );
}

#[test]
fn permission_is_checked_again_at_the_moment_a_queued_command_would_leave() {
    check(
        r#"
        ada > fan 1 queue c1 60000
        ada < queued
        store < command c1 queued
        eve > fan 2 queue c2 60000
        eve < queued
        store < command c2 queued
        revoke ada
        a > {"identify":"pump-1","nonce":1,"boot":true}
        store < session k7-1
        commit
        a < welcome k7-1 ack 0
        store < next command 2
        store < command c1 sent
        commit
        store < command c1 refused
        store < next command 3
        store < command c2 sent
        commit
        a < {"command":2,"channel":"fan","value":2,"ttl":60000}
        ada > fan 1 queue c1 60000
        ada < refused: denied
        "#,
    );
}

#[test]
fn c4_a_command_that_the_same_run_did_not_begin_is_sent_again_before_its_deadline_and_not_after() {
    let lost = r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        cut a
        "#;
    check(&format!(
        r#"{lost}
        wait 4000
        b > {{"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1}}
        b < welcome k7-1 ack 0
        b < {{"command":1,"channel":"fan","value":1,"ttl":1000}}
        "#
    ));
    check(&format!(
        r#"{lost}
        wait 5000
        b > {{"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1}}
        b < welcome k7-1 ack 0
        store < command c1 unknown
        "#
    ));
}

#[test]
fn c4_the_result_of_a_command_that_was_begun_is_asked_for_also_after_its_deadline() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        cut a
        wait 6000
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1,"handled":1}
        b < welcome k7-1 ack 0
        b < {"command":1,"channel":"fan","value":1,"ttl":1}
        b > {"result":1,"ok":true}
        store < command c1 done
        "#,
    );
}

#[test]
fn c4_a_command_behind_which_another_was_begun_is_unknown() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1,"handled":7}
        a < bye replaced
        b < welcome k7-1 ack 0
        store < command c1 unknown
        ada > fan 1 now c2 5000
        ada < accepted
        store < next command 9
        store < command c2 sent
        "#,
    );
}

#[test]
fn c5_an_identify_without_a_session_of_ours_on_a_new_connection_is_another_run() {
    for session in ["", r#","session":"zz-1","oldest":1"#] {
        check(&format!(
            r#"
            a begins k7-1
            ada > fan 1 now c1 5000
            ada < accepted
            store < next command 2
            store < command c1 sent
            commit
            a < {{"command":1,"channel":"fan","value":1,"ttl":5000}}
            b > {{"identify":"pump-1","nonce":2{session}}}
            a < bye replaced
            store < command c1 unknown
            store < session k7-2
            commit
            b < welcome k7-2 ack 0
            b > {{"result":1,"ok":true}}
            "#
        ));
    }
}

#[test]
fn c5_on_a_connection_that_was_welcome_before_it_is_the_same_run() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        a > {"identify":"pump-1","nonce":2,"handled":1}
        store < session k7-2
        commit
        a < welcome k7-2 ack 0
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        "#,
    );
}

#[test]
fn c5_what_was_sent_before_a_restart_is_unknown_after_a_boot_and_asked_for_in_the_same_run() {
    let restarted = r#"
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
        restart
        "#;
    check(&format!(
        r#"{restarted}
        b > {{"identify":"pump-1","nonce":2,"session":"k7-1","oldest":2,"handled":1}}
        b < welcome k7-1 ack 1
        b < {{"command":1,"channel":"fan","value":1,"ttl":5000}}
        "#
    ));
    check(&format!(
        r#"{restarted}
        b > {{"identify":"pump-1","nonce":1,"session":"k7-1","oldest":2,"boot":true}}
        store < command c1 unknown
        commit
        b < welcome k7-1 ack 1
        "#
    ));
}

/// A run that was welcomed says no more that it is another one, so that what is unknown must be durable by then: a start
/// would find the command sent, take this run for the one that has it, and send it a second time.
#[test]
fn c5_another_run_is_welcomed_once_it_is_durable_that_what_was_sent_is_unknown() {
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
        restart
        c > {"identify":"pump-1","nonce":3,"session":"k7-1","oldest":2,"boot":true}
        store < command c1 unknown
        commit
        c < welcome k7-1 ack 1
        restart
        d > {"identify":"pump-1","nonce":4,"session":"k7-1","oldest":2}
        d < welcome k7-1 ack 1
        "#,
    );
}

#[test]
fn c7_a_refused_command_stays_refused_under_its_id() {
    check(
        r#"
        ada > fan 1 now c1 5000
        ada < refused: offline
        store < command c1 refused
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < refused: offline
        eve > fan 1 now c1 5000
        eve < accepted
        store < next command 2
        store < command c1 sent
        "#,
    );
}
