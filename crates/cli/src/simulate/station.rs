//! The weather station: what its channels are, what it says every second, and what it does when it is told to.

use super::random::Random;
use super::weather::{Reading, Weather};
use crate::clock;
use anyhow::{Result, anyhow};
use glassline_client::Device;
use serde_json::value::RawValue;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Time between two samples.
const EVERY: Duration = Duration::from_secs(1);

/// Time between two samples of those that it stored before it connects. Short enough for charts to draw one line.
const STORED_EVERY: Duration = Duration::from_secs(5);
/// How far back these go.
const STORED_FOR: Duration = Duration::from_secs(3_600);

/// How long what was measured last may take to arrive when the station ends.
const FLUSH_MAX: Duration = Duration::from_millis(500);

/// What the channels are. `every` is [`EVERY`] in milliseconds.
const DESCRIPTION: &str = concat!(
    r#"{"temperature":{"unit":"°C","min":-20,"max":50,"every":1000},"#,
    r#""humidity":{"unit":"%","min":0,"max":100,"every":1000},"#,
    r#""pressure":{"unit":"hPa","min":950,"max":1050,"every":1000},"#,
    r#""wind_speed":{"unit":"m/s","min":0,"max":30,"every":1000},"#,
    r#""rain":{"unit":"mm","every":1000},"#,
    r#""reset":{"input":"button"}}"#
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
    id: String,
    token: String,
    seed: u64,
    memory: Memory,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let device = Device::new(&format!("tcp://{to}"), &id, &token)?;
    let mut station = Station::new(seed);
    device.describe(RawValue::from_string(DESCRIPTION.to_owned())?);
    if memory == Memory::LastHour {
        for (ts, values) in station.last_hour(clock::now()) {
            device.send_at(ts, values);
        }
    }
    let station = Arc::new(Mutex::new(station));
    let (obeying, reporting) = (station.clone(), device.clone());
    device.on_command("reset", move |_: serde_json::Value| {
        let mut station = lock(&obeying);
        let cleared = station.weather.reset_rain();
        // The new samples first, so that they are there when it is done.
        reporting.send_many(station.measure(clock::now()));
        Ok(number(cleared))
    });
    device.connect();
    let refused = tokio::select! {
        refused = device.ended() => Some(refused),
        () = report(&device, &station) => None,
        () = shutdown => None,
    };
    if refused.is_none() {
        device.flush(FLUSH_MAX).await;
    }
    device.close().await;
    refused.map_or(Ok(()), |why| Err(anyhow!("{id} is refused: {why}")))
}

/// Measures for ever: what cannot be sent now waits in the outbox.
async fn report(device: &Device, station: &Mutex<Station>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        device.send_many(lock(station).measure(clock::now()));
    }
}

fn lock(station: &Mutex<Station>) -> std::sync::MutexGuard<'_, Station> {
    station.lock().unwrap_or_else(PoisonError::into_inner)
}

type Values = [(&'static str, Box<RawValue>); 5];

struct Station {
    weather: Weather,
    random: Random,
    measured: Instant,
}

impl Station {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self { weather: Weather::new(&mut random), random, measured: Instant::now() }
    }

    /// What the instruments say now, which is `at` in ms since 1970.
    fn measure(&mut self, at: i64) -> Values {
        let since = self.measured.elapsed();
        self.measured += since;
        self.read(at, since)
    }

    /// What they say at `at`, `since` after they were last read.
    fn read(&mut self, at: i64, since: Duration) -> Values {
        let hour = (at.rem_euclid(86_400_000) as f64) / 3_600_000.0;
        let seconds = since.as_secs_f64().min(60.0);
        channels(&self.weather.step(seconds, hour, &mut self.random))
    }

    /// What they said in the hour before `now`, oldest first, with the times.
    fn last_hour(&mut self, now: i64) -> Vec<(i64, Values)> {
        let steps = STORED_FOR.as_secs() / STORED_EVERY.as_secs();
        let step_ms = i64::try_from(STORED_EVERY.as_millis()).expect("seconds fit");
        let times = (1..=steps).rev().map(|back| now - step_ms * back.cast_signed());
        times.map(|at| (at, self.read(at, STORED_EVERY))).collect()
    }
}

fn channels(reading: &Reading) -> Values {
    let Reading { temperature, humidity, pressure, wind_speed, rain } = *reading;
    [
        ("temperature", temperature),
        ("humidity", humidity),
        ("pressure", pressure),
        ("wind_speed", wind_speed),
        ("rain", rain),
    ]
    .map(|(channel, value)| (channel, number(value)))
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

    fn value(values: &Values, channel: &str) -> f64 {
        let (_, value) = values.iter().find(|(name, _)| *name == channel).expect("the channel");
        value.get().parse().expect("a number")
    }

    #[test]
    fn everything_it_says_is_described() {
        let described: serde_json::Value = serde_json::from_str(DESCRIPTION).expect("JSON");
        for (channel, _) in Station::new(1).measure(0) {
            assert!(described.get(channel).is_some(), "{channel}");
        }
        assert!(DESCRIPTION.contains(&format!("\"every\":{}", EVERY.as_millis())));
        let device = Device::new("tcp://127.0.0.1:1", "weather-1", "").expect("a device");
        assert!(device.describe(described), "a hub takes it");
    }

    #[test]
    fn a_reset_empties_the_rain_gauge() {
        let mut station = Station::new(1);
        let before = value(&station.measure(0), "rain");
        assert!((station.weather.reset_rain() - before).abs() < 0.1);
        assert_eq!(value(&station.measure(0), "rain"), 0.0);
    }

    #[test]
    fn what_it_stored_is_the_last_hour_in_order_and_ends_before_now() {
        let now = 1_763_846_847_123;
        let stored = Station::new(1).last_hour(now);
        let times: Vec<i64> = stored.iter().map(|(ts, _)| *ts).collect();
        assert_eq!(times.len(), 720);
        assert!(times.is_sorted());
        assert!(times[719] < now);
        assert_eq!(times[719] - times[0], 719 * 5_000);
    }

    #[test]
    fn numbers_have_one_digit_and_no_negative_zero() {
        assert_eq!(number(-0.01).get(), "0.0");
        assert_eq!(number(1013.25).get(), "1013.3");
    }
}
