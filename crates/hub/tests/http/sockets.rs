//! The WebSocket of panels, from its upgrade to its first message.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::rig::Rig;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(rig: &Rig, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/panel", rig.address).into_client_request().expect("a URL");
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a value"));
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

fn status(refused: Result<Socket, Error>) -> u16 {
    match refused {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    }
}

async fn hear(socket: &mut Socket) -> Value {
    let frame = socket.next().await.expect("a frame").expect("an intact one");
    serde_json::from_str(frame.to_text().expect("text")).expect("JSON")
}

#[tokio::test]
async fn a_ticket_in_the_first_frame_opens_a_panel_once() {
    let rig = Rig::start().await;
    let ticket = rig.ask_as_admin("POST", "/api/ticket").send().await.json()["ticket"].clone();
    let say = Message::text(serde_json::json!({ "authenticate": ticket, "page": "/status" }).to_string());
    let mut socket = open(&rig, &[("origin", &rig.origin())]).await.expect("it upgrades");
    socket.send(say.clone()).await.expect("it listens");
    let welcome = hear(&mut socket).await;
    assert_eq!((&welcome["user"], &welcome["scopes"][0]), (&"admin".into(), &"view".into()));
    let panels = rig.ask_as_admin("GET", "/api/panels").send().await.json();
    assert_eq!((&panels[0]["id"], &panels[0]["page"]), (&welcome["welcome"], &"/status".into()));
    assert!(panels[0]["address"].as_str().is_some_and(|address| address.starts_with("127.0.0.1:")));

    let mut second = open(&rig, &[]).await.expect("it upgrades");
    second.send(say).await.expect("it listens");
    let frame = second.next().await.expect("a frame").expect("an intact one");
    assert!(frame.is_close(), "the ticket is used up: {frame:?}");
}

#[tokio::test]
async fn a_bearer_token_in_the_upgrade_stands_for_the_ticket() {
    let rig = Rig::start().await;
    let bearer = |token: &str| format!("Bearer {token}");
    let mut socket =
        open(&rig, &[("authorization", &bearer(rig.hub.auth().admin_token()))]).await.expect("it upgrades");
    assert_eq!(hear(&mut socket).await["user"], "admin");
    assert_eq!(status(open(&rig, &[("authorization", &bearer("gl_token_wrong"))]).await), 401);
}

#[tokio::test]
async fn a_page_of_another_origin_opens_no_socket() {
    let rig = Rig::start().await;
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(status(open(&rig, &[("origin", origin)]).await), 403, "{origin}");
    }
    assert_eq!(status(open(&rig, &[("host", "evil.example")]).await), 403);
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_so() {
    let rig = Rig::start().await;
    let answer = rig.ask_as_admin("GET", "/panel").send().await;
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"));
}
