//! `glassline.toml`: its keys, their defaults, and errors that point at the place.

mod embedding;
pub(crate) mod front;
pub(crate) mod listeners;
mod retention;

pub(crate) use retention::{Age, Size};

use crate::arguments::{HTTP_DEFAULT, LINES_DEFAULT};
use crate::nearest::did_you_mean;
use anyhow::{Context as _, Result};
use embedding::Embedding;
use front::Front;
use listeners::Listeners;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the configuration file in its folder.
pub(crate) const FILE_NAME: &str = "glassline.toml";

/// What `glassline.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// Where pages and the HTTP API are served.
    pub(crate) http: SocketAddr,
    /// Where devices connect.
    pub(crate) lines: SocketAddr,
    /// Where else they do.
    pub(crate) listeners: Listeners,
    /// How the hub is reached besides `http`.
    pub(crate) front: Front,
    /// What an acknowledged message survives.
    pub(crate) durability: Durability,
    /// Who may join without an administrator having made them before.
    pub(crate) enrolment: hub::auth::Enrolment,
    /// Milliseconds that writes gather under load.
    pub(crate) gather: u64,
    /// Host names, besides addresses, under which browsers may reach the hub.
    pub(crate) hosts: Vec<String>,
    /// Origins whose pages may show views in a frame.
    pub(crate) embedding: Vec<String>,
    /// For how long what devices sent is kept; the first that fits a channel counts. Of the others everything is.
    pub(crate) retention: Vec<store::Retention>,
    /// The folder of the file, with the user's `components/` and `views/`; none where there is no file.
    pub(crate) folder: Option<PathBuf>,
}

/// What an acknowledged message survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Durability {
    /// A power cut.
    #[default]
    Disk,
    /// A crash of the program; a power cut but for the last seconds.
    Lazy,
    /// A clean stop; a crash of the program takes the last 100 ms.
    Memory,
}

impl From<Durability> for store::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Disk => store::Durability::Disk,
            Durability::Lazy => store::Durability::Lazy,
            Durability::Memory => store::Durability::Memory,
        }
    }
}

/// The file as it is written: every key may be left out.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    http: Option<SocketAddr>,
    lines: Option<SocketAddr>,
    https: Option<front::Https>,
    #[serde(default)]
    proxy: front::Proxy,
    #[serde(default)]
    insecure_http: bool,
    unix: Option<PathBuf>,
    tls: Option<listeners::Tls>,
    #[serde(default)]
    serial: Vec<listeners::Serial>,
    durability: Option<Durability>,
    #[serde(default)]
    enrolment: hub::auth::Enrolment,
    #[serde(default, deserialize_with = "gather")]
    gather: Option<u64>,
    #[serde(default)]
    names: Names,
    #[serde(default)]
    embedding: Embedding,
    #[serde(default)]
    retention: Vec<retention::Table>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    #[serde(default)]
    hosts: Vec<String>,
}

/// Something in the file that is wrong: its place, the line with a caret, and a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    file: PathBuf,
    line: usize,
    column: usize,
    width: usize,
    source: String,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, width, source, what, .. } = self;
        writeln!(out, "{}:{line}:{column}: {what}", self.file.display())?;
        let margin = " ".repeat(line.to_string().len());
        let before: String =
            source.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        writeln!(out, " {margin} |")?;
        writeln!(out, " {line} | {source}")?;
        write!(out, " {margin} | {before}{}", "^".repeat(*width))
    }
}

impl std::error::Error for Problem {}

impl Configuration {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or a [`Problem`] in it.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the configuration {} cannot be read", file.display()))?;
        Ok(Self::parse(&text, file)?)
    }

    /// The keys that say something else than `before` and count only from a start on.
    pub(crate) fn others_than(&self, before: &Self) -> Vec<String> {
        let keys = [
            ("http", self.http != before.http),
            ("lines", self.lines != before.lines),
            ("durability", self.durability != before.durability),
        ];
        let keys = keys.into_iter().chain(self.listeners.others_than(&before.listeners));
        let keys = keys.chain(self.front.others_than(&before.front));
        keys.filter(|(_, is_other)| *is_other).map(|(key, _)| key.to_owned()).collect()
    }

    /// What holds without a file: nothing of the user's is looked for.
    pub(crate) fn without_file() -> Self {
        Self::from_file(File::default(), Listeners::default(), Front::default(), Vec::new(), None)
    }

    /// Reads what the file says.
    ///
    /// # Errors
    /// What is wrong in it, with its place.
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Problem> {
        let parsed: Result<File, _> = toml::from_str(text);
        let mut parsed = parsed.map_err(|error| Problem::new(file, text, &error))?;
        let tables = std::mem::take(&mut parsed.retention);
        let retention = tables.into_iter().map(retention::Table::rule).collect::<Result<_, _>>();
        let retention = retention.map_err(|(span, what)| Problem::at(file, text, span, what))?;
        let serial = std::mem::take(&mut parsed.serial);
        let listeners = listeners::listeners(
            parsed.unix.take(),
            parsed.tls.take(),
            serial,
            &folder_of(file),
            listeners::WithoutToken::Joins,
        )
        .map_err(|(span, what)| Problem::at(file, text, span, what))?;
        let (https, proxy) = (parsed.https.take(), std::mem::take(&mut parsed.proxy));
        let front = front::front(https, proxy, parsed.insecure_http, &folder_of(file))
            .map_err(|(span, what)| Problem::at(file, text, span, what))?;
        Ok(Self::from_file(parsed, listeners, front, retention, Some(file)))
    }

    fn from_file(
        given: File,
        listeners: Listeners,
        front: Front,
        retention: Vec<store::Retention>,
        file: Option<&Path>,
    ) -> Self {
        let address = |given: Option<SocketAddr>, default: &str| {
            given.unwrap_or_else(|| default.parse().expect("the defaults are addresses"))
        };
        Self {
            http: address(given.http, HTTP_DEFAULT),
            lines: address(given.lines, LINES_DEFAULT),
            listeners,
            front,
            durability: given.durability.unwrap_or_default(),
            enrolment: given.enrolment,
            gather: given.gather.unwrap_or_else(|| in_ms(store::Options::default().gather)),
            hosts: given.names.hosts,
            embedding: given.embedding.origins,
            retention,
            folder: file.map(folder_of),
        }
    }
}

/// Its milliseconds.
pub(crate) fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds, so few that every ack leaves in time.
pub(crate) fn gather<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let (given, most) = (u64::deserialize(from)?, in_ms(store::limits::GATHER_MAX));
    if given > most {
        return Err(D::Error::custom(format!("“gather” is at most {most} milliseconds")));
    }
    Ok(Some(given))
}

/// The folder of a file: that of `glassline.toml` is the present one.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

impl Problem {
    /// Where: `glassline.toml:3:9`.
    pub(crate) fn place(&self) -> String {
        let file = self.file.file_name().unwrap_or_default().to_string_lossy();
        format!("{file}:{}:{}", self.line, self.column)
    }

    /// What is wrong, as a sentence.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// What the parser found in `text`.
    pub(crate) fn new(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        Self::at(file, text, error.span().unwrap_or(0..0), explain(error.message()))
    }

    /// What is wrong at a place in `text`.
    pub(crate) fn at(file: &Path, text: &str, span: Range<usize>, what: String) -> Self {
        let start = text.floor_char_boundary(span.start);
        let line_begins = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let source = text[line_begins..].lines().next().unwrap_or_default();
        let column = text[line_begins..start].chars().count() + 1;
        let marked = text.get(start..span.end).and_then(|marked| marked.lines().next()).unwrap_or_default();
        Self {
            file: file.to_owned(),
            line: text[..start].matches('\n').count() + 1,
            column,
            width: marked.chars().count().max(1),
            source: source.to_owned(),
            what,
        }
    }
}

/// The parser's sentence in ours. serde names the key that is wrong and those that exist in backticks.
fn explain(message: &str) -> String {
    let named: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match named.split_first() {
        Some((given, known)) if message.starts_with("unknown field") => {
            format!("there is no key “{given}”{}", did_you_mean(given, known))
        }
        Some((given, known)) if message.starts_with("unknown variant") => {
            format!("“{given}” is none of {}{}", known.join(", "), did_you_mean(given, known))
        }
        _ if message.contains("socket address") => {
            "this is no address: an IP and a port are needed, such as 127.0.0.1:8080".to_owned()
        }
        _ => message.lines().collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Configuration, String> {
        Configuration::parse(text, Path::new("plant/glassline.toml")).map_err(|problem| problem.to_string())
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let configuration = parse("").expect("an empty file is valid");
        assert_eq!(configuration.http, HTTP_DEFAULT.parse().expect("valid"));
        assert_eq!(configuration.durability, Durability::Disk);
        assert_eq!(configuration.folder.as_deref(), Some(Path::new("plant")));
    }

    #[test]
    fn a_file_without_folder_is_in_the_present_one() {
        assert_eq!(folder_of(Path::new(FILE_NAME)), Path::new("."));
    }

    #[test]
    fn an_unknown_key_is_shown_with_its_place_and_the_nearest_name() {
        let error = parse("http = \"127.0.0.1:1\"\ndurabilty = \"disk\"\n").expect_err("misspelt");
        let expected = "\
plant/glassline.toml:2:1: there is no key “durabilty”; did you mean “durability”?
   |
 2 | durabilty = \"disk\"
   | ^^^^^^^^^";
        assert_eq!(error, expected);
    }

    #[test]
    fn acks_cannot_be_made_late() {
        assert_eq!(parse("gather = 40").expect("allowed").gather, 40);
        assert_eq!(parse("").expect("nothing is needed").gather, 4);
        let error = parse("gather = 1000").expect_err("too long").to_string();
        assert!(error.contains("glassline.toml:1:10: “gather” is at most 150 milliseconds"), "{error}");
    }

    #[test]
    fn an_unknown_value_names_those_that_exist() {
        let error = parse("durability = \"disc\"").expect_err("misspelt");
        assert!(
            error.contains(":1:14: “disc” is none of disk, lazy, memory; did you mean “disk”?"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_address_says_what_one_is() {
        let error = parse("\n\nlines = \"localhost\"").expect_err("no address");
        assert!(error.starts_with("plant/glassline.toml:3:9: this is no address"), "{error}");
        assert!(error.ends_with("|         ^^^^^^^^^^^"), "{error}");
    }

    #[test]
    fn broken_toml_is_shown_with_its_place() {
        let error = parse("# °C\nhttp = ").expect_err("broken");
        assert!(error.starts_with("plant/glassline.toml:2:"), "{error}");
    }

    #[test]
    fn a_key_of_a_table_is_checked_too() {
        let error = parse("[names]\nhost = []").expect_err("misspelt");
        assert!(error.contains(":2:1: there is no key “host”; did you mean “hosts”?"), "{error}");
    }

    #[test]
    fn retention_is_read_in_the_order_of_the_file() {
        let text = "[[retention]]\nchannels = \"*/temperature\"\nraw = \"30d\"\nminutes = \"2y\"\nsize = \"10GB\"\n\n\
                    [[retention]]\nchannels = \"*\"\nraw = \"1y\"\n";
        let retention = parse(text).expect("valid").retention;
        let ages: Vec<_> = retention.iter().map(|rule| (rule.raw, rule.minutes, rule.bytes)).collect();
        let day = 86_400_000;
        assert_eq!(
            ages,
            [(Some(30 * day), Some(730 * day), Some(10_000_000_000)), (Some(365 * day), None, None)]
        );
    }

    #[test]
    fn what_is_wrong_with_a_retention_is_shown_with_its_place() {
        let cases = [
            ("raw = \"30\"", ":3:7: an age is a whole number with m, h, d, w or y, such as “30d”"),
            ("size = \"much\"", ":3:8: a size is a whole number with kB"),
            ("raw = \"3d\"\nminutes = \"2d\"", ":4:11: “minutes” is shorter than “raw”"),
            ("row = \"3d\"", ":3:1: there is no key “row”; did you mean “raw”?"),
        ];
        for (line, expected) in cases {
            let error = parse(&format!("[[retention]]\nchannels = \"*\"\n{line}\n")).expect_err("wrong");
            assert!(error.contains(expected), "{error}");
        }
        let error = parse("[[retention]]\nchannels = \"temperature\"\n").expect_err("wrong");
        assert!(error.contains(":2:12: channels are named DEVICE/CHANNEL"), "{error}");
        let error = parse("[[retention]]\nraw = \"1d\"\n").expect_err("wrong");
        assert!(error.contains(":1:1: ") && error.contains("channels"), "{error}");
    }
}
