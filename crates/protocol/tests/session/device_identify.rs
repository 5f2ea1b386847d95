//! D1 and the device's identify: who it says it is, and what it keeps to itself until it is welcome.

use crate::notation::device;

#[test]
fn d1_nothing_numbered_is_said_before_the_welcome() {
    device(
        "       | publish temperature 20.0
            device > identify pump-1 nonce 1 boot heartbeat 15 outbox 1 no session no handled
                   | publish temperature 20.1
            hub    > ack 1
            hub    > window 64
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            device > 1 temperature 20.0
            device > 2 temperature 20.1",
    );
}

#[test]
fn d1_a_welcome_with_another_nonce_is_none() {
    device(
        "device > identify pump-1 nonce 1 boot
                   | publish temperature 20.0
            hub    > welcome pump-1 nonce 7 session k7-9 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            hub    > welcome pump-1 session k7-8 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            device > 1 temperature 20.0",
    );
}

#[test]
fn d1_without_a_welcome_it_identifies_again_with_another_nonce() {
    device(
        "device > identify pump-1 nonce 1 boot
                   | 34999 ms, 1 ms
            device > identify pump-1 nonce 2 boot
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                   | publish temperature 20.0
            hub    > welcome pump-1 nonce 2 session k7-2 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            device > 1 temperature 20.0",
    );
}

/// Heartbeats bind only from the welcome on, and a link that died before it would otherwise be asked for ever.
#[test]
fn d1_a_connection_on_which_two_identifies_are_answered_by_nothing_is_dropped() {
    device(
        "device > identify pump-1 nonce 1 boot
                   | 35 s
            device > identify pump-1 nonce 2 boot
                   | 34999 ms, 1 ms, drops silent",
    );
    device(
        "device > identify pump-1 nonce 1 boot
                   | 35 s
            device > identify pump-1 nonce 2 boot
            hub    > ack 1
                   | 34999 ms, 1 ms
            device > identify pump-1 nonce 3 boot",
    );
}

#[test]
fn d1_on_a_serial_line_it_identifies_again_sooner() {
    device(
        "       | serial
            device > identify pump-1 nonce 1
                   | 4999 ms, 1 ms
            device > identify pump-1 nonce 2",
    );
}

#[test]
fn d1_no_command_is_begun_before_the_welcome() {
    device(
        "device > identify pump-1 nonce 1
            hub    > command 1 channel fan value true ttl 5000
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            hub    > command 1 channel fan value true ttl 5000
                   | begins 1",
    );
}

#[test]
fn boot_is_said_until_the_first_welcome_of_the_run() {
    device(
        "device > identify pump-1 nonce 1 boot
                   | cut
            device > identify pump-1 nonce 2 boot
            hub    > welcome pump-1 nonce 2 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                   | cut
            device > identify pump-1 nonce 3 session k7-1 oldest 1 heartbeat 15 no boot no handled",
    );
}

#[test]
fn a_session_is_resumed_where_the_ack_stands() {
    device(
        "device > identify pump-1 nonce 1
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                   | publish temperature 20.0, publish temperature 20.1, publish temperature 20.2
            device > 1 temperature 20.0
            device > 2 temperature 20.1
            device > 3 temperature 20.2
            hub    > ack 1
                   | cut
            device > identify pump-1 nonce 2 session k7-1 oldest 2
            hub    > welcome pump-1 nonce 2 session k7-1 ack 2 window 64 heartbeat 15 line_max 65536 time 0
            device > 3 temperature 20.2",
    );
}

#[test]
fn another_session_than_the_one_asked_for_numbers_anew() {
    device(
        "device > identify pump-1 nonce 1
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                   | publish temperature 20.0, publish temperature 20.1
            device > 1 temperature 20.0
            device > 2 temperature 20.1
            hub    > ack 1
                   | cut
            device > identify pump-1 nonce 2 session k7-1 oldest 2
            hub    > welcome pump-1 nonce 2 session m3-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            device > 1 temperature 20.1
            hub    > ack 1
                   | cut
            device > identify pump-1 nonce 3 session m3-1 oldest 2",
    );
}

#[test]
fn a_new_session_begins_with_a_skip_for_what_was_dropped() {
    device(
        "       | outbox 2
            device > identify pump-1 nonce 1
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                   | publish temperature 20.0
            device > 1 temperature 20.0
            hub    > ack 1
                   | cut, publish temperature 20.1, publish temperature 20.2, publish temperature 20.3
            device > identify pump-1 nonce 2 session k7-1 oldest 3
            hub    > welcome pump-1 nonce 2 session m3-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            device > skip 1 reason overflow
            device > 2 temperature 20.2
            device > 3 temperature 20.3",
    );
}

#[test]
fn a_closed_session_is_given_up() {
    device(
        "device > identify pump-1 nonce 1
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                   | publish temperature 20.0
            device > 1 temperature 20.0
                   | cut
            device > identify pump-1 nonce 2 session k7-1 oldest 1
            hub    > bye closed again now
                   | drops closed
            device > identify pump-1 nonce 3 heartbeat 15 outbox 1 no session no boot no handled
            hub    > welcome pump-1 nonce 3 session k7-2 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            device > 1 temperature 20.0",
    );
}

#[test]
fn an_ack_of_what_was_never_said_ends_the_session() {
    device(
        "device > identify pump-1 nonce 1
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                   | publish temperature 20.0
            device > 1 temperature 20.0
            hub    > ack 7
                   | cut
            device > identify pump-1 nonce 2 session k7-1 oldest 1
            hub    > welcome pump-1 nonce 2 session k7-1 ack 7 window 64 heartbeat 15 line_max 65536 time 0
            device > identify pump-1 nonce 3 heartbeat 15 outbox 1 no session no boot no handled
            hub    > welcome pump-1 nonce 3 session k7-2 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            device > 1 temperature 20.0",
    );
}

#[test]
fn whoever_is_asked_to_identify_does() {
    device(
        "       | serial
            device > identify pump-1 nonce 1
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                   | publish temperature 20.0
            device > 1 temperature 20.0
            hub    > need identify
            device > identify pump-1 nonce 2 session k7-1 oldest 1
            hub    > need identify
            hub    > welcome pump-1 nonce 2 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
            device > 1 temperature 20.0",
    );
}

#[test]
fn unnumbered_ones_are_said_only_while_it_is_welcome() {
    device(
        "       | unnumbered temperature 20.0
            device > identify pump-1 nonce 1
                   | unnumbered temperature 20.1
            hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                   | unnumbered temperature 20.2
            device > {\"channel\":\"temperature\",\"value\":20.2}",
    );
}
