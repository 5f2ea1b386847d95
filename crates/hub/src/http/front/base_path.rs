//! The path under which a proxy shows the hub: `/plant`. Requests may have it or not, as proxies take it away or leave it there;
//! what we write has it.

use std::borrow::Cow;
use std::str::FromStr;

use super::super::limits::BASE_PATH_BYTES_MAX;
use super::super::routes::FIRST_PARTS;

/// A base path. Empty: the hub has a host for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base(String);

/// A text is no base path.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// It is none at all.
    #[error(
        "“{0}” is no base path: one is /plant, of letters, digits, “-”, “_” and “.”, at most {BASE_PATH_BYTES_MAX} bytes"
    )]
    Form(String),
    /// It could not be told from a path of our own.
    #[error("“/{0}” is a path of the hub itself: another base path is needed, such as /plant")]
    Own(String),
}

impl FromStr for Base {
    type Err = BaseError;

    fn from_str(text: &str) -> Result<Self, BaseError> {
        let path = text.trim_end_matches('/');
        let is_part = |part: &str| {
            let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            !part.is_empty() && !matches!(part, "." | "..") && part.bytes().all(is_good)
        };
        let parts = path.strip_prefix('/').unwrap_or_default();
        let is_path = path.is_empty() || (path.starts_with('/') && parts.split('/').all(is_part));
        if !is_path || path.len() > BASE_PATH_BYTES_MAX {
            return Err(BaseError::Form(text.to_owned()));
        }
        match parts.split('/').next().filter(|first| !first.is_empty() && FIRST_PARTS.contains(first)) {
            Some(own) => Err(BaseError::Own(own.to_owned())),
            None => Ok(Self(path.to_owned())),
        }
    }
}

impl Base {
    /// What stands before a path of our own in the path of an address, as people copy it from a browser.
    ///
    /// # Errors
    /// It is no base path.
    pub fn of_address(path: &str) -> Result<Self, BaseError> {
        let parts = path.split('/').skip(1).take_while(|part| !FIRST_PARTS.contains(part));
        parts.flat_map(|part| ["/", part]).collect::<String>().parse()
    }

    /// Without a slash at its end; empty where there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What of a path with its query stands behind the base path; all of it where it has none.
    pub(super) fn behind<'a>(&self, path: &'a str) -> Cow<'a, str> {
        let rest = path.strip_prefix(&self.0).filter(|_| !self.is_empty());
        match rest {
            Some("") => "/".into(),
            Some(rest) if rest.starts_with('/') => rest.into(),
            Some(query) if query.starts_with('?') => format!("/{query}").into(),
            _ => path.into(),
        }
    }

    /// An address of ours as others are to use it; nothing where it is right already, or none of ours.
    pub(super) fn before(&self, address: &str) -> Option<String> {
        // With two slashes it begins with a host.
        let path = address.strip_prefix('/').filter(|path| !self.is_empty() && !path.starts_with('/'))?;
        let first = path.split(['/', '?', '#']).next().unwrap_or_default();
        FIRST_PARTS.contains(&first).then(|| format!("{}{address}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Base {
        text.parse().expect("a base path")
    }

    #[test]
    fn a_base_path_is_a_path_and_none_of_ours() {
        for (text, path) in
            [("/plant", "/plant"), ("/plant/", "/plant"), ("/a/b.c-d_e", "/a/b.c-d_e"), ("/", ""), ("", "")]
        {
            assert_eq!(base(text).as_str(), path);
        }
        for wrong in ["plant", "//plant", "/a//b", "/a b", "/ü", "/../x", "/a?b", "https://x/y", "/\"", "/<"]
        {
            assert!(matches!(wrong.parse::<Base>(), Err(BaseError::Form(_))), "{wrong}");
        }
        for own in ["/api", "/views/plant", "/assets", "/panel", "/device", "/login"] {
            assert!(matches!(own.parse::<Base>(), Err(BaseError::Own(_))), "{own}");
        }
        assert!(format!("/{}", "x".repeat(BASE_PATH_BYTES_MAX)).parse::<Base>().is_err());
    }

    #[test]
    fn it_is_found_in_what_people_copy_from_a_browser() {
        for (path, found) in [
            ("/", ""),
            ("/devices/a", ""),
            ("/plant", "/plant"),
            ("/plant/", "/plant"),
            ("/a/b/views/x", "/a/b"),
        ] {
            assert_eq!(Base::of_address(path).expect("a base path").as_str(), found);
        }
        assert!(Base::of_address("/a%20b").is_err());
    }

    #[test]
    fn a_request_may_have_it_or_not() {
        let base = base("/plant");
        let cases = [
            ("/plant", "/"),
            ("/plant/", "/"),
            ("/plant?x=1", "/?x=1"),
            ("/plant/views/a?x=1", "/views/a?x=1"),
            ("/views/a", "/views/a"),
            ("/plants", "/plants"),
            ("/", "/"),
        ];
        for (asked, path) in cases {
            assert_eq!(base.behind(asked), path);
        }
        assert_eq!(Base::default().behind("/plant/x"), "/plant/x");
    }

    #[test]
    fn what_is_written_has_it_once_and_what_is_not_ours_has_not() {
        let base = base("/plant");
        for (address, written) in [
            ("/", "/plant/"),
            ("/?sort=name", "/plant/?sort=name"),
            ("/#content", "/plant/#content"),
            ("/views/a?x=1#y", "/plant/views/a?x=1#y"),
            ("/assets/a.js", "/plant/assets/a.js"),
        ] {
            assert_eq!(base.before(address).as_deref(), Some(written));
        }
        for other in [
            "/plant/",
            "/plant/views/a",
            "/grafana/",
            "//evil.example/",
            "https://x.example/",
            "?a",
            "#b",
            "a",
            "",
        ] {
            assert_eq!(base.before(other), None, "{other}");
        }
        assert_eq!(Base::default().before("/views/a"), None);
    }
}
