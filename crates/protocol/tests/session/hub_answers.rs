//! What the hub side answers to lines that are no messages of the present, and what it passes on.

use crate::notation::hub;

#[test]
fn kinds_from_the_future_and_heartbeats_are_not_answered() {
    hub("device > identify pump-1
         hub    > welcome pump-1
         device > {\"$zoom\":1,\"temperature\":20}
         device > heartbeat
                | 100 s");
}

#[test]
fn an_error_names_line_place_and_code() {
    hub("device > identify pump-1
         hub    > welcome pump-1
         device > heartbeat
         device > {\"temperature\":21.}
         hub    > error line 3 at 18 code bad_json
         device > {\"ack\":3}
         hub    > error line 4 code bad_message
         device > {\"temperature\":20,\"temperature\":21}
         hub    > error line 5 at 18 code duplicate_key
         device > temperature 20
                | takes unnumbered temperature 20");
}

#[test]
fn a_window_is_passed_on_to_those_who_number() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1
                | window 0
         hub    > window 0
         device > identify pump-1
         hub    > welcome pump-1
                | window 64");
}

#[test]
fn a_command_is_not_said_before_the_welcome() {
    hub("device > identify pump-1 nonce 1
         hub    > welcome pump-1
                | identifies wait
         device > identify pump-1 nonce 2
                | command 13 fan true, identifies go on
         hub    > welcome pump-1 nonce 2
                | command 14 fan true
         hub    > command 14 channel fan value true");
}

#[test]
fn what_the_intake_could_not_take_is_told_with_the_line_it_stood_in() {
    hub("device > identify pump-1
         hub    > welcome pump-1
         device > temperature 20.0
         device > temperature 20.1
                | complaint 2 too_many
         hub    > error line 2 code too_many
         device > temperature 20.2");
}
