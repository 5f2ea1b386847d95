//! Weather that moves like weather: a day has its course, everything wanders slowly and trembles quickly, and now and
//! then a shower cools, moistens and gusts. Pure: the time and the random numbers are arguments.

use super::random::Random;
use std::f64::consts::PI;

/// What a weather station reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    /// °C.
    pub(crate) temperature: f64,
    /// Relative, in %.
    pub(crate) humidity: f64,
    /// hPa.
    pub(crate) pressure: f64,
    /// m/s.
    pub(crate) wind_speed: f64,
    /// mm since the last reset.
    pub(crate) rain: f64,
}

/// The weather around one station.
#[derive(Debug, Clone)]
pub(crate) struct Weather {
    /// What the day's mean strays from the usual, °C.
    warmth: Wander,
    /// The tremble of the air, °C.
    flicker: Wander,
    moisture: Wander,
    pressure: Wander,
    pressure_flicker: Wander,
    wind: Wander,
    gusts: Wander,
    shower: Option<Shower>,
    /// Seconds without a shower that are still to come.
    dry_seconds: f64,
    rain: f64,
}

/// A quantity that strays from 0 and is drawn back to it.
#[derive(Debug, Clone, Copy)]
struct Wander {
    value: f64,
    /// How far it usually strays.
    deviation: f64,
    /// How long it remembers where it was.
    seconds: f64,
}

#[derive(Debug, Clone, Copy)]
struct Shower {
    elapsed_seconds: f64,
    seconds: f64,
    /// mm/h at its height.
    peak: f64,
}

impl Weather {
    /// Some weather, as if it had gone on for long: with rain since the last reset, and a shower not far away.
    pub(crate) fn new(random: &mut Random) -> Self {
        let mut wander =
            |deviation, seconds| Wander { value: deviation * random.normal(), deviation, seconds };
        Self {
            warmth: wander(2.0, 3_600.0),
            flicker: wander(0.25, 45.0),
            moisture: wander(4.0, 600.0),
            pressure: wander(7.0, 20_000.0),
            pressure_flicker: wander(0.1, 60.0),
            wind: wander(1.3, 1_200.0),
            gusts: wander(0.8, 8.0),
            shower: None,
            dry_seconds: random.between(15.0, 60.0),
            rain: random.between(1.0, 6.0),
        }
    }

    /// Lets `seconds` (at most some minutes) pass and reads the instruments; `hour` is that of the day, 0 to 24.
    pub(crate) fn step(&mut self, seconds: f64, hour: f64, random: &mut Random) -> Reading {
        let wanderers = [
            &mut self.warmth,
            &mut self.flicker,
            &mut self.moisture,
            &mut self.pressure,
            &mut self.pressure_flicker,
            &mut self.wind,
            &mut self.gusts,
        ];
        for wanderer in wanderers {
            wanderer.step(seconds, random);
        }
        self.rain_on(seconds, random);
        self.read(hour)
    }

    /// Empties the rain gauge. Answers what was in it, in mm.
    pub(crate) fn reset_rain(&mut self) -> f64 {
        std::mem::take(&mut self.rain)
    }

    fn rain_on(&mut self, seconds: f64, random: &mut Random) {
        match &mut self.shower {
            Some(shower) => {
                self.rain += shower.intensity() * seconds / 3_600.0;
                shower.elapsed_seconds += seconds;
                if shower.elapsed_seconds >= shower.seconds {
                    self.shower = None;
                    self.dry_seconds = random.between(90.0, 600.0);
                }
            }
            None => {
                self.dry_seconds -= seconds;
                if self.dry_seconds <= 0.0 {
                    let (seconds, peak) = (random.between(60.0, 240.0), random.between(10.0, 60.0));
                    self.shower = Some(Shower { elapsed_seconds: 0.0, seconds, peak });
                }
            }
        }
    }

    fn read(&self, hour: f64) -> Reading {
        // Warmest at three in the afternoon.
        let day = (2.0 * PI * (hour - 9.0) / 24.0).sin();
        // 0 when it is dry, 1 in a downpour.
        let wet = self.shower.map_or(0.0, |shower| (shower.intensity() / 40.0).min(1.0));
        let temperature = 14.0 + 6.0 * day + self.warmth.value + self.flicker.value - 2.5 * wet;
        let humidity = 62.0 - 2.0 * (temperature - 14.0) + self.moisture.value + 22.0 * wet;
        let pressure = 1_013.0 + self.pressure.value + self.pressure_flicker.value - 0.8 * wet;
        let wind = 4.0 + 0.8 * day + self.wind.value + 3.0 * wet;
        Reading {
            temperature,
            humidity: humidity.clamp(15.0, 100.0),
            pressure,
            // Gusts grow with the wind.
            wind_speed: (wind.max(0.3) * (1.0 + 0.25 * self.gusts.value)).max(0.0),
            rain: self.rain,
        }
    }
}

impl Wander {
    fn step(&mut self, seconds: f64, random: &mut Random) {
        let kept = (-seconds / self.seconds).exp();
        self.value = self.value * kept + self.deviation * (1.0 - kept * kept).sqrt() * random.normal();
    }
}

impl Shower {
    /// mm/h: it swells and ebbs.
    fn intensity(&self) -> f64 {
        self.peak * (PI * self.elapsed_seconds / self.seconds).sin().max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `days` of readings, one every second, beginning at midnight.
    fn days(seed: u64, days: u32) -> Vec<Reading> {
        let mut random = Random::new(seed);
        let mut weather = Weather::new(&mut random);
        let hour = |second: u32| f64::from(second % 86_400) / 3_600.0;
        (0..days * 86_400).map(|second| weather.step(1.0, hour(second), &mut random)).collect()
    }

    fn mean(readings: &[Reading], of: impl Fn(&Reading) -> f64) -> f64 {
        readings.iter().map(of).sum::<f64>() / readings.len() as f64
    }

    #[test]
    fn the_same_seed_gives_the_same_weather() {
        let hour = |seed| days(seed, 1)[..3_600].to_vec();
        assert_eq!(hour(7), hour(7));
        assert_ne!(hour(7), hour(8));
    }

    #[test]
    fn readings_stay_plausible() {
        for seed in 0..5 {
            for reading in days(seed, 2) {
                assert!((-10.0..40.0).contains(&reading.temperature), "{reading:?}");
                assert!((15.0..=100.0).contains(&reading.humidity), "{reading:?}");
                assert!((970.0..1_060.0).contains(&reading.pressure), "{reading:?}");
                assert!((0.0..30.0).contains(&reading.wind_speed), "{reading:?}");
            }
        }
    }

    #[test]
    fn nothing_jumps_and_everything_moves() {
        let readings = days(1, 1);
        for pair in readings.windows(2) {
            assert!((pair[1].temperature - pair[0].temperature).abs() < 1.0, "{pair:?}");
            assert!((pair[1].humidity - pair[0].humidity).abs() < 6.0, "{pair:?}");
            assert!((pair[1].pressure - pair[0].pressure).abs() < 0.5, "{pair:?}");
        }
        // Within the first minute somebody who looks sees it.
        let minute = &readings[..60];
        let spread = |of: fn(&Reading) -> f64| {
            let values = minute.iter().map(of);
            values.clone().fold(f64::MIN, f64::max) - values.fold(f64::MAX, f64::min)
        };
        assert!(spread(|reading| reading.temperature) > 0.2);
        assert!(spread(|reading| reading.wind_speed) > 0.5);
        assert!(spread(|reading| reading.pressure) > 0.05);
    }

    #[test]
    fn afternoons_are_warmer_and_drier_than_nights() {
        let readings = days(3, 5);
        let at = |hour: usize| -> Vec<Reading> {
            readings.chunks(86_400).flat_map(|day| &day[hour * 3_600..(hour + 1) * 3_600]).copied().collect()
        };
        let (night, afternoon) = (at(3), at(15));
        assert!(
            mean(&afternoon, |reading| reading.temperature)
                > mean(&night, |reading| reading.temperature) + 5.0
        );
        assert!(
            mean(&afternoon, |reading| reading.humidity) < mean(&night, |reading| reading.humidity) - 5.0
        );
    }

    #[test]
    fn showers_come_soon_and_make_rain_grow_and_humidity_rise() {
        let readings = days(5, 1);
        assert!(readings.windows(2).all(|pair| pair[1].rain >= pair[0].rain), "rain only grows");
        assert!(readings[300].rain > readings[0].rain, "the first shower comes within minutes");
        let rains = |pair: &&[Reading]| pair[1].rain - pair[0].rain > 0.005;
        let (wet, dry): (Vec<&[Reading]>, Vec<&[Reading]>) = readings.windows(2).partition(rains);
        assert!(wet.len() > 3_600 && dry.len() > 3_600, "{} wet and {} dry seconds", wet.len(), dry.len());
        let humidity = |pairs: &[&[Reading]]| {
            pairs.iter().map(|pair| pair[1].humidity).sum::<f64>() / pairs.len() as f64
        };
        assert!(humidity(&wet) > humidity(&dry) + 3.0);
    }

    #[test]
    fn a_reset_empties_the_rain_gauge() {
        let mut random = Random::new(1);
        let mut weather = Weather::new(&mut random);
        assert!(weather.reset_rain() >= 1.0);
        assert!(weather.step(1.0, 12.0, &mut random).rain < 0.1);
    }
}
