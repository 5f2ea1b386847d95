//! Spans of time as people write them: the same in all options and keys.

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// What a span is counted in. A year has 365 days.
const UNITS: [(&str, u64); 8] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", MINUTE_MS),
    ("min", MINUTE_MS),
    ("h", HOUR_MS),
    ("d", DAY_MS),
    ("w", 7 * DAY_MS),
    ("y", 365 * DAY_MS),
];

/// The milliseconds of `30m`, `7d` and the like.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    counted(text, &UNITS)
}

/// The same where it is some whole minutes.
pub(crate) fn of_minutes(text: &str) -> Option<u64> {
    milliseconds(text).filter(|ms| ms % MINUTE_MS == 0)
}

/// A number above 0 and its unit, with or without blanks between them.
pub(crate) fn counted(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, each) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok().filter(|number| *number > 0)?.checked_mul(*each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_with_a_unit() {
        assert_eq!(milliseconds("200ms"), Some(200));
        assert_eq!(milliseconds("30m"), Some(30 * MINUTE_MS));
        assert_eq!(milliseconds("30 min"), milliseconds("30m"));
        assert_eq!(milliseconds("30d"), Some(30 * 86_400_000));
        assert_eq!(milliseconds("2 y"), Some(2 * 365 * 86_400_000));
        for wrong in
            ["", "30", "d", "0d", "-1d", "1.5d", "30 days", "99999999999999999999d", "999999999999999y"]
        {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn seconds_make_minutes_where_they_fill_them() {
        assert_eq!(of_minutes("120s"), Some(2 * MINUTE_MS));
        assert_eq!((of_minutes("90s"), of_minutes("5ms")), (None, None));
    }
}
