//! Between which samples a recorded gap lies, wherever those are stored.

use store::limits::GAPS_AROUND_MAX;
use store::{Around, Reader};

use crate::rig::{PUMP, Rig, gap, late, unnumbered};

fn around(reader: &Reader) -> Vec<Around> {
    let gaps = reader.history(PUMP, "flow", 0, i64::MAX, 10).unwrap().gaps;
    reader.around(PUMP, "flow", &gaps).unwrap()
}

#[test]
fn a_gap_lies_between_the_samples_of_the_channel_that_were_committed_around_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let expected = [
        Around { after: None, before: Some(100) },
        // Two in a row, other channels and late samples between them.
        Around { after: Some(200), before: Some(900) },
        Around { after: Some(200), before: Some(900) },
        Around { after: Some(900), before: None },
    ];
    rig.write([
        gap(1, "k7-1", 1, 1, 50),
        unnumbered(2, 100, &[("flow", "1")]),
        unnumbered(3, 200, &[("flow", "2"), ("level", "1")]),
        unnumbered(4, 300, &[("level", "2")]),
        gap(5, "k7-1", 3, 9, 800),
        late(6, 150, &[("flow", "3")]),
        gap(7, "k7-1", 11, 12, 850),
        unnumbered(8, 850, &[("level", "3")]),
        unnumbered(9, 900, &[("flow", "4")]),
        gap(10, "k7-1", 13, 13, 1000),
    ]);
    assert_eq!(around(rig.store.reader()), expected, "in the journal");
    rig.store.close();
    let rig = Rig::open(dir.path());
    assert_eq!(around(rig.store.reader()), expected, "in chunks");
    rig.write([unnumbered(11, 1100, &[("flow", "5")])]);
    let with_next = Around { before: Some(1100), ..expected[3] };
    assert_eq!(around(rig.store.reader())[3], with_next, "in both");
    let gaps = rig.store.reader().history(PUMP, "level", 0, i64::MAX, 10).unwrap().gaps;
    assert_eq!(rig.store.reader().around(PUMP, "nothing", &gaps).unwrap(), [Around::default(); 4]);
}

#[test]
fn of_many_gaps_only_the_newest_are_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let many = GAPS_AROUND_MAX as u64 + 3;
    rig.write([unnumbered(1, 10, &[("flow", "1")])]);
    rig.write((0..many).map(|n| gap(n + 2, "k7-1", 2 * n + 1, 2 * n + 1, 100 + n as i64)));
    let around = around(rig.store.reader());
    let known: Vec<bool> = around.iter().map(|around| around.after == Some(10)).collect();
    assert_eq!(known, [vec![false; 3], vec![true; GAPS_AROUND_MAX]].concat());
}
