//! `gateway.toml`: its keys, their defaults, and errors that point at the place.

use super::settings::{Told, settings};
use crate::arguments::LINES_DEFAULT;
use crate::configuration::listeners::{self, Listeners, WithoutToken, listeners};
use crate::configuration::{Age, Durability, Problem, Size, folder_of, gather, in_ms};
use anyhow::{Context as _, Result};
use gateway::standalone::limits::HUBS_MAX;
use gateway::standalone::{AddError, HubSettings};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Where devices over WebSocket, health and administration are found unless told otherwise.
pub(super) const HTTP_DEFAULT: &str = "127.0.0.1:8090";

/// What `gateway.toml` says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Configuration {
    pub(super) id: Option<String>,
    pub(super) lines: SocketAddr,
    pub(super) http: SocketAddr,
    pub(super) durability: Durability,
    /// Milliseconds that writes gather under load.
    pub(super) gather: u64,
    /// Where devices come in besides.
    pub(super) listeners: Listeners,
    pub(super) hubs: Vec<HubSettings>,
}

/// The file as it is written: every key may be left out.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: Option<String>,
    lines: Option<SocketAddr>,
    http: Option<SocketAddr>,
    durability: Option<Durability>,
    #[serde(default, deserialize_with = "gather")]
    gather: Option<u64>,
    unix: Option<PathBuf>,
    tls: Option<listeners::Tls>,
    #[serde(default)]
    serial: Vec<listeners::Serial>,
    #[serde(default, rename = "hub")]
    hubs: Vec<Spanned<Hub>>,
}

/// One `[[hub]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hub {
    name: Spanned<String>,
    url: Spanned<String>,
    token: Option<String>,
    token_file: Option<Spanned<PathBuf>>,
    begin: Option<Spanned<String>>,
    commands: Option<bool>,
    admits: Option<bool>,
    #[serde(default)]
    devices: Vec<String>,
    #[serde(default)]
    channels: Vec<String>,
    quota: Option<Size>,
    age: Option<Age>,
    ca: Option<PathBuf>,
}

impl Configuration {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or a [`Problem`] in it.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the configuration {} cannot be read", file.display()))?;
        Ok(Self::parse(&text, file)?)
    }

    /// What holds without a file.
    pub(super) fn without_file() -> Self {
        Self::from_file(&File::default(), Listeners::default(), Vec::new())
    }

    /// The keys that say something else than `before` and count only from a start on.
    pub(super) fn others_than(&self, before: &Self) -> Vec<&'static str> {
        let keys = [
            ("id", self.id != before.id),
            ("lines", self.lines != before.lines),
            ("http", self.http != before.http),
            ("durability", self.durability != before.durability),
            ("gather", self.gather != before.gather),
            ("unix, tls, serial", self.listeners != before.listeners),
        ];
        keys.into_iter().filter(|(_, is_other)| *is_other).map(|(key, _)| key).collect()
    }

    fn parse(text: &str, file: &Path) -> Result<Self, Problem> {
        let parsed: Result<File, _> = toml::from_str(text);
        let mut parsed = parsed.map_err(|error| Problem::new(file, text, &error))?;
        let mut hubs: Vec<HubSettings> = Vec::new();
        for hub in std::mem::take(&mut parsed.hubs) {
            let span = hub.get_ref().name.span();
            let hub = hub
                .into_inner()
                .settings(&folder_of(file))
                .map_err(|(span, what)| Problem::at(file, text, span, what))?;
            if hubs.iter().any(|other| other.name == hub.name) {
                let what = format!("there is a hub “{}” already", hub.name);
                return Err(Problem::at(file, text, span, what));
            }
            if hubs.len() == HUBS_MAX {
                return Err(Problem::at(file, text, span, AddError::TooMany.to_string()));
            }
            hubs.push(hub);
        }
        let (unix, tls) = (parsed.unix.take(), parsed.tls.take());
        let serial = std::mem::take(&mut parsed.serial);
        let listeners = listeners(unix, tls, serial, &folder_of(file), WithoutToken::IsWrong)
            .map_err(|(span, what)| Problem::at(file, text, span, what))?;
        Ok(Self::from_file(&parsed, listeners, hubs))
    }

    fn from_file(given: &File, listeners: Listeners, hubs: Vec<HubSettings>) -> Self {
        let address = |given: Option<SocketAddr>, default: &str| {
            given.unwrap_or_else(|| default.parse().expect("the defaults are addresses"))
        };
        Self {
            id: given.id.clone(),
            lines: address(given.lines, LINES_DEFAULT),
            http: address(given.http, HTTP_DEFAULT),
            durability: given.durability.unwrap_or_default(),
            gather: given.gather.unwrap_or_else(|| in_ms(store::Options::default().gather)),
            listeners,
            hubs,
        }
    }
}

impl Hub {
    /// The hub that it describes; files are meant from `folder`. Otherwise what is wrong, and where.
    fn settings(self, folder: &Path) -> Result<HubSettings, (std::ops::Range<usize>, String)> {
        let (at, url_at) = (self.name.span(), self.url.span());
        let token = match (self.token, self.token_file) {
            (Some(token), None) => token,
            (None, Some(file)) => {
                let read = std::fs::read_to_string(folder.join(file.get_ref()));
                read.map(|text| text.trim().to_owned())
                    .map_err(|error| (file.span(), format!("the token cannot be read: {error}")))?
            }
            _ => return Err((at, "a hub needs a “token” or a “token_file”".to_owned())),
        };
        let begin_at = self.begin.as_ref().map_or(at.clone(), Spanned::span);
        let told = Told {
            name: self.name.into_inner(),
            url: self.url.into_inner(),
            token,
            begin: self.begin.map(Spanned::into_inner),
            commands: self.commands.unwrap_or(true),
            admits: self.admits.unwrap_or(true),
            devices: self.devices,
            channels: self.channels,
            quota: self.quota.map(|size| size.0),
            age: self.age.map(|age| age.0),
            ca: self.ca.map(|file| folder.join(file)),
        };
        settings(told).map_err(|wrong| {
            let at = match wrong.key {
                "url" => url_at,
                "begin" => begin_at,
                _ => at,
            };
            (at, wrong.what)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway::standalone::Begin;

    fn parse(text: &str) -> Result<Configuration, String> {
        Configuration::parse(text, Path::new("barn/gateway.toml")).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_hub_needs_a_name_an_address_and_a_token() {
        let hubs =
            parse("[[hub]]\nname = \"house\"\nurl = \"ws://10.0.0.5:8080/uplink\"\ntoken = \"gl_x\"\n");
        let expected = HubSettings::new("house", "ws://10.0.0.5:8080/uplink", "gl_x");
        assert_eq!(hubs.expect("valid").hubs, [expected]);
        let error = parse("[[hub]]\nname = \"house\"\nurl = \"ws://h/uplink\"\n").expect_err("no token");
        assert!(error.starts_with("barn/gateway.toml:2:8: a hub needs a “token”"), "{error}");
    }

    #[test]
    fn everything_about_a_hub_can_be_said() {
        let text = "[[hub]]\nname = \"office\"\nurl = \"wss://hub.example/uplink\"\ntoken = \"t\"\nbegin = \"head\"\n\
                    commands = false\nadmits = false\ndevices = [\"barn-*\"]\nchannels = [\"temp*\"]\n\
                    quota = \"500MB\"\nage = \"30d\"\nca = \"ca.pem\"\n";
        let hub = parse(text).expect("valid").hubs.remove(0);
        assert_eq!((hub.begin, hub.commands, hub.admits), (Begin::Head, false, false));
        assert_eq!((hub.quota, hub.age.map(|age| age.as_secs())), (500_000_000, Some(30 * 86_400)));
        assert_eq!(hub.ca.as_deref(), Some(Path::new("barn/ca.pem")));
        assert!(hub.filter.wants_device("barn-1") && !hub.filter.wants_channel("door"));
    }

    #[test]
    fn what_is_wrong_is_shown_with_its_place() {
        let hub = "[[hub]]\nname = \"a\"\nurl = \"ws://h/uplink\"\ntoken = \"t\"\n";
        let map = "[[serial]]\nport = \"/dev/ttyUSB0\"\n\n[serial.map]\ndevice = \"scale-1\"\nformat = \"key-value\"\n";
        let crowd: String = (0..=HUBS_MAX).map(|at| hub.replace("\"a\"", &format!("\"h{at}\""))).collect();
        let cases = [
            (crowd, ":66:8: a gateway has at most 16 hubs"),
            (format!("{hub}{map}"), ":8:1: “scale-1” needs a “token” or a “token_file”"),
            (format!("{hub}{map}token = \"\"\n"), ":8:1: “scale-1” needs a “token” or a “token_file”"),
            (format!("{hub}beginn = \"head\"\n"), ":5:1: there is no key “beginn”; did you mean “begin”?"),
            (format!("{hub}begin = \"tail\"\n"), ":5:9: a hub begins at “oldest” or at “head”"),
            (format!("{hub}quota = \"much\"\n"), ":5:9: a size is a whole number with kB"),
            (hub.replace("ws://", "http://"), ":3:7: http://h/uplink is no address of a hub"),
            (format!("{hub}{hub}"), ":6:8: there is a hub “a” already"),
            ("line = \"127.0.0.1:1\"".to_owned(), ":1:1: there is no key “line”; did you mean “lines”?"),
        ];
        for (text, expected) in cases {
            let error = parse(&text).expect_err(expected);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_token_may_stand_in_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("house.token"), "gl_secret\n").expect("written");
        let text = "[[hub]]\nname = \"a\"\nurl = \"ws://h/uplink\"\ntoken_file = \"house.token\"\n";
        let read = Configuration::parse(text, &folder.path().join("gateway.toml")).expect("valid");
        assert_eq!(read.hubs[0].token, "gl_secret");
        let error = parse(text).expect_err("no such file");
        assert!(error.contains(":4:14: the token cannot be read"), "{error}");
    }
}
