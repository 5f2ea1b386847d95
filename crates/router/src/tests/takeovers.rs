//! Connections that take each other's place: rules H1 and H11, and rule H9's closed windows.

use super::check;

/// Connections `a` to `f`, each taking the place of the one before: five takeovers.
const FIVE: &str = r#"
    a begins plain
    b > {"identify":"pump-1"}
    a < bye replaced
    b < welcome
    c > {"identify":"pump-1"}
    b < bye replaced
    c < welcome
    d > {"identify":"pump-1"}
    c < bye replaced
    d < welcome
    e > {"identify":"pump-1"}
    d < bye replaced
    e < welcome
    f > {"identify":"pump-1"}
    e < bye replaced
    f < welcome
    "#;

#[test]
fn h11_the_sixth_takeover_within_a_minute_is_an_alert_and_its_welcome_waits() {
    check(&format!(
        r#"{FIVE}
        panel
        panel < {{"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{{}},"describe":{{}},"counts":{{"received":0,"gaps":0}},"commands":[]}}
        g > {{"identify":"pump-1"}}
        f < bye replaced
        panel
        panel < {{"device":"pump-1","contested":1763846847000}}
        wait 999
        wait 1
        g < welcome
        h > {{"identify":"pump-1"}}
        g < bye replaced
        wait 1999
        wait 1
        h < welcome
        h > {{"t":1}}
        store < message 1
        wait 57999
        wait 1
        panel
        panel < {{"device":"pump-1","contested":null}}
        "#
    ));
}

#[test]
fn h11_a_newer_identify_takes_the_place_of_the_one_that_waits() {
    check(&format!(
        r#"{FIVE}
        g > {{"identify":"pump-1"}}
        f < bye replaced
        wait 500
        h > {{"identify":"pump-1"}}
        g < bye replaced
        wait 1999
        wait 1
        h < welcome
        "#
    ));
}

#[test]
fn h11_identifying_again_on_the_waiting_connection_neither_counts_nor_shortens_the_wait() {
    check(&format!(
        r#"{FIVE}
        g > {{"identify":"pump-1"}}
        f < bye replaced
        wait 500
        g > {{"identify":"pump-1"}}
        wait 499
        wait 1
        g < welcome
        "#
    ));
}

#[test]
fn h11_a_device_that_comes_back_after_its_connection_ended_takes_nobodys_place() {
    let mut transcript = String::new();
    for _ in 0..20 {
        transcript.push_str("a begins plain\ncut a\n");
    }
    check(&transcript);
}

#[test]
fn h11_what_is_held_back_still_waits_for_what_is_pending() {
    check(&format!(
        r#"{FIVE}
        f > {{"t":1}}
        store < message 1
        g > {{"identify":"pump-1"}}
        f < bye replaced
        wait 1000
        commit
        g < welcome
        "#
    ));
}

#[test]
fn h9_windows_are_closed_while_the_storage_has_failed_and_opened_when_it_is_back() {
    check(
        r#"
        a begins k7-1
        storage failed
        a < window 0
        b > {"identify":"pump-1","nonce":2,"session":"k7-1","oldest":1}
        a < bye replaced
        b < welcome k7-1 ack 0 window 0
        storage failed
        storage back
        b < window 64
        "#,
    );
}

#[test]
fn h9_a_plain_device_has_no_window_to_close() {
    check(
        r#"
        a begins plain
        storage failed
        storage back
        "#,
    );
}

#[test]
fn h9_what_was_under_way_when_the_storage_failed_is_acked_when_it_is_durable_at_last() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        storage failed
        a < window 0
        wait 20000
        commit
        a < ack 1 of 1
        storage back
        a < window 64
        "#,
    );
}
