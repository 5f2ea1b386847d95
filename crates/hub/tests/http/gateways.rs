//! Gateways over the API, and the socket of their uplinks.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_made_listed_with_its_uplink_and_removed() {
    let rig = Rig::start().await;
    let made = rig.ask_as_admin("POST", "/api/gateways").body("{\"id\":\"barn\"}").send().await;
    assert_eq!((made.status, made.header("cache-control")), (201, Some("no-store")));
    let token = made.json()["token"].as_str().expect("a token").to_owned();
    assert!(token.starts_with("gl_gateway_"));
    for (body, status, code) in [("{\"id\":\"barn\"}", 409, "exists"), ("{\"id\":\"a b\"}", 400, "bad_id")] {
        let answer = rig.ask_as_admin("POST", "/api/gateways").body(body).send().await;
        assert_eq!((answer.status, answer.error_code().as_str()), (status, code));
    }
    let list = rig.ask_as_admin("GET", "/api/gateways").send().await.json();
    assert_eq!(
        (&list[0]["id"], &list[1]["id"], &list[1]["presence"]),
        (&json!("local"), &json!("barn"), &json!("offline"))
    );

    let url = format!("ws://{}/uplink", rig.address);
    let (mut uplink, _) = tokio_tungstenite::connect_async(url).await.expect("a socket");
    let identify = json!({ "identify": "barn", "token": token, "nonce": 1, "tag": "g7", "heartbeat": 15 });
    uplink.send(Message::text(format!("0 {identify}\n"))).await.expect("it is read");
    let welcome = uplink.next().await.expect("an answer").expect("a frame").into_text().expect("text");
    let welcome: Value = serde_json::from_str(welcome.trim_start_matches("0 ")).expect("a line");
    assert_eq!(welcome["welcome"], "barn");
    let list = rig.ask_as_admin("GET", "/api/gateways").send().await.json();
    assert_eq!(
        (&list[1]["presence"], &list[1]["tag"], &list[1]["behind"]),
        (&json!("online"), &json!("g7"), &json!(0))
    );
    let metrics = rig.ask("GET", "/metrics").send().await;
    assert!(metrics.body.contains("\nglassline_uplinks 1\n"), "{}", metrics.body);

    assert_eq!(rig.ask_as_admin("DELETE", "/api/gateways/barn").send().await.status, 204);
    assert_eq!(rig.ask_as_admin("DELETE", "/api/gateways/barn").send().await.status, 404);
    // What it says before that are heartbeats.
    loop {
        let said = uplink.next().await.expect("a parting").expect("a frame").into_text().expect("text");
        if said.contains("\"bye\"") {
            break assert!(said.contains("\"bye\":\"removed\""), "{said}");
        }
    }
}

#[tokio::test]
async fn only_an_administrator_makes_gateways() {
    let rig = Rig::start().await;
    for (method, path) in [("POST", "/api/gateways"), ("DELETE", "/api/gateways/barn")] {
        assert_eq!(rig.ask(method, path).body("{}").send().await.status, 401, "{method}");
    }
}
