//! Names in braces in a text: `{limit}` is filled in, `{{limit}}` is the text `{limit}`, `{{{{limit}}}}` is `{{limit}}`.

/// A part of a text.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// What stays as it is.
    Text(&'a str),
    /// A name, with so many braces on either side of it, one at least.
    Name { left: usize, name: &'a str, right: usize },
}

/// The parts of a text, in order.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let begin = rest.find('{').unwrap_or(rest.len());
        if begin > 0 {
            let (text, behind) = rest.split_at(begin);
            rest = behind;
            return Some(Part::Text(text));
        }
        let (left, behind) = run(rest, '{');
        if left == 0 {
            return None;
        }
        let end = behind.find(|c| !is_of_name(c)).unwrap_or(behind.len());
        let (name, behind_name) = behind.split_at(end);
        let (right, behind_all) = run(behind_name, '}');
        if right == 0 || !is_name(name) {
            let (text, _) = rest.split_at(left);
            rest = behind;
            return Some(Part::Text(text));
        }
        rest = behind_all;
        Some(Part::Name { left, name, right })
    })
}

/// How many of these a text begins with, and what is behind them.
fn run(text: &str, brace: char) -> (usize, &str) {
    let behind = text.trim_start_matches(brace);
    (text.len() - behind.len(), behind)
}

/// Puts what `value` gives in the place of each name that is to be filled in; where it gives nothing the name stays. The braces of
/// other names are halved where `halves`.
pub(crate) fn fill(text: &str, halves: bool, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Name { left, name, right } => match value_of(left, right) {
                Meaning::Value => match value(name) {
                    Some(value) => put(&mut filled, left - 1, &value, right - 1),
                    None => put(&mut filled, left, name, right),
                },
                Meaning::Halved(half) if halves => put(&mut filled, left - half, name, right - half),
                Meaning::Halved(_) | Meaning::Same => put(&mut filled, left, name, right),
            },
        }
    }
    filled
}

/// What a name in braces stands for.
enum Meaning {
    /// Its value, within the other braces.
    Value,
    /// Itself, with so many braces less on either side.
    Halved(usize),
    /// Itself as it stands.
    Same,
}

fn value_of(left: usize, right: usize) -> Meaning {
    match (left % 2, right) {
        (1, _) => Meaning::Value,
        (_, 1) => Meaning::Same,
        _ => Meaning::Halved(left.min(right) / 2),
    }
}

/// A text written so that nothing in it is filled in: [`fill`], which halves, gives it back.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Text(text) => escaped.push_str(text),
            Part::Name { left, name, right } => {
                let fewer = left.min(right);
                let more = match value_of(left, right) {
                    Meaning::Same => 0,
                    _ if (left + fewer).is_multiple_of(2) => fewer,
                    _ => fewer - 1,
                };
                put(&mut escaped, left + more, name, right + more);
            }
        }
    }
    escaped
}

fn put(text: &mut String, left: usize, name: &str, right: usize) {
    text.extend(std::iter::repeat_n('{', left));
    text.push_str(name);
    text.extend(std::iter::repeat_n('}', right));
}

/// `limit` for `{limit}`, where nothing else is in the text.
pub(crate) fn only_name(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}').filter(|name| is_name(name))
}

/// `[a-z][a-z0-9_]*`: other things in braces are no names.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_of_name)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

/// The names that are filled in.
pub(crate) fn names_in(text: &str) -> Vec<String> {
    let name = |part| match part {
        Part::Name { left, name, .. } if left % 2 == 1 => Some(name.to_owned()),
        _ => None,
    };
    parts(text).filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        fill(text, true, |name| (name == "x").then(|| "7".to_owned()))
    }

    #[test]
    fn one_brace_is_filled_in_and_two_are_one() {
        assert_eq!(filled("{x} {{x}} {{{x}}} {{{{x}}}} {y} {{y}}"), "7 {x} {{7}} {{x}} {y} {y}");
        assert_eq!(filled("{X} { x } {\"a\":1} {} { {{x} {{}}"), "{X} { x } {\"a\":1} {} { {{x} {{}}");
    }

    #[test]
    fn whatever_is_escaped_comes_back_as_it_was() {
        for (left, right) in (0..8).flat_map(|left| (0..8).map(move |right| (left, right))) {
            let mut text = "a ".to_owned();
            put(&mut text, left, "x", right);
            text += " {y}{{x}} }{";
            assert_eq!(filled(&escape(&text)), text, "{}", escape(&text));
        }
    }
}
