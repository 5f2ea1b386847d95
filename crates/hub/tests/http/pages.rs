//! Pages and their assets.

use crate::rig::{Answer, Rig};

async fn page(rig: &Rig, path: &str) -> Answer {
    let cookie = rig.log_in().await;
    rig.ask("GET", path).header("Cookie", &cookie).header("Accept", "text/html").send().await
}

#[tokio::test]
async fn pages_have_a_strict_policy_and_are_kept_by_nobody() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    for path in ["/", "/status", "/devices/boiler-7", "/views/weather"] {
        let answer = page(&rig, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(policy.contains("script-src 'self' 'sha256-") && !policy.contains("unsafe"), "{policy}");
        assert!(answer.body.contains(&format!("data-page=\"{path}\"")), "{path}");
    }
}

#[tokio::test]
async fn the_device_page_shows_what_was_committed() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    let sent = rig.ask("POST", "/api/devices/boiler-7/samples").bearer(&token).body("{\"temperature\":21.5}");
    assert_eq!(sent.send().await.status, 204);
    let answer = page(&rig, "/devices/boiler-7").await;
    assert!(
        answer.body.contains("data-channel=\"temperature\"") && answer.body.contains("data-value=\"21.5\"")
    );
}

#[tokio::test]
async fn an_empty_list_offers_what_whoever_looks_can_do() {
    let rig = Rig::start().await;
    let by_itself = "it appears here by itself";
    let open = page(&rig, "/").await.body;
    assert!(open.contains(by_itself) && open.contains(rig.hub.auth().join_token()));
    rig.hub.auth().set_enrolment(hub::auth::Enrolment::Closed);
    let closed = page(&rig, "/").await.body;
    assert!(closed.contains("closed to new devices") && closed.contains("POST /api/devices"));
    assert!(!closed.contains(by_itself) && !closed.contains("TOKEN"));
    rig.hub.auth().set_enrolment(hub::auth::Enrolment::Token);
    let rules = r#"[{"scopes":["view"],"devices":["*"],"views":["*"]}]"#;
    let ada = format!(r#"{{"password":"copper kettle sings","rules":{rules}}}"#);
    assert_eq!(rig.ask_as_admin("PUT", "/api/people/ada").body(&ada).send().await.status, 201);
    let grant = rig.hub.auth().of_person("ada").expect("she is there");
    let token = rig.hub.auth().issue_token(&grant, rig.hub.now().wall).token;
    let read = rig.ask("GET", "/").bearer(token.text()).header("Accept", "text/html").send().await.body;
    assert!(read.contains("ask one of them") && !read.contains(by_itself) && !read.contains("TOKEN"));
    drop(grant);
    rig.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_a_way_back_for_people_and_json_for_programs() {
    let rig = Rig::start().await;
    for path in ["/devices/nobody", "/views/nothing", "/nowhere"] {
        let answer = page(&rig, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("<!doctype html>") && answer.body.contains("href=\"/\""), "{path}");
        assert!(answer.header("content-security-policy").is_some(), "{path}");
    }
    let escaped = page(&rig, "/devices/%3Cscript%3E").await;
    assert!(!escaped.body.contains("“<script>”"), "{}", escaped.body);
    for path in ["/nowhere", "/api/nowhere"] {
        let answer = rig.ask_as_admin("GET", path).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (404, "not_found"), "{path}");
    }
    for path in ["/api/devices/%FF", "/devices/%C3", "/login?to=/&to=/"] {
        let answer = rig.ask_as_admin("GET", path).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"), "{path}");
    }
    let method = rig.ask_as_admin("PUT", "/api/devices").send().await;
    assert_eq!((method.status, method.error_code().as_str()), (405, "bad_method"));
    assert!(method.header("allow").is_some_and(|allow| allow.contains("POST")));
}

#[tokio::test]
async fn a_view_is_there_as_soon_as_it_is_saved() {
    let rig = Rig::start_with_pages().await;
    let views = rig.pages().join("views");
    std::fs::create_dir_all(&views).expect("the folder is ours");
    // Looked at a moment ago, each time.
    for name in ["first", "second", "third"] {
        assert_eq!(page(&rig, &format!("/views/{name}")).await.status, 404);
        std::fs::write(views.join(format!("{name}.toml")), "title = \"New\"\n").expect("the folder is ours");
        assert_eq!(page(&rig, &format!("/views/{name}")).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_page_loads_assets_that_may_be_kept_for_ever() {
    let rig = Rig::start().await;
    let answer = page(&rig, "/").await;
    let assets: Vec<&str> =
        answer.body.split('"').filter(|text| text.starts_with("/assets/") && !text.contains(' ')).collect();
    assert!(
        assets.iter().any(|path| path.ends_with(".js")) && assets.iter().any(|path| path.ends_with(".css"))
    );
    for path in assets {
        let asset = rig.ask("GET", path).send().await;
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
        assert_eq!(asset.header("etag"), None, "{path}");
        let kind = asset.header("content-type").expect("a type");
        assert_eq!(path.ends_with(".js"), kind.starts_with("text/javascript"), "{path} is {kind}");
    }
    assert_eq!(rig.ask("GET", "/assets/gauge.0000000000000000.js").send().await.status, 404);
    assert_eq!(rig.ask("GET", "/assets/..%2F..%2FCargo.toml").send().await.status, 404);
}

#[tokio::test]
async fn a_hub_without_a_folder_makes_no_view_and_says_how_to_get_one() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    let answer = rig.ask_as_admin("POST", "/api/devices/boiler-7/view").send().await;
    assert_eq!((answer.status, answer.error_code().as_str()), (409, "no_folder"), "{}", answer.body);
    let cookie = rig.log_in().await;
    let pressed = rig.ask("POST", "/devices/boiler-7/eject").header("Cookie", &cookie);
    let shown = pressed.header("Origin", &rig.origin()).send().await;
    assert_eq!(shown.status, 409);
    assert!(
        shown.body.contains("glassline init DIR") && shown.body.contains("kind = &quot;"),
        "{}",
        shown.body
    );
    let elsewhere = rig.ask("POST", "/devices/boiler-7/eject").header("Cookie", &cookie);
    assert_eq!(elsewhere.header("Origin", "http://evil.example").send().await.status, 403);
    let text = rig.ask_as_admin("GET", "/api/devices/boiler-7/view").send().await;
    assert!(text.body.contains("device = \"boiler-7\"\n"), "{}", text.body);
    assert_eq!(rig.ask_as_admin("GET", "/api/devices/nobody/view").send().await.status, 404);
}

#[tokio::test]
async fn a_browser_adds_no_view_to_a_folder_that_has_very_many() {
    let rig = Rig::start_with_pages().await;
    rig.make("boiler-7").await;
    let views = rig.pages().join("views");
    std::fs::create_dir_all(&views).expect("the folder is ours");
    for number in 0..hub::view::limits::MADE_VIEWS_MAX {
        std::fs::write(views.join(format!("v{number}.toml")), "title = \"One\"\n")
            .expect("the folder is ours");
    }
    // What is not known is looked for.
    assert_eq!(page(&rig, "/views/v0").await.status, 200);
    let answer = rig.ask_as_admin("POST", "/api/devices/boiler-7/view").send().await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(!views.join("boiler-7.toml").exists());
}

#[tokio::test]
async fn a_view_for_devices_that_cannot_be_meant_is_refused() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    for devices in ["", &"x".repeat(300)] {
        let path = "/api/devices/boiler-7/view";
        let body = format!("{{\"devices\":\"{devices}\"}}");
        let answer = rig.ask_as_admin("POST", path).body(&body).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"), "{}", answer.body);
    }
}
