//! Order: the log of a device has no hole, its sessions follow each other, each is numbered from 1 without hole, and
//! what a program published first stands first, where it is numbered.

use super::{Verdict, maker};
use crate::stored::{Entry, What};
use std::collections::BTreeMap;

/// Looks at the whole log of a device. What programs published is compared only where one alone bears the id (`honest`).
pub fn audit(device: &str, log: &[Entry], honest: bool) -> Verdict {
    let mut last = BTreeMap::new();
    let mut session: Option<(&str, u64)> = None;
    for (place, entry) in log.iter().enumerate() {
        let cursor = entry.cursor;
        if cursor != place as u64 + 1 {
            return Err(format!("{device}: cursor {cursor} stands at place {}", place + 1));
        }
        if let Some((name, seq)) = &entry.position {
            session = Some(step(device, session, name, *seq, entry)?);
        }
        if let (Some(content), Some(_), true) = (entry.content(), &entry.position, honest) {
            let before = last.insert(maker(content), content).unwrap_or(0);
            if before > content {
                return Err(format!("{device}: {content} is stored at cursor {cursor}, behind {before}"));
            }
        }
    }
    Ok(())
}

/// The next numbered entry: behind the last one of its session, or the first of a newer one.
fn step<'a>(
    device: &str,
    before: Option<(&str, u64)>,
    session: &'a str,
    seq: u64,
    entry: &Entry,
) -> Result<(&'a str, u64), String> {
    let cursor = entry.cursor;
    let last = match before {
        Some((current, last)) if current == session => last,
        Some((current, _)) if counter(current) >= counter(session) => {
            return Err(format!("{device}: cursor {cursor} is of {session}, which {current} had closed"));
        }
        _ => 0,
    };
    let from = match &entry.what {
        What::Gap { from, .. } => *from,
        What::Message { .. } => seq,
    };
    if from != last + 1 || seq < from {
        return Err(format!(
            "{device}: {session} goes on from {last} with {from} to {seq} at cursor {cursor}"
        ));
    }
    Ok((session, seq))
}

/// The counter in a session's name.
fn counter(session: &str) -> u64 {
    session.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
