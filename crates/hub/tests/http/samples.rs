//! Samples over HTTP: in, and out again.

use serde_json::{Value, json};

use crate::rig::{Answer, Rig};

/// 2025-11-22, a time that the hub believes.
const TS: i64 = 1_763_846_847_000;

async fn send(rig: &Rig, token: &str, body: &str) -> Answer {
    rig.ask("POST", "/api/devices/boiler-7/samples").bearer(token).body(body).send().await
}

async fn read(rig: &Rig, what: &str) -> Answer {
    rig.ask_as_admin("GET", &format!("/api/devices/boiler-7/channels/{what}")).send().await
}

#[tokio::test]
async fn what_is_sent_is_committed_shown_and_kept_over_a_restart() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    for (n, value) in ["21.50", "22", "{\"a\": [1, 2.0]}"].into_iter().enumerate() {
        let body = format!("{{\"channel\":\"t\",\"value\":{value},\"ts\":{}}}", TS + n as i64);
        assert_eq!(send(&rig, &token, &body).await.status, 204);
    }
    let one = rig.ask_as_admin("GET", "/api/devices/boiler-7").send().await;
    assert!(one.body.contains("{\"value\":{\"a\": [1, 2.0]},\"ts\":1763846847002}"), "{}", one.body);
    assert_eq!(one.json()["received"], 3);

    let rig = rig.restart().await;
    let history = read(&rig, "t/history").await;
    assert_eq!(
        history.body,
        format!("{{\"points\":[[{TS},21.50],[{},22],[{},{{\"a\": [1, 2.0]}}]],\"gaps\":[]}}", TS + 1, TS + 2)
    );
}

#[tokio::test]
async fn a_range_takes_its_beginning_and_leaves_its_end() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    for n in 0..4 {
        assert_eq!(send(&rig, &token, &format!("{{\"t\":{n},\"ts\":{}}}", TS + n)).await.status, 204);
    }
    let history = read(&rig, &format!("t/history?from={}&to={}", TS + 1, TS + 3)).await.json();
    assert_eq!(history["points"], json!([[TS + 1, 1], [TS + 2, 2]]));
    let samples = read(&rig, &format!("t/samples?from={}&to={}", TS + 1, TS + 3)).await;
    assert_eq!(samples.body.lines().count(), 2);
}

#[tokio::test]
async fn more_than_the_points_asked_for_come_as_buckets_that_keep_spikes() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    for n in 0..20 {
        let value = if n == 13 { 99.5 } else { 1.0 };
        let body = format!("{{\"t\":{value},\"ts\":{}}}", TS + n * 1000);
        assert_eq!(send(&rig, &token, &body).await.status, 204);
    }
    let history = read(&rig, "t/history?points=5").await.json();
    let buckets = history["buckets"].as_array().expect("buckets");
    assert!(buckets.len() <= 5 && history.get("points").is_none());
    assert!(buckets.iter().any(|bucket| bucket[2] == json!(99.5)), "the spike is there");
    assert_eq!(buckets.iter().map(|bucket| bucket[4].as_u64().expect("a count")).sum::<u64>(), 20);
}

#[tokio::test]
async fn what_a_channel_was_comes_as_spells_the_newest_where_there_are_more() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    let values = ["\"idle\"", "\"idle\"", "\"on\"", "\"on\"", "\"idle\""];
    for (n, value) in (0..).zip(values) {
        let body = format!("{{\"t\":{value},\"ts\":{}}}", TS + n * 60_000);
        assert_eq!(send(&rig, &token, &body).await.status, 204);
    }
    let at = |n: i64| TS + n * 60_000;
    let all = read(&rig, "t/spells").await;
    assert_eq!(
        all.body,
        format!(
            "{{\"spells\":[[{},{},\"idle\",2],[{},{},\"on\",2],[{},{},\"idle\",1]],\"more\":false}}",
            at(0),
            at(1),
            at(2),
            at(3),
            at(4),
            at(4)
        )
    );
    let newest = read(&rig, "t/spells?limit=1").await.json();
    assert_eq!((&newest["spells"], &newest["more"]), (&json!([[at(4), at(4), "idle", 1]]), &json!(true)));
    let apart = read(&rig, "t/spells?pause=59999").await.json();
    assert_eq!(apart["spells"].as_array().map(Vec::len), Some(5), "a pause ends a spell");
    let range = read(&rig, &format!("t/spells?from={}&to={}", at(1), at(3))).await.json();
    assert_eq!(range["spells"], json!([[at(1), at(1), "idle", 1], [at(2), at(2), "on", 1]]));
}

#[tokio::test]
async fn all_samples_stream_in_the_order_of_their_commits_exactly_as_sent() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    for (ts, value) in [(TS + 5, "1.0"), (TS, "\"a,\\\"b\\\"\""), (TS + 9, "1e2")] {
        assert_eq!(send(&rig, &token, &format!("{{\"t\":{value},\"ts\":{ts}}}")).await.status, 204);
    }
    let lines = read(&rig, "t/samples").await;
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(
        lines.body,
        format!(
            "{{\"ts\":{},\"value\":1.0}}\n{{\"ts\":{TS},\"value\":\"a,\\\"b\\\"\"}}\n{{\"ts\":{},\"value\":1e2}}\n",
            TS + 5,
            TS + 9
        )
    );
    let table = read(&rig, "t/samples?format=csv").await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(
        table.body,
        format!(
            "ts,value,session,seq\r\n{},1.0,,\r\n{TS},\"\"\"a,\\\"\"b\\\"\"\"\"\",,\r\n{},1e2,,\r\n",
            TS + 5,
            TS + 9
        )
    );
    assert_eq!(read(&rig, "unheard-of/samples").await.body, "");
}

#[tokio::test]
async fn a_long_stream_comes_whole() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    let wide = "x".repeat(30_000);
    for n in 0..20 {
        assert_eq!(
            send(&rig, &token, &format!("{{\"t\":\"{n}{wide}\",\"ts\":{}}}", TS + n)).await.status,
            204
        );
    }
    let lines = read(&rig, "t/samples").await;
    let values: Vec<Value> =
        lines.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(values.len(), 20);
    assert!(values.iter().enumerate().all(|(n, line)| line["value"].as_str() == Some(&format!("{n}{wide}"))));
}

#[tokio::test]
async fn a_message_over_several_lines_is_stored_in_one() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    assert_eq!(send(&rig, &token, "{\n  \"t\": {\n    \"a\": 1\n  }\n}\n").await.status, 204);
    assert_eq!(read(&rig, "t/samples").await.body.lines().count(), 1);
}

#[tokio::test]
async fn a_wrong_message_says_what_and_where() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    let deep = format!("{{\"t\":{}1{}}}", "[".repeat(20), "]".repeat(20));
    for (body, code) in [
        ("{\"t\":1,\n\"t\":2}", "duplicate_key"),
        ("{\"t\":}", "bad_json"),
        ("[1]", "bad_json"),
        ("", "bad_message"),
        ("{\"seq\":1,\"channel\":\"t\",\"value\":1}", "bad_message"),
        ("{\"describe\":{}}", "bad_message"),
        (deep.as_str(), "too_deep"),
    ] {
        let answer = send(&rig, &token, body).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, code), "{body}");
    }
    assert!(send(&rig, &token, "{\"t\":1,\n\"t\":2}").await.body.contains("at line 2 column 1"));
}

#[tokio::test]
async fn a_device_sends_for_itself_and_sees_nothing() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    rig.make("boiler-8").await;
    let other =
        rig.ask("POST", "/api/devices/boiler-8/samples").bearer(&token).body("{\"t\":1}").send().await;
    assert_eq!(other.status, 401, "its own token is none elsewhere");
    let issued =
        rig.ask("POST", "/api/token").header("Authorization", &basic("boiler-7", &token)).send().await.json();
    assert_eq!(issued["scopes"], json!(["send"]));
    let issued = issued["token"].as_str().expect("a token");
    assert_eq!(send(&rig, issued, "{\"t\":1}").await.status, 204);
    let other =
        rig.ask("POST", "/api/devices/boiler-8/samples").bearer(issued).body("{\"t\":1}").send().await;
    assert_eq!((other.status, other.error_code().as_str()), (403, "forbidden"));
    assert_eq!(rig.ask("GET", "/api/devices").bearer(issued).send().await.status, 403);
    assert_eq!(rig.ask("POST", "/api/ticket").bearer(issued).send().await.status, 403);
    let nobody = rig.ask_as_admin("POST", "/api/devices/nobody/samples").body("{\"t\":1}").send().await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn wrong_queries_are_told() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    for what in [
        "t/history?points=0",
        "t/history?points=10001",
        "t/history?from=x",
        "t/history?from=2&to=1",
        "t/spells?limit=1001",
        "t/spells?pause=-1",
        "t/samples?format=xml",
        "t/samples?to=1.5",
    ] {
        let answer = read(&rig, what).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"), "{what}");
    }
    let nobody = rig.ask_as_admin("GET", "/api/devices/nobody/channels/t/history").send().await;
    assert_eq!(nobody.status, 404);
}

/// The value of an `Authorization` header by HTTP Basic.
pub(crate) fn basic(name: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}")))
}

#[tokio::test]
async fn what_goes_beyond_the_devices_bounds_is_refused_as_a_whole() {
    let rig = Rig::start().await;
    let token = rig.make("boiler-7").await;
    for part in 0..2 {
        let values: Vec<String> = (0..512).map(|channel| format!("\"{part}-{channel}\":1")).collect();
        assert_eq!(send(&rig, &token, &format!("{{{}}}", values.join(","))).await.status, 204);
    }
    let refused = send(&rig, &token, "{\"one more\":1,\"0-0\":2}").await;
    assert_eq!((refused.status, refused.error_code().as_str()), (413, "too_large"));
    assert_eq!(rig.ask_as_admin("GET", "/api/devices/boiler-7").send().await.json()["received"], 2);
}
