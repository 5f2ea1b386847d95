//! What a browser may do with our answers: the headers of every one of them.

use crate::rig::{Answer, Rig};

/// Headers that are the same everywhere.
const ALWAYS: [(&str, &str); 2] =
    [("x-content-type-options", "nosniff"), ("cross-origin-resource-policy", "same-origin")];

/// What makes a request one of a page that a browser opened.
const BROWSER: [(&str, &str); 2] = [("Sec-Fetch-Site", "none"), ("Accept", "text/html")];

fn check(answer: &Answer, what: &str) {
    for (name, value) in ALWAYS {
        assert_eq!(answer.header(name), Some(value), "{name} of {what}: {}", answer.status);
    }
    let header = |name| answer.header(name).unwrap_or_else(|| panic!("{name} of {what}: {}", answer.status));
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert!(header("cache-control").contains("no-store") || what.contains("/assets/"), "{what}");
    let policy = header("content-security-policy");
    for part in ["default-src 'none'; ", "base-uri 'none'", "form-action "] {
        assert!(policy.contains(part), "{part} of {what}: {policy}");
    }
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        assert!(header("permissions-policy").contains("camera=()"), "{what}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{what}");
        for part in ["require-trusted-types-for 'script'", "trusted-types "] {
            assert!(policy.contains(part), "{part} of {what}: {policy}");
        }
    }
    assert!(policy.ends_with("; frame-ancestors 'none'"), "{what}: {policy}");
    for part in ["unsafe", "*", "http:", "https:"] {
        assert!(!policy.contains(part), "{part} of {what}: {policy}");
    }
    assert_eq!(answer.header("access-control-allow-origin"), None, "{what}");
}

/// Every operation that `openapi.json` describes, which is every route, with something in the place of its parameters.
async fn operations(rig: &Rig) -> Vec<(String, String)> {
    let document = rig.ask("GET", "/openapi.json").send().await.json();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let filled: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { "x%3Cb%3E" } else { part }).collect();
        let methods = item.as_object().expect("a path item").keys().filter(|key| *key != "parameters");
        operations.extend(methods.map(|method| (method.to_ascii_uppercase(), filled.join("/"))));
    }
    operations
}

#[tokio::test]
async fn every_answer_of_every_route_says_what_browsers_may_do_with_it() {
    let rig = Rig::start().await;
    let operations = operations(&rig).await;
    assert!(operations.len() > 30, "{}", operations.len());
    for (method, path) in operations.iter().filter(|(_, path)| !["/socket"].contains(&path.as_str())) {
        let asks = [
            rig.ask(method, path),
            rig.ask_as_admin(method, path),
            rig.ask_as_admin(method, path).body("{"),
            rig.ask("PROPFIND", path),
            rig.ask(method, path).host(Some("evil.example")),
            rig.ask(method, path).header("Origin", "http://evil.example").header("Upgrade", "websocket"),
        ];
        for (case, ask) in asks.into_iter().enumerate() {
            let ask = BROWSER.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
            check(&ask.send().await, &format!("{method} {path}, case {case}"));
        }
    }
    for path in ["/nowhere", "/api/nowhere", "/assets/none.js", "/devices/%FF", "/login?to=/&to=/"] {
        let ask = BROWSER.iter().fold(rig.ask("GET", path), |ask, (name, value)| ask.header(name, value));
        check(&ask.send().await, path);
    }
}

#[tokio::test]
async fn pages_and_assets_say_it_too() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    let cookie = rig.log_in().await;
    let mut assets = Vec::new();
    for path in ["/", "/devices/boiler-7", "/views/weather", "/components", "/components/gauge", "/login"] {
        let ask = BROWSER.iter().fold(rig.ask("GET", path), |ask, (name, value)| ask.header(name, value));
        let answer = ask.header("Cookie", &cookie).send().await;
        assert_eq!(answer.status, 200, "{path}");
        check(&answer, path);
        assets.extend(answer.body.split('"').filter(|text| text.starts_with("/assets/")).map(str::to_owned));
    }
    assets.sort();
    assets.dedup();
    assert!(assets.len() > 3);
    for path in assets {
        let answer = rig.ask("GET", &path).send().await;
        assert_eq!(answer.status, 200, "{path}");
        check(&answer, &path);
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("; sandbox;") && !policy.contains("script-src"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn a_browser_that_does_not_say_where_forms_come_from_sends_their_origin() {
    let rig = Rig::start().await;
    let page = rig.ask("GET", "/login").send().await;
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    let other = rig.ask("GET", "/healthz").send().await;
    assert_eq!(other.header("referrer-policy"), Some("no-referrer"));
}

#[tokio::test]
async fn a_form_that_hides_its_origin_is_ours_where_the_browser_says_so() {
    let rig = Rig::start().await;
    let cookie = rig.log_in().await;
    let post = |site: Option<&str>| {
        let ask = rig.ask("POST", "/api/devices").header("Cookie", &cookie).body("{\"id\":\"d\"}");
        let ask = ask.header("Origin", "null").header("Content-Type", "application/json");
        match site {
            Some(site) => ask.header("Sec-Fetch-Site", site),
            None => ask,
        }
    };
    for foreign in
        [None, Some("cross-site"), Some("same-site"), Some("none"), Some("Same-Origin, same-origin")]
    {
        assert_eq!(post(foreign).send().await.status, 403, "{foreign:?}");
    }
    let other = rig.ask("POST", "/api/devices").header("Cookie", &cookie).body("{\"id\":\"d\"}");
    let other = other.header("Origin", "http://evil.example").header("Sec-Fetch-Site", "same-origin");
    assert_eq!(other.send().await.status, 403, "an origin that is said counts");
    assert_eq!(post(Some("same-origin")).send().await.status, 201);
}

#[tokio::test]
async fn only_what_one_looks_at_is_framed_and_only_by_the_origins_that_are_listed() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    let cookie = rig.log_in().await;
    let ancestors = async |path: &str, cookie: &str| {
        let answer = rig.ask("GET", path).header("Cookie", cookie).send().await;
        let policy = answer.header("content-security-policy").expect("a policy").to_owned();
        policy.rsplit_once("frame-ancestors ").expect("it says so").1.to_owned()
    };
    rig.site.embed_in(&["https://wiki.example.org".to_owned(), "https://*".to_owned()]);
    for path in ["/", "/devices/boiler-7", "/views/weather", "/components", "/components/gauge"] {
        assert_eq!(ancestors(path, &cookie).await, "'self' https://wiki.example.org", "{path}");
        assert_eq!(ancestors(path, "").await, "'none'", "{path}: this is where one logs in");
    }
    for path in ["/login", "/nowhere", "/api/devices", "/openapi.json"] {
        assert_eq!(ancestors(path, &cookie).await, "'none'", "{path}");
    }
    rig.site.embed_in(&[]);
    assert_eq!(ancestors("/", &cookie).await, "'none'");
}
