//! The way of a command.

use super::check;

#[test]
fn a_command_is_durably_sent_before_its_bytes_leave_and_ends_with_the_answer() {
    check(
        r#"
        a begins k7-1
        ada > fan true now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":true,"ttl":5000}
        a > {"result":1,"ok":true,"value":1}
        store < command c1 done
        "#,
    );
}

#[test]
fn a_command_for_now_is_refused_while_the_device_is_offline() {
    check(
        r#"
        ada > fan true now c1 5000
        ada < refused: offline
        store < command c1 refused
        "#,
    );
}

#[test]
fn one_command_at_a_time_is_under_way_and_the_next_one_follows_the_answer() {
    check(
        r#"
        a begins k7-1
        ada > fan true now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":true,"ttl":5000}
        ada > fan false now c2 5000
        ada < accepted
        store < command c2 accepted
        wait 1000
        a > {"result":1,"ok":false,"reason":"stuck"}
        store < command c1 failed
        store < next command 3
        store < command c2 sent
        commit
        a < {"command":2,"channel":"fan","value":false,"ttl":4000}
        wait 4000
        wait 30000
        store < command c2 unknown
        "#,
    );
}

#[test]
fn what_could_not_be_sent_in_time_expires_and_never_runs() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 60000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":60000}
        ada > fan 2 now c2 1000
        ada < accepted
        store < command c2 accepted
        wait 1000
        store < command c2 expired
        a > {"result":1,"ok":true}
        store < command c1 done
        "#,
    );
}

#[test]
fn the_same_id_is_the_same_command_and_with_other_content_it_is_refused() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        ada > fan 1 now c1 5000
        ada < sent
        ada > fan 0 now c1 5000
        ada < refused: bad
        "#,
    );
}

#[test]
fn after_a_reconnect_of_the_same_run_a_begun_command_is_asked_for_its_result() {
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
        wait 60
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1,"handled":1}
        b < welcome k7-1 ack 0
        b < {"command":1,"channel":"fan","value":1,"ttl":4940}
        b > {"result":1,"ok":true}
        store < command c1 done
        "#,
    );
}

#[test]
fn a_boot_makes_what_was_sent_unknown_and_numbers_go_on_above() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        b > {"identify":"pump-1","nonce":2,"boot":true}
        a < bye replaced
        store < command c1 unknown
        store < session k7-2
        commit
        b < welcome k7-2 ack 0
        ada > fan 0 now c2 5000
        ada < accepted
        store < next command 3
        store < command c2 sent
        "#,
    );
}

#[test]
fn a_late_result_of_the_same_run_settles_what_was_given_up() {
    check(
        r#"
        a > {"identify":"pump-1","nonce":1,"boot":true,"heartbeat":1}
        store < session k7-1
        commit
        a < welcome k7-1 ack 0
        ada > fan 1 now c1 1000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":1000}
        wait 3000
        store < command c1 unknown
        a > {"result":1,"ok":true}
        store < command c1 done
        "#,
    );
}

#[test]
fn a_plain_device_gets_commands_only_for_its_inputs_and_has_until_the_ttl() {
    check(
        r#"
        a begins plain
        ada > fan 1 now c1 1000
        ada < refused: bad
        store < command c1 refused
        a > {"describe":{"fan":{"input":"switch"}}}
        store < describe {"fan":{"input":"switch"}}
        ada > fan 1 now c2 1000
        ada < accepted
        store < next command 2
        store < command c2 sent
        commit
        a < committed 1
        a < {"command":1,"channel":"fan","value":1,"ttl":1000}
        wait 1000
        store < command c2 unknown
        "#,
    );
}

#[test]
fn what_is_queued_is_kept_in_order_and_the_latest_one_replaces_its_like() {
    check(
        r#"
        ada > fan 1 queue c1 60000
        ada < queued
        store < command c1 queued
        ada > level 1 latest c2 60000
        ada < queued
        store < command c2 queued
        ada > level 2 latest c3 60000
        ada < queued
        store < command c2 cancelled
        store < command c3 queued
        wait 1000
        a begins k7-1
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":59000}
        a > {"result":1,"ok":true}
        store < command c1 done
        store < next command 3
        store < command c3 sent
        "#,
    );
}

#[test]
fn a_queued_command_that_ran_out_of_time_expires_also_over_a_restart() {
    check(
        r#"
        ada > fan 1 queue c1 4000
        ada < queued
        store < command c1 queued
        commit
        restart
        wait 5000
        store < command c1 expired
        a begins plain
        "#,
    );
}

#[test]
fn a_queued_command_is_checked_again_against_the_device_that_came_back() {
    let long = "9".repeat(300);
    check(&format!(
        r#"
        ada > fan {long} queue c1 60000
        ada < queued
        store < command c1 queued
        a > {{"identify":"pump-1","nonce":1,"boot":true,"line_max":256}}
        store < session k7-1
        commit
        a < welcome k7-1 ack 0
        store < command c1 refused
        "#
    ));
}

#[test]
fn offline_is_said_before_full() {
    let mut transcript = String::new();
    for number in 0..protocol::limits::COMMANDS_QUEUED_MAX {
        transcript.push_str(&format!(
            "ada > fan 1 queue c{number} 60000\nada < queued\nstore < command c{number} queued\n"
        ));
    }
    transcript.push_str("ada > fan 1 now n 60000\nada < refused: offline\nstore < command n refused\n");
    transcript.push_str("ada > fan 1 queue q 60000\nada < refused: full\nstore < command q refused\n");
    check(&transcript);
}

/// Whoever was told that a command is taken finds it again.
#[test]
fn what_waits_behind_another_command_outlives_the_hub() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 60000
        ada < accepted
        store < next command 2
        store < command c1 sent
        ada > fan 2 queue c2 60000
        ada < accepted
        store < command c2 accepted
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":60000}
        restart
        ada > fan 2 queue c2 60000
        ada < accepted
        b > {"identify":"pump-1","nonce":2,"boot":true}
        store < command c1 unknown
        store < session m2-2
        commit
        b < welcome m2-2 ack 0
        store < next command 3
        store < command c2 sent
        commit
        b < {"command":2,"channel":"fan","value":2,"ttl":60000}
        "#,
    );
}

/// A crash before the commit takes it back, and nobody has seen it.
#[test]
fn people_are_told_of_a_command_once_it_is_durable() {
    check(
        r#"
        panel
        panel < {"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"offline","since":1763846847000,"name":"pump-1","channels":{},"describe":{},"counts":{"received":0,"gaps":0},"commands":[]}
        ada > fan 1 queue c1 60000
        ada < queued
        store < command c1 queued
        panel
        commit
        panel
        panel < {"command":"c1","device":"pump-1","channel":"fan","state":"queued","by":"ada","asked":1}
        "#,
    );
}

#[test]
fn one_that_is_about_to_leave_counts_as_one_that_waits_for_it_may_have_to_again() {
    let mut transcript = String::from("a begins k7-1\nada > fan 1 now first 60000\nada < accepted\n");
    transcript.push_str("store < next command 2\nstore < command first sent\n");
    for number in 1..protocol::limits::COMMANDS_QUEUED_MAX {
        transcript.push_str(&format!("ada > fan 1 queue c{number} 60000\nada < accepted\n"));
        transcript.push_str(&format!("store < command c{number} accepted\n"));
    }
    transcript.push_str("ada > fan 1 queue more 60000\nada < refused: full\nstore < command more refused\n");
    check(&transcript);
}

#[test]
fn another_run_of_the_program_does_not_answer_for_the_one_before() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        b > {"identify":"pump-1","nonce":2,"boot":true}
        a < bye replaced
        store < command c1 unknown
        store < session k7-2
        commit
        b < welcome k7-2 ack 0
        b > {"result":1,"ok":true}
        commit
        ada > fan 1 now c1 5000
        ada < unknown: the connection was lost before it answered
        "#,
    );
}

#[test]
fn a_plain_device_that_identifies_again_on_its_connection_keeps_its_command_and_gets_it_once() {
    check(
        r#"
        a begins plain
        a > {"describe":{"fan":{"input":"switch"}}}
        store < describe {"fan":{"input":"switch"}}
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < committed 1
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        a begins plain
        a > {"result":1,"ok":true}
        store < command c1 done
        "#,
    );
}

#[test]
fn numbers_stay_above_what_the_device_has_handled_however_high_that_is() {
    let handled = protocol::limits::SEQ_MAX;
    check(&format!(
        r#"
        ada > fan 1 queue c1 60000
        ada < queued
        store < command c1 queued
        a > {{"identify":"pump-1","nonce":1,"boot":true,"handled":{}}}
        store < session k7-1
        commit
        a < welcome k7-1 ack 0
        store < next command {}
        store < command c1 sent
        "#,
        handled / 2,
        handled / 2 + 2
    ));
}

/// Otherwise a crash would take back what somebody was told.
#[test]
fn what_became_of_a_command_is_told_once_it_is_durable() {
    check(
        r#"
        a begins k7-1
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        a > {"result":1,"ok":false,"reason":"stuck"}
        store < command c1 failed
        ada > fan 1 now c1 5000
        ada < sent
        commit
        ada > fan 1 now c1 5000
        ada < failed: stuck
        "#,
    );
}

#[test]
fn a_command_whose_cancelling_a_crash_took_back_was_never_called_cancelled() {
    check(
        r#"
        ada > fan 1 queue c1 60000
        ada < queued
        store < command c1 queued
        commit
        ada cancels c1
        store < command c1 cancelled
        ada > fan 1 queue c1 60000
        ada < queued
        restart
        ada > fan 1 queue c1 60000
        ada < queued
        ada cancels c1
        store < command c1 cancelled
        commit
        ada > fan 1 queue c1 60000
        ada < cancelled
        "#,
    );
}
