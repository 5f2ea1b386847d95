//! What a printed line may be, for somebody who has not said. Pure.

use gateway::listen::serial::{Format, Mapping, Reader, Reading};

/// Numbers in a line for which names are made.
const NUMBERS_MAX: usize = 16;

/// How `line` could be read, and as what: `as key-value: `. Never the sample of a line that nothing fits.
pub(super) fn guess(line: &[u8]) -> (Reading, &'static str) {
    let pairs = read(line, Format::KeyValue, Vec::new());
    if matches!(pairs, Reading::Sample(_) | Reading::Empty) {
        return (pairs, "as key-value: ");
    }
    let named = |count: usize| (1..=count).map(|number| format!("value-{number}")).collect();
    let numbers = (1..=NUMBERS_MAX).map(|count| read(line, Format::Numbers, named(count)));
    if let Some(sample) = numbers.into_iter().find(|reading| matches!(reading, Reading::Sample(_))) {
        return (sample, "as numbers: ");
    }
    let header = Mapping { header: true, ..mapping(Format::Csv, Vec::new()) };
    if line.contains(&b',') && Reader::new(header).read(line) == Reading::Header {
        return (Reading::Header, "as csv: ");
    }
    (Reading::Junk("nothing fits: say --format, or is it another speed (--baud)?"), "")
}

fn read(line: &[u8], format: Format, names: Vec<String>) -> Reading {
    Reader::new(mapping(format, names)).read(line)
}

fn mapping(format: Format, names: Vec<String>) -> Mapping {
    let (device, token) = (String::new(), String::new());
    Mapping { device, token, format, names, units: Vec::new(), separator: None, header: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_guessed_one_by_one() {
        let cases = [
            ("temp=21.5 hum=40", "as key-value: "),
            ("12.30", "as numbers: "),
            ("12.30,21", "as numbers: "),
            ("time,temp", "as csv: "),
            ("Scale v1.2 ready", ""),
        ];
        for (line, how) in cases {
            assert_eq!(guess(line.as_bytes()).1, how, "{line}");
        }
        let sample = Reading::Sample("{\"values\":{\"value-1\":12.30,\"value-2\":21}}".to_owned());
        assert_eq!(guess(b"12.30 21").0, sample);
    }
}
