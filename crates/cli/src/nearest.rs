//! The nearest name, for those who misspelt one.

/// `; did you mean “durability”?` for the known name nearest to `given`, or nothing where none is near.
pub(crate) fn did_you_mean(given: &str, known: &[&str]) -> String {
    match nearest(given, known) {
        Some(name) => format!("; did you mean “{name}”?"),
        None => String::new(),
    }
}

/// The known name that differs least from `given`, if no more than a third of it is wrong.
fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let far = (given.chars().count() / 3).max(1);
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), *name))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_named() {
        assert_eq!(did_you_mean("lins", &["http", "lines"]), "; did you mean “lines”?");
        assert_eq!(did_you_mean("password", &["http", "lines"]), "");
    }
}
