//! How whoever asks wants pages to look, read from the request: a cookie, the query, and the languages of the browser.

use axum::http::{HeaderMap, Uri, header};

use super::credential::cookies;
use crate::view::{Look, Numbers, Theme};

/// The cookie with the reader's choice of theme, which the page's own script sets. One for all hubs of a host: it is about the
/// reader's eyes.
const THEME_COOKIE: &str = "glassline_theme";

/// In a query: the page is shown on a wall.
const KIOSK: &str = "kiosk";

/// The look that a request asks for.
pub(super) fn of(headers: &HeaderMap, uri: &Uri) -> Look {
    let languages = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Look {
        theme: cookies(headers, THEME_COOKIE).find_map(Theme::of),
        kiosk: is_kiosk(uri.query().unwrap_or_default()),
        numbers: Numbers::of(languages.unwrap_or_default()),
    }
}

/// `?kiosk`, or with any value but `0`.
fn is_kiosk(query: &str) -> bool {
    query.split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        name == KIOSK && value != "0"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_is_read_from_cookie_query_and_languages() {
        let headers = [
            (header::COOKIE, "glassline_login_80=x; glassline_theme=dark".parse().expect("a value")),
            (header::ACCEPT_LANGUAGE, "de-DE,de;q=0.9".parse().expect("a value")),
        ];
        let look = of(&headers.into_iter().collect(), &Uri::from_static("/views/a?b=1&kiosk"));
        let numbers = Numbers::of("de");
        assert_eq!(look, Look { theme: Some(Theme::Dark), kiosk: true, numbers });
        assert_eq!(of(&HeaderMap::new(), &Uri::from_static("/")), Look::default());
    }

    #[test]
    fn a_kiosk_can_be_said_no_to() {
        assert!(is_kiosk("kiosk=1") && is_kiosk("kiosk="));
        assert!(!is_kiosk("kiosk=0") && !is_kiosk("kiosks") && !is_kiosk(""));
    }
}
