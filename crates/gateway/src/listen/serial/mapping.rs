//! How the lines of a device that only prints become samples. Pure.
//!
//! What is not understood is skipped and counted, never guessed: half a line that was read as a number would be a wrong value.

use super::number::number;
use protocol::id::DeviceId;
use protocol::limits::{CHANNEL_BYTES_MAX, LINE_BYTES_MAX};

/// Values in a printed line. A line with more is skipped.
pub const FIELDS_MAX: usize = 64;

/// Bytes of a printed line. A longer one is skipped.
pub const PRINTED_BYTES_MAX: usize = 4 * 1024;

// What comes of a line is a line.
const _: () = assert!(2 * PRINTED_BYTES_MAX + FIELDS_MAX * (2 * CHANNEL_BYTES_MAX + 8) <= LINE_BYTES_MAX);

/// What a device prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Values between separators, perhaps under a line of names.
    Csv,
    /// `key=value` or `key:value`, between blanks or separators.
    KeyValue,
    /// Numbers, in the order of the names.
    Numbers,
}

/// How to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Who the device is.
    pub device: String,
    /// Its own token, or a join token.
    pub token: String,
    /// See [`Format`].
    pub format: Format,
    /// Channels: for CSV and numbers in their order, for key and value those that are taken (none: all).
    pub names: Vec<String>,
    /// Their units, in the order of the names; an empty one is none.
    pub units: Vec<String>,
    /// What stands between values: of CSV a comma unless told otherwise, of the others blanks, commas or semicolons.
    pub separator: Option<char>,
    /// Whether CSV has a line of names. It may come again at any time, as after a reset of the device.
    pub header: bool,
}

/// What one printed line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A sample: a line of the protocol, without its end.
    Sample(String),
    /// The names of the channels from here on.
    Header,
    /// Nothing: it is empty.
    Empty,
    /// It is not understood: why.
    Junk(&'static str),
}

impl Mapping {
    /// What is wrong with it, if anything is.
    pub fn fault(&self) -> Option<String> {
        if DeviceId::parse(&self.device).is_none() {
            return Some(format!("“{}” is no id of a device: 1 to 64 letters, digits, _ or -", self.device));
        }
        if self.names.len() > FIELDS_MAX {
            return Some(format!("there are at most {FIELDS_MAX} names"));
        }
        if let Some(name) = self.names.iter().find(|name| !is_name(name)) {
            return Some(format!("“{name}” is no name of a channel"));
        }
        if let Some(twice) = self.names.iter().enumerate().find(|(at, name)| self.names[..*at].contains(name))
        {
            return Some(format!("the name “{}” is there twice", twice.1));
        }
        if self.units.len() > self.names.len() {
            return Some("there are more units than names".to_owned());
        }
        if self.names.is_empty() && self.format != Format::KeyValue && !self.header {
            return Some("without a header the values need “names”".to_owned());
        }
        if self.header && self.format != Format::Csv {
            return Some("only CSV has a header".to_owned());
        }
        let separates = |separator: char| !separator.is_alphanumeric() && !"+-._\"".contains(separator);
        if !self.separator.is_none_or(separates) {
            return Some("a separator is one character that is in no number and no name".to_owned());
        }
        None
    }

    /// What is said for the device when its port is open: who it is, and its units.
    pub fn greeting(&self) -> String {
        let (mut said, token) = (String::new(), quoted(&self.token));
        said.push_str(&format!("{{\"identify\":{},\"token\":{token}}}\n", quoted(&self.device)));
        let units = self.names.iter().zip(&self.units).filter(|(_, unit)| !unit.is_empty());
        let described: Vec<_> =
            units.map(|(name, unit)| format!("{}:{{\"unit\":{}}}", quoted(name), quoted(unit))).collect();
        if !described.is_empty() {
            said.push_str(&format!("{{\"describe\":{{{}}}}}\n", described.join(",")));
        }
        said
    }
}

/// Reads what one device prints, line after line.
#[derive(Debug)]
pub struct Reader {
    mapping: Mapping,
    /// The names that count now.
    names: Vec<String>,
}

impl Reader {
    /// From the beginning, or from anywhere.
    pub fn new(mapping: Mapping) -> Self {
        Self { names: mapping.names.clone(), mapping }
    }

    /// What `line` is, which is without its end.
    pub fn read(&mut self, line: &[u8]) -> Reading {
        let Ok(line) = std::str::from_utf8(line) else { return Reading::Junk("it is no text") };
        let line = line.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
        if line.is_empty() {
            return Reading::Empty;
        }
        if line.contains(|letter: char| letter.is_control() && letter != '\t') {
            return Reading::Junk("it has control characters");
        }
        match self.mapping.format {
            Format::Csv => self.csv(line),
            Format::KeyValue => self.key_value(line),
            Format::Numbers => self.numbers(line),
        }
    }

    fn csv(&mut self, line: &str) -> Reading {
        let separator = self.mapping.separator.unwrap_or(',');
        let fields: Vec<&str> = line.split(separator).map(unquoted).collect();
        if fields.len() > FIELDS_MAX {
            return Reading::Junk("it has too many values");
        }
        let as_many = self.mapping.names.is_empty() || fields.len() == self.mapping.names.len();
        if self.mapping.header && as_many && is_header(&fields) {
            self.names = fields.into_iter().map(str::to_owned).collect();
            return Reading::Header;
        }
        if self.names.is_empty() {
            return Reading::Junk("no header came yet");
        }
        if fields.len() != self.names.len() {
            return Reading::Junk("it has not as many values as there are names");
        }
        let decimal_comma = separator != ',';
        let values = fields.iter().map(|field| value(field, decimal_comma));
        sample(self.names.iter().map(String::as_str).zip(values))
    }

    fn key_value(&self, line: &str) -> Reading {
        let mut pairs: Vec<(&str, Option<String>)> = Vec::new();
        let mut fields = self.fields(line).peekable();
        let mut key = "";
        while let Some(field) = fields.next() {
            let Some((named, said)) = field.split_once(['=', ':']) else {
                // Behind the value its unit may stand.
                if !key.is_empty() && self.unit_of(key) == Some(field) {
                    continue;
                }
                return Reading::Junk("a part of it is no key and value");
            };
            key = named.trim();
            // Behind the sign there may be a blank.
            let said = match said.trim() {
                "" => fields.next_if(|next| !next.contains(['=', ':'])).unwrap_or(""),
                said => said,
            };
            if !is_name(key) {
                return Reading::Junk("a key is no name of a channel");
            }
            if pairs.iter().any(|(earlier, _)| *earlier == key) {
                return Reading::Junk("a key is there twice");
            }
            if pairs.len() == FIELDS_MAX {
                return Reading::Junk("it has too many values");
            }
            if self.names.is_empty() || self.names.iter().any(|name| name == key) {
                pairs.push((key, value(self.without_unit(key, said), false)));
            }
        }
        sample(pairs.into_iter())
    }

    fn numbers(&self, line: &str) -> Reading {
        let mut values = Vec::new();
        for field in self.fields(line) {
            let Some(name) = self.names.get(values.len()) else {
                // Behind the last number its unit may stand.
                if self.names.last().and_then(|name| self.unit_of(name)) == Some(field) {
                    continue;
                }
                return Reading::Junk("it has more numbers than there are names");
            };
            match number(self.without_unit(name, field), false) {
                Some(number) => values.push(Some(number)),
                None if is_no_number(field) => values.push(None),
                None if self.is_unit_before(values.len(), field) => {}
                None => return Reading::Junk("a part of it is no number"),
            }
        }
        if values.len() != self.names.len() {
            return Reading::Junk("it has fewer numbers than there are names");
        }
        sample(self.names.iter().map(String::as_str).zip(values))
    }

    /// The parts of a line that is no CSV.
    fn fields<'a>(&self, line: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let given = self.mapping.separator;
        let separates = move |letter: char| match given {
            Some(separator) => letter == separator,
            None => letter.is_whitespace() || letter == ',' || letter == ';',
        };
        line.split(separates).map(str::trim).filter(|field| !field.is_empty())
    }

    /// A number may have its unit right behind it.
    fn without_unit<'a>(&self, name: &str, field: &'a str) -> &'a str {
        self.unit_of(name).and_then(|unit| field.strip_suffix(unit)).map_or(field, str::trim_end)
    }

    /// The unit of the last of `count` values stands alone behind it.
    fn is_unit_before(&self, count: usize, field: &str) -> bool {
        let name = count.checked_sub(1).and_then(|at| self.names.get(at));
        name.and_then(|name| self.unit_of(name)) == Some(field)
    }

    fn unit_of(&self, name: &str) -> Option<&str> {
        let at = self.mapping.names.iter().position(|other| other == name)?;
        self.mapping.units.get(at).map(String::as_str).filter(|unit| !unit.is_empty())
    }
}

/// A sample of those that have a value.
fn sample<'a>(values: impl Iterator<Item = (&'a str, Option<String>)>) -> Reading {
    let members: Vec<_> =
        values.filter_map(|(name, value)| Some(format!("{}:{}", quoted(name), value?))).collect();
    match members.is_empty() {
        true => Reading::Junk("it has no values"),
        // Not as shorthand: a name may be that of a kind.
        false => Reading::Sample(format!("{{\"values\":{{{}}}}}", members.join(","))),
    }
}

/// The JSON of what a field says: a number as it was printed, or text. Nothing: it says nothing, or that it is no number.
fn value(field: &str, decimal_comma: bool) -> Option<String> {
    if field.is_empty() || is_no_number(field) {
        return None;
    }
    number(field, decimal_comma).or_else(|| Some(quoted(field)))
}

/// What devices print where a sensor has failed. Nobody may take it for a number, nor for text on a gauge.
fn is_no_number(field: &str) -> bool {
    let bare = field.trim_start_matches(['+', '-']);
    ["nan", "inf", "infinity", "null", "none", "n/a", "ovf"]
        .iter()
        .any(|word| bare.eq_ignore_ascii_case(word))
}

/// All of them are names, and none is a number. One alone is one word: otherwise it is what devices say as they start.
fn is_header(fields: &[&str]) -> bool {
    if matches!(fields, [alone] if alone.contains(char::is_whitespace)) {
        return false;
    }
    let is_one = |field: &&str| is_name(field) && number(field, true).is_none() && !is_no_number(field);
    let no_twice = |(at, field): (usize, &&str)| !fields[..at].contains(field);
    fields.iter().all(is_one) && fields.iter().enumerate().all(no_twice)
}

fn is_name(name: &str) -> bool {
    let begins = name.chars().next().is_some_and(|letter| letter.is_alphabetic() || letter == '_');
    begins && name.len() <= CHANNEL_BYTES_MAX && !name.contains(char::is_control)
}

fn unquoted(field: &str) -> &str {
    let field = field.trim();
    field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
}

/// As a JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\0'..='\u{1f}' => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
