//! Commands over HTTP.

use serde_json::json;

use crate::rig::{Answer, Rig};

async fn send(rig: &Rig, body: &str) -> Answer {
    rig.ask_as_admin("POST", "/api/devices/boiler-7/commands").body(body).send().await
}

async fn state(rig: &Rig, command: &str) -> Answer {
    rig.ask_as_admin("GET", &format!("/api/devices/boiler-7/commands/{command}")).send().await
}

#[tokio::test]
async fn a_command_to_a_device_that_is_gone_is_refused_at_once() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    let answer = send(&rig, "{\"command\":\"c1\",\"channel\":\"fan\",\"value\":true}").await;
    assert_eq!(answer.status, 202);
    let expected =
        json!({"command": "c1", "channel": "fan", "state": "refused", "by": "admin", "reason": "offline"});
    assert_eq!(answer.json(), expected);
    assert_eq!(state(&rig, "c1").await.json(), expected);
}

#[tokio::test]
async fn a_queued_command_is_looked_up_after_a_restart() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    let body = "{\"command\":\"c1\",\"channel\":\"fan\",\"value\":{\n\"speed\":2},\"intent\":\"queue\",\"ttl\":60000,\"view\":\"x\"}";
    let answer = send(&rig, body).await;
    assert_eq!((answer.status, &answer.json()["state"]), (202, &json!("queued")));
    assert_eq!(send(&rig, body).await.json(), answer.json(), "the same command again is the same one");
    let rig = rig.restart().await;
    let looked_up = state(&rig, "c1").await.json();
    assert_eq!((&looked_up["command"], &looked_up["state"]), (&json!("c1"), &json!("queued")));
}

#[tokio::test]
async fn commands_that_are_none_are_told() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    for (body, code) in [
        ("{\"command\":\"c1\",\"channel\":\"fan\"}", "bad_message"),
        ("{\"command\":1,\"channel\":\"fan\",\"value\":1}", "bad_message"),
        ("{\"command\":\"c1\",", "bad_json"),
    ] {
        let answer = send(&rig, body).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, code), "{body}");
    }
    let twice = send(
        &rig,
        "{\"command\":\"c1\",\"channel\":\"fan\",\"value\":{\"a\":1,\"a\":2},\"intent\":\"queue\"}",
    )
    .await;
    assert_eq!((twice.status, &twice.json()["reason"]), (202, &json!("bad")), "no device could read it");
    assert_eq!(state(&rig, "unheard-of").await.status, 404);
    let nobody = rig.ask_as_admin("POST", "/api/devices/nobody/commands");
    let nobody = nobody.body("{\"command\":\"c1\",\"channel\":\"fan\",\"value\":1}").send().await;
    assert_eq!((nobody.status, nobody.error_code().as_str()), (404, "not_found"));
}

#[tokio::test]
async fn the_commands_of_a_device_are_listed_the_newest_first_with_who_asked_for_what_and_what_became_of_it()
{
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    send(&rig, "{\"command\":\"c1\",\"channel\":\"fan\",\"value\":1.50}").await;
    let queued = "{\"command\":\"c2\",\"channel\":\"fan\",\"value\":true,\"intent\":\"queue\",\"ttl\":60000}";
    send(&rig, queued).await;
    let list = async |rig: &Rig, query: &str| {
        rig.ask_as_admin("GET", &format!("/api/devices/boiler-7/commands{query}")).send().await
    };
    let now = list(&rig, "").await;
    assert!(now.body.contains("\"asked\":1.50"), "digit for digit: {}", now.body);
    let now = now.json();
    let (newest, oldest) = (&now[0], &now[1]);
    assert_eq!(
        (&newest["command"], &newest["state"], &newest["by"]),
        (&json!("c2"), &json!("queued"), &json!("admin"))
    );
    assert_eq!((&newest["intent"], &newest["ttl"]), (&json!("queue"), &json!(60000)));
    assert_eq!((&oldest["state"], &oldest["reason"]), (&json!("refused"), &json!("offline")));
    assert!(oldest["created"].as_i64().is_some_and(|at| at > 1_700_000_000_000), "{oldest}");
    assert_eq!(list(&rig, "?limit=1").await.json(), json!([newest]));
    for wrong in ["?limit=0", "?limit=1001", "?limit=x"] {
        assert_eq!(list(&rig, wrong).await.status, 400, "{wrong}");
    }

    let rig = rig.restart().await;
    let after = list(&rig, "").await.json();
    let ids = |list: &serde_json::Value| [list[0]["command"].clone(), list[1]["command"].clone()];
    assert_eq!(ids(&after), ids(&now));
    let nobody = rig.ask_as_admin("GET", "/api/devices/nobody/commands").send().await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_command_that_has_not_left_is_taken_back() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    send(&rig, "{\"command\":\"c1\",\"channel\":\"fan\",\"value\":1,\"intent\":\"queue\",\"ttl\":60000}")
        .await;
    let cancel = async |command: &str| {
        let path = format!("/api/devices/boiler-7/commands/{command}");
        rig.ask_as_admin("DELETE", &path).send().await
    };
    let cancelled = cancel("c1").await;
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("cancelled")));
    assert_eq!(cancel("c1").await.json(), cancelled.json(), "again it is the same");
    assert_eq!(cancel("unheard-of").await.status, 404);
    send(&rig, "{\"command\":\"c2\",\"channel\":\"fan\",\"value\":1}").await;
    assert_eq!(cancel("c2").await.json()["state"], "refused", "what is settled stays so");
}
