//! What the hub side bears and what not: each limit, and what happens at it.

use crate::notation::hub;
use protocol::limits::{FAULTY_LINES_MAX, IN_FLIGHT_MESSAGES_MAX, UNIDENTIFIED_LINES_MAX};
use protocol::session::HubSide;

/// `line` with every number in it, one after the other.
fn repeated(count: u32, lines: impl Fn(u32) -> String) -> String {
    (1..=count).map(lines).collect()
}

#[test]
fn whoever_does_not_identify_is_told_to_go() {
    hub("       | 4 s
         device > heartbeat
         hub    > need identify
                | 999 ms, 1 ms
         hub    > bye unidentified again now
                | closed");
}

#[test]
fn so_many_lines_may_come_before_the_identify_and_no_more() {
    let lines = repeated(UNIDENTIFIED_LINES_MAX as u32, |_| {
        "device > temperature 20\nhub > need identify\n".to_owned()
    });
    hub(&format!(
        "{lines}
         device > temperature 20
         hub    > bye unidentified again now
                | closed"
    ));
}

#[test]
fn a_browser_that_a_page_sends_here_is_told_to_go_before_its_body_says_anything() {
    for request in ["GET / HTTP/1.1", "POST /lines HTTP/1.1", "OPTIONS /?a HTTP/1.0"] {
        hub(&format!(
            "device > raw {request}
             hub    > error line 1 code bad_json
             hub    > bye bad again later
                    | closed"
        ));
    }
}

#[test]
fn an_identify_that_waits_is_in_time() {
    hub("       | identifies wait, 4 s
         device > identify pump-1
                | 40 s, identifies go on
         hub    > welcome pump-1");
}

#[test]
fn faulty_lines_are_borne_up_to_a_number() {
    let faults =
        repeated(FAULTY_LINES_MAX, |n| format!("device > {{\nhub > error line {} code bad_json\n", n + 1));
    hub(&format!(
        "device > identify pump-1
         hub    > welcome pump-1
         {faults}
         device > temperature 20
         device > {{
         hub    > error code bad_json
         hub    > bye bad again later
                | closed"
    ));
}

#[test]
fn a_hundred_good_lines_make_up_for_a_faulty_one() {
    let faults = repeated(FAULTY_LINES_MAX, |_| "device > {\nhub > error code bad_json\n".to_owned());
    let good = repeated(100, |n| format!("device > temperature {n}\n"));
    hub(&format!(
        "device > identify pump-1
         hub    > welcome pump-1
         {faults}{good}
         device > {{
         hub    > error code bad_json
         device > {{
         hub    > error code bad_json
         hub    > bye bad
                | closed"
    ));
}

#[test]
fn lines_wait_while_as_much_is_in_flight_as_may_be() {
    let many = repeated(IN_FLIGHT_MESSAGES_MAX, |n| format!("| reads\ndevice > {n} temperature {n}\n"));
    hub(&format!(
        "device > identify pump-1 nonce 1
         hub    > welcome pump-1
                | commits wait
         {many}
                | does not read, commits go on
         hub    > ack {IN_FLIGHT_MESSAGES_MAX}
                | reads"
    ));
}

#[test]
fn every_line_fits_a_small_device() {
    let id = "p".repeat(64);
    hub(&format!(
        "device > identify {id} nonce 18446744073709551615 line_max 256
         hub    > welcome {id} nonce 18446744073709551615 session k7-1
                | command 1 fan \"{long}\"
                | command 2 fan true
         hub    > command 2 channel fan value true",
        long = "x".repeat(256),
    ));
}

#[test]
fn a_command_has_no_spaces_for_a_device_that_named_a_line_max() {
    for (line_max, value) in [("", "{\"a\" :[1 ,2 ]}"), (" line_max 256", "{\"a\":[1,2]}")] {
        hub(&format!(
            "device > identify pump-1 nonce 1{line_max}
             hub    > welcome pump-1
                    | command 1 fan {{\"a\" :[1 ,2 ]}}
             hub    > {{\"command\":1,\"channel\":\"fan\",\"value\":{value},\"ttl\":5000}}"
        ));
    }
}

#[test]
fn a_line_max_below_the_least_is_an_error() {
    hub("device > identify pump-1 line_max 255
         hub    > error line 1 at 32 code bad_message
         hub    > need identify");
}

#[test]
fn a_conversation_is_small() {
    // One per connection: what it costs a hub with ten thousand idle devices.
    assert!(size_of::<HubSide>() <= 56, "{} bytes", size_of::<HubSide>());
}
