//! What printed lines may be, for somebody who has not said. Pure.

use gateway::listen::serial::{Format, Mapping, Reader, Reading};

/// Numbers in a line for which names are made.
const NUMBERS_MAX: usize = 16;

/// What may stand between the names of a header, the likeliest last: a comma may be part of a name, or of a number.
const SEPARATORS: [char; 3] = [';', '\t', ','];

/// Reads lines as what they look like, and remembers what the most of them were.
#[derive(Debug, Default)]
pub(super) struct Guess {
    /// Only numbers come, between these.
    numbers: Option<Numbers>,
    /// The last header: what its names stand between, and who reads the values below.
    header: Option<(char, Reader)>,
    /// Lines of the protocol.
    spoken: u64,
    pairs: u64,
    /// Lines below a header, and headers.
    csv: u64,
    /// Lines of so many numbers and one.
    counted: [u64; NUMBERS_MAX],
}

/// That lines are numbers is told, and only their names are not.
#[derive(Debug)]
struct Numbers {
    separator: Option<char>,
}

/// What could stand in the table of the port.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Proposal {
    /// Nothing was understood.
    Nothing,
    /// The device speaks the protocol: it needs no map.
    Spoken,
    /// It only prints.
    Map(Mapping),
}

impl Guess {
    /// For somebody who knows that numbers come, and has no names for them.
    pub(super) fn numbers(separator: Option<char>) -> Self {
        Self { numbers: Some(Numbers { separator }), ..Self::default() }
    }

    /// Whether a line may be one of the protocol, and is shown as one.
    pub(super) fn may_be_spoken(&self, line: &[u8]) -> bool {
        self.numbers.is_none() && line.first() == Some(&b'{')
    }

    /// A line of the protocol came.
    pub(super) fn spoken(&mut self) {
        self.spoken += 1;
    }

    /// How `line` could be read, and as what: `as key-value: `.
    pub(super) fn read(&mut self, line: &[u8]) -> (Reading, &'static str) {
        if let Some(Numbers { separator }) = self.numbers {
            return (self.bare(line, separator).unwrap_or_else(|| no_numbers(line)), "");
        }
        let pairs = Reader::new(mapping(Format::KeyValue, None)).read(line);
        if matches!(pairs, Reading::Sample(_) | Reading::Empty) {
            self.pairs += u64::from(pairs != Reading::Empty);
            return (pairs, "as key-value: ");
        }
        let below = self.below_header(line);
        if let Some(reading @ (Reading::Sample(_) | Reading::Header)) = below {
            self.csv += 1;
            return (reading, "as csv: ");
        }
        if let Some(header) = header(line) {
            self.header = Some(header);
            self.csv += 1;
            return (Reading::Header, "as csv: ");
        }
        // It belongs below the header, and is not understood there: whoever took it for numbers would make up names.
        if let Some(junk) = below {
            return (junk, "as csv: ");
        }
        match self.bare(line, None) {
            Some(sample) => (sample, "as numbers: "),
            None => (Reading::Junk("nothing fits: say --format, or is it another speed (--baud)?"), ""),
        }
    }

    /// What the most lines were.
    pub(super) fn proposal(&self) -> Proposal {
        let (at, numbers) = self
            .counted
            .iter()
            .enumerate()
            .max_by_key(|(at, count)| (**count, *at))
            .map_or((0, 0), |(at, count)| (at, *count));
        let most = self.spoken.max(self.pairs).max(self.csv).max(numbers);
        if most == 0 {
            return Proposal::Nothing;
        }
        if most == self.spoken {
            return Proposal::Spoken;
        }
        if most == self.csv {
            let separator = self.header.as_ref().map(|header| header.0).filter(|separator| *separator != ',');
            return Proposal::Map(csv(separator));
        }
        if most == self.pairs {
            return Proposal::Map(mapping(Format::KeyValue, None));
        }
        let separator = self.numbers.as_ref().and_then(|numbers| numbers.separator);
        Proposal::Map(Mapping { names: made_up(at + 1), ..mapping(Format::Numbers, separator) })
    }

    /// As what stands below the last header, where the line looks like that.
    fn below_header(&mut self, line: &[u8]) -> Option<Reading> {
        let (separator, reader) = self.header.as_mut()?;
        line.contains(&(*separator as u8)).then(|| reader.read(line))
    }

    /// As numbers, for which names are made.
    fn bare(&mut self, line: &[u8], separator: Option<char>) -> Option<Reading> {
        let of = |count| Mapping { names: made_up(count), ..mapping(Format::Numbers, separator) };
        let read = |count| Reader::new(of(count)).read(line);
        let (count, sample) = (1..=NUMBERS_MAX)
            .map(|count| (count, read(count)))
            .find(|(_, reading)| matches!(reading, Reading::Sample(_)))?;
        self.counted[count - 1] += 1;
        Some(sample)
    }
}

/// Why a line is none of numbers.
fn no_numbers(line: &[u8]) -> Reading {
    match line.trim_ascii() {
        [] => Reading::Empty,
        _ => Reading::Junk("it is not 1 to 16 numbers"),
    }
}

/// Who reads what comes below `line`, and between what, where it is a header.
fn header(line: &[u8]) -> Option<(char, Reader)> {
    let separator = SEPARATORS.into_iter().find(|separator| line.contains(&(*separator as u8)))?;
    let mut reader = Reader::new(csv(Some(separator)));
    (reader.read(line) == Reading::Header).then_some((separator, reader))
}

fn csv(separator: Option<char>) -> Mapping {
    Mapping { header: true, ..mapping(Format::Csv, separator) }
}

fn made_up(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("value-{number}")).collect()
}

/// The device of an example: who it is does not matter here.
fn mapping(format: Format, separator: Option<char>) -> Mapping {
    let (device, token) = ("device-1".to_owned(), String::new());
    Mapping { device, token, format, names: Vec::new(), units: Vec::new(), separator, header: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &str) -> Reading {
        Reading::Sample(format!("{{\"values\":{{{values}}}}}"))
    }

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
            assert_eq!(Guess::default().read(line.as_bytes()).1, how, "{line}");
        }
        assert_eq!(Guess::default().read(b"12.30 21").0, sample("\"value-1\":12.30,\"value-2\":21"));
    }

    #[test]
    fn a_header_names_what_comes_below_it() {
        let mut guess = Guess::default();
        assert_eq!(guess.read(b"temp,hum"), (Reading::Header, "as csv: "));
        assert_eq!(guess.read(b"1,2"), (sample("\"temp\":1,\"hum\":2"), "as csv: "));
        assert!(matches!(guess.read(b"1,2,3"), (Reading::Junk(_), "as csv: ")));
        assert_eq!(guess.read(b"t=5").1, "as key-value: ");
        assert_eq!(guess.read(b"pressure,state,mode"), (Reading::Header, "as csv: "));
        assert_eq!(guess.read(b"1013,open,2").0, sample("\"pressure\":1013,\"state\":\"open\",\"mode\":2"));
        assert_eq!(guess.proposal(), Proposal::Map(csv(None)));
    }

    #[test]
    fn semicolons_and_tabs_separate_too() {
        let mut guess = Guess::default();
        assert_eq!(guess.read(b"temp;hum").0, Reading::Header);
        assert_eq!(guess.read(b"21,5;40").0, sample("\"temp\":21.5,\"hum\":40"));
        assert_eq!(guess.proposal(), Proposal::Map(csv(Some(';'))));
        let mut guess = Guess::default();
        assert_eq!(guess.read(b"temp\thum").0, Reading::Header);
        assert_eq!(guess.read(b"21.5\t40").0, sample("\"temp\":21.5,\"hum\":40"));
    }

    #[test]
    fn what_the_most_lines_were_is_proposed_and_can_be_read() {
        let of = |lines: &[&str]| {
            let mut guess = Guess::default();
            lines.iter().for_each(|line| drop(guess.read(line.as_bytes())));
            guess.proposal()
        };
        assert_eq!(of(&["Scale v1.2 ready"]), Proposal::Nothing);
        assert_eq!(of(&["1", "t=5", "t=6"]), Proposal::Map(mapping(Format::KeyValue, None)));
        let two = Mapping { names: made_up(2), ..mapping(Format::Numbers, None) };
        assert_eq!(two.fault(), None);
        assert_eq!(of(&["0 21", "7", "12.30 21"]), Proposal::Map(two));
        let mut spoken = Guess::default();
        spoken.spoken();
        assert_eq!(spoken.proposal(), Proposal::Spoken);
    }

    #[test]
    fn numbers_without_names_are_numbers_and_nothing_else() {
        let mut guess = Guess::numbers(Some('/'));
        assert_eq!(guess.read(b"12.30/21"), (sample("\"value-1\":12.30,\"value-2\":21"), ""));
        assert!(matches!(guess.read(b"temp=21"), (Reading::Junk(_), "")));
        assert_eq!(guess.read(b"\r"), (Reading::Empty, ""));
        let expected = Mapping { names: made_up(2), ..mapping(Format::Numbers, Some('/')) };
        assert_eq!(guess.proposal(), Proposal::Map(expected));
    }
}
