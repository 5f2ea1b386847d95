//! Looks on from a connection that has shown who it is: how long it has to wait, and how long the hub has strangers.

use super::client::{Client, metric};
use super::target::Target;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

/// How often.
const EVERY: Duration = Duration::from_millis(250);
/// How long it goes on for when the attack is over and strangers are left.
const STAYS_MAX: Duration = Duration::from_secs(30);
/// So many strangers are nothing: a tool looks itself whether the hub is there.
const PROBES: u64 = 3;
/// Strangers over HTTP, by where they are.
const STRANGERS: &[&str] = &[
    "glassline_strangers{listeners=\"http\",state=\"inside\"}",
    "glassline_strangers{listeners=\"http\",state=\"waiting\"}",
];

/// One who looks on, in a thread.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// From when there were strangers until there were none.
    pub(super) held: Duration,
    /// Most strangers at once.
    pub(super) most: u64,
    pub(super) longest_answer: Duration,
    /// Why it could not look on.
    pub(super) error: Option<String>,
}

impl Watch {
    /// Begins when it has been answered once, as one who is known.
    pub(super) fn begin(target: &Target) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (ends, mut client) = (over.clone(), target.client());
        let mut seen = Seen::default();
        if let Err(error) = strangers(&mut client) {
            seen.error = Some(format!("the hub does not answer: {error:#}"));
        }
        Self { over, thread: spawn(move || look(&mut client, &ends, seen)) }
    }

    /// When the attack is over: what was seen until no stranger was left.
    pub(super) fn end(self) -> Seen {
        self.over.store(true, Ordering::Relaxed);
        let panicked = |_| Seen { error: Some("nobody looked on".to_owned()), ..Seen::default() };
        self.thread.join().unwrap_or_else(panicked)
    }
}

fn look(client: &mut Client, over: &AtomicBool, mut seen: Seen) -> Seen {
    let (mut first, mut ended) = (None, None);
    while seen.error.is_none() {
        let asked = Instant::now();
        match strangers(client) {
            Ok(count) => {
                seen.longest_answer = seen.longest_answer.max(asked.elapsed());
                seen.most = seen.most.max(count);
                if count > PROBES {
                    seen.held = first.get_or_insert(asked).elapsed();
                } else if over.load(Ordering::Relaxed) {
                    break;
                }
            }
            Err(error) => seen.error = Some(format!("the hub does not answer: {error:#}")),
        }
        if over.load(Ordering::Relaxed) && ended.get_or_insert(asked).elapsed() > STAYS_MAX {
            break;
        }
        std::thread::sleep(EVERY);
    }
    seen
}

fn strangers(client: &mut Client) -> anyhow::Result<u64> {
    let text = client.get("/metrics")?.body;
    Ok(STRANGERS.iter().filter_map(|name| metric(&text, name)).sum())
}
