//! Many seeds, on all cores; and what to say of one that failed.

use crate::{Options, Outcome, run};
use std::ops::Range;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Seeds that a thread takes at a time.
const BATCH: u64 = 16;
/// The end of a trace that is printed.
const LINES: usize = 60;

/// A seed in which a checker found something.
#[derive(Debug)]
pub struct Failed {
    /// The seed.
    pub seed: u64,
    /// What was simulated.
    pub options: Options,
    /// What came of it.
    pub outcome: Outcome,
}

/// Simulates all `seeds`, or as many as it takes until one fails: then the lowest of those that do.
pub fn first_failure(seeds: Range<u64>, options: Options) -> Option<Failed> {
    let next = AtomicU64::new(seeds.start);
    let failed: Mutex<Option<Failed>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| work(&seeds, options, &next, &failed));
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What one thread does: takes seeds in their order until there are none, or one below them has failed.
fn work(seeds: &Range<u64>, options: Options, next: &AtomicU64, failed: &Mutex<Option<Failed>>) {
    loop {
        let begin = next.fetch_add(BATCH, Ordering::Relaxed);
        if begin >= seeds.end {
            return;
        }
        for seed in begin..(begin + BATCH).min(seeds.end) {
            if lock(failed).as_ref().is_some_and(|failed| failed.seed < seed) {
                return;
            }
            let outcome = run(seed, options);
            let mut lowest = lock(failed);
            if outcome.finding.is_some() && lowest.as_ref().is_none_or(|failed| seed < failed.seed) {
                *lowest = Some(Failed { seed, options, outcome });
            }
        }
    }
}

fn lock(failed: &Mutex<Option<Failed>>) -> MutexGuard<'_, Option<Failed>> {
    failed.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Failed {
    /// The same seed with as few steps as still fail.
    pub fn shortened(&self) -> Failed {
        let fewer = (0..self.options.steps).map(|steps| Options { steps, ..self.options });
        let shortest = fewer.map(|options| (options, run(self.seed, options)));
        let found = shortest.into_iter().find(|(_, outcome)| outcome.finding.is_some());
        let (options, outcome) = found.unwrap_or_else(|| (self.options, run(self.seed, self.options)));
        Failed { seed: self.seed, options, outcome }
    }

    /// All that somebody needs to know: what was found, how it comes about at the least, and how to see it again.
    pub fn explain(&self) -> String {
        let shortened = self.shortened();
        let options = Options { readable: true, ..shortened.options };
        let outcome = run(self.seed, options);
        let lines: Vec<&str> = outcome.text.lines().collect();
        let end = lines[lines.len().saturating_sub(LINES)..].join("\n");
        let Some((_, finding)) = &outcome.finding else {
            return format!("seed {} failed, and does not when it is run again", self.seed);
        };
        format!(
            "…\n{end}\n\nseed {} of commit {}: {} finds that {}\nreplay: {}",
            self.seed,
            commit(),
            finding.checker,
            finding.said,
            command(self.seed, options),
        )
    }
}

/// The command that plays a seed again.
fn command(seed: u64, options: Options) -> String {
    let rule = options.rule.map(|rule| format!(" --rule {}", rule.name())).unwrap_or_default();
    let files = if options.in_files { " --sqlite" } else { "" };
    let field = if options.in_field { " --field" } else { "" };
    let steps = options.steps;
    format!("cargo run --release -p sim -- --from {seed} --steps {steps}{rule}{files}{field} --trace")
}

/// The commit that this is, where there is one.
fn commit() -> String {
    let asked = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let known = asked.ok().filter(|output| output.status.success());
    known.map_or_else(
        || "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
