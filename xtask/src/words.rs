//! Finding words in a line without a regular expression.

/// Whether the character can stand in a name.
pub(crate) fn in_a_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The words of a line: the longest runs of letters, digits and `_`.
pub(crate) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character| !in_a_word(character)).filter(|word| !word.is_empty())
}

/// Whether `needle` stands in the line with no letter, digit or `_` before or after it.
pub(crate) fn has_word(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + needle.len()..].chars().next();
        !before.is_some_and(in_a_word) && !after.is_some_and(in_a_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_whole() {
        assert!(has_word("see D1.", "D1"));
        assert!(!has_word("see D12", "D1"));
        assert!(!has_word("an_D1", "D1"));
        assert!(has_word("D12, D1", "D1"));
    }

    #[test]
    fn words_are_split_at_signs() {
        assert_eq!(words("a_b::c(1)").collect::<Vec<_>>(), ["a_b", "c", "1"]);
    }
}
