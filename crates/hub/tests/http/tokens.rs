//! Tokens and tickets over HTTP.

use crate::rig::Rig;
use crate::samples::basic;

#[tokio::test]
async fn a_token_opens_the_api_until_it_is_revoked() {
    let rig = Rig::start().await;
    let admin = rig.hub.auth().admin_token().to_owned();
    let answer = rig.ask("POST", "/api/token").header("Authorization", &basic("admin", &admin)).send().await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let issued = answer.json();
    assert!(issued["expires"].as_i64().is_some_and(|expires| expires > rig.hub.now().wall));
    assert_eq!(issued["scopes"], serde_json::json!(["view", "command", "edit", "send", "admin"]));
    let token = issued["token"].as_str().expect("a token").to_owned();

    let rig = rig.restart().await;
    assert_eq!(rig.ask("GET", "/api/devices").bearer(&token).send().await.status, 200, "it is stored");
    assert_eq!(
        rig.ask("GET", "/api/devices").bearer(&admin).send().await.status,
        401,
        "that one was of its run"
    );
    let renewed = rig.ask("POST", "/api/token").header("Authorization", &basic("admin", &token)).send().await;
    assert_eq!(renewed.status, 401, "a token does not get the next one");
    assert_eq!(rig.ask("DELETE", "/api/token").bearer(&token).send().await.status, 204);
    assert_eq!(rig.ask("GET", "/api/devices").bearer(&token).send().await.status, 401);
    assert_eq!(rig.ask("DELETE", "/api/token").bearer(&token).send().await.status, 401);
}

#[tokio::test]
async fn wrong_names_and_tokens_are_all_the_same() {
    let rig = Rig::start().await;
    let device = rig.make("boiler-7").await;
    let admin = rig.hub.auth().admin_token().to_owned();
    let join = rig.hub.auth().join_token().to_owned();
    for (name, token) in [
        ("admin", "wrong"),
        ("admin", device.as_str()),
        ("boiler-7", &admin),
        ("nobody", &admin),
        ("admin", &join),
        ("", ""),
    ] {
        let answer = rig.ask("POST", "/api/token").header("Authorization", &basic(name, token)).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (401, "unauthorized"), "{name}");
        assert!(answer.body.contains("Name or password is wrong."));
        assert!(answer.header("www-authenticate").is_none());
    }
}

#[tokio::test]
async fn a_ticket_is_given_to_tokens_and_to_our_own_pages() {
    let rig = Rig::start().await;
    let cookie = rig.log_in().await;
    let by_token = rig.ask_as_admin("POST", "/api/ticket").send().await;
    assert!(by_token.json()["ticket"].as_str().is_some_and(|ticket| ticket.starts_with("gl_ticket_")));
    let by_page = rig.ask("POST", "/api/ticket").header("Cookie", &cookie).header("Origin", &rig.origin());
    assert_eq!(by_page.send().await.status, 200);
    let by_other =
        rig.ask("POST", "/api/ticket").header("Cookie", &cookie).header("Origin", "http://evil.example");
    assert_eq!(by_other.send().await.status, 403);
}

#[tokio::test]
async fn with_the_cookie_a_body_has_to_say_that_it_is_json() {
    let rig = Rig::start().await;
    let cookie = rig.log_in().await;
    let make = |kind: &str| {
        let ask =
            rig.ask("POST", "/api/join-tokens").header("Cookie", &cookie).header("Origin", &rig.origin());
        ask.header("Content-Type", kind).body("{}").send()
    };
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        assert_eq!(make(kind).await.status, 415, "{kind}");
    }
    assert_eq!(make("application/json; charset=utf-8").await.status, 201);
    assert_eq!(
        rig.ask_as_admin("POST", "/api/join-tokens").body("{}").send().await.status,
        201,
        "by a token"
    );
    rig.stop().await;
}

#[tokio::test]
async fn a_removed_devices_tokens_go_with_it() {
    let rig = Rig::start().await;
    let own = rig.make("boiler-7").await;
    let answer = rig.ask("POST", "/api/token").header("Authorization", &basic("boiler-7", &own)).send().await;
    let issued = answer.json()["token"].as_str().expect("a token").to_owned();
    assert_eq!(rig.ask_as_admin("DELETE", "/api/devices/boiler-7").send().await.status, 204);
    rig.make("boiler-7").await;
    for token in [&own, &issued] {
        let sent =
            rig.ask("POST", "/api/devices/boiler-7/samples").bearer(token).body("{\"t\":1}").send().await;
        assert_eq!(sent.status, 401, "the new device of that id is another one");
    }
}
