//! H3, H4 and H6: what is taken, what is asked again, what is acked and when.

use crate::notation::hub;

#[test]
fn h4_only_the_next_number_is_taken() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 1 temperature 20.0
         hub    > ack 1
         device > 1 temperature 20.0
         hub    > ack 1
         device > 3 temperature 20.2
         hub    > nak 2
         device > 2 temperature 20.1
         hub    > ack 2
         device > 3 temperature 20.2
         hub    > ack 3
                | takes 1 temperature 20.0
                | takes again 1
                | takes 2 temperature 20.1
                | takes 3 temperature 20.2");
}

#[test]
fn h4_one_nak_per_hole() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 2 temperature 20.1
         hub    > nak 1
         device > 3 temperature 20.2
         device > 9 temperature 20.3
         device > 1 temperature 20.0
         hub    > ack 1
         device > 3 temperature 20.2
         hub    > nak 2
         device > 4 temperature 20.2");
}

#[test]
fn h4_a_new_connection_is_asked_about_the_same_hole_again() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 2 temperature 20.1
         hub    > nak 1
         device > identify pump-1 nonce 2 session k7-1 oldest 1
         hub    > welcome pump-1 session k7-1 ack 0
         device > 2 temperature 20.1
         hub    > nak 1");
}

#[test]
fn h4_a_lower_one_is_acked_only_as_far_as_is_committed() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 1 temperature 20.0
         hub    > ack 1
                | commits wait
         device > 2 temperature 20.1
         device > 2 temperature 20.1
         hub    > ack 1
                | commits go on
         hub    > ack 2");
}

#[test]
fn h6_an_ack_follows_the_commit_at_once_and_covers_all_of_it() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
                | commits wait
         device > 1 temperature 20.0
         device > 2 temperature 20.1
                | 10 s
         device > 3 temperature 20.2
                | commits go on
         hub    > ack 3");
}

#[test]
fn h6_what_is_not_committed_is_never_acked() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
                | commits wait
         device > 1 temperature 20.0
                | a commit fails, 20 s, cut, commits go on
         device > identify pump-1 nonce 2 session k7-1 oldest 1
         hub    > welcome pump-1 session k7-1 ack 0
         device > 1 temperature 20.0
         hub    > ack 1");
}

#[test]
fn unnumbered_ones_are_taken_and_never_acked() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > temperature 20.0
         device > channel temperature value 20.5
         device > 1 temperature 21.0
         hub    > ack 1
                | takes unnumbered temperature 20.0
                | takes unnumbered temperature 20.5
                | takes 1 temperature 21.0");
}

#[test]
fn h3_a_skip_is_a_gap_and_acked() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 1 temperature 20.0
         hub    > ack 1
         device > skip 5 reason overflow
         hub    > ack 5
         device > 6 temperature 21.0
         hub    > ack 6
                | takes 1 temperature 20.0
                | takes gap 2 to 5 overflow
                | takes 6 temperature 21.0");
}

#[test]
fn h3_a_skip_that_is_known_is_acked_again() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > skip 5 reason overflow
         hub    > ack 5
         device > skip 5 reason overflow
         hub    > ack 5
         device > skip 3 reason overflow
         hub    > ack 5
         device > skip 7 reason overflow
         hub    > ack 7
                | takes gap 1 to 5 overflow
                | takes gap 6 to 7 overflow");
}

#[test]
fn h3_a_numbered_line_that_is_rejected_is_a_gap() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > {\"seq\":1,\"channel\":\"temperature\"}
         hub    > error line 2 seq 1 code bad_message
         hub    > ack 1
         device > 2 temperature 20.1
         hub    > ack 2
                | takes gap 1 to 1 bad
                | takes 2 temperature 20.1");
}

#[test]
fn h3_a_broken_line_that_begins_with_its_number_does_not_hold_up_the_rest() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > {\"seq\":1,\"channel\":\"temperature\",\"value\":nan}
         hub    > error line 2 at 42 seq 1 code bad_json
         hub    > ack 1
         device > {long{ \"seq\" : 2 ,\"channel\":\"image\",\"value\":\"
         hub    > error line 3 at 65536 seq 2 code too_long
         hub    > ack 2
         device > 3 temperature 20.1
         hub    > ack 3
                | takes gap 1 to 1 bad
                | takes gap 2 to 2 bad
                | takes 3 temperature 20.1");
}

#[test]
fn h3_a_rejected_line_out_of_turn_is_no_gap() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > 1 temperature 20.0
         hub    > ack 1
         device > {\"seq\":1,\"channel\":\"temperature\"}
         hub    > error line 3 seq 1
         hub    > ack 1
         device > {\"seq\":3,\"channel\":\"temperature\"}
         hub    > error line 4 seq 3
         hub    > nak 2
                | takes 1 temperature 20.0
                | takes again 1");
}

#[test]
fn descriptions_and_results_are_passed_on_and_not_counted() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 session k7-1
         device > describe {\"fan\":{\"input\":\"switch\"}}
                | command 13 fan true
         hub    > {\"command\":13,\"channel\":\"fan\",\"value\":true,\"ttl\":5000}
         device > result 13 ok
                | takes describe 1
                | takes result 13 true");
}
