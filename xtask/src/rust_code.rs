//! Just enough Rust to tell code from comments and text, and to read the paths that code names.

use crate::words::in_a_word;

/// The source with every comment, string and character literal blanked out. Lines stay where they are.
pub(crate) fn code_of(source: &str) -> String {
    let mut reader = Reader { rest: source, code: String::with_capacity(source.len()) };
    while let Some(next) = reader.rest.chars().next() {
        if reader.rest.starts_with("//") {
            reader.blank_until("\n", 0);
        } else if reader.rest.starts_with("/*") {
            reader.blank_block_comment();
        } else if let Some(hashes) = raw_string(&reader.code, reader.rest) {
            let opening = reader.rest.find('"').expect("a raw string has a quote") + 1;
            reader.blank(opening);
            reader.blank_until(&format!("\"{}", "#".repeat(hashes)), hashes + 1);
        } else if next == '"' {
            reader.blank_quoted('"');
        } else if next == '\'' && is_character(reader.rest) {
            reader.blank_quoted('\'');
        } else {
            reader.keep(next);
        }
    }
    reader.code
}

struct Reader<'a> {
    rest: &'a str,
    code: String,
}

impl Reader<'_> {
    fn keep(&mut self, character: char) {
        self.code.push(character);
        self.rest = &self.rest[character.len_utf8()..];
    }

    /// Blanks so many bytes.
    fn blank(&mut self, bytes: usize) {
        let (gone, rest) = self.rest.split_at(bytes);
        self.code.extend(gone.chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
        self.rest = rest;
    }

    /// Blanks up to `end` and `more` bytes beyond its beginning, or everything if it does not come.
    fn blank_until(&mut self, end: &str, more: usize) {
        let bytes = self.rest.find(end).map_or(self.rest.len(), |at| at + more);
        self.blank(bytes);
    }

    fn blank_block_comment(&mut self) {
        let mut depth = 0;
        loop {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.blank(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.blank(2);
            } else if let Some(next) = self.rest.chars().next() {
                self.blank(next.len_utf8());
            }
            if depth == 0 || self.rest.is_empty() {
                return;
            }
        }
    }

    fn blank_quoted(&mut self, quote: char) {
        let mut escaped = false;
        let closing = self.rest.char_indices().skip(1).find(|&(_, character)| {
            let ends = character == quote && !escaped;
            escaped = character == '\\' && !escaped;
            ends
        });
        let bytes = closing.map_or(self.rest.len(), |(at, _)| at + 1);
        self.blank(bytes);
    }
}

/// The number of `#` of the raw string that begins here, if one does.
fn raw_string(before: &str, rest: &str) -> Option<usize> {
    if before.chars().next_back().is_some_and(in_a_word) {
        return None; // the end of a name, like the r in `for`
    }
    let rest = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
    let after = rest.trim_start_matches('#');
    after.starts_with('"').then(|| rest.len() - after.len())
}

/// Whether the `'` here begins a character literal and not a lifetime.
fn is_character(rest: &str) -> bool {
    let mut characters = rest.chars().skip(1);
    match characters.next() {
        Some('\\') => true,
        Some(_) => characters.next() == Some('\''),
        None => false,
    }
}

/// A path as code names it, with the line where it stands: `["std", "net", "TcpStream"]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NamedPath {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

impl NamedPath {
    /// Whether `wanted` (`std::net`, or one name) stands somewhere in this path.
    pub(crate) fn contains(&self, wanted: &str) -> bool {
        let wanted: Vec<&str> = wanted.split("::").collect();
        self.segments.windows(wanted.len()).any(|window| window.iter().eq(wanted.iter()))
    }
}

/// Every path in the code, braces of `use` trees multiplied out. A plain name is a path of one segment.
pub(crate) fn paths_of(code: &str) -> Vec<NamedPath> {
    let mut paths = Vec::new();
    // What stands before `::{`, for each open brace; `None` for a brace that is no use tree.
    let mut trees: Vec<Option<Vec<String>>> = Vec::new();
    let mut rest = code;
    let mut line = 1;
    while let Some(next) = rest.chars().next() {
        if next.is_alphabetic() || next == '_' {
            let (mut segments, after) = one_path(rest);
            if let Some(Some(prefix)) = trees.last() {
                segments.splice(0..0, prefix.iter().cloned());
            }
            rest = after;
            if let Some(tree) = rest.strip_prefix("::{") {
                trees.push(Some(segments));
                rest = tree;
            } else {
                paths.push(NamedPath { line, segments });
            }
            continue;
        }
        match next {
            '\n' => line += 1,
            '{' => trees.push(None),
            '}' => drop(trees.pop()),
            _ => {}
        }
        rest = &rest[next.len_utf8()..];
    }
    paths
}

/// The path `a::b::c` at the beginning, and what follows it.
fn one_path(mut rest: &str) -> (Vec<String>, &str) {
    let mut segments = Vec::new();
    loop {
        let end = rest.find(|character| !in_a_word(character)).unwrap_or(rest.len());
        segments.push(rest[..end].to_owned());
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(after) if after.starts_with(|next: char| next.is_alphabetic() || next == '_') => {
                rest = after
            }
            _ => return (segments, rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(code: &str) -> Vec<String> {
        paths_of(code).into_iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn comments_and_texts_are_blank() {
        let code = code_of("let a = \"tokio \\\" x\"; // tokio\n/* tokio /* nested */ tokio */ b");
        assert!(!code.contains("tokio"), "{code}");
        assert!(code.contains("let a ="));
        assert!(code.ends_with(" b"));
        assert_eq!(code.lines().count(), 2);
    }

    #[test]
    fn raw_texts_end_at_their_own_mark() {
        let code = code_of("r#\"a \" tokio\"# + for_r\"x\" + br\"tokio\" + c");
        assert!(!code.contains("tokio"), "{code}");
        assert!(code.ends_with(" + c"), "{code}");
    }

    #[test]
    fn a_lifetime_is_no_character() {
        assert_eq!(code_of("fn f<'a>(x: &'a str) -> '\\'' 'x'"), "fn f<'a>(x: &'a str) ->         ");
    }

    #[test]
    fn use_trees_are_multiplied_out() {
        let code = "use std::{net::{TcpStream, UdpSocket}, fs};\nfn f() { tokio::spawn(x) }";
        let expected =
            ["use", "std::net::TcpStream", "std::net::UdpSocket", "std::fs", "fn", "f", "tokio::spawn", "x"];
        assert_eq!(named(code), expected);
        assert_eq!(paths_of(code).last().map(|path| path.line), Some(2));
    }

    #[test]
    fn a_part_of_a_path_is_found() {
        let path = NamedPath { line: 1, segments: vec!["std".into(), "net".into(), "TcpStream".into()] };
        assert!(path.contains("std::net"));
        assert!(path.contains("TcpStream"));
        assert!(!path.contains("std::fs"));
        assert!(!path.contains("std::net::TcpStream::connect"));
    }
}
