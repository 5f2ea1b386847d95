//! `[embedding]`: whose pages may show views in a frame.

use hub::http::limits::EMBEDDING_ORIGINS_MAX;
use hub::http::policy::is_origin;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The table as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Embedding {
    /// Origins, such as `https://intranet.example`.
    #[serde(default, deserialize_with = "origins")]
    pub(super) origins: Vec<String>,
}

/// Origins, so many that the header that lists them stays short.
fn origins<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let given = Vec::<String>::deserialize(from)?;
    if let Some(other) = given.iter().find(|origin| !is_origin(origin)) {
        let what = format!(
            "“{other}” is no origin: one is “https://intranet.example”, without a path and without “*”"
        );
        return Err(D::Error::custom(what));
    }
    if given.len() > EMBEDDING_ORIGINS_MAX {
        return Err(D::Error::custom(format!("at most {EMBEDDING_ORIGINS_MAX} origins may embed pages")));
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_are_listed_and_so_many() {
        let read = |text: &str| toml::from_str::<Embedding>(text).map(|read| read.origins);
        assert_eq!(read("origins = [\"https://a.example\"]").expect("an origin"), ["https://a.example"]);
        assert_eq!(read("").expect("none"), [""; 0]);
        for wrong in ["origins = [\"*\"]", "origins = [\"https://a.example/x\"]", "origin = []"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let many: Vec<_> = (0..=EMBEDDING_ORIGINS_MAX).map(|n| format!("\"https://{n}.example\"")).collect();
        assert!(read(&format!("origins = [{}]", many.join(","))).is_err());
    }
}
