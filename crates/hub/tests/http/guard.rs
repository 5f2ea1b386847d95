//! What any web page may not do.

use crate::rig::Rig;

#[tokio::test]
async fn a_host_that_is_not_ours_is_refused_whatever_is_asked() {
    let rig = Rig::start().await;
    for path in ["/", "/api/devices", "/healthz", "/assets/x.js", "/device", "/nowhere"] {
        let answer = rig.ask_as_admin("GET", path).host(Some("evil.example:8080")).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (403, "forbidden"), "{path}");
    }
    assert_eq!(rig.ask("GET", "/healthz").host(Some("")).send().await.status, 403);
    for host in ["localhost", "127.0.0.1:1", "hub.example.org", "[::1]:8080"] {
        assert_eq!(rig.ask("GET", "/healthz").host(Some(host)).send().await.status, 200, "{host}");
    }
    let url = format!("http://evil.example{}", "/healthz");
    assert_eq!(rig.ask("GET", &url).send().await.status, 403, "the whole URL in the request line counts too");
}

#[tokio::test]
async fn with_the_cookie_only_our_own_pages_change_something() {
    let rig = Rig::start().await;
    let cookie = rig.log_in().await;
    let post = |origin: Option<&str>| {
        let ask = rig.ask("POST", "/api/devices").header("Cookie", &cookie).body("{\"id\":\"d\"}");
        let ask = ask.header("Content-Type", "application/json");
        match origin {
            Some(origin) => ask.header("Origin", origin),
            None => ask,
        }
    };
    for foreign in [None, Some("http://evil.example"), Some("http://127.0.0.1:1"), Some("null")] {
        let answer = post(foreign).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (403, "forbidden"), "{foreign:?}");
    }
    assert_eq!(post(Some(&rig.origin())).send().await.status, 201);
    let read = rig.ask("GET", "/api/devices").header("Cookie", &cookie).send().await;
    assert_eq!(read.status, 200, "reading needs no origin");
    let removed = rig.ask("DELETE", "/api/devices/d").header("Cookie", &cookie).send().await;
    assert_eq!(removed.status, 403);
}

#[tokio::test]
async fn a_token_in_a_header_needs_no_origin_and_outranks_the_cookie() {
    let rig = Rig::start().await;
    let cookie = rig.log_in().await;
    assert_eq!(rig.ask_as_admin("POST", "/api/devices").body("{\"id\":\"d\"}").send().await.status, 201);
    let wrong =
        rig.ask("GET", "/api/devices").header("Cookie", &cookie).bearer("gl_token_wrong").send().await;
    assert_eq!(wrong.status, 401);
}
