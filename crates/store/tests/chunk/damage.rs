//! Chunks that are not what was written: an error that says where, never a panic.

use proptest::collection::vec;
use proptest::prelude::*;
use store::chunk::{Damage, decode, decode_numbers, encode};

use crate::arbitrary::tame;
use crate::sample;

/// The chunk with the checksum that belongs to its content, so that reading goes on behind it.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut blob = content.to_vec();
    blob.extend_from_slice(&crc32fast::hash(content).to_le_bytes());
    blob
}

/// Reads it both ways. For the numbers alone less is looked at, so that less can be found wrong.
fn read(blob: &[u8]) -> Option<Damage> {
    let (samples, numbers) = (decode(blob), decode_numbers(blob));
    assert!(samples.is_err() || numbers.is_ok(), "{samples:?} {numbers:?}");
    samples.err().map(|corrupt| {
        assert!(corrupt.at <= blob.len(), "{corrupt}");
        corrupt.what
    })
}

#[test]
fn each_bit_is_watched() {
    let samples: Vec<_> = (0..20).map(|place| sample(place * 1000, 1 + place as u64, "21.4")).collect();
    let blob = encode(&samples);
    for bit in 0..blob.len() * 8 {
        let mut damaged = blob.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(read(&damaged), Some(Damage::Checksum), "bit {bit}");
    }
    for end in 0..blob.len() {
        assert_eq!(read(&blob[..end]), Some(Damage::Checksum), "{end} bytes");
    }
}

#[test]
fn what_is_damaged_is_said() {
    assert_eq!(read(&sealed(&[])), Some(Damage::Truncated));
    assert_eq!(read(&sealed(&[9])), Some(Damage::Version(9)));
    assert_eq!(read(&sealed(&[1, 0x81, 0x20])), Some(Damage::Count(4097)));
    assert_eq!(read(&sealed(&[1, 1, 0])), Some(Damage::Truncated));
    // One sample: ts, cursor, neither session nor seq nor device_ts, not late, no number; then the texts.
    let one = |texts: &[u8]| read(&sealed(&[&[1, 1, 0, 0, 0, 0, 0, 0, 0], texts].concat()));
    assert_eq!(one(&[1, 1, b'a', 0]), None);
    assert_eq!(one(&[1, 1, b'a', 0, 7]), Some(Damage::Trailing));
    assert_eq!(one(&[1, 1, b'a', 2]), Some(Damage::Text));
    assert_eq!(one(&[2, 1, 1, b'a', b'a', 0]), Some(Damage::Text));
    assert_eq!(one(&[1, 1, 0xff, 0]), Some(Damage::Utf8));
    assert_eq!(
        one(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0]),
        Some(Damage::Number)
    );
}

#[test]
fn a_length_that_nothing_stands_behind_takes_no_memory() {
    // A text of 2^63 bytes.
    let content = [&[1, 1, 0, 0, 0, 0, 0, 0, 0, 1][..], &[0x80; 8], &[0x80, 0x01, b'a', 0]].concat();
    assert_eq!(read(&sealed(&content)), Some(Damage::Truncated));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(content in vec(any::<u8>(), 0..200)) {
        read(&content);
        read(&sealed(&content));
        read(&sealed(&[&[1], &content[..]].concat()));
    }

    #[test]
    fn a_changed_chunk_is_read_or_refused(
        samples in tame(100),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let blob = encode(&samples);
        let mut content = blob[..blob.len() - 4].to_vec();
        for (place, byte) in changes {
            *place.get_mut(&mut content) = byte;
        }
        read(&sealed(&content));
    }
}
