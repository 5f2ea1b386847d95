//! Reads a script into steps.

/// One line of a script.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    /// The line's number in the script, from 1.
    pub(crate) line: usize,
    pub(crate) what: What<'a>,
}

#[derive(Debug)]
pub(crate) enum What<'a> {
    /// `device > …`
    Device(&'a str),
    /// `hub > …`
    Hub(&'a str),
    /// One of the happenings behind `|`.
    Happens(&'a str),
}

pub(crate) fn steps(script: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for (index, text) in script.lines().enumerate() {
        let line = index + 1;
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(happenings) = text.strip_prefix('|') {
            let happenings = happenings.split(", ").map(str::trim);
            steps.extend(happenings.map(|happening| Step { line, what: What::Happens(happening) }));
            continue;
        }
        let Some((side, message)) = text.split_once('>') else {
            panic!("line {line}: neither said nor happens: {text}")
        };
        let what = match side.trim() {
            "device" => What::Device(message.trim()),
            "hub" => What::Hub(message.trim()),
            other => panic!("line {line}: who is {other:?}?"),
        };
        steps.push(Step { line, what });
    }
    steps
}

/// `3 s`, `250 ms`: in milliseconds.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let (number, unit) = text.split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(number),
        "s" => Some(number * 1000),
        _ => None,
    }
}
