//! One JSON object, checked for what serde_json leaves open (depth, duplicate keys) and cut into its members, whose
//! values stay the bytes that came.

use crate::code::Fault;
use crate::limits::LINE_DEPTH_MAX;
use crate::message::Fail;
use crate::plain;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// A member of an object: its key, and its value as it came.
pub(crate) type Member<'a> = (Cow<'a, str>, &'a str);

/// The members of one object in the order they came.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
}

impl<'a> Object<'a> {
    /// Reads `bytes` as one object: UTF-8, at most [`LINE_DEPTH_MAX`] deep, no key twice on any level.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Fail> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Fail::new(Fault::BadUtf8, error.valid_up_to(), "not UTF-8 from here on"))?;
        match plain::object(text) {
            Some(members) => Ok(Self { text, members }),
            None => Self::read_thoroughly(text, LINE_DEPTH_MAX),
        }
    }

    /// Reads `text` as one object of at most `depth` levels, no key twice on any of them: a line that holds what another
    /// line held has more than that one.
    pub(crate) fn read_deeper(text: &'a str, depth: usize) -> Result<Self, Fail> {
        match plain::object(text) {
            Some(members) => Ok(Self { text, members }),
            None => Self::read_thoroughly(text, depth),
        }
    }

    /// The same for what is not plain; says what is wrong where something is.
    fn read_thoroughly(text: &'a str, depth: usize) -> Result<Self, Fail> {
        check_depth(text, depth)?;
        if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
            return Err(Fail::new(Fault::BadJson, 0, "a line is one JSON object: {…}"));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = Members.deserialize(&mut reader).map_err(|error| bad_json(text, &error))?;
        reader.end().map_err(|error| bad_json(text, &error))?;
        let object = Self { text, members };
        object.check_keys()?;
        Ok(object)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.members.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    pub(crate) fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// Where in the line `part` stands, in bytes from 0. `part` must have been cut from this line.
    pub(crate) fn at(&self, part: &str) -> usize {
        offset(self.text, part)
    }

    fn check_keys(&self) -> Result<(), Fail> {
        check_unique(self.text, &self.members)?;
        for (_, value) in &self.members {
            check_nested_keys(self.text, value)?;
        }
        Ok(())
    }
}

/// JSON text without the white space that stands outside of its strings; the same values in fewer bytes.
pub(crate) fn compact(text: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let is_kept = |character: &char| {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            ' ' | '\t' | '\r' | '\n' => return in_string,
            _ => {}
        }
        true
    };
    text.chars().filter(is_kept).collect()
}

/// How far into `whole` the slice `part` begins. A slice from elsewhere (an unescaped key) counts as the start.
fn offset(whole: &str, part: &str) -> usize {
    let distance = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    if distance <= whole.len() { distance } else { 0 }
}

fn bad_json(text: &str, error: &serde_json::Error) -> Fail {
    // An end that came too early is reported behind the last byte; serde counts columns from 1.
    let mut at = if error.is_eof() { text.len() } else { error.column().saturating_sub(1) };
    let message = error.to_string();
    if message.starts_with("control character") {
        // Of this one it counts what stands before it.
        at =
            text.bytes().skip(at).position(|byte| byte.is_ascii_control()).map_or(at, |further| at + further);
    }
    let reason = message.split(" at line ").next().unwrap_or(&message);
    Fail::new(Fault::BadJson, at, reason)
}

/// Counts brackets outside of strings. Done before anything is parsed, so that depth never becomes recursion.
fn check_depth(text: &str, most: usize) -> Result<(), Fail> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > most {
                    let reason = format!("more than {most} levels of objects and arrays");
                    return Err(Fail::new(Fault::TooDeep, at, &reason));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// The first member whose key stood there before.
pub(crate) fn repeated(members: &[Member<'_>]) -> Option<usize> {
    /// Up to so many members comparing each with each is faster than hashing.
    const FEW: usize = 8;
    if members.len() <= FEW {
        (1..members.len()).find(|&i| members[..i].iter().any(|(key, _)| *key == members[i].0))
    } else {
        let mut seen = HashSet::with_capacity(members.len());
        members.iter().position(|(key, _)| !seen.insert(key.as_ref()))
    }
}

fn check_unique(line: &str, members: &[Member<'_>]) -> Result<(), Fail> {
    let Some(index) = repeated(members) else { return Ok(()) };
    let (key, value) = &members[index];
    let at = match key {
        Cow::Borrowed(key) => offset(line, key).saturating_sub(1),
        Cow::Owned(_) => offset(line, value),
    };
    Err(Fail::new(Fault::DuplicateKey, at, &format!("the key {key:?} stands here a second time")))
}

/// Checks the keys of every object below `value`. Each level is read again from its text; the depth is bounded.
fn check_nested_keys(line: &str, value: &str) -> Result<(), Fail> {
    if !value.starts_with(['{', '[']) || !value.contains('{') {
        return Ok(());
    }
    let mut reader = serde_json::Deserializer::from_str(value);
    if value.starts_with('{') {
        let members = Members.deserialize(&mut reader).map_err(|error| bad_json(value, &error))?;
        check_unique(line, &members)?;
        members.iter().try_for_each(|(_, inner)| check_nested_keys(line, inner))
    } else {
        let items = Items.deserialize(&mut reader).map_err(|error| bad_json(value, &error))?;
        items.iter().try_for_each(|inner| check_nested_keys(line, inner.get()))
    }
}

/// Reads an object into its members without looking into their values.
struct Members;

impl<'de> DeserializeSeed<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            members.push((key, map.next_value::<&RawValue>()?.get()));
        }
        Ok(members)
    }
}

/// Reads an array into its items without looking into them.
struct Items;

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(items)
    }
}

/// A key, borrowed from the line unless it had escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines as devices send them, and pieces that break them.
    const PIECES: [&str; 34] = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        " ",
        "\t",
        "\r",
        "\"a\"",
        "\"seq\"",
        "\"ts\"",
        "\"values\"",
        "\"",
        "\\",
        "0",
        "1",
        "-",
        "+",
        ".",
        "e",
        "E",
        "9",
        "21.50",
        "true",
        "false",
        "null",
        "nul",
        "\u{1}",
        "ü",
        "\"\\u0041\"",
        "{\"a\":1}",
        "[1,2]",
        "\"x\":",
    ];

    fn agrees(text: &str) {
        let thoroughly = Object::read_thoroughly(text, LINE_DEPTH_MAX).map(|object| object.members);
        if let Some(members) = plain::object(text) {
            assert_eq!(Ok(members), thoroughly, "{text:?}");
        }
        for (_, value) in thoroughly.iter().flatten() {
            let (number, string) =
                (serde_json::from_str(value).ok(), serde_json::from_str::<String>(value).ok());
            assert!(plain::whole(value).is_none_or(|plain| Some(plain) == number), "{value:?}");
            assert!(plain::string(value).is_none_or(|plain| Some(plain.into()) == string), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_the_short_way_is_what_is_read_thoroughly(
            members in prop::collection::vec(("[a-c]{1,2}", 0..PIECES.len(), 0..PIECES.len()), 0..5),
            cut in 0usize..60,
            piece in 0..PIECES.len(),
        ) {
            let member = |(key, one, other): &(String, usize, usize)| {
                let value = if one % 2 == 0 { PIECES[*one].to_owned() } else { format!("{}{}", PIECES[*one], PIECES[*other]) };
                format!("\"{key}\":{value}")
            };
            let whole = format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","));
            agrees(&whole);
            let at = (0..=cut.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
            agrees(&format!("{}{}{}", &whole[..at], PIECES[piece], &whole[at..]));
            agrees(&whole[..at]);
        }
    }

    #[test]
    fn the_usual_lines_are_plain() {
        for line in [
            r#"{"seq":7,"channel":"temperature","value":21.53,"ts":1763846847000}"#,
            r#"{"seq":8,"values":{"a":-1.5e-7,"b":[true,null,"ü"],"c":{"d":0}},"ts":1}"#,
            " {\"t\" : 0.5 ,\t\"u\":\"\" } ",
        ] {
            assert!(plain::object(line).is_some(), "{line}");
            agrees(line);
        }
    }

    #[test]
    fn what_is_not_json_or_too_deep_is_not_plain() {
        let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(plain::object(&deep(LINE_DEPTH_MAX)).is_some());
        let too_deep = deep(LINE_DEPTH_MAX + 1);
        for line in [
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":-}"#,
            r#"{"a":1,}"#,
            r#"{"a":1}}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":tru}"#,
            "",
            "1",
            &too_deep,
        ] {
            assert!(plain::object(line).is_none(), "{line}");
            assert!(Object::read_thoroughly(line, LINE_DEPTH_MAX).is_err(), "{line}");
        }
    }
}
