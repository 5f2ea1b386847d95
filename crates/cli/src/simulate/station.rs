//! The weather station: what its channels are, what it says every second, and what it does when it is told to.

use super::drive::{Program, drive};
use super::random::Random;
use super::weather::{Reading, Weather};
use crate::clock;
use anyhow::{Context as _, Result};
use protocol::id::DeviceId;
use protocol::message::{Command, Description, FromDevice, Outcome, Sample, Samples, decode_from_device};
use serde_json::value::RawValue;
use std::time::Duration;

/// Time between two samples.
const EVERY: Duration = Duration::from_secs(1);

/// Time between two samples of those that it stored before it connects. Short enough for charts to draw one line.
const STORED_EVERY: Duration = Duration::from_secs(5);
/// How far back these go.
const STORED_FOR: Duration = Duration::from_secs(3_600);

/// What the channels are. `every` is [`EVERY`] in milliseconds.
const DESCRIPTION: &str = concat!(
    r#"{"describe":{"#,
    r#""temperature":{"unit":"°C","min":-20,"max":50,"every":1000},"#,
    r#""humidity":{"unit":"%","min":0,"max":100,"every":1000},"#,
    r#""pressure":{"unit":"hPa","min":950,"max":1050,"every":1000},"#,
    r#""wind_speed":{"unit":"m/s","min":0,"max":30,"every":1000},"#,
    r#""rain":{"unit":"mm","every":1000},"#,
    r#""reset":{"input":"button"}}}"#
);

/// What a station remembers when it is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Nothing.
    Empty,
    /// What it measured in the last hour, which it sends first: there is something to see in the charts.
    LastHour,
}

/// Runs the weather station `id` against the device port `to` (`host:port`) until `shutdown` resolves. The same seed
/// gives the same weather.
///
/// # Errors
/// The hub refuses the station for good: its token is not valid.
pub(crate) async fn weather(
    to: String,
    id: DeviceId,
    token: Option<String>,
    seed: u64,
    memory: Memory,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let nonce = getrandom::u32().context("the operating system gives no random numbers")?;
    tokio::select! {
        refused = drive(to, id, token, nonce, Station::new(seed, memory)) => Err(refused.into()),
        () = shutdown => Ok(()),
    }
}

struct Station {
    weather: Weather,
    random: Random,
    memory: Memory,
}

impl Station {
    fn new(seed: u64, memory: Memory) -> Self {
        let mut random = Random::new(seed);
        Self { weather: Weather::new(&mut random), random, memory }
    }

    /// What the instruments say at `at` (ms since 1970), `since` after they were last read.
    fn measure(&mut self, at: i64, since: Duration) -> Samples {
        let hour = (at.rem_euclid(86_400_000) as f64) / 3_600_000.0;
        let seconds = since.as_secs_f64().min(60.0);
        let reading = self.weather.step(seconds, hour, &mut self.random);
        Samples { seq: None, ts: Some(at), samples: channels(&reading) }
    }

    /// Empties the rain gauge; the answer is what was in it.
    fn reset(&mut self, command: &Command) -> Outcome {
        let cleared = self.weather.reset_rain();
        Outcome { command: command.number, ok: true, value: Some(number(cleared)), reason: None }
    }
}

impl Program for Station {
    fn description(&self) -> Description {
        match decode_from_device(DESCRIPTION.as_bytes()) {
            Ok(FromDevice::Describe(description)) => description,
            other => unreachable!("the description is a constant: {other:?}"),
        }
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn samples(&mut self, elapsed: Duration) -> Samples {
        self.measure(clock::now(), elapsed)
    }

    fn stored(&mut self) -> Vec<Samples> {
        if self.memory == Memory::Empty {
            return Vec::new();
        }
        let steps = STORED_FOR.as_secs() / STORED_EVERY.as_secs();
        let step_ms = i64::try_from(STORED_EVERY.as_millis()).expect("seconds fit");
        let now = clock::now();
        (1..=steps).rev().map(|back| self.measure(now - step_ms * back.cast_signed(), STORED_EVERY)).collect()
    }

    fn obey(&mut self, command: &Command) -> Outcome {
        match command.channel.as_str() {
            "reset" => self.reset(command),
            other => Outcome {
                command: command.number,
                ok: false,
                value: None,
                reason: Some(format!("a weather station has no {other}")),
            },
        }
    }
}

fn channels(reading: &Reading) -> Vec<Sample> {
    let Reading { temperature, humidity, pressure, wind_speed, rain } = *reading;
    [
        ("temperature", temperature),
        ("humidity", humidity),
        ("pressure", pressure),
        ("wind_speed", wind_speed),
        ("rain", rain),
    ]
    .map(|(channel, value)| Sample { channel: channel.into(), value: number(value) })
    .into()
}

/// As instruments show it: with one digit behind the point.
fn number(value: f64) -> Box<RawValue> {
    // Rounding may leave a negative zero.
    let shown = format!("{:.1}", (value * 10.0).round() / 10.0 + 0.0);
    RawValue::from_string(shown).expect("a number with a point is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(samples: &Samples, channel: &str) -> f64 {
        let sample = samples.samples.iter().find(|sample| &*sample.channel == channel).expect("the channel");
        sample.value.get().parse().expect("a number")
    }

    #[test]
    fn everything_it_says_is_described() {
        let mut station = Station::new(1, Memory::Empty);
        let described: Vec<String> =
            station.description().channels.iter().map(|one| one.channel.to_string()).collect();
        for sample in station.samples(EVERY).samples {
            assert!(described.contains(&sample.channel.to_string()), "{}", sample.channel);
        }
        assert!(DESCRIPTION.contains(&format!("\"every\":{}", EVERY.as_millis())));
    }

    #[test]
    fn a_reset_is_obeyed_and_answered_with_what_was_cleared() {
        let mut station = Station::new(1, Memory::Empty);
        let before = value(&station.samples(EVERY), "rain");
        let command = Command { number: 5, channel: "reset".to_owned(), value: number(1.0), ttl: 5_000 };
        let outcome = station.obey(&command);
        assert!(outcome.ok && outcome.command == 5);
        assert_eq!(outcome.value.expect("an amount").get().parse::<f64>().expect("a number"), before);
        assert_eq!(value(&station.samples(EVERY), "rain"), 0.0);
    }

    #[test]
    fn what_it_stored_is_the_last_hour_in_order_and_ends_before_now() {
        let stored = Station::new(1, Memory::LastHour).stored();
        let times: Vec<i64> = stored.iter().filter_map(|samples| samples.ts).collect();
        assert_eq!(times.len(), 720);
        assert!(times.is_sorted());
        assert!(times[719] < clock::now());
        assert_eq!(times[719] - times[0], 719 * 5_000);
        assert!(Station::new(1, Memory::Empty).stored().is_empty());
    }

    #[test]
    fn what_it_has_not_it_refuses() {
        let command = Command { number: 5, channel: "fan".to_owned(), value: number(1.0), ttl: 5_000 };
        let outcome = Station::new(1, Memory::Empty).obey(&command);
        assert!(!outcome.ok && outcome.reason.is_some());
    }

    #[test]
    fn numbers_have_one_digit_and_no_negative_zero() {
        assert_eq!(number(-0.01).get(), "0.0");
        assert_eq!(number(1013.25).get(), "1013.3");
    }
}
