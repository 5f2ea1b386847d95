//! Messages from taken to committed and shown: rules H5, H6 and H7, and time.

use super::check;

#[test]
fn h7_a_sample_is_shown_once_it_is_committed_and_not_before() {
    check(
        r#"
        panel
        panel < {"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"offline","since":1763846847000,"name":"pump-1","channels":{},"describe":{},"counts":{"received":0,"gaps":0},"commands":[]}
        a begins plain
        panel
        panel < {"device":"pump-1","presence":"online","since":1763846847000,"name":"pump-1"}
        a > {"temperature":21.50}
        store < message 1
        panel
        commit
        a < committed 1
        panel
        panel < {"device":"pump-1","cursor":1,"channel":"temperature","value":21.50,"ts":1763846847000}
        "#,
    );
}

#[test]
fn h6_one_ack_stands_for_all_that_a_commit_brought() {
    check(
        r#"
        a begins k7-1
        a > {"seq":1,"channel":"t","value":1}
        store < message 1 at k7-1 1
        a > {"t":5}
        store < message 2
        a > {"seq":2,"values":{"t":2,"u":3}}
        store < message 3 at k7-1 2
        commit
        a < ack 1 of 1
        a < committed 1
        a < ack 2 of 1
        "#,
    );
}

#[test]
fn what_is_older_than_the_latest_is_late_and_never_becomes_now() {
    check(
        r#"
        a begins plain
        a > {"channel":"t","value":2,"ts":1763846840000}
        store < message 1
        a > {"channel":"t","value":1,"ts":1763846830000}
        store < message 2
        commit
        a < committed 1
        a < committed 1
        panel
        panel < {"snapshot":"pump-1","cursor":2,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{"t":{"value":2,"ts":1763846840000}},"describe":{},"counts":{"received":2,"gaps":0},"commands":[]}
        a > {"channel":"t","value":0,"ts":1763846820000}
        store < message 3
        commit
        a < committed 1
        panel
        panel < {"device":"pump-1","cursor":3,"channel":"t","value":0,"ts":1763846820000,"late":true}
        "#,
    );
}

#[test]
fn a_time_that_cannot_be_is_not_shown() {
    check(
        r#"
        a begins plain
        a > {"channel":"t","value":1,"ts":12}
        store < message 1
        a > {"channel":"t","value":2,"ts":1863846847000}
        store < message 2
        commit
        a < committed 1
        a < committed 1
        panel
        panel < {"snapshot":"pump-1","cursor":2,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{"t":{"value":2,"ts":1763846847000}},"describe":{},"counts":{"received":2,"gaps":0},"commands":[]}
        "#,
    );
}

#[test]
fn a_description_replaces_the_one_of_the_last_connection_and_later_ones_add() {
    check(
        r#"
        a begins plain
        a > {"describe":{"t":{"unit":"°C"}}}
        store < describe {"t":{"unit":"°C"}}
        a > {"describe":{"fan":{"input":"switch"}}}
        store < describe {"t":{"unit":"°C"},"fan":{"input":"switch"}}
        b > {"identify":"pump-1"}
        a < bye replaced
        b < welcome
        b > {"describe":{"u":{}}}
        store < describe {"u":{}}
        "#,
    );
}

#[test]
fn a_channel_too_many_is_left_out_and_the_device_is_told() {
    let mut transcript = String::from("a begins plain\n");
    for message in 0..protocol::limits::DEVICE_CHANNELS_MAX / 512 {
        let values: Vec<String> = (0..512).map(|channel| format!("\"c{message}-{channel}\":1")).collect();
        transcript.push_str(&format!("a > {{{}}}\nstore < message {}\n", values.join(","), message + 1));
    }
    transcript.push_str("a > {\"one more\":1,\"c0-0\":2}\na < complaint too_many\nstore < message 3\n");
    check(&transcript);
}

#[test]
fn a_description_is_under_way_until_it_is_durable_so_a_flood_of_them_waits() {
    check(
        r#"
        a begins plain
        a > {"describe":{"t":{"unit":"°C"}}}
        store < describe {"t":{"unit":"°C"}}
        a > {"describe":{"t":{"unit":"K"}}}
        store < describe {"t":{"unit":"K"}}
        commit
        a < committed 1
        a < committed 1
        "#,
    );
}

#[test]
fn the_receive_time_is_never_late() {
    check(
        r#"
        a begins plain
        a > {"channel":"t","value":1,"ts":1763846857000}
        store < message 1
        a > {"t":2}
        store < message 2
        commit
        a < committed 1
        a < committed 1
        panel
        panel < {"snapshot":"pump-1","cursor":2,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{"t":{"value":2,"ts":1763846857000}},"describe":{},"counts":{"received":2,"gaps":0},"commands":[]}
        "#,
    );
}

#[test]
fn newest_values_are_bounded_together_and_the_device_is_told() {
    let value = format!("\"{}\"", "x".repeat(60_000));
    let mut transcript = String::from("a begins plain\n");
    let most = crate::limits::DEVICE_LATEST_BYTES_MAX / 60_002;
    for channel in 1..=most {
        transcript.push_str(&format!("a > {{\"c{channel}\":{value}}}\nstore < message {channel}\n"));
    }
    transcript.push_str("commit\n");
    transcript.push_str(&"a < committed 1\n".repeat(most));
    transcript.push_str(&format!(
        "a > {{\"more\":{value}}}\na < complaint too_long\nstore < message {}\n",
        most + 1
    ));
    check(&transcript);
}

#[test]
fn what_is_on_its_way_counts_among_the_newest_values_and_a_newer_one_takes_its_place() {
    let value = format!("\"{}\"", "x".repeat(60_000));
    let mut transcript = String::from("a begins plain\n");
    let most = crate::limits::DEVICE_LATEST_BYTES_MAX / 60_002;
    for channel in 1..=most {
        transcript.push_str(&format!("a > {{\"c{channel}\":{value}}}\nstore < message {channel}\n"));
    }
    let next = most + 1;
    transcript
        .push_str(&format!("a > {{\"more\":{value}}}\na < complaint too_long\nstore < message {next}\n"));
    transcript.push_str(&format!("a > {{\"c1\":{value}}}\nstore < message {}\n", next + 1));
    transcript.push_str(&format!("a > {{\"c1\":1}}\nstore < message {}\n", next + 2));
    transcript.push_str(&format!("a > {{\"more\":{value}}}\nstore < message {}\n", next + 3));
    // Nothing behind the first is ever durable: what it brought is all there is.
    for cursor in 2..=next + 3 {
        let told = if cursor == 2 { "\na < bye failed" } else { "" };
        transcript.push_str(&format!("refuse {cursor}{told}\n"));
    }
    transcript.push_str("commit\nb begins plain\n");
    for (place, channel) in (2..=most).enumerate() {
        transcript.push_str(&format!("b > {{\"d{channel}\":{value}}}\nstore < message {}\n", place + 2));
    }
    transcript
        .push_str(&format!("b > {{\"more\":{value}}}\nb < complaint too_long\nstore < message {next}\n"));
    check(&transcript);
}
