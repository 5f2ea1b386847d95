//! Devices and panels on the HTTP port: `/device`, and `/socket` for those who do not say which they are.

use crate::rig::{DEADLINE, Hub, request};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(hub: &Hub, path: &str, headers: &[(&'static str, &str)]) -> Self {
        let url = format!("ws://{}{path}", hub.address());
        let mut request = url.into_client_request().expect("a URL");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        Self(tokio_tungstenite::connect_async(request).await.expect("an upgrade").0)
    }

    async fn says(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("the socket holds");
    }

    /// The next frame that is no heartbeat, or nothing where the socket was closed.
    async fn hears(&mut self) -> Option<Value> {
        loop {
            match timeout(DEADLINE, self.0.next()).await.expect("something is said in time")?.ok()? {
                Message::Text(text) if text.is_empty() => {}
                Message::Text(text) => return Some(serde_json::from_str(&text).expect("JSON")),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }
}

fn identify(hub: &Hub, id: &str) -> String {
    format!(r#"{{"identify":"{id}","token":"{}"}}"#, hub.of_ready("join"))
}

const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0");

#[tokio::test]
async fn device_lines_are_text_frames() {
    let hub = Hub::serve();
    let mut socket = Socket::open(&hub, "/device", &[]).await;
    socket.says(&identify(&hub, "boiler-7")).await;
    assert_eq!(socket.hears().await.expect("a welcome")["welcome"], "boiler-7");
    socket.says(r#"{"temperature":21.5}"#).await;
    socket.says(&format!(r#"{{"x":"{}"}}"#, "x".repeat(70_000))).await;
    let error = &socket.hears().await.expect("an error")["error"];
    assert_eq!((&error["line"], &error["code"]), (&3.into(), &"too_long".into()));
    hub.shows("boiler-7", "temperature", "21.5");
}

#[tokio::test]
async fn who_identifies_on_the_open_socket_is_a_device_whatever_it_is_called() {
    let hub = Hub::serve();
    for headers in [&[][..], &[BROWSER]] {
        let mut socket = Socket::open(&hub, "/socket", headers).await;
        socket.says(&identify(&hub, "boiler-7")).await;
        assert_eq!(socket.hears().await.expect("a welcome")["welcome"], "boiler-7");
    }
}

#[tokio::test]
async fn who_authenticates_on_the_open_socket_is_a_panel_whatever_it_is_called() {
    let hub = Hub::serve();
    for headers in [&[][..], &[BROWSER]] {
        let ticket = request(hub.address(), "POST", "/api/ticket", Some(hub.of_ready("token"))).json();
        let mut socket = Socket::open(&hub, "/socket", headers).await;
        socket.says(&format!(r#"{{"authenticate":{},"page":"/x"}}"#, ticket["ticket"])).await;
        let welcome = socket.hears().await.expect("a welcome");
        assert!(welcome["welcome"].is_string() && welcome["log"].is_string(), "{welcome}");
    }
}

#[tokio::test]
async fn heartbeats_on_the_open_socket_decide_nothing() {
    let hub = Hub::serve();
    for headers in [&[][..], &[BROWSER]] {
        let mut device = Socket::open(&hub, "/socket", headers).await;
        device.says("").await;
        device.says(&identify(&hub, "boiler-7")).await;
        assert_eq!(device.hears().await.expect("a welcome")["welcome"], "boiler-7");
        let ticket = request(hub.address(), "POST", "/api/ticket", Some(hub.of_ready("token"))).json();
        let mut panel = Socket::open(&hub, "/socket", headers).await;
        panel.says("").await;
        panel.says(&format!(r#"{{"authenticate":{},"page":"/x"}}"#, ticket["ticket"])).await;
        assert!(panel.hears().await.expect("a welcome")["log"].is_string());
    }
}

#[tokio::test]
async fn who_brings_a_token_to_the_open_socket_is_a_panel() {
    let hub = Hub::serve();
    let bearer = format!("Bearer {}", hub.of_ready("token"));
    let mut socket = Socket::open(&hub, "/socket", &[("authorization", &bearer)]).await;
    assert!(socket.hears().await.expect("a welcome")["log"].is_string());
}

#[tokio::test]
async fn before_the_first_frame_a_user_agent_makes_a_panel() {
    let hub = Hub::serve();
    let mut device = Socket::open(&hub, "/socket", &[]).await;
    device.says(r#"{"temperature":21.5}"#).await;
    assert_eq!(device.hears().await.expect("a line")["need"], "identify");
    let mut panel = Socket::open(&hub, "/socket", &[BROWSER]).await;
    panel.says(r#"{"watch":["boiler-7"]}"#).await;
    assert_eq!(panel.hears().await.map(|frame| frame["need"].clone()), None, "it is closed");
}

#[tokio::test]
async fn a_page_of_another_origin_may_not_open_one() {
    let hub = Hub::serve();
    for path in ["/device", "/socket", "/panel"] {
        let mut upgrade = format!("ws://{}{path}", hub.address()).into_client_request().expect("a URL");
        upgrade.headers_mut().insert("origin", "http://evil.example".parse().expect("a header"));
        assert!(tokio_tungstenite::connect_async(upgrade).await.is_err(), "{path}");
    }
}

#[tokio::test]
async fn panels_hear_that_the_hub_stops_before_devices_have_parted() {
    let hub = Hub::serve();
    // It does not close its end, so that the hub waits for it as long as it waits for anybody.
    let mut device = hub.plain("boiler-7");
    let bearer = format!("Bearer {}", hub.of_ready("token"));
    let mut panel = Socket::open(&hub, "/socket", &[("authorization", &bearer)]).await;
    assert!(panel.hears().await.expect("a welcome")["log"].is_string());
    panel.says(r#"{"watch":["boiler-7"]}"#).await;
    while panel.hears().await.expect("a snapshot")["presence"] != "online" {}
    hub.program.signal("TERM");
    let close = loop {
        match timeout(DEADLINE, panel.0.next()).await.expect("in time").expect("a close comes first") {
            Ok(Message::Close(close)) => break close,
            Ok(Message::Text(text)) => assert!(!text.contains("offline"), "it hears of the device: {text}"),
            other => drop(other.expect("the socket holds")),
        }
    };
    assert_eq!(u16::from(close.expect("a code").code), 1001);
    assert_eq!(device.hears("bye")["bye"], "stopping");
}
