//! H1, H2, H3 and H8: who is welcome, in which session, and from where.

use crate::notation::hub;

#[test]
fn h2_a_session_goes_on_over_connections() {
    hub("device > identify pump-1 nonce 1 boot
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64
         device > 1 temperature 20.0
         hub    > ack 1
         device > 2 temperature 20.5
         hub    > ack 2
                | cut, 3 s
         device > identify pump-1 nonce 2 session k7-1 oldest 2
         hub    > welcome pump-1 nonce 2 session k7-1 ack 2");
}

#[test]
fn h2_without_a_session_there_is_a_new_one_each_time() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1 ack 0
                | cut
         device > identify pump-1 nonce 2
         hub    > welcome pump-1 session k7-2 ack 0");
}

#[test]
fn h2_one_that_is_issued_but_empty_closes_nothing() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 1 temperature 20.0
         hub    > ack 1
                | cut
         device > identify pump-1 nonce 2
         hub    > welcome pump-1 session k7-2 ack 0
                | cut
         device > identify pump-1 nonce 3 session k7-1 oldest 2
         hub    > welcome pump-1 session k7-1 ack 1
                | cut
         device > identify pump-1 nonce 4 session k7-2 oldest 1
         hub    > welcome pump-1 session k7-2 ack 0");
}

#[test]
fn h2_an_older_one_is_closed() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 1 temperature 20.0
         hub    > ack 1
                | cut
         device > identify pump-1 nonce 2
         hub    > welcome pump-1 session k7-2
         device > 1 temperature 21.0
         hub    > ack 1
                | cut
         device > identify pump-1 nonce 3 session k7-1 oldest 2
         hub    > bye closed again now
                | closed
         device > identify pump-1 nonce 4
         hub    > welcome pump-1 session k7-3 ack 0");
}

#[test]
fn h2_an_empty_one_is_closed_once_a_newer_one_holds_something() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
                | cut
         device > identify pump-1 nonce 2
         hub    > welcome pump-1 session k7-2
         device > 1 temperature 21.0
         hub    > ack 1
                | cut
         device > identify pump-1 nonce 3 session k7-1 oldest 1
         hub    > bye closed again now
                | closed");
}

#[test]
fn h2_of_another_issuer_or_unknown_or_malformed_is_a_new_one() {
    for session in ["zz-1", "zz-9", "nonsense", "K7-1", "k7-01", "k7-999999999"] {
        hub(&format!(
            "device > identify pump-1 nonce 1 session {session} oldest 5
             hub    > welcome pump-1 session k7-1 ack 0"
        ));
    }
}

/// A store that went back to a backup has forgotten sessions that it handed out since.
#[test]
fn h2_beyond_a_forgotten_session_of_its_own_the_next_one_is_counted() {
    hub("device > identify pump-1 nonce 1 session k7-9 oldest 5
         hub    > welcome pump-1 session k7-10 ack 0");
}

#[test]
fn h2_sessions_of_earlier_tags_remain_its_own() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 1 temperature 20.0
         hub    > ack 1
                | restart with tag m3
         device > identify pump-1 nonce 2 session k7-1 oldest 2
         hub    > welcome pump-1 session k7-1 ack 1
         device > 2 temperature 20.5
         hub    > ack 2
                | cut
         device > identify pump-1 nonce 3
         hub    > welcome pump-1 session m3-2 ack 0
         device > 1 temperature 21.0
         hub    > ack 1
                | cut
         device > identify pump-1 nonce 4 session k7-1 oldest 3
         hub    > bye closed
                | closed");
}

#[test]
fn h2_an_empty_one_that_a_restart_forgot_is_a_new_one() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
                | restart with tag m3
         device > identify pump-1 nonce 2 session k7-1 oldest 1
         hub    > welcome pump-1 session m3-2 ack 0");
}

#[test]
fn h3_what_the_device_no_longer_holds_is_a_gap() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 1 temperature 20.0
         hub    > ack 1
                | cut
         device > identify pump-1 nonce 2 session k7-1 oldest 5
         hub    > welcome pump-1 session k7-1 ack 4
         device > 5 temperature 21.0
         hub    > ack 5
                | takes 1 temperature 20.0
                | takes gap 2 to 4 lost
                | takes 5 temperature 21.0");
}

#[test]
fn h1_a_second_identify_on_the_same_connection_is_answered() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0
         device > 1 temperature 20.0
         hub    > ack 1
         device > identify pump-1 nonce 2 session k7-1 oldest 2
         hub    > welcome pump-1 nonce 2 session k7-1 ack 1
         device > 2 temperature 20.5
         hub    > ack 2");
}

#[test]
fn h1_nothing_is_read_while_an_identify_waits() {
    hub("       | identifies wait
         device > identify pump-1 nonce 1
                | does not read, identifies go on
         hub    > welcome pump-1 nonce 1
                | reads");
}

#[test]
fn h1_what_was_committed_meanwhile_is_in_the_welcome_and_not_acked_before() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
                | commits wait, identifies wait
         device > 1 temperature 20.0
         device > identify pump-1 nonce 2 session k7-1 oldest 1
                | commits go on, identifies go on
         hub    > welcome pump-1 nonce 2 session k7-1 ack 1");
}

#[test]
fn h1_the_one_that_was_replaced_is_told_and_closed() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1
                | bye replaced
         hub    > bye replaced again later
                | closed, does not read");
}

#[test]
fn h8_whoever_has_not_identified_is_told_so() {
    hub("device > temperature 20.0
         hub    > need identify
         device > heartbeat
         hub    > need identify
         device > 1 temperature 20.0
         hub    > need identify
         device > skip 4
         hub    > need identify
         device > {\"identify\":7}
         hub    > error line 5 at 12 code bad_message
         hub    > need identify
         device > identify pump-1
         hub    > welcome pump-1");
}

#[test]
fn h8_a_plain_device_numbers_nothing() {
    hub("device > identify pump-1
         hub    > {\"welcome\":\"pump-1\",\"heartbeat\":15,\"line_max\":65536,\"time\":1763846848123}
         device > 1 temperature 20.0
         hub    > error line 2 seq 1 code no_session
         device > skip 4
         hub    > error line 3 code no_session
         device > temperature 20.5
                | takes unnumbered temperature 20.5");
}

#[test]
fn a_refused_identify_hears_why() {
    hub("       | identifies wait
         device > heartbeat
         hub    > need identify
         device > identify pump-1 token wrong
                | refused auth auth
         hub    > error line 2 code auth
         hub    > bye auth again never
                | closed");
}
