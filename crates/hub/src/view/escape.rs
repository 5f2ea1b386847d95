//! Text in HTML: escaped where it is written, and understood where it was written by hand.

/// Text as HTML, safe in content and between quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text that HTML stands for: numbered character references, and those names that are of use in settings. What is
/// no reference, or has another name, stays as it is written.
pub(crate) fn unescape(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let reference = rest.find(';').and_then(|end| Some((end, character(&rest[1..end])?)));
        match reference {
            Some((end, character)) => {
                text.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text + rest
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "apos" => '\'',
        "copy" => '©',
        "deg" => '°',
        "euro" => '€',
        "gt" => '>',
        "hellip" => '…',
        "lt" => '<',
        "micro" => 'µ',
        "middot" => '·',
        "minus" => '−',
        "nbsp" => '\u{a0}',
        "ndash" => '–',
        "Omega" | "ohm" => 'Ω',
        "permil" => '‰',
        "plusmn" => '±',
        "quot" => '"',
        "sup2" => '²',
        "sup3" => '³',
        "times" => '×',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_understood_again() {
        let text = "a < b & \"c\" > 'd' °";
        assert_eq!(unescape(&escape(text)), text);
    }

    #[test]
    fn references_are_understood() {
        assert_eq!(unescape("&deg;C &#176;&#xB0; &nothing; & &"), "°C °° &nothing; & &");
    }
}
