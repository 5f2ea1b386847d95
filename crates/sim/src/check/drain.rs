//! Progress: once nothing disturbs any more, everything that waits comes to its end.

use super::Verdict;

/// `waits`: what still does, in words, after `seconds` of calm.
pub(crate) fn audit(waits: &[String], seconds: u64) -> Verdict {
    match waits {
        [] => Ok(()),
        _ => Err(format!("after {seconds} calm seconds there still waits: {}", waits.join("; "))),
    }
}
