//! Devices over the API.

use tokio::io::AsyncWriteExt as _;

use crate::rig::{Answer, Rig};
use serde_json::json;

#[tokio::test]
async fn a_device_is_made_shown_and_removed() {
    let rig = Rig::start().await;
    let made = rig.ask_as_admin("POST", "/api/devices").body("{\"id\":\"boiler-7\"}").send().await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/devices/boiler-7")));
    assert_eq!(made.header("cache-control"), Some("no-store"));
    assert!(made.json()["token"].as_str().is_some_and(|token| token.starts_with("gl_device_")));

    let one = rig.ask_as_admin("GET", "/api/devices/boiler-7").send().await.json();
    assert_eq!(
        (&one["id"], &one["name"], &one["presence"]),
        (&"boiler-7".into(), &"boiler-7".into(), &"offline".into())
    );
    assert_eq!(one["channels"], serde_json::json!({}));
    assert_eq!(one["received"], 0);

    assert_eq!(rig.ask_as_admin("DELETE", "/api/devices/boiler-7").send().await.status, 204);
    let gone = rig.ask_as_admin("GET", "/api/devices/boiler-7").send().await;
    assert_eq!((gone.status, gone.error_code().as_str()), (404, "not_found"));
    assert_eq!(rig.ask_as_admin("DELETE", "/api/devices/boiler-7").send().await.status, 404);
}

#[tokio::test]
async fn the_list_is_whole_however_long_it_is() {
    let rig = Rig::start().await;
    assert_eq!(rig.ask_as_admin("GET", "/api/devices").send().await.json(), serde_json::json!([]));
    let grant = rig.hub.auth().administrator(rig.hub.auth().admin_token()).expect("the administrator");
    let ids: Vec<String> = (0..150).map(|n| format!("device-{n:03}")).collect();
    for id in &ids {
        rig.hub.create_device(&grant, id).await.expect("made");
    }
    let list = rig.ask_as_admin("GET", "/api/devices").send().await.json();
    let listed: Vec<&str> =
        list.as_array().expect("a list").iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(listed, ids);
    assert!(list[0].get("describe").is_none(), "a list has no descriptions");
}

#[tokio::test]
async fn the_list_can_be_asked_for_in_parts_and_wakes_nobody() {
    let rig = Rig::start().await;
    let grant = rig.hub.auth().administrator(rig.hub.auth().admin_token()).expect("the administrator");
    let ids: Vec<String> = (0..150).map(|n| format!("device-{n:03}")).collect();
    for id in &ids {
        rig.hub.create_device(&grant, id).await.expect("made");
    }
    let rig = rig.restart().await;
    let part = async |query: &str| {
        let list = rig.ask_as_admin("GET", &format!("/api/devices{query}")).send().await.json();
        let rows = list.as_array().expect("a list").iter();
        rows.filter_map(|row| row["id"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut listed = part("?limit=70").await;
    assert_eq!(listed.len(), 70);
    // Made and gone meanwhile: the place in the list is an id, whether there is one of it or not.
    let last = listed.last().expect("some").clone();
    assert_eq!(rig.ask_as_admin("DELETE", &format!("/api/devices/{last}")).send().await.status, 204);
    listed.extend(part(&format!("?after={last}&limit=64")).await);
    listed.extend(part(&format!("?after={}", listed.last().expect("some"))).await);
    assert_eq!(listed, ids);
    assert_eq!(part("?after=device-149").await, Vec::<String>::new());
    assert_eq!(part("?after=device-148&limit=1").await, ["device-149"]);
    for wrong in ["?limit=0", "?limit=x", "?befor=a"] {
        let answer = rig.ask_as_admin("GET", &format!("/api/devices{wrong}")).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"), "{wrong}");
    }
}

#[tokio::test]
async fn what_people_call_a_device_is_shown_and_survives_a_restart() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    rig.make("pump-1").await;
    let call = |body: &'static str| rig.ask_as_admin("PATCH", "/api/devices/boiler-7").body(body).send();
    assert_eq!(
        call(r#"{"name":" Boiler, cellar ","labels":["cellar","heating","cellar"]}"#).await.status,
        204
    );
    assert_eq!(call(r#"{"labels":["cellar"]}"#).await.status, 204);
    let rig = rig.restart().await;
    // Once as it lies in the store, and once awake.
    let list = rig.ask_as_admin("GET", "/api/devices").send().await.json();
    assert_eq!((&list[0]["name"], &list[0]["labels"]), (&json!("Boiler, cellar"), &json!(["cellar"])));
    assert_eq!((&list[1]["name"], &list[1]["labels"]), (&json!("pump-1"), &json!([])));
    let one = rig.ask_as_admin("GET", "/api/devices/boiler-7").send().await.json();
    assert_eq!((&one["name"], &one["labels"]), (&json!("Boiler, cellar"), &json!(["cellar"])));
    let emptied = rig.ask_as_admin("PATCH", "/api/devices/boiler-7").body(r#"{"name":""}"#).send().await;
    assert_eq!(emptied.status, 204);
    let one = rig.ask_as_admin("GET", "/api/devices/boiler-7").send().await.json();
    assert_eq!((&one["name"], &one["labels"]), (&json!("boiler-7"), &json!(["cellar"])));
}

#[tokio::test]
async fn what_no_device_can_be_called_is_refused_and_changes_nothing() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    for (body, code) in [
        (r#"{"name":"two\nlines"}"#, "bad_request"),
        (r#"{"labels":["a,b"]}"#, "bad_request"),
        (r#"{"name":"fine","labels":[""]}"#, "bad_request"),
        (r#"{"nmae":"slip"}"#, "bad_message"),
        (r#"{"labels":"barn"}"#, "bad_message"),
    ] {
        let answer = rig.ask_as_admin("PATCH", "/api/devices/boiler-7").body(body).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, code), "{body}");
    }
    let one = rig.ask_as_admin("GET", "/api/devices/boiler-7").send().await.json();
    assert_eq!(one["name"], "boiler-7");
    let nobody = rig.ask_as_admin("PATCH", "/api/devices/boiler-8").body("{}").send().await;
    assert_eq!(nobody.status, 404);
    let stranger = rig.ask("PATCH", "/api/devices/boiler-7").body("{}").send().await;
    assert_eq!(stranger.status, 401);
}

#[tokio::test]
async fn what_cannot_be_made_says_why() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    for (body, status, code) in [
        ("{\"id\":\"boiler-7\"}", 409, "exists"),
        ("{\"id\":\"a b\"}", 400, "bad_id"),
        ("{\"id\":7}", 400, "bad_message"),
        ("{\"id\":", 400, "bad_json"),
        ("", 400, "bad_json"),
    ] {
        let answer = rig.ask_as_admin("POST", "/api/devices").body(body).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (status, code), "{body}");
    }
    let answer = rig.ask_as_admin("POST", "/api/devices").body("{\n\"id\": x}").send().await;
    assert!(answer.body.contains("at line 2 column"), "{}", answer.body);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whether_it_says_so_or_not() {
    let rig = Rig::start().await;
    let large = format!("{{\"id\":\"{}\"}}", "x".repeat(70_000));
    let answer = rig.ask_as_admin("POST", "/api/devices").body(&large).send().await;
    assert_eq!((answer.status, answer.error_code().as_str()), (413, "too_large"));

    let mut stream = rig.connect().await;
    let chunked = format!(
        "POST /api/devices HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n\
         {:x}\r\n{large}\r\n0\r\n\r\n",
        rig.address,
        rig.hub.auth().admin_token(),
        large.len()
    );
    // The hub may close before it has read all of it: the answer is there all the same.
    let _ = stream.write_all(chunked.as_bytes()).await;
    assert_eq!(Answer::read(&mut stream).await.status, 413);
}

#[tokio::test]
async fn without_a_credential_there_is_nothing_to_see() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    for (method, path) in [
        ("GET", "/api/devices"),
        ("GET", "/api/devices/boiler-7"),
        ("GET", "/api/devices/nobody"),
        ("DELETE", "/api/devices/boiler-7"),
        ("POST", "/api/devices/boiler-7/samples"),
        ("GET", "/api/devices/boiler-7/channels/a/history"),
        ("GET", "/api/devices/boiler-7/channels/a/samples"),
        ("POST", "/api/devices/boiler-7/commands"),
        ("GET", "/api/devices/boiler-7/commands/c"),
        ("GET", "/api/panels"),
        ("GET", "/api/gateways"),
        ("POST", "/api/ticket"),
        ("POST", "/api/token"),
    ] {
        for ask in [rig.ask(method, path), rig.ask(method, path).bearer("gl_token_wrong")] {
            let answer = ask.body("{}").send().await;
            assert_eq!(
                (answer.status, answer.error_code().as_str()),
                (401, "unauthorized"),
                "{method} {path}"
            );
            assert!(answer.header("www-authenticate").is_none(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn panels_and_gateways_are_listed() {
    let rig = Rig::start().await;
    assert_eq!(rig.ask_as_admin("GET", "/api/panels").send().await.json(), serde_json::json!([]));
    let gateways = rig.ask_as_admin("GET", "/api/gateways").send().await.json();
    let local = serde_json::json!([{"id": "local", "presence": "online", "since": 1_763_846_847_123_u64, "devices": 3}]);
    assert_eq!(gateways, local);
}
