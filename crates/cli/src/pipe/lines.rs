//! What a line of a program means. Pure.

use crate::arguments::{Lines, Pipe};
use anyhow::{Result, bail};
use gateway::listen::serial::{Format, Mapping, Reader, Reading};
use protocol::message::{FromDevice, Samples, decode_from_device};
use serde_json::value::{RawValue, to_raw_value};

/// What one line is.
#[derive(Debug)]
pub(super) enum Said {
    /// Values, perhaps with the time of them.
    Samples(Samples),
    /// What channels are: JSON of an object.
    Describe(Box<RawValue>),
    /// Nothing: it is empty, or the names of a CSV.
    Nothing,
    /// It is not understood: why.
    Junk(String),
}

/// Reads lines, one after another.
pub(super) struct Understanding {
    how: How,
}

enum How {
    /// JSON only.
    Json,
    /// JSON, or what is printed: `{` begins no printed line.
    Either(Reader),
    /// Printed as the argument says.
    Printed(Reader),
    /// As text of this channel.
    Text(String),
}

impl Understanding {
    /// As the arguments ask for.
    ///
    /// # Errors
    /// They contradict each other: a sentence.
    pub(super) fn new(arguments: &Pipe) -> Result<Self> {
        let how = match (arguments.format, &arguments.channels[..]) {
            (Some(Lines::Json), []) => How::Json,
            (Some(Lines::Json), _) => bail!("a JSON line names its channels itself: leave out --channel"),
            (Some(Lines::Text), [channel]) => How::Text(channel.clone()),
            (Some(Lines::Text), _) => bail!("text needs one --channel"),
            (Some(format), _) => {
                How::Printed(reader(arguments, format.printed().unwrap_or(Format::KeyValue))?)
            }
            (None, []) => How::Either(reader(arguments, Format::KeyValue)?),
            (None, _) => How::Either(reader(arguments, Format::Numbers)?),
        };
        Ok(Self { how })
    }

    /// What `line` is, which is without its end.
    pub(super) fn read(&mut self, line: &[u8]) -> Said {
        match &mut self.how {
            How::Text(channel) => text(channel, line),
            How::Json => spoken(line),
            How::Either(_) if line.trim_ascii_start().first() == Some(&b'{') => spoken(line),
            How::Either(reader) | How::Printed(reader) => match reader.read(line) {
                Reading::Sample(sample) => spoken(sample.as_bytes()),
                Reading::Header | Reading::Empty => Said::Nothing,
                Reading::Junk(why) => Said::Junk(why.to_owned()),
            },
        }
    }
}

fn reader(arguments: &Pipe, format: Format) -> Result<Reader> {
    let mapping = Mapping {
        device: arguments.device.clone(),
        token: String::new(),
        format,
        names: arguments.channels.clone(),
        units: arguments.units.clone(),
        separator: arguments.separator,
        header: format == Format::Csv && arguments.channels.is_empty(),
    };
    match mapping.fault() {
        Some(what) if what.contains("“names”") => bail!("the values need names: --channel NAME,NAME"),
        Some(what) => bail!("{what}"),
        None => Ok(Reader::new(mapping)),
    }
}

/// A message of the protocol.
fn spoken(line: &[u8]) -> Said {
    if line.trim_ascii().is_empty() {
        return Said::Nothing;
    }
    match decode_from_device(line.trim_ascii()) {
        Ok(FromDevice::Samples(samples)) if samples.samples.is_empty() => Said::Nothing,
        Ok(FromDevice::Samples(samples)) => Said::Samples(samples),
        Ok(FromDevice::Describe(_)) => described(line),
        Ok(_) => {
            Said::Junk("only values and “describe” can be piped: the rest is said for the program".to_owned())
        }
        Err(fail) => Said::Junk(fail.reason),
    }
}

/// As it stands in the line: what the hub does not know of it, it keeps.
fn described(line: &[u8]) -> Said {
    #[derive(serde::Deserialize)]
    struct Line {
        describe: Box<RawValue>,
    }
    match serde_json::from_slice::<Line>(line) {
        Ok(line) => Said::Describe(line.describe),
        Err(error) => Said::Junk(error.to_string()),
    }
}

fn text(channel: &str, line: &[u8]) -> Said {
    match to_raw_value(&String::from_utf8_lossy(line.trim_ascii_end())) {
        Ok(value) => {
            let sample = protocol::message::Sample { channel: channel.into(), value };
            Said::Samples(Samples { ts: None, samples: vec![sample], seq: None, outbox: None })
        }
        Err(error) => Said::Junk(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn understanding(words: &str) -> Result<Understanding> {
        let words = ["glassline", "pipe", "--device", "a"].into_iter().chain(words.split_whitespace());
        let arguments = crate::arguments::Arguments::try_parse_from(words)?;
        let crate::arguments::Command::Pipe(pipe) = arguments.command else { panic!("it is pipe") };
        Understanding::new(&pipe)
    }

    /// What a line comes to: values as JSON, `-` for nothing, `!` for junk.
    fn said(words: &str, line: &str) -> String {
        match understanding(words).expect("they go together").read(line.as_bytes()) {
            Said::Samples(Samples { ts, samples, .. }) => {
                let values = samples.iter().map(|one| format!("{}={}", one.channel, one.value.get()));
                let values = values.collect::<Vec<_>>().join(" ");
                ts.map_or(values.clone(), |ts| format!("{values} at {ts}"))
            }
            Said::Describe(channels) => format!("describe {}", channels.get()),
            Said::Nothing => "-".to_owned(),
            Said::Junk(_) => "!".to_owned(),
        }
    }

    #[test]
    fn a_line_is_json_or_key_and_value_unless_somebody_says() {
        for (line, expected) in [
            (r#"{"temperature":21.50,"ts":1700000000000}"#, "temperature=21.50 at 1700000000000"),
            (r#"{"values":{"window":"open"}}"#, r#"window="open""#),
            (r#"{"describe":{"fan":{"input":"switch"}}}"#, r#"describe {"fan":{"input":"switch"}}"#),
            ("temp=21.5 hum=40", "temp=21.5 hum=40"),
            ("", "-"),
            ("{\"temperature\":", "!"),
            (r#"{"identify":"b"}"#, "!"),
            ("Scale ready", "!"),
        ] {
            assert_eq!(said("", line), expected, "{line}");
        }
    }

    #[test]
    fn with_channels_numbers_have_names() {
        assert_eq!(said("--channel idle --unit %", "97%"), "idle=97");
        assert_eq!(said("--channel a,b", "1.50; 2"), "a=1.50 b=2");
        assert_eq!(said("--channel a", r#"{"b":2}"#), "b=2");
        assert_eq!(said("--channel a", "idle"), "!");
        assert_eq!(
            said("--channel a --format text", "the \"door\" is open\r"),
            r#"a="the \"door\" is open""#
        );
    }

    #[test]
    fn a_csv_brings_its_names() {
        let mut lines = understanding("--format csv").expect("they go together");
        assert!(matches!(lines.read(b"temp,hum"), Said::Nothing));
        assert!(matches!(lines.read(b"21.5,40"), Said::Samples(samples) if samples.samples.len() == 2));
        assert!(matches!(lines.read(b"21.5"), Said::Junk(_)));
    }

    #[test]
    fn what_contradicts_itself_is_said() {
        for words in
            ["--format json --channel a", "--format text", "--format numbers", "--channel a,a", "--unit %"]
        {
            assert!(understanding(words).is_err(), "{words}");
        }
    }
}
