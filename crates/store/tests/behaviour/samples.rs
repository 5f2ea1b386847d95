use std::ops::ControlFlow;

use store::{Position, Reader, Sample, SampleRow, Write};

use crate::rig::{PUMP, Rig, late, message, numbered, unnumbered};

fn collect(reader: &Reader, from: i64, to: i64) -> Vec<SampleRow> {
    let mut rows = Vec::new();
    let mut each = |sample| {
        rows.push(sample);
        ControlFlow::Continue(())
    };
    reader.samples(PUMP, "flow", from, to, &mut each).unwrap();
    rows
}

#[test]
fn samples_come_in_the_order_of_their_commits_whatever_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([
        numbered(1, "k7-1", 8, &[("flow", "1"), ("level", "9"), ("flow", "1.5")]),
        unnumbered(2, 5000, &[("flow", "2")]),
        late(3, 40, &[("flow", "3")]),
        numbered(4, "k7-2", 1, &[("flow", "4")]),
    ]);
    let rows = collect(rig.store.reader(), 0, i64::MAX);
    let values: Vec<&str> = rows.iter().map(|row| &*row.value).collect();
    assert_eq!(values, ["1", "1.5", "2", "3", "4"]);
    let position = |session: &str, seq| Some(Position { session: session.into(), seq });
    let positions: Vec<_> = rows.iter().map(|row| row.position.clone()).collect();
    let first = position("k7-1", 8);
    assert_eq!(positions, [first.clone(), first, None, None, position("k7-2", 1)]);
    assert_eq!(rows.iter().map(|row| row.ts).collect::<Vec<_>>(), [1000, 1000, 5000, 40, 4000]);
}

#[test]
fn more_than_a_page_comes_whole() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let count = 2 * store::limits::SAMPLES_PAGE as i64;
    rig.write((1..=count).map(|at| unnumbered(at as u64, at, &[("other", "0"), ("flow", &at.to_string())])));
    let rows = collect(rig.store.reader(), 1, count + 1);
    assert!(rows.iter().map(|row| row.ts).eq(1..=count));
    let rows = collect(rig.store.reader(), 3, count - 3);
    assert!(rows.iter().map(|row| row.ts).eq(3..count - 3));
    assert!(collect(rig.store.reader(), 9, 9).is_empty());
}

#[test]
fn what_is_committed_during_a_stream_is_not_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([unnumbered(1, 1, &[("flow", "1")]), unnumbered(2, 2, &[("flow", "2")])]);
    let mut cursor = 2;
    let mut seen = 0;
    let mut each = |_| {
        // The callback may take its time, and may itself wait for a commit.
        cursor += 1;
        rig.write([unnumbered(cursor, 3, &[("flow", "3")])]);
        seen += 1;
        ControlFlow::Continue(())
    };
    rig.store.reader().samples(PUMP, "flow", 0, 100, &mut each).unwrap();
    assert_eq!(seen, 2);
    assert_eq!(collect(rig.store.reader(), 0, 100).len(), 4);
}

#[test]
fn a_stream_ends_where_it_is_broken_off() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write((1..=10).map(|at| unnumbered(at as u64, at, &[("flow", "1")])));
    let mut seen = 0;
    let mut each = |_| {
        seen += 1;
        if seen == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    rig.store.reader().samples(PUMP, "flow", 0, 100, &mut each).unwrap();
    assert_eq!(seen, 4);
}

#[test]
fn the_time_of_a_wrong_clock_is_kept_beside_the_one_that_counts() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let mut wrong = message(1, 5000, &[("flow", "1")]);
    wrong.samples = vec![Sample { device_ts: Some(12), ..wrong.samples[0].clone() }];
    rig.write([Write::Message(wrong)]);
    let rows = collect(rig.store.reader(), 0, 10_000);
    assert_eq!((rows[0].ts, rows[0].device_ts), (5000, Some(12)));
}
