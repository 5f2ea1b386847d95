//! Reading what a device says its channels are: the members the protocol names have their types, others stay as they
//! came.

use super::from_device::many;
use super::{Description, Fail};
use crate::json::Object;
use crate::limits::SEQ_MAX;

pub(super) fn describe(object: &Object<'_>) -> Result<Description, Fail> {
    let raw = object.present("describe")?;
    let inner =
        Object::read(raw.as_bytes()).map_err(|_| object.wrong(raw, "\"describe\" must be an object"))?;
    for (name, said) in inner.members() {
        let channel = Object::read(said.as_bytes())
            .map_err(|_| object.wrong(said, &format!("what is said of {name:?} must be an object")))?;
        check_channel(&channel).map_err(|fail| Fail { at: object.at(said) + fail.at, ..fail })?;
    }
    let at = object.at(raw);
    let channels = many(inner).map_err(|fail| Fail { at: at + fail.at, ..fail })?;
    Ok(Description { channels })
}

/// The members named in `spec/protocol.md`, "describe".
fn check_channel(channel: &Object<'_>) -> Result<(), Fail> {
    for key in ["unit", "input"] {
        channel.text(key)?;
    }
    for key in ["min", "max", "step"] {
        if let Some(raw) = channel.get(key).filter(|raw| !is_number(raw)) {
            return Err(channel.wrong(raw, &format!("{key:?} must be a number")));
        }
    }
    channel.whole("every", 1..=SEQ_MAX)?;
    Ok(())
}

/// By how it begins: of any size, since it is kept as text.
fn is_number(raw: &str) -> bool {
    raw.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}
