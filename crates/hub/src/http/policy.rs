//! What a browser may do with our answers: headers of every one of them, pages, assets, errors and upgrades alike.

use std::sync::{PoisonError, RwLock};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

use super::limits::EMBEDDING_ORIGINS_MAX;

/// Of an answer that is no page. Should a browser take it for one all the same, it can do nothing.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'";

/// What the features of a browser are good for here: nothing. Those that are not named here (full screen, a screen that stays on,
/// the clipboard) are for ourselves alone, as browsers have it by themselves.
const FEATURES: &str = "accelerometer=(), camera=(), display-capture=(), encrypted-media=(), geolocation=(), gyroscope=(), \
                        hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()";

/// Headers of every answer, unless it says otherwise itself.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // What is told to somebody is for nobody else. Assets, which are the same for all, say otherwise.
    (header::CACHE_CONTROL, "no-store"),
];

/// Headers of pages besides: of anything else browsers do not ask that, and a view is a dozen answers.
const OF_PAGES: [(HeaderName, &str); 2] = [
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), FEATURES),
];

/// A browser says by this header from where a request comes; no script can set it.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Marks an answer that pages of the allowed origins may frame.
#[derive(Clone, Copy)]
pub(super) struct Framable;

/// The origins that may show pages of this hub in a frame, as `frame-ancestors` lists them.
#[derive(Debug, Default)]
pub(super) struct Embedding(RwLock<String>);

impl Embedding {
    /// From now on these, and no others. What is no origin is left out, and so are those beyond [`EMBEDDING_ORIGINS_MAX`].
    pub(super) fn set(&self, origins: &[String]) {
        let origins = origins.iter().filter(|origin| is_origin(origin)).take(EMBEDDING_ORIGINS_MAX);
        let origins = origins.map(|origin| origin.to_ascii_lowercase()).collect::<Vec<_>>().join(" ");
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = origins;
    }

    fn ancestors(&self, response: &Response) -> String {
        let origins = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match response.extensions().get::<Framable>() {
            Some(_) if !origins.is_empty() => format!("frame-ancestors 'self' {origins}"),
            _ => "frame-ancestors 'none'".to_owned(),
        }
    }
}

/// Whether a text is an origin as a policy may list it: `https://host` or `http://host`, with a port or without. No wildcard: who
/// may frame a page with controls is said by name.
pub fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        let (name, port) = match host.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        };
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let named = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !name.is_empty() && name.len() <= 253 && name.bytes().all(is_name),
        };
        named && port.is_none_or(|port| port.parse::<u16>().is_ok())
    })
}

/// Whether a browser says by itself that the request comes from a page of the origin that it goes to. Then `Origin` may be `null`:
/// so it is with a form of a page that sends no referrer.
pub(super) fn is_from_same_origin(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_some_and(|site| site == "same-origin")
}

/// What of a request decides about the headers of its answer.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// Whether the browser says where its requests come from.
    tells_site: bool,
}

impl Asked {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self { tells_site: headers.contains_key(FETCH_SITE) }
    }
}

/// Adds what is missing to an answer.
pub(super) fn add(embedding: &Embedding, asked: Asked, response: &mut Response) {
    let ancestors = embedding.ancestors(response);
    let is_page = is_page(response);
    let headers = response.headers_mut();
    for (name, value) in HEADERS.into_iter().chain(OF_PAGES.into_iter().filter(|_| is_page)) {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // A browser that does not say where a form comes from needs the origin for that, which it leaves out together with the
    // referrer. `same-origin` tells nobody but ourselves either.
    let referrer = if is_page && !asked.tells_site { "same-origin" } else { "no-referrer" };
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static(referrer));
    let own = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = format!("{}; {ancestors}", own.unwrap_or(NOTHING));
    // Rather an answer that nothing can be done with than one with which everything can.
    let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    fn policy_of(embedding: &Embedding, mut response: Response) -> String {
        add(embedding, Asked { tells_site: true }, &mut response);
        response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned()
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host_and_nothing_else() {
        for origin in
            ["https://intranet.example", "http://10.0.0.7:3000", "https://[::1]:8443", "https://Wiki.example"]
        {
            assert!(is_origin(origin), "{origin}");
        }
        for other in [
            "",
            "*",
            "https://",
            "https://*.example",
            "https://a.example/path",
            "https://a.example; script-src *",
            "https://a.example b",
            "https://a:b@c.example",
            "https://a.example:99999",
            "javascript:alert(1)",
            "'self'",
            "https://[x]",
            "a.example",
            "HTTPS://a.example",
        ] {
            assert!(!is_origin(other), "{other}");
        }
    }

    #[test]
    fn only_what_is_framable_is_framed_and_only_by_those_who_are_listed() {
        let embedding = Embedding::default();
        let framable = || {
            let mut response = ().into_response();
            response.extensions_mut().insert(Framable);
            response
        };
        assert!(policy_of(&embedding, framable()).ends_with("; frame-ancestors 'none'"));
        embedding.set(&["https://wiki.example".into(), "https://*".into(), "http://127.0.0.1:3000".into()]);
        let policy = policy_of(&embedding, framable());
        assert!(
            policy.ends_with("; frame-ancestors 'self' https://wiki.example http://127.0.0.1:3000"),
            "{policy}"
        );
        assert!(policy_of(&embedding, ().into_response()).ends_with("; frame-ancestors 'none'"));
        let many: Vec<String> =
            (0..=EMBEDDING_ORIGINS_MAX).map(|number| format!("https://{number}.example")).collect();
        embedding.set(&many);
        assert_eq!(policy_of(&embedding, framable()).matches("https://").count(), EMBEDDING_ORIGINS_MAX);
        embedding.set(&[]);
        assert!(policy_of(&embedding, framable()).ends_with("; frame-ancestors 'none'"));
    }

    #[test]
    fn what_an_answer_says_itself_is_kept() {
        let mut response = ([(header::CACHE_CONTROL, "public")], "x").into_response();
        add(&Embedding::default(), Asked { tells_site: true }, &mut response);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public");
        assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
    }

    #[test]
    fn a_browser_that_does_not_say_where_forms_come_from_goes_on_sending_their_origin() {
        let page = || axum::response::Html("<p>").into_response();
        for (tells_site, policy) in [(true, "no-referrer"), (false, "same-origin")] {
            let mut response = page();
            add(&Embedding::default(), Asked { tells_site }, &mut response);
            assert_eq!(response.headers()[header::REFERRER_POLICY], policy);
        }
    }
}
