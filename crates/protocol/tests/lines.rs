//! How bytes become lines, however they are cut into pieces.

use proptest::prelude::*;
use protocol::line::{BEGINNING_BYTES, Content, Line, Lines};

/// What came out: the line's number and its bytes, or the beginning of one that is too long.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Read {
    Whole(u64, Vec<u8>),
    TooLong(u64, Vec<u8>),
}

fn read_all<'a>(bytes_max: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Read> {
    let mut lines = Lines::new(bytes_max);
    let mut read = Vec::new();
    for mut piece in pieces {
        while let Some(Line { number, content }) = lines.next(&mut piece) {
            read.push(match content {
                Content::Whole(line) => Read::Whole(number, line.to_vec()),
                Content::TooLong { beginning } => Read::TooLong(number, beginning.to_vec()),
            });
        }
        assert!(piece.is_empty(), "something was left behind");
        assert!(lines.held_bytes() <= bytes_max + 1, "{} bytes are held", lines.held_bytes());
    }
    read
}

fn whole(number: u64, line: &str) -> Read {
    Read::Whole(number, line.as_bytes().to_vec())
}

#[test]
fn lines_end_with_a_newline_and_one_carriage_return_before_it_is_ignored() {
    let read = read_all(20, [&b"a\nb\r\nc\r\r\n\n\r\nno end"[..]]);
    assert_eq!(read, [whole(1, "a"), whole(2, "b"), whole(3, "c\r"), whole(4, ""), whole(5, "")]);
}

#[test]
fn a_line_in_pieces_is_put_together() {
    assert_eq!(read_all(20, [&b"ab"[..], b"", b"c", b"\nd\r", b"\n"]), [whole(1, "abc"), whole(2, "d")]);
}

#[test]
fn a_line_as_long_as_allowed_is_whole_and_a_longer_one_is_skipped() {
    let read = read_all(4, [&b"1234\r\n12345\n1\n"[..]]);
    assert_eq!(read, [whole(1, "1234"), Read::TooLong(2, b"1234".to_vec()), whole(3, "1")]);
}

#[test]
fn a_long_line_is_told_before_its_end() {
    assert_eq!(read_all(4, [&b"123456"[..]]), [Read::TooLong(1, b"1234".to_vec())]);
    assert_eq!(
        read_all(4, [&b"12345"[..], b"67", b"\nab\n"]),
        [Read::TooLong(1, b"1234".to_vec()), whole(2, "ab")]
    );
    // The fifth may be the end of a line of four.
    assert_eq!(read_all(4, [&b"1234\r"[..]]), []);
}

#[test]
fn of_a_long_line_its_beginning_is_known() {
    let long = [&br#"{"seq":7,"channel":"image","value":""#[..], &[b'x'; 500], b"\n"].concat();
    assert_eq!(read_all(256, [&long[..]]), [Read::TooLong(1, long[..BEGINNING_BYTES].to_vec())]);
}

#[test]
fn a_line_that_came_whole_is_not_copied() {
    let bytes = b"{\"temperature\":20}\n".to_vec();
    let mut rest = &bytes[..];
    let mut lines = Lines::new(256);
    let Some(Line { content: Content::Whole(line), .. }) = lines.next(&mut rest) else { panic!("a line") };
    assert!(std::ptr::eq(line.as_ptr(), bytes.as_ptr()));
}

/// The same by the simplest means.
fn model(bytes_max: usize, bytes: &[u8]) -> Vec<Read> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines.pop();
    let judge = |(index, line): (usize, &[u8])| {
        let number = index as u64 + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.len() <= bytes_max {
            true => Read::Whole(number, line.to_vec()),
            false => Read::TooLong(number, line[..BEGINNING_BYTES.min(bytes_max)].to_vec()),
        }
    };
    lines.into_iter().enumerate().map(judge).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pieces_make_no_difference(
        bytes in prop::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'\r'), Just(b'\n')], 0..60),
        cuts in prop::collection::vec(0usize..60, 0..12),
        bytes_max in 1usize..9,
    ) {
        let mut bytes = bytes;
        bytes.push(b'\n');
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        prop_assert_eq!(read_all(bytes_max, pieces), model(bytes_max, &bytes));
    }
}
