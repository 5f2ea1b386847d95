//! D7, the hub side's half: silence ends a connection, and only one whose device asked for heartbeats.

use crate::notation::hub;

#[test]
fn d7_something_is_said_every_heartbeat() {
    hub("device > identify pump-1 nonce 1 heartbeat 10
         hub    > welcome pump-1 heartbeat 10
                | 9 s
         device > 1 temperature 20.0
         hub    > ack 1
                | 9 s
         device > 2 temperature 20.1
         hub    > ack 2
                | 10 s
         hub    > heartbeat
         device > heartbeat
                | 10 s
         hub    > heartbeat");
}

#[test]
fn d7_two_heartbeats_of_silence_end_it() {
    hub("device > identify pump-1 nonce 1 heartbeat 10
         hub    > welcome pump-1
                | 10 s
         hub    > heartbeat
                | 9999 ms, 1 ms
         hub    > bye silent again now
                | closed");
}

#[test]
fn d7_any_line_counts_even_a_faulty_one() {
    hub("device > identify pump-1 heartbeat 10
         hub    > welcome pump-1
                | 10 s
         hub    > heartbeat
                | 9 s
         device > {
         hub    > error line 2 code bad_json
                | 10 s
         hub    > heartbeat
                | 9 s
         device > heartbeat");
}

#[test]
fn d7_binds_only_whoever_asked_for_it() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1 heartbeat 15
                | 1000 s
         device > 1 temperature 20.0
         hub    > ack 1");
}

#[test]
fn d7_a_later_identify_decides_anew() {
    hub("device > identify pump-1 nonce 1 heartbeat 10
         hub    > welcome pump-1
         device > identify pump-1 nonce 2
         hub    > welcome pump-1
                | 1000 s");
}

#[test]
fn d7_what_is_not_read_is_not_silent() {
    hub("device > identify pump-1 nonce 1 heartbeat 10
         hub    > welcome pump-1
                | identifies wait
         device > identify pump-1 nonce 2 heartbeat 10
                | 10 s
         hub    > heartbeat
                | 10 s
         hub    > heartbeat
                | 5 s, identifies go on
         hub    > welcome pump-1 nonce 2
                | 10 s
         hub    > heartbeat
                | 10 s
         hub    > bye silent
                | closed");
}
