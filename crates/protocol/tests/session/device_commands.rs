//! D8: a command is begun once, its result said for the last only.

use crate::notation::device;

fn welcome(script: &str) {
    device(&format!(
        "device > identify pump-1 nonce 1
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
         {script}"
    ));
}

#[test]
fn d8_a_command_is_begun_and_answered() {
    welcome(
        "hub    > command 13 channel fan value true ttl 5000
                | begins 13, answer 13 ok
         device > {\"result\":13,\"ok\":true}
         hub    > command 14 channel fan value true ttl 5000
                | begins 14, answer 14 failed stuck
         device > {\"result\":14,\"ok\":false,\"reason\":\"stuck\"}",
    );
}

#[test]
fn d8_the_same_command_again_repeats_the_result_and_does_not_run_again() {
    welcome(
        "hub    > command 13 channel fan value true ttl 5000
                | begins 13
         hub    > command 13 channel fan value true ttl 5000
                | answer 13 ok
         device > result 13 ok
         hub    > command 13 channel fan value true ttl 5000
         device > result 13 ok",
    );
}

#[test]
fn d8_a_lower_number_is_not_begun_and_an_older_result_is_not_said() {
    welcome(
        "hub    > command 13 channel fan value true ttl 5000
                | begins 13
         hub    > command 14 channel fan value false ttl 5000
                | begins 14, answer 13 ok, answer 14 ok
         device > result 14 ok
         hub    > command 13 channel fan value true ttl 5000",
    );
}

#[test]
fn d8_handled_says_what_was_begun_and_its_result_waits_to_be_asked() {
    welcome(
        "hub    > command 13 channel fan value true ttl 5000
                | begins 13, cut, answer 13 ok
         device > identify pump-1 nonce 2 session k7-1 oldest 1 handled 13 heartbeat 15 no boot
         hub    > welcome pump-1 nonce 2 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
         hub    > command 13 channel fan value true ttl 5000
         device > result 13 ok",
    );
}
