//! People over HTTP: accounts, passwords, logins and tokens, and what becomes of them.

use hub::auth::Rule;
use serde_json::json;

use crate::rig::{Answer, Rig};
use crate::samples::basic;

const PASSWORD: &str = "copper kettle sings";

async fn make(rig: &Rig, name: &str, rules: serde_json::Value) {
    let body = json!({ "password": PASSWORD, "rules": rules }).to_string();
    let answer = rig.ask_as_admin("PUT", &format!("/api/people/{name}")).body(&body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

async fn token(rig: &Rig, name: &str, password: &str) -> Answer {
    rig.ask("POST", "/api/token").header("Authorization", &basic(name, password)).send().await
}

/// Logs in by the form; gives the value for a `Cookie` header.
async fn log_in(rig: &Rig, name: &str, password: &str) -> Result<String, Answer> {
    let form = serde_urlencoded(&[("name", name), ("password", password), ("to", "/status")]);
    let answer = rig.ask("POST", "/login").header("Origin", &rig.origin()).body(&form).send().await;
    match answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()) {
        Some(cookie) => Ok(cookie.to_owned()),
        None => Err(answer),
    }
}

fn serde_urlencoded(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    fields.iter().map(|(name, text)| format!("{name}={}", encoded(text))).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn a_person_gets_a_token_for_name_and_password_that_permits_what_the_rules_say() {
    let rig = Rig::start().await;
    make(&rig, "ada", json!([{ "scopes": ["view"], "devices": ["pump-*"] }])).await;
    let answer = token(&rig, "ada", PASSWORD).await;
    assert_eq!((answer.status, answer.json()["scopes"].clone()), (200, json!(["view"])));
    let issued = answer.json()["token"].as_str().expect("a token").to_owned();
    assert_eq!(rig.ask("GET", "/api/devices").bearer(&issued).send().await.status, 200);
    assert_eq!(rig.ask("GET", "/api/people").bearer(&issued).send().await.status, 403);
    for (name, password) in [("ada", "wrong"), ("bob", PASSWORD), ("admin", PASSWORD), ("", "")] {
        let refused = token(&rig, name, password).await;
        assert_eq!((refused.status, refused.error_code().as_str()), (401, "unauthorized"), "{name}");
        assert!(
            refused.header("www-authenticate").is_none()
                && refused.body.contains("Name or password is wrong.")
        );
    }
    rig.stop().await;
}

#[tokio::test]
async fn who_guesses_is_told_to_wait_and_whoever_knows_the_password_gets_in_by_the_form() {
    let rig = Rig::start().await;
    make(&rig, "ada", json!([{ "scopes": ["view"], "devices": ["*"], "views": ["*"] }])).await;
    let cookie = log_in(&rig, "Ada ", PASSWORD).await.map_err(|answer| answer.body).expect("it is right");
    assert_eq!(rig.ask("GET", "/account").header("Cookie", &cookie).send().await.status, 200);
    let wrong = log_in(&rig, "bob", "wrong").await.expect_err("nobody");
    assert_eq!(wrong.status, 401);
    assert!(wrong.body.contains("Name or password is wrong.") && wrong.body.contains("value=\"bob\""));
    // A minute ahead, so that a slow machine waits nothing out by itself.
    let (here, later) = (rig.address.ip(), rig.hub.now().mono + 60_000);
    for _ in 0..hub::auth::limits::ACCOUNT_FAILURES_FREE {
        assert!(rig.hub.auth().sign_in("bob", "wrong", here, later).await.is_err());
    }
    let early = token(&rig, "bob", "wrong").await;
    assert_eq!((early.status, early.error_code().as_str()), (429, "too_many"));
    let seconds = |answer: &Answer| answer.header("retry-after").and_then(|text| text.parse::<u32>().ok());
    assert!(seconds(&early).is_some_and(|seconds| seconds > 1), "{:?}", early.headers);
    let page = log_in(&rig, "bob", "wrong").await.expect_err("too early");
    assert!(page.status == 429 && seconds(&page).is_some(), "{:?}", page.headers);
    assert!(page.body.contains("too many wrong passwords"), "{}", page.body);
    rig.stop().await;
}

#[tokio::test]
async fn people_and_groups_are_made_changed_listed_and_removed() {
    let rig = Rig::start().await;
    let crew = json!({ "rules": [{ "scopes": ["view", "command"], "devices": ["*"], "views": [] }] });
    let made = rig.ask_as_admin("PUT", "/api/groups/crew").body(&crew.to_string()).send().await;
    assert_eq!((made.status, made.json()["members"].clone()), (201, json!([])));
    make(&rig, "ada", json!([])).await;
    let changed = rig.ask_as_admin("PUT", "/api/people/ada").body(r#"{"groups":["crew"]}"#).send().await;
    assert_eq!((changed.status, changed.json()["scopes"].clone()), (200, json!(["view", "command"])));
    assert!(!changed.body.contains("argon2"), "no hash leaves the hub: {}", changed.body);

    let rig = rig.restart().await;
    let people = rig.ask_as_admin("GET", "/api/people").send().await.json();
    assert_eq!((people[0]["name"].clone(), people[0]["groups"].clone()), (json!("ada"), json!(["crew"])));
    let groups = rig.ask_as_admin("GET", "/api/groups").send().await.json();
    assert_eq!(groups[0]["members"], json!(["ada"]));
    assert_eq!(rig.ask_as_admin("DELETE", "/api/groups/crew").send().await.status, 204);
    let ada = rig.ask_as_admin("GET", "/api/people/ada").send().await.json();
    assert_eq!((ada["groups"].clone(), ada["scopes"].clone()), (json!([]), json!([])));
    assert_eq!(rig.ask_as_admin("DELETE", "/api/people/ada").send().await.status, 204);
    assert_eq!(rig.ask_as_admin("DELETE", "/api/people/ada").send().await.status, 404);
    assert_eq!(rig.ask_as_admin("GET", "/api/people/ada").send().await.status, 404);
    rig.stop().await;
}

#[tokio::test]
async fn what_is_no_name_password_or_rule_is_refused_with_a_sentence() {
    let rig = Rig::start().await;
    let put = |path: &str, body: serde_json::Value| rig.ask_as_admin("PUT", path).body(&body.to_string());
    for (path, body, code) in [
        ("/api/people/Ada", json!({ "password": PASSWORD }), "bad_name"),
        ("/api/people/admin", json!({ "password": PASSWORD }), "bad_name"),
        ("/api/people/ada", json!({ "password": "short" }), "weak_password"),
        ("/api/people/ada", json!({}), "bad_message"),
        ("/api/people/ada", json!({ "password": PASSWORD, "rights": [] }), "bad_message"),
        ("/api/people/ada", json!({ "password": PASSWORD, "rules": [{ "scopes": ["fly"] }] }), "bad_message"),
        ("/api/people/ada", json!({ "password": PASSWORD, "rules": [{ "scopes": ["view"] }] }), "bad_rule"),
        ("/api/people/ada", json!({ "password": PASSWORD, "groups": ["nope"] }), "no_group"),
        ("/api/groups/A", json!({ "rules": [] }), "bad_name"),
        ("/api/groups/a", json!({ "rules": [{ "scopes": ["send"], "devices": ["*"] }] }), "bad_rule"),
    ] {
        let answer = put(path, body.clone()).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, code), "{path} {body}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn the_last_administrator_is_told_to_make_another_one_first() {
    let rig = Rig::start().await;
    make(&rig, "ada", json!([{ "scopes": ["admin"] }])).await;
    let own = token(&rig, "ada", PASSWORD).await.json()["token"].as_str().expect("a token").to_owned();
    let refused = rig.ask("PUT", "/api/people/ada").bearer(&own).body(r#"{"rules":[]}"#).send().await;
    assert_eq!((refused.status, refused.error_code().as_str()), (409, "last_administrator"));
    let refused = rig.ask("DELETE", "/api/people/ada").bearer(&own).send().await;
    assert_eq!((refused.status, refused.error_code().as_str()), (409, "last_administrator"));
    assert!(rig.hub.auth().has_administrator());
    rig.stop().await;
}

#[tokio::test]
async fn logins_and_tokens_are_listed_and_ended_by_their_own_person_or_an_administrator() {
    let rig = Rig::start().await;
    make(&rig, "ada", json!([{ "scopes": ["view"], "devices": ["*"] }])).await;
    make(&rig, "bob", json!([{ "scopes": ["view"], "devices": ["*"] }])).await;
    let issued = async |name: &str| {
        token(&rig, name, PASSWORD).await.json()["token"].as_str().expect("a token").to_owned()
    };
    let (ada, bob) = (issued("ada").await, issued("bob").await);
    let cookie = log_in(&rig, "ada", PASSWORD).await.map_err(|answer| answer.body).expect("it is right");
    let of_ada = rig.ask("GET", "/api/tokens").bearer(&ada).send().await;
    let list = of_ada.json();
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
    assert!(!of_ada.body.contains("gl_") && !of_ada.body.contains("bob"), "{list}");
    let login =
        list.as_array().and_then(|all| all.iter().find(|one| one["kind"] == "login")).expect("a login");
    let (id, current) = (login["id"].as_str().expect("an id"), &login["current"]);
    assert_eq!(*current, json!(false));
    let path = format!("/api/tokens/{id}");
    assert_eq!(rig.ask("DELETE", &path).bearer(&bob).send().await.status, 404, "it is not bob's");
    assert_eq!(rig.ask("DELETE", &path).bearer(&ada).send().await.status, 204);
    assert_eq!(rig.ask("GET", "/account").header("Cookie", &cookie).send().await.status, 401);
    let all = rig.ask_as_admin("GET", "/api/tokens").send().await.json();
    let of_bob = all.as_array().and_then(|all| all.iter().find(|one| one["user"] == "bob")).expect("bob's");
    let path = format!("/api/tokens/{}", of_bob["id"].as_str().expect("an id"));
    assert_eq!(rig.ask_as_admin("DELETE", &path).send().await.status, 204);
    assert_eq!(rig.ask("GET", "/api/devices").bearer(&bob).send().await.status, 401);
    rig.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_all_other_logins_and_tokens() {
    let rig = Rig::start().await;
    make(&rig, "ada", json!([{ "scopes": ["view"], "devices": ["*"] }])).await;
    let own = token(&rig, "ada", PASSWORD).await.json()["token"].as_str().expect("a token").to_owned();
    let cookie = log_in(&rig, "ada", PASSWORD).await.map_err(|answer| answer.body).expect("it is right");
    let set = |old: &str, new: &str| {
        let body = json!({ "password": old, "new": new }).to_string();
        rig.ask("POST", "/api/password").bearer(&own).body(&body)
    };
    assert_eq!(set("wrong", "eleven grey geese").send().await.status, 403);
    assert_eq!(set(PASSWORD, "short").send().await.error_code(), "weak_password");
    assert_eq!(set(PASSWORD, "eleven grey geese").send().await.status, 204);
    assert_eq!(rig.ask("GET", "/api/devices").bearer(&own).send().await.status, 200, "it set the password");
    assert_eq!(rig.ask("GET", "/account").header("Cookie", &cookie).send().await.status, 401);
    assert_eq!(token(&rig, "ada", PASSWORD).await.status, 401);
    assert_eq!(token(&rig, "ada", "eleven grey geese").await.status, 200);
    rig.stop().await;
}

#[tokio::test]
async fn the_first_administrator_is_made_by_whoever_owns_the_machine_and_is_logged_in() {
    let rig = Rig::start().await;
    let cookie = rig.log_in().await;
    let post = |name: &str, again: &str| {
        let form = serde_urlencoded(&[("name", name), ("new", PASSWORD), ("again", again)]);
        rig.ask("POST", "/account/first")
            .header("Origin", &rig.origin())
            .header("Cookie", &cookie)
            .body(&form)
    };
    assert_eq!(rig.ask("GET", "/account/first").send().await.status, 401);
    assert_eq!(rig.ask("GET", "/account/first").header("Cookie", &cookie).send().await.status, 200);
    let differ = post("ada", "another one").send().await;
    assert!(
        differ.status == 400
            && differ.body.contains("two different passwords")
            && differ.body.contains("\"ada\"")
    );
    assert_eq!(post("admin", PASSWORD).send().await.status, 400);
    let made = post("ada", PASSWORD).send().await;
    assert_eq!((made.status, made.header("location")), (303, Some("/account?done=first")));
    let own =
        made.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
    assert_eq!(rig.ask("GET", "/people").header("Cookie", &own).send().await.status, 200);
    assert_eq!(
        rig.ask("GET", "/account").header("Cookie", &cookie).send().await.status,
        401,
        "the link's login is over"
    );
    let again = rig.ask("GET", "/account/first").header("Cookie", &own).send().await;
    assert_eq!((again.status, again.header("location")), (303, Some("/people")));
    assert!(
        rig.hub
            .auth()
            .person("ada")
            .is_some_and(|ada| ada.rules.iter().any(|rule: &Rule| !rule.scopes.words().is_empty()))
    );
    rig.stop().await;
}

#[tokio::test]
async fn a_login_link_is_made_by_whoever_owns_the_machine_and_by_no_token() {
    let rig = Rig::start().await;
    make(&rig, "ada", json!([{ "scopes": ["admin"] }])).await;
    let own = token(&rig, "ada", PASSWORD).await.json()["token"].as_str().expect("a token").to_owned();
    assert_eq!(rig.ask("POST", "/api/login-link").bearer(&own).send().await.status, 403);
    let answer = rig.ask_as_admin("POST", "/api/login-link").send().await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
    let link = answer.json()["link"].as_str().expect("a link").to_owned();
    let opened = rig.ask("GET", &link).send().await;
    let cookie = opened.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie");
    assert_eq!(rig.ask("GET", &link).send().await.status, 401, "once");
    let next = rig.ask("POST", "/api/login-link").header("Cookie", cookie).header("Origin", &rig.origin());
    assert_eq!(next.send().await.status, 403, "or a link would last for ever");
    rig.stop().await;
}

#[tokio::test]
async fn the_pages_of_people_work_as_plain_forms() {
    let rig = Rig::start().await;
    let cookie = rig.log_in().await;
    let get = |path: &str| rig.ask("GET", path).header("Cookie", &cookie);
    let post = |path: &str, fields: &[(&str, &str)]| {
        let form = serde_urlencoded(fields);
        rig.ask("POST", path).header("Origin", &rig.origin()).header("Cookie", &cookie).body(&form)
    };
    let made = post("/people", &[("name", "bob"), ("new", PASSWORD), ("again", PASSWORD)]).send().await;
    assert_eq!((made.status, made.header("location")), (303, Some("/people/bob?done=made")));
    let made = post("/people/groups", &[("name", "crew")]).send().await;
    assert_eq!((made.status, made.header("location")), (303, Some("/people/groups/crew?done=made")));
    let rights = [
        ("do", "rights"),
        ("group", "crew"),
        ("rule-1-scope", "view"),
        ("rule-1-scope", "command"),
        ("rule-1-devices", "pump-*, tank"),
        ("rule-1-views", ""),
    ];
    assert_eq!(post("/people/bob", &rights).send().await.status, 303);
    let bob = rig.hub.auth().of_person("bob").expect("made");
    assert!(
        bob.may_device(hub::auth::Scope::Command, "pump-7")
            && !bob.may_device(hub::auth::Scope::View, "boiler")
    );
    let page = get("/people/bob?done=saved").send().await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("value=\"pump-* tank\"") && page.body.contains("It counts from now on."),
        "{}",
        page.body
    );
    let wrong = post("/people/bob", &[("do", "rights"), ("rule-1-scope", "edit")]).send().await;
    assert!(wrong.status == 400 && wrong.body.contains("neither devices nor views"), "{}", wrong.body);
    let foreign =
        rig.ask("POST", "/people/bob").header("Cookie", &cookie).header("Origin", "http://evil.example");
    assert_eq!(foreign.body("do=remove").send().await.status, 403);
    assert_eq!(get("/people").send().await.status, 200);
    assert_eq!(get("/people/nobody").send().await.status, 404);
    assert_eq!(post("/people/nobody", &rights).send().await.status, 404, "a form makes nobody anew");
    assert_eq!(post("/people/groups/crew", &[("do", "remove")]).send().await.status, 303);
    assert_eq!(post("/people/bob", &[("do", "remove")]).send().await.status, 303);
    assert!(rig.hub.auth().person("bob").is_none());
    rig.stop().await;
}

#[tokio::test]
async fn a_device_of_a_persons_name_takes_neither_the_persons_tokens_nor_the_persons_rows_of_the_audit() {
    let rig = Rig::start().await;
    make(&rig, "ada", json!([{ "scopes": ["admin"] }])).await;
    let own = token(&rig, "ada", PASSWORD).await.json()["token"].as_str().expect("a token").to_owned();
    let key = rig.make("ada").await;
    for _ in 0..300 {
        assert_eq!(token(&rig, "ada", &key).await.status, 200);
    }
    assert_eq!(rig.ask("PUT", "/api/groups/crew").bearer(&own).body("{}").send().await.status, 201);
    let is_said = async || {
        let rows = rig.ask_as_admin("GET", "/api/audit?limit=500").send().await.json()["rows"].clone();
        let rows = rows.as_array().expect("rows").clone();
        let issued = |row: &&serde_json::Value| row["what"] == "token_issued";
        assert_eq!(rows.iter().filter(issued).filter(|row| row["who"] == "ada").count(), 1, "hers");
        assert_eq!(
            rows.iter().filter(issued).filter(|row| row["device"] == "ada").count(),
            1,
            "the device's"
        );
        rows.iter().any(|row| row["what"] == "group_changed" && row["who"] == "ada")
    };
    // What was written before is in the store once something later is.
    make(&rig, "bob", json!([])).await;
    assert!(is_said().await);
    rig.stop().await;
}
