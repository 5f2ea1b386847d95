//! How often a channel says something: when it is known, who is told, and what says nothing about it.

use super::check;

#[test]
fn a_rhythm_is_told_once_it_is_known_and_stands_in_the_snapshot() {
    check(
        r#"
        a begins plain
        panel
        panel < {"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{},"describe":{},"counts":{"received":0,"gaps":0},"commands":[]}
        a > {"channel":"t","value":1,"ts":1763846841000}
        store < message 1
        a > {"channel":"t","value":2,"ts":1763846842000}
        store < message 2
        a > {"channel":"t","value":3,"ts":1763846843000}
        store < message 3
        a > {"channel":"t","value":4,"ts":1763846844100}
        store < rhythm t 1000
        store < message 4
        commit
        a < committed 1
        a < committed 1
        a < committed 1
        a < committed 1
        panel
        panel < {"device":"pump-1","cursor":1,"channel":"t","value":1,"ts":1763846841000}
        panel < {"device":"pump-1","cursor":2,"channel":"t","value":2,"ts":1763846842000}
        panel < {"device":"pump-1","cursor":3,"channel":"t","value":3,"ts":1763846843000}
        panel < {"device":"pump-1","cursor":4,"channel":"t","value":4,"ts":1763846844100}
        panel < {"device":"pump-1","every":{"t":1000}}
        "#,
    );
}

/// Samples of a channel as lines of a transcript, each committed: the first has the cursor `cursor` and the value 0.
fn said(connection: &str, cursor: usize, times: impl IntoIterator<Item = i64>) -> String {
    let sample = |(place, ts): (usize, i64)| {
        let cursor = cursor + place;
        format!(
            "{connection} > {{\"channel\":\"t\",\"value\":0,\"ts\":{ts}}}\nstore < message {cursor}\ncommit\n\
             {connection} < committed 1\n"
        )
    };
    times.into_iter().enumerate().map(sample).collect()
}

const BEGIN: i64 = 1_763_846_000_000;

/// What somebody sees who comes now: a device that is online, has so many messages, and this of its only channel.
fn seen(since: i64, last_seen: i64, received: usize, channel: &str) -> String {
    format!(
        "panel\npanel < {{\"snapshot\":\"pump-1\",\"cursor\":{received},\"known\":true,\"key\":1,\"presence\":\"online\",\
         \"since\":{since},\"name\":\"pump-1\",\"last_seen\":{last_seen},\"channels\":{{\"t\":{channel}}},\
         \"describe\":{{}},\"counts\":{{\"received\":{received},\"gaps\":0}},\"commands\":[]}}\n"
    )
}

const NOW: i64 = 1_763_846_847_000;

#[test]
fn what_is_filled_in_late_leaves_the_rhythm_as_it_was() {
    let live = (0..4).map(|at| BEGIN + 1000 * at);
    let late = (0..100).map(|at| BEGIN - 600_000 + 10 * at);
    let transcript =
        said("a", 1, live).replacen("store < message 4", "store < rhythm t 1000\nstore < message 4", 1)
            + &said("a", 5, late);
    let latest = format!("{{\"value\":0,\"ts\":{},\"every\":1000}}", BEGIN + 3000);
    check(&format!("a begins plain\n{transcript}{}", seen(NOW, NOW, 104, &latest)));
}

#[test]
fn the_time_in_which_a_device_was_away_is_no_interval() {
    // It comes every hundred seconds and says two values, a second apart.
    let mut transcript = String::new();
    for time in 0..4 {
        let name = ["a", "b", "c", "d"][time];
        let begin = BEGIN + 100_000 * time as i64;
        transcript.push_str(&format!("{name} begins plain\n"));
        transcript.push_str(&said(name, 1 + 2 * time, [begin, begin + 1000]));
        if time < 3 {
            transcript.push_str(&format!("cut {name}\n"));
        }
    }
    let transcript = transcript.replacen("store < message 6", "store < rhythm t 1000\nstore < message 6", 1);
    let latest = format!("{{\"value\":0,\"ts\":{},\"every\":1000}}", BEGIN + 301_000);
    check(&format!("{transcript}{}", seen(NOW, NOW, 8, &latest)));
}

#[test]
fn what_a_device_declares_is_what_counts_and_nothing_is_told() {
    check(
        r#"
        a begins plain
        a > {"describe":{"t":{"every":5000}}}
        store < describe {"t":{"every":5000}}
        a > {"channel":"t","value":1,"ts":1763846841000}
        store < message 1
        commit
        a < committed 1
        a < committed 1
        panel
        panel < {"snapshot":"pump-1","cursor":1,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{"t":{"value":1,"ts":1763846841000,"every":5000}},"describe":{"t":{"every":5000}},"counts":{"received":1,"gaps":0},"commands":[]}
        a > {"channel":"t","value":2,"ts":1763846842000}
        store < message 2
        a > {"channel":"t","value":3,"ts":1763846843000}
        store < message 3
        a > {"channel":"t","value":4,"ts":1763846844000}
        store < rhythm t 1000
        store < message 4
        commit
        a < committed 1
        a < committed 1
        a < committed 1
        panel
        panel < {"device":"pump-1","cursor":2,"channel":"t","value":2,"ts":1763846842000}
        panel < {"device":"pump-1","cursor":3,"channel":"t","value":3,"ts":1763846843000}
        panel < {"device":"pump-1","cursor":4,"channel":"t","value":4,"ts":1763846844000}
        a > {"describe":{"t":{"unit":"K"}}}
        store < describe {"t":{"unit":"K"}}
        panel
        panel < {"device":"pump-1","describe":{"t":{"unit":"K"}}}
        panel < {"device":"pump-1","every":{"t":1000}}
        "#,
    );
}

#[test]
fn a_rhythm_is_still_known_when_the_hub_was_started_anew() {
    let live = said("a", 1, (0..4).map(|at| BEGIN + 1000 * at));
    let live = live.replacen("store < message 4", "store < rhythm t 1000\nstore < message 4", 1);
    let latest = format!("{{\"value\":0,\"ts\":{},\"every\":1000}}", BEGIN + 3000);
    let after = seen(NOW, NOW, 4, &latest).replace("online", "offline");
    check(&format!("a begins plain\n{live}restart\n{after}"));
}

#[test]
fn what_waited_in_an_outbox_without_times_is_no_rhythm() {
    // The device was heard each second, then came back with more than it could say before.
    let mut transcript =
        String::from("a > {\"identify\":\"pump-1\",\"nonce\":1,\"boot\":true,\"outbox\":8}\n");
    transcript.push_str("store < session k7-1\ncommit\na < welcome k7-1 ack 0\n");
    for seq in 1..=12 {
        // It goes on as fast as the line lets it for eight messages, and each ten seconds after those.
        let wait = if seq <= 8 { 40 } else { 10_000 };
        let rhythm = if seq == 11 { "store < rhythm t 10000\n" } else { "" };
        transcript.push_str(&format!(
            "wait {wait}\na > {{\"seq\":{seq},\"channel\":\"t\",\"value\":0}}\n{rhythm}\
             store < message {seq} at k7-1 {seq}\ncommit\na < ack {seq} of 1\n"
        ));
    }
    check(&transcript);
}

#[test]
fn a_panel_that_fell_behind_is_told_the_rhythms_as_they_stand() {
    let live = said("a", 1, (0..4).map(|at| BEGIN + 1000 * at));
    let mut transcript = live.replacen("store < message 4", "store < rhythm t 1000\nstore < message 4", 1);
    transcript.push_str(&seen(
        NOW,
        NOW,
        4,
        &format!("{{\"value\":0,\"ts\":{},\"every\":1000}}", BEGIN + 3000),
    ));
    for at in 0..crate::limits::NOTICES_MAX + 1 {
        transcript.push_str(&format!(
            "a > {{\"describe\":{{\"t\":{{\"x\":{at}}}}}}}\nstore < describe {{\"t\":{{\"x\":{at}}}}}\ncommit\na < committed 1\n"
        ));
    }
    transcript.push_str(&format!(
        "panel\npanel < {{\"device\":\"pump-1\",\"presence\":\"online\",\"since\":{NOW},\"name\":\"pump-1\"}}\n\
         panel < {{\"device\":\"pump-1\",\"describe\":{{\"t\":{{\"x\":{}}}}}}}\n\
         panel < {{\"device\":\"pump-1\",\"contested\":null}}\n\
         panel < {{\"device\":\"pump-1\",\"every\":{{\"t\":1000}}}}\n",
        crate::limits::NOTICES_MAX
    ));
    check(&format!("a begins plain\n{transcript}"));
}

#[test]
fn a_pace_that_changes_all_the_time_is_told_about_once_a_second() {
    let mut ts = BEGIN;
    let mut times = vec![ts];
    for round in 0..40 {
        for _ in 0..5 {
            ts += if round % 2 == 0 { 40 } else { 400 };
            times.push(ts);
        }
    }
    // All of it comes in one second of the hub: only that there is a rhythm at all is told.
    let transcript =
        said("a", 1, times).replacen("store < message 4\n", "store < rhythm t 40\nstore < message 4\n", 1);
    check(&format!("a begins plain\n{transcript}"));
}
