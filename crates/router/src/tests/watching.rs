//! What panels get: nothing twice, nothing missing that is not counted.

use super::check;
use super::player::Player;
use crate::limits::{LOOK_BYTES_MAX, WATCHED_TAIL_BYTES_MAX, WATCHED_TAIL_MESSAGES_MAX};
use crate::{Device, Effect, Run, Step, Watch};

#[test]
fn a_panel_that_fell_behind_is_moved_to_the_latest_values_and_told_how_many_it_passed_over() {
    let mut transcript = String::from(
        r#"
        a begins plain
        a > {"u":1}
        store < message 1
        commit
        a < committed 1
        panel
        panel < {"snapshot":"pump-1","cursor":1,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{"u":{"value":1,"ts":1763846847000}},"describe":{},"counts":{"received":1,"gaps":0},"commands":[]}
        a > {"u":2}
        store < message 2
        "#,
    );
    let last = WATCHED_TAIL_MESSAGES_MAX + 9;
    for cursor in 3..=last {
        transcript.push_str(&format!("a > {{\"t\":{cursor}}}\nstore < message {cursor}\n"));
    }
    transcript.push_str("commit\n");
    transcript.push_str(&"a < committed 1\n".repeat(last - 1));
    transcript.push_str(&format!(
        r#"
        panel
        panel < {{"device":"pump-1","cursor":2,"channel":"u","value":2,"ts":1763846847000}}
        panel < {{"device":"pump-1","cursor":{last},"channel":"t","value":{last},"ts":1763846847000,"skipped":{skipped}}}
        "#,
        skipped = last - 3
    ));
    check(&transcript);
}

#[test]
fn a_panel_that_missed_the_end_of_a_command_is_told_it_when_it_catches_up() {
    let mut transcript = String::from(
        r#"
        a begins k7-1
        panel
        panel < {"snapshot":"pump-1","cursor":0,"known":true,"key":1,"presence":"online","since":1763846847000,"name":"pump-1","last_seen":1763846847000,"channels":{},"describe":{},"counts":{"received":0,"gaps":0},"commands":[]}
        ada > fan 1 now c1 5000
        ada < accepted
        store < next command 2
        store < command c1 sent
        commit
        a < {"command":1,"channel":"fan","value":1,"ttl":5000}
        a > {"result":1,"ok":true}
        store < command c1 done
        commit
        "#,
    );
    for times in 0..crate::limits::NOTICES_MAX {
        transcript.push_str(&format!("a > {{\"describe\":{{\"t\":{{\"min\":{times}}}}}}}\n"));
        transcript.push_str(&format!("store < describe {{\"t\":{{\"min\":{times}}}}}\n"));
    }
    let last = crate::limits::NOTICES_MAX - 1;
    transcript.push_str(&format!(
        r#"
        panel
        panel < {{"device":"pump-1","presence":"online","since":1763846847000,"name":"pump-1"}}
        panel < {{"device":"pump-1","describe":{{"t":{{"min":{last}}}}}}}
        panel < {{"device":"pump-1","contested":null}}
        panel < {{"command":"c1","device":"pump-1","channel":"fan","state":"done","by":"ada","asked":1}}
        "#
    ));
    check(&transcript);
}

/// A device that said so many messages, each with a value of so many bytes; whether those who watch it should hurry.
fn say(device: &mut Device, messages: usize, bytes: usize) -> bool {
    let mut effects = Vec::new();
    for _ in 0..messages {
        Player::commit_one(device, &format!("\"{}\"", "x".repeat(bytes)), &mut effects);
    }
    effects.iter().any(|effect| matches!(effect, Effect::Wake { hurry: true }))
}

fn look(device: &mut Device, watch: &mut Watch) -> (Step, Vec<Run>) {
    let mut runs = Vec::new();
    (device.catch_up(watch, &mut runs), runs)
}

fn messages(runs: &[Run]) -> usize {
    runs.iter().map(|run| run.messages).sum()
}

#[test]
fn panels_at_the_same_place_share_the_bytes_of_one_run() {
    let (mut device, mut one) = (Player::device(), Watch::begin());
    device.watched(true);
    let _ = look(&mut device, &mut one);
    let mut other = one.clone();
    say(&mut device, 40, 10);
    let (mine, others) = (look(&mut device, &mut one), look(&mut device, &mut other));
    assert_eq!((mine.0, mine.1.len(), mine.1[0].messages), (Step::Done, 1, 40));
    assert_eq!(mine.1[0].bytes.as_ptr(), others.1[0].bytes.as_ptr());
}

#[test]
fn a_device_that_is_watched_keeps_more_until_all_have_seen_it_or_nobody_watches() {
    for let_go in [|device: &mut Device| device.watched(false), Device::all_have_seen] {
        let (mut device, mut watch) = (Player::device(), Watch::begin());
        device.watched(true);
        let _ = look(&mut device, &mut watch);
        let mut late = watch.clone();
        let sent = WATCHED_TAIL_MESSAGES_MAX / 2;
        say(&mut device, sent, 10);
        assert_eq!(messages(&look(&mut device, &mut watch).1), sent);
        let_go(&mut device);
        let (_, runs) = look(&mut device, &mut late);
        assert_eq!((messages(&runs), device.counts().0), (1, sent as u64));
    }
}

#[test]
fn a_look_brings_so_many_bytes_and_the_next_one_the_rest() {
    let (mut device, mut watch) = (Player::device(), Watch::begin());
    device.watched(true);
    let _ = look(&mut device, &mut watch);
    say(&mut device, 100, 1_000);
    let (step, first) = look(&mut device, &mut watch);
    let bytes: usize = first.iter().map(|run| run.bytes.len()).sum();
    assert!(bytes <= LOOK_BYTES_MAX && step == Step::More);
    let (step, second) = look(&mut device, &mut watch);
    assert_eq!((step, messages(&first) + messages(&second)), (Step::Done, 100));
}

#[test]
fn who_watches_is_to_hurry_before_half_of_the_tail_is_gone_unseen() {
    let (mut device, mut watch) = (Player::device(), Watch::begin());
    assert!(!say(&mut device, WATCHED_TAIL_MESSAGES_MAX, 10), "nobody watches");
    device.watched(true);
    let _ = look(&mut device, &mut watch);
    assert!(!say(&mut device, WATCHED_TAIL_MESSAGES_MAX / 2, 10));
    assert!(say(&mut device, 1, 10));
    assert!(!say(&mut device, 1, 10), "it was said");
    let _ = look(&mut device, &mut watch);
    assert!(!say(&mut device, 1, 10));
    assert!(say(&mut device, 4, WATCHED_TAIL_BYTES_MAX / 8));
}

#[test]
fn what_becomes_of_a_device_that_nobody_watches_is_kept_for_nobody_and_told_as_it_stands_to_whoever_comes() {
    let text = |runs: &[Run]| -> Vec<String> {
        runs.iter().map(|run| String::from_utf8_lossy(&run.bytes).into_owned()).collect()
    };
    let (mut device, mut effects) = (Player::device(), Vec::new());
    device.notice("\"nobody\"".into(), &mut effects);
    assert_eq!((device.notices.head(), device.notices.floor()), (1, 1));

    let mut watch = device.resume_watch(0);
    device.watched(true);
    let (_, standing) = look(&mut device, &mut watch);
    let standing = text(&standing);
    assert!(standing[0].contains("\"presence\":\"offline\"") && standing.len() == 3, "{standing:?}");
    device.notice("\"somebody\"".into(), &mut effects);
    assert_eq!(text(&look(&mut device, &mut watch).1), ["\"somebody\""]);

    device.watched(false);
    assert_eq!(device.notices.floor(), device.notices.head(), "what they were told is let go");
    device.notice("\"nobody\"".into(), &mut effects);
    assert_eq!(
        text(&look(&mut device, &mut watch).1),
        standing,
        "who stayed away misses nothing that counts"
    );
}
