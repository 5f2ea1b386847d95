//! JSON text as a template sees it: objects keep their order, and a number that no template number holds exactly stays
//! the text that the device sent.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Error;
use serde_json::value::RawValue;

use super::limits::VALUE_DEPTH_MAX;

/// A JSON number in the digits in which it was sent, because converting it would change it.
#[derive(Debug)]
pub(crate) struct Digits(pub(crate) String);

impl Object for Digits {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Any JSON, as its text.
pub(crate) fn json_text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Box::<RawValue>::deserialize(from).map(|raw| raw.get().to_owned())
}

/// The value that `json` is the text of. What is no JSON at all, or deeper than any value of a device, is shown as the text it is.
pub(crate) fn from_json(json: &str) -> Value {
    read(json, VALUE_DEPTH_MAX).unwrap_or_else(|_| Value::from(json))
}

/// Members of a JSON object in the order in which they stand, values as text. Anything else has none.
pub(crate) fn members(json: &str) -> Vec<(String, String)> {
    let members =
        serde_json::from_str::<Members<'_>>(json).map(|Members(members)| members).unwrap_or_default();
    members.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
}

/// At most `depth` deep: a sample file may say anything.
fn read(json: &str, depth: usize) -> serde_json::Result<Value> {
    let json = json.trim();
    let deeper = || depth.checked_sub(1).ok_or_else(|| Error::custom("it lies too deep in itself"));
    Ok(match json.bytes().next() {
        Some(b'{') => {
            let depth = deeper()?;
            let Members(members) = serde_json::from_str(json)?;
            let pairs = members.into_iter().map(|(name, value)| Ok((name, read(value.get(), depth)?)));
            Value::from_pairs(pairs.collect::<serde_json::Result<Vec<_>>>()?)
        }
        Some(b'[') => {
            let depth = deeper()?;
            let items: Vec<&RawValue> = serde_json::from_str(json)?;
            let values: Vec<Value> =
                items.into_iter().map(|item| read(item.get(), depth)).collect::<Result<_, _>>()?;
            Value::from(values)
        }
        Some(b'"') => Value::from(serde_json::from_str::<String>(json)?),
        Some(b't' | b'f') => Value::from(serde_json::from_str::<bool>(json)?),
        Some(b'n') => serde_json::from_str(json).map(|()| Value::from(()))?,
        _ => {
            // A number is only worth its digits once it is known to be JSON.
            let number: &RawValue = serde_json::from_str(json)?;
            read_number(number.get())
        }
    })
}

fn read_number(digits: &str) -> Value {
    if let Ok(whole) = digits.parse::<i64>() {
        return Value::from(whole);
    }
    if !digits.contains(['.', 'e', 'E']) {
        return digits.parse::<i128>().map_or_else(|_| exact(digits), Value::from);
    }
    let significant = digits.split(['e', 'E']).next().unwrap_or_default().trim_start_matches(['-', '0', '.']);
    let significant = significant.chars().filter(char::is_ascii_digit).count();
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() && significant <= f64::DIGITS as usize + 2 => Value::from(number),
        _ => exact(digits),
    }
}

fn exact(digits: &str) -> Value {
    Value::from_object(Digits(digits.to_owned()))
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_too_deep_is_the_text_it_is() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(from_json(&nested(VALUE_DEPTH_MAX)).as_str(), None);
        for depth in [VALUE_DEPTH_MAX + 1, 30_000] {
            assert_eq!(from_json(&nested(depth)).as_str(), Some(&*nested(depth)));
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        for exact in
            ["1e400", "123456789012345678901234567890123456789012345", "0.12345678901234567890", "42", "-7.5"]
        {
            assert_eq!(from_json(exact).to_string(), exact);
        }
        assert!(from_json("42").is_number());
        assert!(!from_json("1e400").is_number());
    }

    #[test]
    fn objects_keep_their_order() {
        let value = from_json(r#"{"b":1,"a":[true,null,"x"]}"#);
        let keys: Vec<String> = value.try_iter().expect("it is a map").map(|key| key.to_string()).collect();
        assert_eq!(keys, ["b", "a"]);
        assert_eq!(members(r#"{"b":1,"a":2}"#)[0], ("b".to_owned(), "1".to_owned()));
        assert!(members("[1]").is_empty());
    }

    #[test]
    fn what_is_no_json_is_its_text() {
        assert_eq!(from_json("oops{").as_str(), Some("oops{"));
    }
}
