//! A fleet that loads a gateway, and the books of what a hub has of it.

use super::rig::Gateway;
use crate::rig::{Account, DEADLINE, Gap, Hub, Program, Stored, Verdict, judge};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Instant;
use tempfile::TempDir;

/// The devices' channel.
const CHANNEL: &str = "count";

/// Devices that send for some seconds.
pub(crate) struct Fleet {
    program: Program,
    home: TempDir,
}

impl Fleet {
    /// Three devices behind `gateway`, known to `hub`.
    pub(crate) fn start(gateway: &Gateway, hub: &Hub, seconds: u32) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let (lines, join, seconds) = (gateway.lines(), hub.of_ready("join"), seconds.to_string());
        let arguments = [
            "simulate",
            "fleet",
            "--to",
            lines,
            "--join",
            join,
            "--devices",
            "3",
            "--rate",
            "100",
            "--memory",
            "--journal",
            "journal",
            "--seconds",
            &seconds,
            "--drain",
            "60",
        ];
        let program = Program::start(home.path(), &arguments);
        Self { program, home }
    }

    /// Waits until so many were acked to it.
    pub(crate) fn acked(&mut self, wanted: u64) {
        let acked = |line: &str| {
            let mut words = line.split_whitespace();
            words.find(|word| *word == "acked");
            words.next().and_then(|count| count.parse::<u64>().ok())
        };
        self.program.line(|line| acked(line).is_some_and(|count| count >= wanted));
    }

    /// Waits for its end and until `hub` has all that was accepted, and judges.
    pub(crate) fn judged(self, hub: &Hub) -> Verdict {
        let ended = self.program.ended();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.said.contains("queued 0 + dropped 0"), "{}", ended.said);
        let journal = std::fs::read_to_string(self.home.path().join("journal")).expect("a journal");
        let mut accepted: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for line in journal.lines() {
            let mut words = line.split(' ');
            let (id, value) = (words.next().expect("a device"), words.next().expect("a value"));
            accepted.entry(id.to_owned()).or_default().push(value.parse().expect("a number"));
        }
        verdict(hub, &accepted)
    }
}

/// What the hub has of these, once it has all or does not get more.
fn verdict(hub: &Hub, accepted: &BTreeMap<String, Vec<u64>>) -> Verdict {
    let until = Instant::now() + DEADLINE;
    loop {
        let accounts: BTreeMap<String, Account> =
            accepted.iter().map(|(id, accepted)| (id.clone(), account(hub, id, accepted))).collect();
        let verdict = judge(&accounts);
        if verdict.lost == 0 || Instant::now() > until {
            return verdict;
        }
    }
}

fn account(hub: &Hub, id: &str, accepted: &[u64]) -> Account {
    let state = hub.get(&format!("/api/devices/{id}"));
    if state.status != 200 {
        return Account { accepted: accepted.to_vec(), ..Account::default() };
    }
    let samples = hub.get(&format!("/api/devices/{id}/channels/{CHANNEL}/samples?format=ndjson"));
    let history = hub.get(&format!("/api/devices/{id}/channels/{CHANNEL}/history?points=1"));
    let history = if history.status == 200 { history.json() } else { Value::Null };
    let stored: Vec<Stored> = match samples.status {
        200 => samples.body.lines().map(stored).collect(),
        _ => Vec::new(),
    };
    let gaps: Vec<Gap> = history["gaps"].as_array().into_iter().flatten().map(gap).collect();
    Account {
        accepted: accepted.to_vec(),
        // What came between the two questions is not counted wrongly.
        committed: (stored.len() + gaps.len()) as u64,
        stored,
        gaps,
        ..Account::default()
    }
}

fn stored(line: &str) -> Stored {
    let sample: Value = serde_json::from_str(line).expect("samples are JSON");
    Stored {
        counter: sample["value"].as_u64().expect("a count"),
        session: sample["session"].as_str().expect("it was numbered").to_owned(),
        seq: sample["seq"].as_u64().expect("it was numbered"),
    }
}

fn gap(gap: &Value) -> Gap {
    Gap {
        session: gap["session"].as_str().unwrap_or_default().to_owned(),
        first: gap["first"].as_u64().unwrap_or(1),
        last: gap["last"].as_u64().unwrap_or(1),
        reason: gap["reason"].as_str().unwrap_or_default().to_owned(),
    }
}
