//! `unix`, `[tls]` and `[[serial]]`: where devices come in besides `lines`. The same in `glassline.toml` and `gateway.toml`.

use gateway::listen::serial::{self, BAUD_DEFAULT, Format, Mapping, stands_for_several};
use gateway::listen::tls;
use serde::Deserialize;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// `[[serial]]` tables at most.
const SERIAL_TABLES_MAX: usize = 32;

/// Speeds that a table may name, bits a second.
const BAUDS: std::ops::RangeInclusive<u32> = 50..=4_000_000;

/// Where devices come in, besides `lines` and the HTTP port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listeners {
    /// The path of a Unix socket.
    pub(crate) unix: Option<PathBuf>,
    /// Lines over TLS.
    pub(crate) tls: Option<TlsAddress>,
    /// Serial ports. A mapping without a token has an empty one.
    pub(crate) serial: Vec<serial::Settings>,
}

/// Where something is reached over TLS, and what is shown there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsAddress {
    pub(crate) address: SocketAddr,
    pub(crate) files: tls::Files,
}

/// `[tls]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    lines: SocketAddr,
    certificate: PathBuf,
    key: PathBuf,
}

/// One `[[serial]]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Serial {
    port: Spanned<PathBuf>,
    baud: Option<Spanned<u32>>,
    #[serde(default)]
    crc: bool,
    map: Option<Spanned<Map>>,
}

/// `[serial.map]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    device: String,
    token: Option<String>,
    token_file: Option<Spanned<PathBuf>>,
    format: Written,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    units: Vec<String>,
    separator: Option<char>,
    header: Option<bool>,
}

/// The words for [`Format`].
#[derive(Debug, Clone, Copy, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Written {
    /// Values between commas, perhaps under a line of names
    Csv,
    /// key=value or key:value
    KeyValue,
    /// Numbers, in the order of the names
    Numbers,
}

/// What is wrong, and where in the file.
type Wrong = (Range<usize>, String);

/// What a mapping without a token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithoutToken {
    /// The hub's join token counts.
    Joins,
    /// It is an error: a gateway makes no devices.
    IsWrong,
}

/// What the three keys say. Files are meant from `folder`.
///
/// # Errors
/// Something contradicts itself, or a mapping has no token where it `IsWrong`.
pub(crate) fn listeners(
    unix: Option<PathBuf>,
    tls: Option<Tls>,
    serial: Vec<Serial>,
    folder: &Path,
    without_token: WithoutToken,
) -> Result<Listeners, Wrong> {
    if let Some(one_more) = serial.get(SERIAL_TABLES_MAX) {
        return Err((
            one_more.port.span(),
            format!("there are at most {SERIAL_TABLES_MAX} tables of serial ports"),
        ));
    }
    let file = |file: PathBuf| folder.join(file);
    let tls = tls.map(|Tls { lines, certificate, key }| TlsAddress {
        address: lines,
        files: tls::Files { certificate: file(certificate), key: file(key) },
    });
    let mut ports: Vec<serial::Settings> = Vec::new();
    for table in serial {
        let span = table.port.span();
        let map = table.map.as_ref().map(Spanned::span);
        let settings = table.settings(folder)?;
        let tokenless = settings.map.as_ref().filter(|map| map.token.is_empty());
        if let (WithoutToken::IsWrong, Some(at), Some(mapping)) = (without_token, map, tokenless) {
            let device = &mapping.device;
            let what = format!("“{device}” needs a “token” or a “token_file”: a gateway makes no devices");
            return Err((at, what));
        }
        if ports.iter().any(|other| other.port == settings.port) {
            return Err((span, "this port has a table already".to_owned()));
        }
        ports.push(settings);
    }
    Ok(Listeners { unix: unix.map(file), tls, serial: ports })
}

impl Serial {
    fn settings(self, folder: &Path) -> Result<serial::Settings, Wrong> {
        let (span, port) = (self.port.span(), self.port.into_inner());
        if !port.is_absolute() {
            return Err((span, "a port is a path such as /dev/ttyUSB0 or /dev/ttyUSB*".to_owned()));
        }
        if port.parent().is_some_and(stands_for_several) {
            return Err((span, "only the last part of the path may have * and ?".to_owned()));
        }
        let baud = match self.baud {
            Some(baud) if BAUDS.contains(baud.get_ref()) => baud.into_inner(),
            Some(baud) => {
                let (least, most) = (BAUDS.start(), BAUDS.end());
                return Err((baud.span(), format!("“baud” is bits a second, {least} to {most}")));
            }
            None => BAUD_DEFAULT,
        };
        let map = self.map.map(|map| map_of(map, folder)).transpose()?;
        Ok(serial::Settings { port, baud, crc: self.crc, map })
    }
}

fn map_of(map: Spanned<Map>, folder: &Path) -> Result<Mapping, Wrong> {
    let span = map.span();
    let map = map.into_inner();
    let token = match (map.token, map.token_file) {
        (Some(_), Some(file)) => {
            return Err((file.span(), "“token” and “token_file” do not go together".to_owned()));
        }
        (Some(token), None) => token,
        (None, Some(file)) => std::fs::read_to_string(folder.join(file.get_ref()))
            .map(|text| text.trim().to_owned())
            .map_err(|error| (file.span(), format!("the token cannot be read: {error}")))?,
        (None, None) => String::new(),
    };
    let format = map.format.format();
    let mapping = Mapping {
        device: map.device,
        token,
        format,
        // CSV has a header unless it has names.
        header: map.header.unwrap_or(format == Format::Csv && map.names.is_empty()),
        names: map.names,
        units: map.units,
        separator: map.separator,
    };
    match mapping.fault() {
        Some(what) => Err((span, what)),
        None => Ok(mapping),
    }
}

impl Written {
    pub(crate) fn format(self) -> Format {
        match self {
            Written::Csv => Format::Csv,
            Written::KeyValue => Format::KeyValue,
            Written::Numbers => Format::Numbers,
        }
    }
}

impl Listeners {
    /// What says something else than `before`: it counts from a start on.
    pub(crate) fn others_than(&self, before: &Self) -> [(&'static str, bool); 3] {
        [
            ("unix", self.unix != before.unix),
            ("tls", self.tls != before.tls),
            ("serial", self.serial != before.serial),
        ]
    }

    /// With the token of those mappings that have none.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        for map in self.serial.iter_mut().filter_map(|settings| settings.map.as_mut()) {
            if map.token.is_empty() {
                token.clone_into(&mut map.token);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        unix: Option<PathBuf>,
        tls: Option<Tls>,
        #[serde(default)]
        serial: Vec<Serial>,
    }

    fn parse(text: &str) -> Result<Listeners, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        listeners(file.unix, file.tls, file.serial, Path::new("/plant"), WithoutToken::Joins)
            .map_err(|(_, what)| what)
    }

    #[test]
    fn all_listeners_are_read_and_files_are_meant_from_the_folder() {
        let text = "unix = \"lines.sock\"\n[tls]\nlines = \"0.0.0.0:7071\"\ncertificate = \"c.pem\"\nkey = \"/etc/k.pem\"\n\
                    [[serial]]\nport = \"/dev/ttyUSB*\"\nbaud = 9600\ncrc = true\n\
                    [[serial]]\nport = \"/dev/ttyACM0\"\n[serial.map]\ndevice = \"scale-1\"\nformat = \"numbers\"\n\
                    names = [\"weight\"]\nunits = [\"kg\"]\n";
        let listeners = parse(text).expect("valid");
        assert_eq!(listeners.unix.as_deref(), Some(Path::new("/plant/lines.sock")));
        let tls = listeners.tls.as_ref().expect("it is there");
        assert_eq!(tls.files.certificate, Path::new("/plant/c.pem"));
        assert_eq!(tls.files.key, Path::new("/etc/k.pem"));
        let [all, scale] = &listeners.serial[..] else { panic!("two tables") };
        assert_eq!((all.baud, all.crc, &all.map), (9600, true, &None));
        assert_eq!((scale.baud, scale.crc), (BAUD_DEFAULT, false));
        let with_token = listeners.clone().with_token("join");
        assert_eq!(with_token.serial[1].map.as_ref().expect("it has one").token, "join");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let map = |rest: &str| format!("[[serial]]\nport = \"/dev/a\"\n[serial.map]\ndevice = \"s\"\n{rest}");
        let cases = [
            ("[[serial]]\nport = \"ttyUSB0\"".to_owned(), "a port is a path"),
            ("[[serial]]\nport = \"/dev/*/a\"".to_owned(), "only the last part"),
            ("[[serial]]\nport = \"/dev/a\"\nbaud = 3".to_owned(), "“baud” is bits a second"),
            ("[[serial]]\nport = \"/dev/a\"\n[[serial]]\nport = \"/dev/a\"".to_owned(), "a table already"),
            (map("format = \"numbers\""), "need “names”"),
            (map("format = \"csv\"\ntoken = \"a\"\ntoken_file = \"b\""), "do not go together"),
            (map("format = \"xml\""), "unknown variant"),
            (map("format = \"csv\"\nseperator = \";\""), "unknown field"),
        ];
        for (text, expected) in cases {
            let error = parse(&text).expect_err("wrong");
            assert!(error.contains(expected), "{error}");
        }
    }
}
