//! Where each line of a joined script comes from, in the form that browsers' tools read (ECMA-426).

use serde_json::json;

/// The digits of base 64 in a variable-length quantity.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The map of a script whose lines come from `files` (path and content): for each line its file, by its position, and the line in
/// it, from 0; or nothing for a line of the joining.
pub(super) fn of<'a>(
    files: impl Iterator<Item = (String, &'a str)>,
    lines: &[Option<(usize, usize)>],
) -> String {
    let (sources, contents): (Vec<String>, Vec<&str>) = files.unzip();
    let mut mappings = String::new();
    let mut before = (0, 0);
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            mappings.push(';');
        }
        let Some((file, line)) = *line else { continue };
        // Column here, file, line, column there: each but the first as the difference to the segment before.
        for number in [0, difference(file, before.0), difference(line, before.1), 0] {
            push(&mut mappings, number);
        }
        before = (file, line);
    }
    json!({ "version": 3, "sources": sources, "sourcesContent": contents, "names": [], "mappings": mappings })
        .to_string()
}

fn difference(to: usize, from: usize) -> i64 {
    i64::try_from(to).unwrap_or(i64::MAX) - i64::try_from(from).unwrap_or(i64::MAX)
}

/// Five bits a digit, the lowest first; the sign is the lowest bit of all, a sixth bit says that there are more.
fn push(mappings: &mut String, number: i64) {
    let mut rest = (number.unsigned_abs() << 1) | u64::from(number < 0);
    loop {
        let more = rest >> 5 > 0;
        let digit = usize::try_from(rest & 31).unwrap_or_default() | if more { 32 } else { 0 };
        mappings.push(char::from(DIGITS[digit]));
        rest >>= 5;
        if !more {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_says_where_it_comes_from() {
        let files = [("web/a.js".to_owned(), "a\nb"), ("web/b.js".to_owned(), "c")];
        let lines = [None, Some((0, 0)), Some((0, 1)), None, Some((1, 0))];
        let map: serde_json::Value = serde_json::from_str(&of(files.into_iter(), &lines)).expect("JSON");
        assert_eq!(map["mappings"], ";AAAA;AACA;;ACDA");
        assert_eq!(map["sourcesContent"][1], "c");
    }

    #[test]
    fn large_numbers_have_several_digits() {
        let mut text = String::new();
        push(&mut text, 16);
        push(&mut text, -1000);
        assert_eq!(text, "gBx+B");
    }
}
