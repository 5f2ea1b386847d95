//! Pages as they are to be written: addresses of ours with the base path, and a banner where what is shown can be read on its
//! way. Without either a page passes as it is.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lol_html::html_content::ContentType;
use lol_html::{RewriteStrSettings, element, rewrite_str};
use sha2::{Digest as _, Sha256};

use super::Base;
use crate::http::Site;
use crate::view::escape;

/// What of an element is an address.
const ADDRESSES: [&str; 5] = ["action", "formaction", "href", "src", "xlink:href"];

/// Around the import map, as pages have it (`web/page.html`).
const IMPORT_MAP: (&str, &str) = ("<script type=\"importmap\">", "</script>");

/// Dresses pages.
pub(in crate::http) async fn dress(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let warns = site.front.warns(request.uri());
    let response = next.run(request).await;
    if !is_page(response.headers()) || (site.front.base.is_empty() && !warns) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // Pages are made whole: their body is in memory already.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let banner = warns.then(|| site.hub.views().say("front.insecure", &[]));
    let page = std::str::from_utf8(&bytes).ok();
    let Some(dressed) = page.and_then(|page| dressed(page, &site.front.base, banner.as_deref())) else {
        return Response::from_parts(head, Body::from(bytes));
    };
    if let Some((before, after)) = dressed.import_map {
        allow(&mut head.headers, &before, &after);
    }
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(dressed.html))
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

struct Dressed {
    html: String,
    /// The import map before and after, where it is another one.
    import_map: Option<(String, String)>,
}

/// Nothing: it cannot be read as HTML.
fn dressed(page: &str, base: &Base, banner: Option<&str>) -> Option<Dressed> {
    let banner = banner.map(|text| {
        let text = escape::escape(text);
        format!("<div class=\"insecure\" role=\"status\"><span class=\"icon\" aria-hidden=\"true\"></span><p>{text}</p></div>\n")
    });
    let addresses = element!("*", |element| {
        for name in ADDRESSES {
            if let Some(address) = element.get_attribute(name).and_then(|address| base.before(&address)) {
                element.set_attribute(name, &address)?;
            }
        }
        Ok(())
    });
    let above = element!("body > main", |main| {
        if let Some(banner) = &banner {
            main.before(banner, ContentType::Html);
        }
        Ok(())
    });
    let handlers = RewriteStrSettings {
        element_content_handlers: vec![addresses, above],
        strict: false,
        enable_esi_tags: false,
        ..RewriteStrSettings::new()
    };
    let html = rewrite_str(page, handlers).ok()?;
    let (begin, end) = IMPORT_MAP;
    let found = html.split_once(begin).and_then(|(before, rest)| {
        let (map, after) = rest.split_once(end)?;
        let with_base = map.replace("\"/assets/", &format!("\"{}/assets/", base.as_str()));
        Some((format!("{before}{begin}{with_base}{end}{after}"), (map.to_owned(), with_base)))
    });
    Some(match found {
        Some((html, map)) => Dressed { html, import_map: Some(map) },
        None => Dressed { html, import_map: None },
    })
}

/// The content policy allows the import map by its hash.
fn allow(headers: &mut HeaderMap, before: &str, after: &str) {
    let hash = |map: &str| format!("'sha256-{}'", BASE64.encode(Sha256::digest(map)));
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = policy.map(|policy| policy.replace(&hash(before), &hash(after)));
    if let Some(policy) = policy.and_then(|policy| HeaderValue::try_from(policy).ok()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dress(page: &str) -> String {
        dressed(page, &"/plant".parse().expect("a base path"), Some("<read>")).expect("HTML").html
    }

    #[test]
    fn addresses_of_ours_get_the_base_path_whoever_wrote_them() {
        let page = "<a href=\"/views/a?x=1&amp;y=2\">/views/a</a><img src='/assets/a.png'><form action=/login></form>\
                    <a href=\"/grafana/\"></a><a href=\"https://x.example/views/a\"></a><svg><use xlink:href=\"/assets/i.svg#x\"/></svg>\
                    <template><a href=\"/devices/b\"></a></template><input value=\"/views/a\"><a href=\"?good=1\"></a>";
        let expected = "<a href=\"/plant/views/a?x=1&amp;y=2\">/views/a</a><img src=\"/plant/assets/a.png\">\
                    <form action=\"/plant/login\"></form>\
                    <a href=\"/grafana/\"></a><a href=\"https://x.example/views/a\"></a>\
                    <svg><use xlink:href=\"/plant/assets/i.svg#x\" /></svg>\
                    <template><a href=\"/plant/devices/b\"></a></template><input value=\"/views/a\"><a href=\"?good=1\"></a>";
        assert_eq!(dress(page), expected);
    }

    #[test]
    fn an_import_map_has_it_too_and_is_still_allowed() {
        let map = "{\"imports\":{\"glassline\":\"/assets/glassline.1.js\"}}";
        let page = format!("<script type=\"importmap\">{map}</script>");
        let base = "/plant".parse().expect("a base path");
        let dressed = dressed(&page, &base, None).expect("HTML");
        let (before, after) = dressed.import_map.expect("there is one");
        assert_eq!((&*before, &*after), (map, &*map.replace("/assets", "/plant/assets")));
        assert!(dressed.html.contains(&after));
        let hash = |map: &str| format!("'sha256-{}'", BASE64.encode(Sha256::digest(map)));
        let mut headers = HeaderMap::new();
        let policy = format!("script-src 'self' {}", hash(map));
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.parse().expect("a value"));
        allow(&mut headers, &before, &after);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], format!("script-src 'self' {}", hash(&after)));
    }

    #[test]
    fn the_banner_stands_above_what_the_page_shows() {
        let page = "<body><header></header><main><main></main></main></body>";
        let shown = dress(page);
        assert!(shown.contains("</header><div class=\"insecure\""), "{shown}");
        assert!(
            shown.contains("<p>&lt;read&gt;</p></div>\n<main>") && shown.matches("insecure").count() == 1
        );
    }
}
