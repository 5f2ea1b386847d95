//! Time that passed, and time that this process spent on a processor.

use std::time::{Duration, Instant};

/// Runs while something is measured.
pub(crate) struct Clock {
    begun: Instant,
    processor: Option<Duration>,
}

/// What it showed.
#[derive(Clone, Copy)]
pub(crate) struct Spent {
    /// Time that passed.
    pub(crate) time: Duration,
    /// On processors, over all threads that still run; to 10 ms. `None` where the system does not say.
    pub(crate) processor: Option<Duration>,
}

impl Clock {
    pub(crate) fn start() -> Clock {
        Clock { begun: Instant::now(), processor: processor() }
    }

    pub(crate) fn stop(&self) -> Spent {
        let spent = processor().zip(self.processor).map(|(now, then)| now.saturating_sub(then));
        Spent { time: self.begun.elapsed(), processor: spent }
    }
}

/// Processor time of this process so far, from what Linux says in hundredths of a second.
fn processor() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may have spaces; what follows it may not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let hundredths = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(hundredths * 10))
}

/// How long `work` keeps this thread on a processor, whatever else the machine does meanwhile; to a few ms. Where the
/// system does not say, the time that passes.
pub(crate) fn on_this_thread(work: impl FnOnce()) -> Duration {
    let (begun, before) = (Instant::now(), this_thread());
    work();
    let spent = this_thread().zip(before).map(|(now, then)| now.saturating_sub(then));
    spent.unwrap_or_else(|| begun.elapsed())
}

/// Processor time of this thread so far, where the system says it.
pub(crate) fn this_thread() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
