//! Which ports there are: a path, or a pattern such as `/dev/ttyUSB*` whose last part has `*` and `?`.

use std::path::{Path, PathBuf};

/// Names of a folder that are looked at. What is more is not found.
const NAMES_MAX: usize = 4_096;

/// Whether `port` stands for several.
pub(super) fn is_pattern(port: &Path) -> bool {
    port.file_name().is_some_and(|name| name.to_string_lossy().contains(['*', '?']))
}

/// The ports that are there, in the order of their names.
pub(super) fn present(port: &Path) -> Vec<PathBuf> {
    if !is_pattern(port) {
        return if port.exists() { vec![port.to_owned()] } else { Vec::new() };
    }
    let (Some(folder), Some(pattern)) = (port.parent(), port.file_name()) else { return Vec::new() };
    let pattern: Vec<char> = pattern.to_string_lossy().chars().collect();
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let fits = |name: &str| matches(&pattern, &name.chars().collect::<Vec<_>>());
    let mut ports: Vec<PathBuf> = entries
        .take(NAMES_MAX)
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(fits))
        .map(|entry| entry.path())
        .collect();
    ports.sort_unstable();
    ports
}

/// `*` stands for any characters, `?` for one. Each star is tried at one place after the other: no more than both lengths together.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[read] => (at, read) = (at + 1, read + 1),
            _ => {
                let Some((behind, from)) = star else { return false };
                star = Some((behind, from + 1));
                (at, read) = (behind + 1, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_what_they_do_elsewhere() {
        let fits = |pattern: &str, name: &str| {
            matches(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
        };
        for (pattern, name) in
            [("ttyUSB*", "ttyUSB0"), ("tty*0", "ttyUSB00"), ("tty?SB?", "ttyUSB1"), ("*", "x")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("ttyUSB*", "ttyACM0"), ("ttyUSB?", "ttyUSB10"), ("ttyUSB", "ttyUSB0"), ("?", "")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
