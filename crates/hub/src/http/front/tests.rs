//! Requests as they come, and as they are behind the front.

use super::*;
use crate::{Hub, Settings};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

/// A site that answers how it was asked, changed by `change`.
struct Rig {
    router: Router,
    hub: Arc<Hub>,
    _state: tempfile::TempDir,
}

impl Rig {
    fn new(change: impl FnOnce(Site) -> Site) -> Self {
        Self::at("127.0.0.1:8080", change)
    }

    fn at(address: &str, change: impl FnOnce(Site) -> Site) -> Self {
        let state = tempfile::tempdir().expect("a folder");
        let hub = Hub::open(state.path(), Settings::default()).expect("the folder is ours");
        let site = change(Site::new(hub.clone(), address.parse().expect("an address")));
        let asked =
            async |ConnectInfo(client): ConnectInfo<SocketAddr>, uri: Uri| format!("{} {uri}", client.ip());
        let gone = async || (StatusCode::SEE_OTHER, [(header::LOCATION, "/views/a")]);
        let added = Router::new().route("/device", get(asked)).route("/socket", get(gone));
        Self { router: crate::http::router(Arc::new(site), added), hub, _state: state }
    }

    async fn ask(&mut self, peer: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Response) {
        self.over(peer, path, headers, false).await
    }

    async fn over(&mut self, peer: &str, path: &str, headers: &[(&str, &str)], tls: bool) -> (u16, Response) {
        let mut request = Request::get(path);
        if headers.iter().all(|(name, _)| *name != "host") {
            request = request.header("host", "127.0.0.1:8080");
        }
        request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut request = request.body(Body::empty()).expect("a request");
        let peer: SocketAddr = peer.parse().expect("an address");
        request.extensions_mut().insert(ConnectInfo(peer));
        if tls {
            request.extensions_mut().insert(OverTls);
        }
        let response = self.router.call(request).await.expect("it answers");
        (response.status().as_u16(), response)
    }

    async fn end(self) {
        let hub = self.hub;
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("it stops");
    }
}

async fn text(response: Response) -> String {
    let body = response.into_body().collect().await.expect("it is there").to_bytes();
    String::from_utf8(body.into()).expect("text")
}

fn trusted(site: Site) -> Site {
    site.known_as(&["hub.example".into()]).behind(Proxies::new(vec!["127.0.0.1".parse().expect("a network")]))
}

const TOLD: &[(&str, &str)] = &[
    ("x-forwarded-for", "192.0.2.7"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "hub.example"),
    ("host", "127.0.0.1:8080"),
];

#[tokio::test]
async fn the_word_of_a_trusted_proxy_counts_and_of_nobody_else() {
    let mut rig = Rig::new(trusted);
    let (_, told) = rig.ask("127.0.0.1:9", "/device", TOLD).await;
    assert_eq!(text(told).await, "192.0.2.7 https://hub.example/device");
    // Another one cannot say that it came by TLS, nor from where.
    let (status, refused) = rig.ask("192.0.2.9:9", "/device", TOLD).await;
    assert_eq!(status, 403, "{}", text(refused).await);
    let (_, told) = rig.ask("127.0.0.1:9", "/device", &[]).await;
    assert_eq!(text(told).await, "127.0.0.1 http://127.0.0.1:8080/device");
    // Whatever it says, the name must be ours.
    let foreign = [("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https")];
    assert_eq!(rig.ask("127.0.0.1:9", "/device", &foreign).await.0, 403);
    rig.end().await;
}

#[tokio::test]
async fn what_a_request_line_says_of_tls_counts_for_nothing() {
    let mut rig = Rig::new(|site| site);
    let (_, told) = rig.ask("127.0.0.1:9", "https://127.0.0.1:8080/device", &[]).await;
    assert_eq!(text(told).await, "127.0.0.1 http://127.0.0.1:8080/device");
    assert_eq!(rig.ask("127.0.0.1:9", "https://evil.example/device", &[]).await.0, 403);
    rig.end().await;
}

#[tokio::test]
async fn behind_a_base_path_requests_may_have_it_and_answers_do() {
    let mut rig = Rig::new(|site| site.based_at("/plant".parse().expect("a base path")));
    for path in ["/plant/device", "/device"] {
        let (_, told) = rig.ask("127.0.0.1:9", path, &[]).await;
        assert_eq!(text(told).await, "127.0.0.1 http://127.0.0.1:8080/device");
    }
    let (_, gone) = rig.ask("127.0.0.1:9", "/plant/socket", &[]).await;
    assert_eq!(gone.headers()[header::LOCATION], "/plant/views/a");
    let (_, page) = rig.ask("127.0.0.1:9", "/plant/login", &[]).await;
    let page = text(page).await;
    assert!(page.contains("action=\"/plant/login\"") && page.contains("href=\"/plant/assets/"), "{page}");
    let (_, described) = rig.ask("127.0.0.1:9", "/plant/openapi.json", &[]).await;
    let described: serde_json::Value = serde_json::from_str(&text(described).await).expect("JSON");
    assert_eq!(described["servers"][0]["url"], "/plant");
    rig.end().await;
}

#[tokio::test]
async fn other_machines_are_sent_to_tls_or_refused() {
    let https = "0.0.0.0:8443".parse().expect("an address");
    let mut rig = Rig::at("0.0.0.0:8080", |site| site.with_https(https));
    let (status, sent) = rig.ask("192.0.2.7:9", "/views/a?x=1", &[("host", "192.0.2.1:8080")]).await;
    assert_eq!(
        (status, &sent.headers()[header::LOCATION]),
        (308, &"https://192.0.2.1:8443/views/a?x=1".parse().expect("a value"))
    );
    // What shows a credential, or opens a socket, is told instead: it would go on doing so.
    for shows in [("authorization", "Bearer x"), ("upgrade", "websocket")] {
        assert_eq!(rig.ask("192.0.2.7:9", "/device", &[shows]).await.0, 403);
    }
    assert_eq!(rig.ask("192.0.2.7:9", "/healthz", &[]).await.0, 200);
    assert_eq!(rig.over("192.0.2.7:9", "/device", &[], true).await.0, 200);
    assert_eq!(rig.ask("127.0.0.1:9", "/device", &[]).await.0, 200);
    rig.end().await;
}

#[tokio::test]
async fn where_plain_http_is_allowed_every_page_says_so_but_over_tls() {
    let mut rig = Rig::at("0.0.0.0:8080", |site| site.with_insecure_http());
    let says = |page: &str| page.contains("class=\"insecure\"");
    let (status, page) = rig.ask("192.0.2.7:9", "/login", &[]).await;
    assert_eq!(status, 200);
    assert!(says(&text(page).await));
    assert!(!says(&text(rig.over("192.0.2.7:9", "/login", &[], true).await.1).await));
    rig.end().await;
    let mut rig = Rig::new(|site| site.with_insecure_http());
    assert!(!says(&text(rig.ask("127.0.0.1:9", "/login", &[]).await.1).await), "nobody can read it");
    rig.end().await;
}

#[tokio::test]
async fn the_cookie_says_how_far_it_can_be_trusted() {
    let login = async |rig: &mut Rig, headers: &[(&str, &str)], tls| {
        let code = rig.hub.auth().login_link(rig.hub.now().wall);
        let (status, page) = rig.over("127.0.0.1:9", &format!("/login/{code}"), headers, tls).await;
        assert_eq!(status, 303);
        page.headers()[header::SET_COOKIE].to_str().expect("text").to_owned()
    };
    let mut rig = Rig::new(trusted);
    for (headers, tls) in [(&[][..], true), (TOLD, false)] {
        let cookie = login(&mut rig, headers, tls).await;
        assert!(cookie.starts_with("__Host-glassline_8080=") && cookie.ends_with("; Secure"), "{cookie}");
        assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Strict; "), "{cookie}");
        // It counts where it came from, and nowhere else.
        let pair = cookie.split(';').next().expect("a pair");
        let with = [headers, &[("cookie", pair)]].concat();
        assert_eq!(rig.over("127.0.0.1:9", "/", &with, tls).await.0, 200);
        assert_eq!(rig.ask("127.0.0.1:9", "/", &[("cookie", pair)]).await.0, 401);
    }
    let cookie = login(&mut rig, &[], false).await;
    assert!(cookie.starts_with("glassline_login_8080=") && !cookie.contains("Secure"), "{cookie}");
    rig.end().await;
    let mut rig = Rig::at("0.0.0.0:8080", |site| site.with_insecure_http());
    let cookie = login(&mut rig, &[], false).await;
    assert!(cookie.starts_with("glassline_insecure_8080=") && !cookie.contains("Secure"), "{cookie}");
    rig.end().await;
    let mut rig = Rig::new(|site| site.based_at("/plant".parse().expect("a base path")));
    let cookie = login(&mut rig, &[], false).await;
    assert!(
        cookie.starts_with("glassline_login_8080_plant=") && cookie.contains("; Path=/plant;"),
        "{cookie}"
    );
    rig.end().await;
}

#[tokio::test]
async fn a_name_that_was_reached_over_tls_is_to_be_reached_by_nothing_else() {
    let mut rig = Rig::new(trusted);
    let lasts = |response: &Response| response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY);
    let named = &[("host", "hub.example")];
    assert!(lasts(&rig.over("127.0.0.1:9", "/login", named, true).await.1));
    assert!(lasts(&rig.ask("127.0.0.1:9", "/login", TOLD).await.1));
    assert!(!lasts(&rig.over("127.0.0.1:9", "/login", named, false).await.1));
    // It would count for all ports of this machine, and other programs have those.
    assert!(!lasts(&rig.over("127.0.0.1:9", "/login", &[("host", "localhost")], true).await.1));
    rig.end().await;
}

#[tokio::test]
async fn counters_are_open_to_this_machine_and_others_need_an_administrator() {
    let mut rig = Rig::new(trusted);
    assert_eq!(rig.ask("127.0.0.1:9", "/metrics", &[]).await.0, 200);
    assert_eq!(rig.ask("127.0.0.1:9", "/metrics", TOLD).await.0, 401);
    let token = format!("Bearer {}", rig.hub.auth().admin_token());
    let with = [TOLD, &[("authorization", &*token)]].concat();
    assert_eq!(rig.ask("127.0.0.1:9", "/metrics", &with).await.0, 200);
    // A proxy that does not say for whom it asks does so for anybody.
    for told in [
        ("x-forwarded-for", "unknown"),
        ("x-forwarded-for", "fe80::1%eth0"),
        ("x-forwarded-for", "192.0.2.7, unix:, 127.0.0.1"),
        ("forwarded", "for=192.0.2.7"),
        ("x-real-ip", "192.0.2.7"),
    ] {
        assert!(matches!(rig.ask("127.0.0.1:9", "/metrics", &[told]).await.0, 401 | 403), "{told:?}");
    }
    rig.end().await;
    // Behind a proxy that nobody told us of, everybody seems to be here.
    let mut rig = Rig::new(|site| site);
    assert_eq!(rig.ask("127.0.0.1:9", "/metrics", &[("x-forwarded-for", "192.0.2.7")]).await.0, 401);
    rig.end().await;
}

#[tokio::test]
async fn only_pages_of_our_own_origin_open_sockets() {
    let mut rig = Rig::new(trusted);
    let socket = async |rig: &mut Rig, headers: &[(&str, &str)], origin: &str, tls| {
        let with = [headers, &[("upgrade", "websocket"), ("origin", origin)]].concat();
        rig.over("127.0.0.1:9", "/device", &with, tls).await.0
    };
    assert_eq!(socket(&mut rig, &[], "http://127.0.0.1:8080", false).await, 200);
    assert_eq!(socket(&mut rig, &[], "https://127.0.0.1:8080", true).await, 200);
    assert_eq!(socket(&mut rig, TOLD, "https://hub.example", false).await, 200);
    for (headers, origin, tls) in [
        (&[][..], "https://evil.example", false),
        (&[], "http://127.0.0.1:9090", false),
        (&[], "http://127.0.0.1:8080", true),
        (TOLD, "http://hub.example", false),
        (TOLD, "https://127.0.0.1:8080", false),
        (&[], "null", false),
    ] {
        assert_eq!(socket(&mut rig, headers, origin, tls).await, 403, "{origin}");
    }
    rig.end().await;
}
