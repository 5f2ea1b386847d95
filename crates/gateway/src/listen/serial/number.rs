//! Printed numbers as JSON has them, digit for digit where that can be. Pure.

/// Characters of a number. What has more is none.
const NUMBER_CHARS_MAX: usize = 40;

/// The JSON number that `text` is: a sign, digits, perhaps a fraction and an exponent. What printf and Arduino print and JSON has
/// not is mended: `+5`, `.5`, `5.`, `007`. Nothing: it is no number, or none that is finite.
pub(super) fn number(text: &str, decimal_comma: bool) -> Option<String> {
    if text.len() > NUMBER_CHARS_MAX || !text.is_ascii() {
        return None;
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let point = if decimal_comma { &['.', ','][..] } else { &['.'] };
    let (whole, fraction) = mantissa.split_once(point).unwrap_or((mantissa, ""));
    let all_digits = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let mut number = format!("{sign}{whole}");
    if !fraction.is_empty() {
        number.push('.');
        number.push_str(fraction);
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.is_empty() || !all_digits(digits) {
            return None;
        }
        number.push('e');
        number.push_str(exponent);
    }
    number.parse::<f64>().ok().filter(|number| number.is_finite()).map(|_| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stay_and_what_json_has_not_is_mended() {
        let cases = [
            ("21.50", "21.50"),
            ("-0.0", "-0.0"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("007", "7"),
            ("-.25", "-0.25"),
            ("1e5", "1e5"),
            ("1.5E-3", "1.5e-3"),
            ("0", "0"),
            ("000", "0"),
        ];
        for (text, json) in cases {
            assert_eq!(number(text, false).as_deref(), Some(json), "{text}");
        }
        assert_eq!(number("21,5", true).as_deref(), Some("21.5"));
    }

    #[test]
    fn what_is_no_number_or_not_finite_is_none() {
        let many = "1".repeat(NUMBER_CHARS_MAX + 1);
        for text in [
            "", "-", ".", "+.", "nan", "NaN", "inf", "-inf", "1e999", "1e", "1e+", "1.2.3", "0x10", "12kg",
            "1 2", "--1", "21,5", "١", &many,
        ] {
            assert_eq!(number(text, false), None, "{text}");
        }
    }
}
