//! A spool against its model, and against what was put in: any sequence of entries, acks, hubs, quotas and starts.

use std::collections::BTreeMap;

use protocol::uplink::message::Lost;
use store::{DeviceKey, Event, Message, Quota, SpoolMemory, SpoolWrite, Write};

use super::{Rig, acked, add_hub, change, told};
use crate::model::seed;
use crate::random::Random;
use crate::rig::{device, gap, numbered};

/// A gateway that writes: it knows what it put in.
struct Gateway {
    random: Random,
    /// Cursors and seqs of its devices.
    logs: Vec<(u64, u64)>,
    /// By place, from 1: of which device, session and seqs.
    entries: Vec<(u64, Option<(u64, u64)>)>,
}

impl Gateway {
    fn entry(&mut self) -> Write {
        let key = self.random.below(self.logs.len() as u64);
        let (cursor, seq) = &mut self.logs[key as usize];
        *cursor += 1;
        let (cursor, kind) = (*cursor, self.random.below(10));
        let mut write = match kind {
            0 => {
                *cursor_of(&mut self.logs, key) -= 1;
                self.entries.push((key, Some((0, 0))));
                return Write::Describe { device: DeviceKey(key + 1), describe: "{\"flow\":{}}".into() };
            }
            1 => {
                let from = *seq + 1;
                *seq += 1 + self.random.below(9);
                self.entries.push((key, Some((from, *seq))));
                gap(cursor, "t1-1", from, *seq, cursor as i64)
            }
            2 => {
                self.entries.push((key, None));
                crate::rig::unnumbered(cursor, cursor as i64, &[("flow", "1")])
            }
            _ => {
                *seq += 1;
                self.entries.push((key, Some((*seq, *seq))));
                let value = "9".repeat(1 + self.random.below(40) as usize);
                numbered(cursor, "t1-1", *seq, &[("flow", &value), ("level", "\"on\"")])
            }
        };
        match &mut write {
            Write::Message(Message { device, .. }) => *device = DeviceKey(key + 1),
            Write::Gap(gap) => gap.device = DeviceKey(key + 1),
            _ => {}
        }
        write
    }

    /// What is lost of the entries behind a place and up to another.
    fn losses(&self, after: u64, up_to: u64) -> Vec<Lost> {
        let mut lost = BTreeMap::new();
        for (key, seqs) in &self.entries[after as usize..up_to as usize] {
            let id = format!("d-{key}");
            match seqs {
                // A description.
                Some((0, _)) => {}
                Some((from, to)) => {
                    let known = lost.entry((id, "t1-1")).or_insert((*from, *to));
                    known.1 = *to;
                }
                None => lost.entry((id, "")).or_insert((1, 0)).1 += 1,
            }
        }
        let one = |((device, session), (from, to)): ((String, &str), (u64, u64))| Lost {
            device: protocol::id::DeviceId::parse(&device).unwrap(),
            session: protocol::id::SessionId::parse(session),
            from,
            to,
        };
        lost.into_iter().map(one).collect()
    }
}

fn cursor_of(logs: &mut [(u64, u64)], key: u64) -> &mut u64 {
    &mut logs[key as usize].0
}

#[test]
fn any_sequence_of_entries_acks_and_starts_reads_as_it_was_put_in() {
    for _ in 0..4 {
        let seed = seed();
        eprintln!("seed {seed}");
        run(seed);
    }
}

fn run(seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let mut gateway = Gateway { random: Random::new(seed), logs: vec![(0, 0); 5], entries: Vec::new() };
    let mut memory = SpoolMemory::new(u64::MAX);
    memory.open("m0");
    let mut rig = Rig::quick(dir.path(), u64::MAX);
    let write = |rig: &Rig, memory: &mut SpoolMemory, writes: Vec<Write>| {
        rig.write(writes.clone());
        for event in memory.commit(writes) {
            let Event::Commit(commit) = event else { continue };
            commit.result.unwrap();
        }
    };
    let devices = (0..5).map(|key| device(DeviceKey(key + 1), &format!("d-{key}"))).collect();
    write(&rig, &mut memory, devices);
    let quota = Quota { bytes: 2_000, ms: u64::MAX };
    write(&rig, &mut memory, vec![add_hub("whole", 1, Quota::NONE), add_hub("small", 1, quota)]);
    // Where the small hub stood when dropping began.
    let mut stood = 0;
    for round in 0..120 {
        for _ in 0..1 + gateway.random.below(3) {
            let count = gateway.random.below(12);
            let batch = (0..count).map(|_| gateway.entry()).collect();
            write(&rig, &mut memory, batch);
        }
        rig.settle();
        let (held, hubs) = (rig.spool.held(), rig.spool.hubs().unwrap());
        assert_eq!(held.head, gateway.entries.len() as u64);
        assert_eq!(held.head, memory.held().head);
        for spooled in [&hubs, &memory.hubs()] {
            let small = &spooled[0];
            assert_eq!(&*small.name, "small");
            match &small.dropped {
                Some(dropped) => assert_eq!(dropped.lost, gateway.losses(stood, dropped.to)),
                None => assert_eq!(stood, small.acked),
            }
        }
        let whole = hubs[1].acked;
        assert!(held.oldest <= whole + 1);
        let after = held.oldest - 1;
        let model: Vec<_> =
            memory.read(after.max(memory.held().oldest - 1), usize::MAX).iter().map(told).collect();
        let real = rig.entries(after);
        assert!(real.iter().map(|(place, _)| *place).eq(held.oldest..=held.head));
        let told_alike = real.iter().rev().zip(model.iter().rev());
        // When a description came depends on what was committed with it.
        let alike =
            told_alike.filter(|((_, one), _)| !one.contains("describe")).all(|(one, other)| one == other);
        assert!(alike, "round {round}");
        match gateway.random.below(6) {
            0 => {
                let place = whole + gateway.random.below(held.head - whole + 1);
                write(&rig, &mut memory, vec![acked("whole", place)]);
            }
            1 => {
                let dropped =
                    |rows: &[store::HubRow]| rows[0].dropped.as_ref().map_or(0, |dropped| dropped.to);
                let least = dropped(&hubs).max(dropped(&memory.hubs())).max(hubs[0].acked);
                let place = least + gateway.random.below(held.head - least + 1);
                write(&rig, &mut memory, vec![acked("small", place)]);
                stood = place;
            }
            2 => {
                drop(rig);
                rig = Rig::quick(dir.path(), u64::MAX);
                memory.open(&format!("m{}", round + 1));
                assert_eq!(rig.spooled.hubs, hubs);
                assert_eq!(rig.spooled.tags.rows().len(), memory.open("again").tags.rows().len() - 1);
                let mut without = memory.clone().open("other").devices;
                without.iter_mut().for_each(|device| device.gaps.clear());
                assert_eq!(rig.spooled.devices, without);
                // The model began one more.
                drop(rig);
                rig = Rig::quick(dir.path(), u64::MAX);
            }
            _ => {}
        }
        rig.settle();
        write(&rig, &mut memory, vec![change(SpoolWrite::Now { at: 5 })]);
    }
}
