use store::{Bucket, DeviceKey, History, Point, Series};

use crate::rig::{PUMP, Rig, gap, late, unnumbered};

fn points(history: History) -> Vec<(i64, String)> {
    let Series::Points(points) = history.series else { panic!("points were expected: {history:?}") };
    points.into_iter().map(|Point { ts, value }| (ts, value.to_string())).collect()
}

fn buckets(history: History) -> Vec<Bucket> {
    let Series::Buckets(buckets) = history.series else { panic!("buckets were expected: {history:?}") };
    buckets
}

#[test]
fn a_range_has_its_beginning_and_not_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write((1..=5).map(|at| unnumbered(at as u64, at * 10, &[("flow", &at.to_string())])));
    let read = |from, to| points(rig.store.reader().history(PUMP, "flow", from, to, 5).unwrap());
    assert_eq!(read(20, 40), [(20, "2".into()), (30, "3".into())]);
    assert_eq!(read(i64::MIN, i64::MAX).len(), 5);
    assert!(read(40, 40).is_empty() && read(40, 20).is_empty() && read(51, 99).is_empty());
}

#[test]
fn what_is_not_there_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    for device in [PUMP, DeviceKey(77)] {
        let history = rig.store.reader().history(device, "none", 0, 100, 5).unwrap();
        assert!(history.gaps.is_empty() && points(history).is_empty());
    }
}

#[test]
fn late_samples_stand_where_their_time_is_and_ties_in_the_order_of_their_commits() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([
        unnumbered(1, 10, &[("flow", "1")]),
        unnumbered(2, 30, &[("flow", "3")]),
        late(3, 20, &[("flow", "2")]),
        late(4, 10, &[("flow", "1.5")]),
        late(5, -5, &[("flow", "0")]),
    ]);
    let read = points(rig.store.reader().history(PUMP, "flow", -10, 100, 10).unwrap());
    let values: Vec<&str> = read.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["0", "1", "1.5", "2", "3"]);
}

#[test]
fn a_spike_is_visible_in_its_bucket() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write((0..10_000).map(|at| {
        let value = if at == 7003 { "950.5" } else { "20" };
        unnumbered(at as u64 + 1, at, &[("flow", value)])
    }));
    let buckets = buckets(rig.store.reader().history(PUMP, "flow", 0, i64::MAX, 100).unwrap());
    assert_eq!(buckets.len(), 100);
    assert!(buckets.iter().all(|bucket| bucket.count == 100 && bucket.min == 20.0 && bucket.ts % 100 == 0));
    let spikes: Vec<i64> =
        buckets.iter().filter(|bucket| bucket.max == 950.5).map(|bucket| bucket.ts).collect();
    assert_eq!(spikes, [7000]);
    let mean = buckets[70].mean;
    assert!((mean - 29.305).abs() < 1e-9, "{mean}");
}

#[test]
fn as_many_samples_as_points_are_not_summed_up() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write((1..=4).map(|at| unnumbered(at as u64, at, &[("flow", "2.0")])));
    let history = |points| rig.store.reader().history(PUMP, "flow", 0, 100, points).unwrap();
    assert_eq!(points(history(4)).len(), 4);
    let three = buckets(history(3));
    assert_eq!(three.iter().map(|bucket| bucket.count).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(three[0], Bucket { ts: 1, min: 2.0, max: 2.0, mean: 2.0, count: 2 });
    assert_eq!(buckets(history(0)).len(), 1);
}

#[test]
fn samples_of_one_time_are_one_bucket() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write((1..=3).map(|cursor| unnumbered(cursor, 42, &[("flow", &cursor.to_string())])));
    let read = buckets(rig.store.reader().history(PUMP, "flow", 0, 100, 2).unwrap());
    assert_eq!(read, [Bucket { ts: 42, min: 1.0, max: 3.0, mean: 2.0, count: 3 }]);
}

#[test]
fn times_at_both_ends_of_the_world_are_no_trouble() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let times = [i64::MIN, 0, i64::MAX - 1];
    rig.write((1..).zip(times).map(|(cursor, ts)| unnumbered(cursor, ts, &[("flow", "1")])));
    let read = buckets(rig.store.reader().history(PUMP, "flow", i64::MIN, i64::MAX, 2).unwrap());
    assert_eq!(read.iter().map(|bucket| bucket.count).sum::<u64>(), 3);
    assert_eq!(read[0].ts, i64::MIN);
}

#[test]
fn buckets_count_numbers_only_and_points_keep_everything() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let values = ["1", "\"two\"", "1e400", "null", "-3", "true", "{\"a\":1}", "\"5\"", "1.7e308", "1.7e308"];
    rig.write((1..).zip(values).map(|(cursor, value)| unnumbered(cursor, 5, &[("any", value)])));
    let history = |points| rig.store.reader().history(PUMP, "any", 0, 10, points).unwrap();
    let all: Vec<String> = points(history(10)).into_iter().map(|(_, value)| value).collect();
    assert_eq!(all, values);
    let one = buckets(history(1))[0];
    assert_eq!((one.count, one.min, one.max), (4, -3.0, 1.7e308));
    assert!(one.mean.is_finite() && one.mean <= one.max);
}

#[test]
fn gaps_in_the_range_come_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([
        gap(1, "k7-1", 1, 4, 10),
        gap(2, "k7-1", 6, 6, 20),
        gap(3, "k7-2", 1, u64::MAX, 30),
        unnumbered(4, 25, &[("flow", "1")]),
    ]);
    let gaps = rig.store.reader().history(PUMP, "flow", 20, 31, 5).unwrap().gaps;
    let bounds: Vec<_> = gaps.iter().map(|gap| (&*gap.session, gap.from, gap.to, gap.at)).collect();
    assert_eq!(bounds, [("k7-1", 6, 6, 20), ("k7-2", 1, u64::MAX, 30)]);
    assert_eq!(&*gaps[0].reason, "overflow");
    assert!(rig.store.reader().history(PUMP, "flow", 11, 20, 5).unwrap().gaps.is_empty());
}

#[test]
fn more_readers_than_connections_all_get_their_answer() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write((1..=200).map(|at| unnumbered(at as u64, at, &[("flow", "1")])));
    std::thread::scope(|scope| {
        for _ in 0..4 * store::limits::READERS_MAX {
            scope.spawn(|| {
                for _ in 0..50 {
                    let history = rig.store.reader().history(PUMP, "flow", 0, i64::MAX, 500).unwrap();
                    assert_eq!(points(history).len(), 200);
                }
            });
        }
    });
}

#[test]
fn values_too_long_for_an_answer_are_left_out_and_numbers_among_them_summed_up() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let text = format!("\"{}\"", "x".repeat(1024 * 1024));
    let count = (store::limits::HISTORY_BYTES_MAX / text.len()) as u64;
    let history = || rig.store.reader().history(PUMP, "flow", i64::MIN, i64::MAX, 100).unwrap().series;
    rig.write((1..=count).map(|cursor| unnumbered(cursor, 5, &[("flow", &text)])));
    assert!(matches!(history(), Series::Points(points) if points.len() as u64 == count));
    rig.write([unnumbered(count + 1, 6, &[("flow", "7")]), unnumbered(count + 2, 7, &[("flow", &text)])]);
    let Series::Buckets(buckets) = history() else { panic!("it is more than an answer holds") };
    assert_eq!(
        buckets.iter().map(|bucket| (bucket.ts, bucket.count, bucket.max)).collect::<Vec<_>>(),
        [(6, 1, 7.0)]
    );
}
