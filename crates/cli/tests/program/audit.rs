//! The audit of a running hub: what people and devices did is in it, and whoever changes it is found out.

use crate::rig::{Hub, Program, ask};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

fn rows(hub: &Hub, query: &str) -> Vec<Value> {
    let answer = hub.get(&format!("/api/audit{query}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["rows"].as_array().expect("rows").clone()
}

fn of<'a>(rows: &'a [Value], what: &str) -> Vec<&'a Value> {
    rows.iter().filter(|row| row["what"] == what).collect()
}

fn api(hub: &Hub, method: &str, path: &str, body: &Value) {
    let bearer = format!("Bearer {}", hub.of_ready("token"));
    let answer = ask(hub.address(), method, path, &[("Authorization", &bearer)], &body.to_string());
    assert!(answer.status < 300, "{method} {path}: {answer:?}");
}

#[test]
fn what_is_done_is_in_the_audit_and_one_changed_byte_of_it_is_found() {
    let hub = Hub::serve();
    let rules = json!([{ "scopes": ["view"], "devices": ["*"], "views": ["*"] }]);
    api(&hub, "PUT", "/api/people/ada", &json!({ "password": "a good long password", "rules": rules }));
    for (password, status) in [("a wrong long password", 401), ("a wrong long password", 401)] {
        let basic = format!("Basic {}", BASE64.encode(format!("ada:{password}")));
        let answer = ask(hub.address(), "POST", "/api/token", &[("Authorization", &basic)], "");
        assert!(answer.status == status || answer.status == 429, "{answer:?}");
    }
    api(&hub, "POST", "/api/devices", &json!({ "id": "boiler-7" }));
    let mut device = hub.plain("pump-1");
    device.says(r#"{"describe":{"speed":{"input":"slider"}}}"#);
    device.says(r#"{"n":1}"#);
    hub.shows("pump-1", "n", "1");
    let send = hub.start(&["send", "pump-1", "speed", "0.750"]);
    let command = device.hears("command");
    device.says(&format!(r#"{{"result":{},"ok":true,"value":0.7}}"#, command["command"]));
    assert_eq!(send.ended().code, Some(0));

    let all = rows(&hub, "?limit=1000");
    assert_eq!(of(&all, "person_made")[0]["details"]["person"], "ada");
    assert_eq!(of(&all, "login_failed").len(), 1, "the second is counted: {all:#?}");
    assert_eq!(of(&all, "device_made")[0]["device"], "boiler-7");
    assert!(of(&all, "started").len() == 1 && of(&all, "device_joined").len() <= 1);
    let numbers: Vec<u64> = all.iter().filter_map(|row| row["number"].as_u64()).collect();
    assert!(numbers.is_sorted_by(|one, next| *one == next + 1), "{numbers:?}");
    assert_eq!(rows(&hub, "?what=device_made&limit=1").len(), 1);
    assert!(hub.get("/audit").body.contains("Device made"));
    assert_eq!(ask(hub.address(), "GET", "/api/audit", &[], "").status, 401);

    let verified = hub.command(&["audit", "--verify"]);
    assert!(verified.code == Some(0) && verified.said.contains("rows hold"), "{verified:?}");
    let (_, home) = hub.stop("TERM");
    let verify = || Program::run(home.path(), &["audit", "--verify", "--state", "state"]);
    let verified = verify();
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let head = verified.said.trim().rsplit(' ').next().expect("a head").to_owned();
    let expected = ["audit", "--verify", "--state", "state", "--expect", &head];
    assert_eq!(Program::run(home.path(), &expected).code, Some(0));
    let said = Program::run(home.path(), &["audit", "--state", "state", "--json", "--what", "command"]);
    assert!(
        said.said.contains(r#""device":"pump-1""#) && said.said.contains(r#""outcome":"done""#),
        "{said:?}"
    );

    let database = home.path().join("state/glassline.db");
    let mut bytes = std::fs::read(&database).expect("the database");
    let row = b"device_made";
    let at = bytes.windows(row.len()).position(|window| window == row).expect("the row is in it");
    bytes[at] = b'D';
    std::fs::write(&database, bytes).expect("it can be written");
    let found = verify();
    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(found.complained.contains("is not what was written"), "{found:?}");
}
