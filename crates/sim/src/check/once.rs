//! No duplicate: what was published once is stored at most once, numbered or not.

use super::Verdict;
use crate::stored::Entry;

/// Looks at the whole log of a device.
pub fn audit(device: &str, log: &[Entry]) -> Verdict {
    let mut contents: Vec<(u64, bool, u64)> = log
        .iter()
        .filter_map(|entry| Some((entry.content()?, entry.position.is_some(), entry.cursor)))
        .collect();
    contents.sort_unstable();
    for pair in contents.windows(2) {
        let ((content, numbered, first), (again, numbered_again, second)) = (pair[0], pair[1]);
        if (content, numbered) == (again, numbered_again) {
            return Err(format!("{device}: {content} is stored twice, at cursors {first} and {second}"));
        }
    }
    Ok(())
}
