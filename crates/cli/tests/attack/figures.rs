//! What was measured, as a table, and what is wrong with it.

use crate::guests::Books;
use crate::swarm::Fates;
use std::time::Duration;

/// After so long each connection that shows nothing must be closed.
const CLOSED_WITHIN: Duration = Duration::from_secs(6);
/// Times the quiet p99 that a guest may have to wait under attack.
const TIMES_MAX: f64 = 1.5;
/// KiB by which memory may grow: 8,000 strangers that wait or are inside, and what the system's allocator keeps of them.
const GROWTH_MAX: u64 = 256 * 1024;

/// What guests waited.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    /// From a message to its ack.
    pub(crate) ack: Vec<Duration>,
    /// From a message to the panel.
    pub(crate) panel: Vec<Duration>,
    /// From connecting to the welcome.
    pub(crate) newcomer: Vec<Duration>,
}

/// Something that must not be.
#[derive(Debug)]
pub(crate) struct Finding(pub(crate) String);

pub(crate) struct Report {
    pub(crate) quiet: Waits,
    pub(crate) attacked: Waits,
    pub(crate) fates: Fates,
    /// KiB before, and at most.
    pub(crate) memory: (u64, u64),
    /// Whether all of them are gone.
    pub(crate) strangers: bool,
    pub(crate) books: Books,
}

/// The value below which so many hundredths lie.
fn quantile(values: &[Duration], hundredths: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    let at = (values.len() * hundredths / 100).min(values.len().saturating_sub(1));
    values.get(at).map_or(0.0, |value| value.as_secs_f64() * 1e3)
}

impl Waits {
    fn columns(&self) -> [(&'static str, &[Duration]); 3] {
        [
            ("ack of a message", &self.ack),
            ("message shown on the panel", &self.panel),
            ("newcomer welcome", &self.newcomer),
        ]
    }
}

impl Report {
    pub(crate) fn print(&self) {
        println!("\n| connections | opened | refused | closed, p50 | closed, latest | left open |");
        println!("|---|---|---|---|---|---|");
        for (kind, fate) in &self.fates {
            let mut open = fate.open_ms.clone();
            open.sort_unstable();
            let middle = open.get(open.len() / 2).copied().unwrap_or(0);
            println!(
                "| {} | {} | {} | {middle} ms | {} ms | {} |",
                kind.name(),
                fate.opened,
                fate.refused,
                open.last().copied().unwrap_or(0),
                fate.left_open
            );
        }
        println!("\n| wait, ms | quiet p50 | quiet p99 | attacked p50 | attacked p99 | times | samples |");
        println!("|---|---|---|---|---|---|---|");
        for ((name, quiet), (_, attacked)) in self.quiet.columns().into_iter().zip(self.attacked.columns()) {
            let p99 = (quantile(quiet, 99), quantile(attacked, 99));
            println!(
                "| {name} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} |",
                quantile(quiet, 50),
                p99.0,
                quantile(attacked, 50),
                p99.1,
                if p99.0 > 0.0 { format!("{:.2}", p99.1 / p99.0) } else { "–".to_owned() },
                attacked.len()
            );
        }
        let (before, most) = self.memory;
        println!("\nmemory {} MiB before, {} MiB at most", before / 1024, most / 1024);
        let Books { said, received, gaps } = self.books;
        println!("the device said {said} messages, {received} are stored, {gaps} are gaps\n");
    }

    /// What is wrong. Where `times` are not judged, only that each was closed at all.
    pub(crate) fn judge(&self, times: bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut found = |is_wrong: bool, what: String| {
            if is_wrong {
                findings.push(Finding(what));
            }
        };
        let within = CLOSED_WITHIN.as_millis() as u32;
        for (kind, fate) in &self.fates {
            let name = kind.name();
            found(fate.opened == 0, format!("{name}: none could be opened"));
            found(fate.left_open > 0, format!("{name}: {} were not closed", fate.left_open));
            let late = fate.open_ms.iter().filter(|open| **open > within).count();
            found(times && late > 0, format!("{name}: {late} were closed after more than {within} ms"));
        }
        for ((name, quiet), (_, attacked)) in
            self.quiet.columns().into_iter().zip(self.attacked.columns()).take(2)
        {
            found(attacked.is_empty(), format!("{name}: nothing came"));
            let ratio = quantile(attacked, 99) / quantile(quiet, 99);
            found(times && ratio > TIMES_MAX, format!("{name}: p99 is {ratio:.2} times the quiet one"));
        }
        let growth = self.memory.1.saturating_sub(self.memory.0);
        found(growth > GROWTH_MAX, format!("memory grew by {} MiB", growth / 1024));
        found(!self.strangers, "strangers stay when the attack is over".to_owned());
        let Books { said, received, gaps } = self.books;
        found(received != said || gaps > 0, format!("of {said} messages {received} are stored, {gaps} gaps"));
        findings
    }
}
