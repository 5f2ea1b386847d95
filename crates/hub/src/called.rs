//! What people call devices: which names and labels there may be.

use crate::devices::CallError;
use crate::limits::{DEVICE_LABEL_CHARS_MAX, DEVICE_LABELS_MAX, DEVICE_NAME_CHARS_MAX};

/// A name as it is kept: without blanks around it. Nothing where there is none left.
pub(crate) fn name(text: &str) -> Result<Option<Box<str>>, CallError> {
    let name = text.trim();
    if name.chars().count() > DEVICE_NAME_CHARS_MAX {
        return Err(CallError::Bad(format!("A name has at most {DEVICE_NAME_CHARS_MAX} characters.")));
    }
    if name.chars().any(is_unseen) {
        return Err(CallError::Bad("A name is one line, without signs that cannot be seen.".to_owned()));
    }
    Ok((!name.is_empty()).then(|| name.into()))
}

/// Labels as they are kept: each once, in their order, one a line.
pub(crate) fn labels(texts: &[String]) -> Result<Box<str>, CallError> {
    let mut kept: Vec<&str> = Vec::new();
    for label in texts.iter().map(|text| text.trim()) {
        if label.is_empty() || label.chars().count() > DEVICE_LABEL_CHARS_MAX {
            let what = format!("A label has 1 to {DEVICE_LABEL_CHARS_MAX} characters.");
            return Err(CallError::Bad(what));
        }
        if label.chars().any(|c| is_unseen(c) || c == ',') {
            let what = "A label is one line, without commas and signs that cannot be seen.";
            return Err(CallError::Bad(what.to_owned()));
        }
        if !kept.contains(&label) {
            kept.push(label);
        }
    }
    if kept.len() > DEVICE_LABELS_MAX {
        return Err(CallError::Bad(format!("A device has at most {DEVICE_LABELS_MAX} labels.")));
    }
    Ok(kept.join("\n").into())
}

/// Whether a character shows nothing, or changes how others are read: a name could look like another one by it. Of those that
/// join letters or emoji only the joiners are let through.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(texts: &[&str]) -> Result<Box<str>, CallError> {
        labels(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_name_is_kept_without_blanks_around_it_and_an_empty_one_is_none() {
        assert_eq!(name("  Boiler 7 ").expect("a name").as_deref(), Some("Boiler 7"));
        assert_eq!(name(" ").expect("no name"), None);
        name("one\ntwo").expect_err("two lines");
        name("\u{200b}").expect_err("nothing to be seen");
        name("\u{202e}abc").expect_err("read from its end");
        name("👩\u{200d}🔧 वर्क\u{200c}शॉप").expect("joined letters");
        name(&"x".repeat(DEVICE_NAME_CHARS_MAX + 1)).expect_err("too long");
    }

    #[test]
    fn a_label_is_kept_once_and_in_its_place() {
        assert_eq!(&*kept(&["barn", " north ", "barn"]).expect("labels"), "barn\nnorth");
        assert_eq!(&*kept(&[]).expect("none"), "");
        for wrong in ["", "a,b", "a\nb"] {
            kept(&[wrong]).expect_err(wrong);
        }
        let many: Vec<String> = (0..=DEVICE_LABELS_MAX).map(|n| n.to_string()).collect();
        labels(&many).expect_err("too many");
    }
}
