//! What is too old or too much becomes sums, which charts draw; the rest stays as it was.

use std::ops::ControlFlow;
use std::path::Path;

use store::{Bucket, Message, Options, Pattern, Retention, SampleRow, Series, Write};

use crate::rig::{PUMP, Rig, device, late, message};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const AT_ALL_TIMES: (i64, i64) = (i64::MIN, i64::MAX);

fn rule(channels: &str) -> Retention {
    let channels = Pattern::parse(channels).unwrap();
    Retention { channels, raw: None, minutes: None, hours: None, bytes: None }
}

fn ms(time: i64) -> Option<u64> {
    Some(time.cast_unsigned())
}

fn open(dir: &Path, retention: Vec<Retention>) -> Rig {
    Rig::open_as(dir, Options { retention, ..Options::default() }).unwrap()
}

/// A day of a value each ten seconds, from 0 to 9 and again, and a text in between.
fn ingest(rig: &Rig) {
    rig.write([device(PUMP, "pump-1")]);
    let of = |place: i64| {
        let values = [("level", &*format!("{}", place % 10)), ("name", "\"a\"")];
        Write::Message(message(place.cast_unsigned() + 1, place * 10_000, &values))
    };
    rig.write((0..DAY / 10_000).map(of));
}

/// Folds what is in the journal, says what time it is, and waits until all that is due is done.
fn keep(dir: &Path, retention: &[Retention], now: i64) -> Rig {
    let rig = open(dir, retention.to_vec());
    rig.write([Write::Prune { commands: 0, tokens: 0, now }]);
    // Each commit takes a piece of it along.
    for _ in 0..60 {
        rig.write([Write::Prune { commands: 0, tokens: 0, now: i64::MIN }]);
    }
    rig
}

fn samples(rig: &Rig, channel: &str) -> usize {
    let mut count = 0;
    let mut each = |_: SampleRow| {
        count += 1;
        ControlFlow::Continue(())
    };
    rig.store.reader().samples(PUMP, channel, i64::MIN, i64::MAX, &mut each).unwrap();
    count
}

fn buckets(rig: &Rig, (from, to): (i64, i64), points: usize) -> Vec<Bucket> {
    match rig.store.reader().history(PUMP, "level", from, to, points).unwrap().series {
        Series::Buckets(buckets) => buckets,
        Series::Points(points) => panic!("{} points", points.len()),
    }
}

fn total(buckets: &[Bucket]) -> (u64, f64, f64, i64) {
    let count = buckets.iter().map(|bucket| bucket.count).sum();
    let sum: f64 = buckets.iter().map(|bucket| bucket.mean * bucket.count as f64).sum();
    let min = buckets.iter().map(|bucket| bucket.min).fold(f64::INFINITY, f64::min);
    let max = buckets.iter().map(|bucket| bucket.max).fold(f64::NEG_INFINITY, f64::max);
    (count, min, max, sum.round() as i64)
}

#[test]
fn rules_that_come_while_the_store_is_open_hold_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    drop({
        let rig = open(dir.path(), Vec::new());
        ingest(&rig);
        rig
    });
    let rig = keep(dir.path(), &[], 10 * DAY);
    let all = samples(&rig, "level");
    assert!(all > 0);
    let day = Retention { raw: ms(DAY), ..rule("*/level") };
    rig.store.change(std::time::Duration::ZERO, vec![day]);
    for _ in 0..60 {
        rig.write([Write::Prune { commands: 0, tokens: 0, now: 10 * DAY }]);
    }
    assert_eq!(samples(&rig, "level"), 0);
    assert!(samples(&rig, "name") > 0, "no rule is about it");
}

#[test]
fn a_chart_adds_up_what_is_left_of_samples_and_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    ingest(&open(dir.path(), Vec::new()));
    let rules = [Retention { raw: ms(DAY), ..rule("pump-?/*") }];
    let before = total(&buckets(&open(dir.path(), Vec::new()), AT_ALL_TIMES, 10));
    assert_eq!(before, (8640, 0.0, 9.0, 8640 * 9 / 2));
    let rig = keep(dir.path(), &rules, DAY + 12 * HOUR);
    let left = samples(&rig, "level");
    // Half of it, and the rest of the chunk that is not old enough as a whole.
    assert!((4320..4320 + 256).contains(&left), "{left}");
    assert_eq!(samples(&rig, "name"), left, "of texts nothing is left");
    for points in [1, 7, 100, 2000, 10_000] {
        let buckets = buckets(&rig, AT_ALL_TIMES, points);
        assert_eq!(total(&buckets), before, "{points}");
        assert!(buckets.len() <= points);
        assert!(buckets.is_sorted_by_key(|bucket| bucket.ts));
    }
    let (mut parts, step) = (0, 7 * MINUTE + 1);
    for part in 0..DAY / step + 1 {
        let series =
            rig.store.reader().history(PUMP, "level", part * step, (part + 1) * step, 10).unwrap().series;
        parts += match series {
            Series::Points(points) => points.len() as u64,
            Series::Buckets(buckets) => total(&buckets).0,
        };
    }
    assert_eq!(parts, 8640, "each is in one of the parts");
}

#[test]
fn what_comes_late_for_a_minute_that_is_a_sum_is_drawn_in_it() {
    let dir = tempfile::tempdir().unwrap();
    ingest(&open(dir.path(), Vec::new()));
    let rules = [Retention { raw: ms(DAY), ..rule("*") }];
    let rig = keep(dir.path(), &rules, 10 * DAY);
    assert_eq!(samples(&rig, "level"), 0);
    rig.write([late(8641, 30_500, &[("level", "100")])]);
    let minute = buckets(&rig, (0, MINUTE), 1);
    assert_eq!((minute.len(), total(&minute)), (1, (7, 0.0, 100.0, 115)));
    drop(rig);
    let rig = keep(dir.path(), &rules, 10 * DAY);
    assert_eq!(samples(&rig, "level"), 0, "it went after the others");
    assert_eq!(total(&buckets(&rig, (0, MINUTE), 1)), (7, 0.0, 100.0, 115));
}

#[test]
fn in_the_end_hours_are_left_and_then_nothing() {
    let dir = tempfile::tempdir().unwrap();
    ingest(&open(dir.path(), Vec::new()));
    let rules = [Retention { raw: ms(DAY), minutes: ms(2 * DAY), hours: ms(20 * DAY), ..rule("*") }];
    drop(keep(dir.path(), &rules, 5 * DAY));
    let rig = keep(dir.path(), &rules, 5 * DAY);
    let hours = buckets(&rig, AT_ALL_TIMES, 1000);
    assert_eq!(hours.len(), 24);
    assert!(hours.iter().all(|hour| hour.count == 360 && (hour.mean - 4.5).abs() < 1e-9), "{hours:?}");
    drop(rig);
    let rig = keep(dir.path(), &rules, 30 * DAY);
    let nothing = rig.store.reader().history(PUMP, "level", i64::MIN, i64::MAX, 10).unwrap().series;
    assert_eq!(nothing, Series::Points(Vec::new()));
    assert_eq!(rig.loaded.devices[0].channels.len(), 2, "the channels are still known");
    assert_eq!(rig.pump().cursor, 8640);
}

#[test]
fn what_no_rule_is_for_stays() {
    let dir = tempfile::tempdir().unwrap();
    ingest(&open(dir.path(), Vec::new()));
    let rules = [rule("*/level"), Retention { raw: ms(1), ..rule("*/lev*") }];
    let rig = keep(dir.path(), &rules, 1000 * DAY);
    assert_eq!((samples(&rig, "level"), samples(&rig, "name")), (8640, 8640));
}

#[test]
fn a_size_is_kept_to_and_its_room_is_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let size = 20_000;
    let rules = [Retention { bytes: Some(size), minutes: ms(1), hours: ms(1), ..rule("*") }];
    let rig = open(dir.path(), Vec::new());
    rig.write([device(PUMP, "pump-1")]);
    let mut cursor: u64 = 0;
    // Numbers that do not get smaller.
    let mut round = |rig: &Rig| {
        let of = |_| {
            cursor += 1;
            let mixed = cursor.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let value = ((mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 10).to_string();
            Write::Message(Message {
                received: 0,
                ..message(cursor, cursor.cast_signed() * 1000, &[("level", &value)])
            })
        };
        rig.write((0..20_000).map(of));
    };
    round(&rig);
    drop(rig);
    let file = || std::fs::metadata(dir.path().join("glassline.db")).unwrap().len();
    let mut sizes = Vec::new();
    for _ in 0..4 {
        let rig = keep(dir.path(), &rules, DAY);
        let left = samples(&rig, "level");
        assert!((1000..3000).contains(&left), "{left} samples are left");
        round(&rig);
        drop(rig);
        sizes.push(file());
    }
    assert!(sizes[3] <= sizes[0] * 11 / 10, "{sizes:?}");
}

#[test]
fn samples_of_a_quiet_hub_grow_too_old_too() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), vec![Retention { raw: ms(DAY), ..rule("*") }]);
    rig.write([device(PUMP, "pump-1"), Write::Message(message(1, 5, &[("level", "1")]))]);
    // The first time they leave the journal, the second time they are looked at.
    for _ in 0..2 {
        rig.write([Write::Prune { commands: 0, tokens: 0, now: 10 * DAY }]);
    }
    assert_eq!(samples(&rig, "level"), 0);
    assert_eq!(total(&buckets(&rig, AT_ALL_TIMES, 1)), (1, 1.0, 1.0, 1));
}

#[test]
fn a_retention_that_is_impossible_refuses_no_write() {
    let dir = tempfile::tempdir().unwrap();
    ingest(&open(dir.path(), Vec::new()));
    forbid(dir.path(), "DELETE ON chunk");
    let rig = open(dir.path(), vec![Retention { raw: ms(DAY), ..rule("*") }]);
    rig.write([Write::Prune { commands: 0, tokens: 0, now: 10 * DAY }]);
    rig.write([Write::Message(message(8641, 5, &[("level", "1")]))]);
    assert_eq!(samples(&rig, "level"), 8641, "and none becomes a sum without going");
    assert_eq!(total(&buckets(&rig, AT_ALL_TIMES, 1)).0, 8641);
}

#[test]
fn a_folding_that_is_impossible_refuses_no_write_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), vec![Retention { raw: ms(1000 * DAY), ..rule("*") }]);
    rig.write([device(PUMP, "pump-1")]);
    forbid(dir.path(), "INSERT ON chunk");
    for cursor in 1..=20 {
        rig.write([Write::Message(message(cursor, 5, &[("level", "1"), ("name", "\"a\"")]))]);
        rig.write([Write::Prune { commands: 0, tokens: 0, now: DAY }]);
    }
    assert_eq!((samples(&rig, "level"), samples(&rig, "name")), (20, 20));
    drop(rig);
    permit(dir.path());
    let rig = open(dir.path(), Vec::new());
    assert_eq!((samples(&rig, "level"), samples(&rig, "name")), (20, 20));
    drop(rig);
    let rig = open(dir.path(), Vec::new());
    assert_eq!((samples(&rig, "level"), samples(&rig, "name")), (20, 20), "in chunks, once");
}

/// Makes something impossible, not for the disk's sake.
fn forbid(dir: &Path, what: &str) {
    let connection = rusqlite::Connection::open(dir.join("glassline.db")).unwrap();
    let trigger =
        format!("CREATE TRIGGER forbidden BEFORE {what} BEGIN SELECT RAISE(ABORT, 'forbidden'); END");
    connection.execute_batch(&trigger).unwrap();
}

fn permit(dir: &Path) {
    let connection = rusqlite::Connection::open(dir.join("glassline.db")).unwrap();
    connection.execute_batch("DROP TRIGGER forbidden").unwrap();
}
