//! Names of people and groups.

use super::ADMINISTRATOR;
use super::limits::NAME_BYTES_MAX;

/// Why something is no name of a person or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// It has other characters, none, or too many.
    #[error("a name is 1 to {NAME_BYTES_MAX} lowercase letters a to z, digits and . _ - @")]
    Spelling,
    /// It is that of whoever owns the machine.
    #[error("“{ADMINISTRATOR}” is whoever owns the machine: a person has another name")]
    Reserved,
}

/// Whether a person or a group may be called so.
///
/// Lowercase alone, so that no two people differ in a letter's size; no colon, which ends the name in HTTP Basic.
///
/// # Errors
/// It is no name, or not one for people.
pub(crate) fn check(name: &str) -> Result<(), BadName> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-@".contains(&byte);
    let begins_well =
        name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    match name {
        ADMINISTRATOR => Err(BadName::Reserved),
        _ if begins_well && name.len() <= NAME_BYTES_MAX && name.bytes().all(fits) => Ok(()),
        _ => Err(BadName::Spelling),
    }
}

/// A name as somebody typed it: without blanks around it, and in small letters.
pub(crate) fn typed(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_and_in_small_letters() {
        for good in ["ada", "ada.lovelace", "ada@example.org", "3rd-shift", "a_b"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "Ada", "ada lovelace", "a:b", "ä", "../x", ".x", "-x", "a/b", &"x".repeat(65)] {
            assert_eq!(check(bad), Err(BadName::Spelling), "{bad}");
        }
        assert_eq!(check("admin"), Err(BadName::Reserved));
        assert_eq!(typed(" Ada "), "ada");
    }
}
