//! Rules kept on chunks that were put there for it.

use rusqlite::Connection;

use super::Keeper;
use crate::chunk::{Numbers, StoredSample, Summary, encode};
use crate::chunk_table::{add_bytes, weight};
use crate::migration;
use crate::retention::sums::{self, Of};
use crate::retention::{Pattern, Retention};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const DEVICE: &str = "
  INSERT INTO device (key, id, joined, created) VALUES (1, 'pump-1', 0, 0);
  INSERT INTO channel (key, device, name) VALUES (1, 1, 'level'), (2, 1, 'flow');";

fn rule(channels: &str) -> Retention {
    let channels = Pattern::parse(channels).unwrap();
    Retention { channels, raw: None, minutes: None, hours: None, bytes: None }
}

struct Rig {
    connection: Connection,
    keeper: Keeper,
}

impl Rig {
    fn new(rules: Vec<Retention>) -> Rig {
        let mut connection = Connection::open_in_memory().unwrap();
        migration::STORE.migrate(&mut connection).unwrap();
        connection.execute_batch(DEVICE).unwrap();
        Rig { connection, keeper: Keeper::new(rules) }
    }

    /// Stores a chunk; gives back what it takes.
    fn chunk(&self, channel: i64, samples: &[(i64, &str)]) -> u64 {
        let samples: Vec<StoredSample<&str>> = samples
            .iter()
            .map(|(ts, value)| StoredSample {
                ts: *ts,
                cursor: 1,
                session: None,
                seq: None,
                device_ts: None,
                late: false,
                value: *value,
            })
            .collect();
        let (blob, summary) = (encode(&samples), Summary::of(&samples).unwrap());
        let sql = "INSERT INTO chunk (channel, first, last, min_ts, max_ts, count, numbers, samples)
                   VALUES (?1, 1, 1, ?2, ?3, ?4, 0, ?5)";
        let row = (channel, summary.min_ts, summary.max_ts, samples.len() as i64, &blob);
        self.connection.execute(sql, row).unwrap();
        add_bytes(&self.connection, channel, weight(blob.len())).unwrap();
        weight(blob.len()) as u64
    }

    /// It is `now`: does all that is due, and says in how many slices.
    fn keep(&mut self, now: i64) -> usize {
        self.keeper.begin(&self.connection, now).unwrap();
        let mut slices = 0;
        while self.keeper.is_busy() {
            self.keeper.slice(&self.connection).unwrap();
            slices += 1;
        }
        slices
    }

    fn chunks(&self, channel: i64) -> i64 {
        let sql = "SELECT count(*) FROM chunk WHERE channel = ?1";
        self.connection.query_row(sql, [channel], |row| row.get(0)).unwrap()
    }

    fn bytes(&self, channel: i64) -> i64 {
        self.connection
            .query_row("SELECT bytes FROM channel WHERE key = ?1", [channel], |row| row.get(0))
            .unwrap()
    }

    /// All sums of a channel: the time of the first number, how many, least, greatest, mean.
    fn sums(&self, channel: i64) -> Vec<(i64, u64, f64, f64, f64)> {
        let mut all = Vec::new();
        let take = |of, sum: &Numbers| {
            if of == Of::Stretch {
                all.push((sum.first.ts, sum.count, sum.min, sum.max, sum.mean));
            }
            of == Of::Stretch
        };
        sums::read(&self.connection, channel, &(i64::MIN..i64::MAX), take).unwrap();
        all
    }
}

#[test]
fn samples_too_old_become_sums_of_their_minutes() {
    let mut rig = Rig::new(vec![Retention { raw: Some(DAY as u64), ..rule("*/level") }]);
    rig.chunk(1, &[(10, "1"), (MINUTE - 1, "3.5"), (MINUTE, "\"text\""), (2 * MINUTE, "-1")]);
    rig.chunk(1, &[(DAY, "7")]);
    rig.chunk(2, &[(10, "1")]);
    rig.keep(DAY + 2 * MINUTE);
    assert_eq!((rig.chunks(1), rig.sums(1)), (2, vec![]), "not one ms too early");
    rig.keep(DAY + 2 * MINUTE + 1);
    assert_eq!(rig.chunks(1), 1);
    assert_eq!(rig.sums(1), [(10, 2, 1.0, 3.5, 2.25), (2 * MINUTE, 1, -1.0, -1.0, -1.0)]);
    assert_eq!((rig.chunks(2), rig.sums(2)), (1, vec![]), "no rule for it");
}

#[test]
fn what_comes_late_is_added_to_its_minute() {
    let mut rig = Rig::new(vec![Retention { raw: Some(DAY as u64), ..rule("*") }]);
    rig.chunk(1, &[(10, "1"), (20, "2")]);
    rig.keep(3 * DAY);
    rig.chunk(1, &[(5, "6"), (3 * MINUTE, "0")]);
    rig.keep(3 * DAY);
    assert_eq!(rig.sums(1), [(5, 3, 1.0, 6.0, 3.0), (3 * MINUTE, 1, 0.0, 0.0, 0.0)]);
}

#[test]
fn sums_of_minutes_become_sums_of_hours_and_these_are_forgotten() {
    let ages = [DAY, 2 * DAY, 10 * DAY].map(|age| Some(age as u64));
    let mut rig = Rig::new(vec![Retention { raw: ages[0], minutes: ages[1], hours: ages[2], ..rule("*") }]);
    rig.chunk(1, &[(10, "1"), (5 * MINUTE, "3"), (HOUR, "5"), (30 * HOUR, "9")]);
    rig.keep(2 * DAY + 30 * HOUR);
    assert_eq!(rig.sums(1).len(), 4);
    rig.keep(2 * DAY + 30 * HOUR);
    assert_eq!(
        rig.sums(1),
        [(30 * HOUR, 1, 9.0, 9.0, 9.0), (10, 2, 1.0, 3.0, 2.0), (HOUR, 1, 5.0, 5.0, 5.0)],
        "the newest minute, then hours"
    );
    rig.keep(20 * DAY);
    rig.keep(20 * DAY);
    assert_eq!(rig.sums(1), []);
}

#[test]
fn the_first_rule_counts() {
    let day = Some(DAY as u64);
    let mut rig = Rig::new(vec![rule("pump-1/level"), Retention { raw: day, ..rule("*") }]);
    rig.chunk(1, &[(10, "1")]);
    rig.chunk(2, &[(10, "1")]);
    rig.keep(9 * DAY);
    assert_eq!((rig.chunks(1), rig.chunks(2)), (1, 0));
}

#[test]
fn beyond_their_size_the_oldest_of_all_channels_go_first() {
    let mut rig = Rig::new(Vec::new());
    let each = rig.chunk(1, &[(10, "1")]);
    rig.keeper = Keeper::new(vec![Retention { bytes: Some(each * 3), ..rule("*") }]);
    for (channel, ts) in [(2, 5), (1, 20), (1, 40), (2, 30)] {
        assert_eq!(rig.chunk(channel, &[(ts, "1")]), each);
    }
    rig.keep(100);
    assert_eq!((rig.chunks(1), rig.chunks(2)), (2, 1));
    assert_eq!(rig.bytes(1) + rig.bytes(2), 3 * each as i64);
    rig.keep(100);
    assert_eq!((rig.chunks(1), rig.chunks(2)), (2, 1), "enough is enough");
    assert_eq!((rig.sums(1).len(), rig.sums(2).len()), (1, 1));
}

#[test]
fn much_goes_in_many_slices() {
    let mut rig = Rig::new(vec![Retention { raw: Some(1), ..rule("*") }]);
    for ts in 0..500 {
        rig.chunk(1, &[(ts, "1")]);
    }
    let slices = rig.keep(DAY);
    assert!(slices > 3, "{slices}");
    assert_eq!((rig.chunks(1), rig.bytes(1)), (0, 0));
    assert_eq!(rig.sums(1), [(0, 500, 1.0, 1.0, 1.0)]);
}

#[test]
fn damaged_sums_are_not_in_the_way() {
    let mut rig = Rig::new(vec![Retention { raw: Some(1), minutes: Some(HOUR as u64), ..rule("*") }]);
    rig.chunk(1, &[(1, "1")]);
    rig.keep(HOUR);
    rig.connection.execute("UPDATE sums SET sums = x'00'", []).unwrap();
    rig.chunk(1, &[(2, "2")]);
    rig.keep(HOUR);
    assert_eq!(rig.sums(1), [(2, 1, 2.0, 2.0, 2.0)]);
    rig.connection.execute("UPDATE sums SET sums = x'00'", []).unwrap();
    rig.keep(DAY);
    assert_eq!(rig.sums(1), []);
}

#[test]
fn a_damaged_chunk_is_not_in_the_way() {
    let mut rig = Rig::new(vec![Retention { raw: Some(1), ..rule("*") }]);
    rig.chunk(1, &[(1, "1")]);
    rig.connection.execute("UPDATE chunk SET samples = x'00'", []).unwrap();
    rig.chunk(1, &[(2, "2")]);
    rig.keep(DAY);
    assert_eq!((rig.chunks(1), rig.sums(1)), (0, vec![(2, 1, 2.0, 2.0, 2.0)]));
}

#[test]
fn a_channel_that_goes_during_a_round_is_not_missed() {
    let mut rig = Rig::new(vec![Retention { bytes: Some(1), ..rule("*") }]);
    rig.chunk(1, &[(1, "1")]);
    rig.keeper.begin(&rig.connection, DAY).unwrap();
    rig.connection.execute("DELETE FROM channel WHERE key = 2", []).unwrap();
    rig.keep(DAY);
    assert_eq!(rig.chunks(1), 0);
}

#[test]
fn a_channel_that_gets_the_key_of_another_is_not_kept_by_its_rule() {
    let mut rig = Rig::new(vec![Retention { raw: Some(1), ..rule("pump-1/flow") }]);
    rig.keeper.begin(&rig.connection, DAY).unwrap();
    rig.connection
        .execute_batch(
            "DELETE FROM channel; DELETE FROM device;
             INSERT INTO device (key, id, joined, created) VALUES (2, 'pump-2', 0, 0);
             INSERT INTO channel (key, device, name) VALUES (2, 2, 'flow');",
        )
        .unwrap();
    rig.chunk(2, &[(1, "1")]);
    rig.keeper.begin_anew(&rig.connection).unwrap();
    rig.keep(DAY);
    assert_eq!(rig.chunks(2), 1);
}

#[test]
fn gaps_go_when_nothing_of_their_time_is_left_in_any_channel() {
    let all = |age: i64| {
        let age = Some(age as u64);
        Retention { raw: age, minutes: age, hours: age, ..rule("*") }
    };
    let gaps = |rig: &Rig| -> Vec<i64> {
        let mut statement = rig.connection.prepare("SELECT at FROM gap ORDER BY at").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let some = "INSERT INTO gap (device, cursor, session, from_seq, to_seq, reason, at)
                VALUES (1, 1, 'k7-1', 1, 1, 'lost', 10), (1, 2, 'k7-1', 2, 2, 'lost', 20)";
    // One of the channels is kept for ever.
    let mut rig = Rig::new(vec![Retention { channels: Pattern::parse("*/level").unwrap(), ..all(DAY) }]);
    rig.connection.execute(some, []).unwrap();
    rig.keep(9 * DAY);
    assert_eq!(gaps(&rig), [10, 20]);
    // The longest of them counts.
    let longer = Retention { channels: Pattern::parse("*/flow").unwrap(), ..all(2 * DAY) };
    rig.keeper = Keeper::new(vec![longer, all(DAY)]);
    rig.keep(2 * DAY + 10);
    assert_eq!(gaps(&rig), [10, 20]);
    rig.keep(2 * DAY + 11);
    assert_eq!(gaps(&rig), [20]);
    // Sums that are kept for ever are a history to draw it in.
    rig.keeper = Keeper::new(vec![Retention { hours: None, ..all(DAY) }]);
    rig.keep(9 * DAY);
    assert_eq!(gaps(&rig), [20]);
}
