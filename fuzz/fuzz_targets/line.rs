//! However bytes are cut into pieces, the same lines come out, and nothing is kept beyond the bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::line::{BEGINNING_BYTES, Content, Lines};

/// Bytes a line may have here: short, so that lines are too long often.
const LINE_BYTES_MAX: usize = 80;

/// What a line held, to be compared.
#[derive(Debug, PartialEq)]
enum Seen {
    Whole(u64, Vec<u8>),
    TooLong(u64, Vec<u8>),
}

fn read(pieces: &[&[u8]]) -> Vec<Seen> {
    let mut lines = Lines::new(LINE_BYTES_MAX);
    let mut seen = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while let Some(line) = lines.next(&mut rest) {
            seen.push(match line.content {
                Content::Whole(content) => {
                    assert!(content.len() <= LINE_BYTES_MAX, "a line beyond the bound");
                    Seen::Whole(line.number, content.to_vec())
                }
                Content::TooLong { beginning } => {
                    assert!(beginning.len() <= BEGINNING_BYTES, "a beginning beyond the bound");
                    Seen::TooLong(line.number, beginning.to_vec())
                }
            });
        }
        assert!(rest.is_empty(), "input was left though no line came out of it");
    }
    seen
}

fuzz_target!(|data: &[u8]| {
    let Some((&step, bytes)) = data.split_first() else { return };
    let whole = read(&[bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(step).max(1)).collect();
    assert_eq!(whole, read(&pieces), "cut into pieces of {step}");
    let numbers = whole.iter().map(|seen| match seen {
        Seen::Whole(number, _) | Seen::TooLong(number, _) => *number,
    });
    assert!(numbers.is_sorted(), "lines are numbered as they come");
});
