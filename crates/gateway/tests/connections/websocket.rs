//! Lines over WebSocket.

use crate::scripted::{Stage, soon};
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use gateway::{Gateway, listen};
use protocol::code::Bye;
use protocol::intake::Post;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

async fn upgrade(
    upgrade: WebSocketUpgrade,
    State(gateway): State<Gateway>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
) -> Response {
    upgrade.on_upgrade(move |socket| listen::websocket(gateway, socket, None, address))
}

/// The same, as for a path on which the first frame decides.
async fn upgrade_late(
    upgrade: WebSocketUpgrade,
    State(gateway): State<Gateway>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
) -> Response {
    upgrade.on_upgrade(move |mut socket| async move {
        let Some(Ok(axum::extract::ws::Message::Text(first))) = socket.recv().await else { return };
        listen::websocket(gateway, socket, Some(first), address).await;
    })
}

struct Device(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Device {
    async fn new(stage: &Stage, path: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let routes = Router::new().route("/device", get(upgrade)).route("/socket", get(upgrade_late));
        let routes =
            routes.with_state(stage.gateway.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self(connect_async(format!("ws://{address}{path}")).await.expect("an upgrade").0)
    }

    async fn says(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("the connection holds");
    }

    async fn hears_a(&mut self, beginning: &str) {
        let frame = soon(self.0.next()).await.expect("a frame").expect("the connection holds");
        let text = frame.into_text().expect("text");
        assert!(text.starts_with(beginning) && !text.ends_with('\n'), "{text} instead of {beginning}");
    }
}

#[tokio::test]
async fn a_frame_is_a_line() {
    let mut stage = Stage::new().await;
    let mut device = Device::new(&stage, "/device").await;
    device.says("").await;
    device.hears_a("{\"need\":\"identify\"}").await;
    device.says("{\"identify\":\"pump-1\",\"nonce\":1}").await;
    let asked = stage.asked().await;
    assert!(asked.peer.address.starts_with("websocket 127.0.0.1:"), "{}", asked.peer.address);
    let mut conversation = asked.welcome(Some(0));
    device.hears_a("{\"welcome\":\"pump-1\"").await;
    device.says("{\"seq\":1,\"channel\":\"x\",\"value\":1.0}\n").await;
    assert_eq!(conversation.takes().await, "1 x 1.0");
    conversation.commit(Some(1), 1);
    device.hears_a("{\"ack\":1}").await;
    device.says("{").await;
    device.hears_a("{\"error\":{\"line\":4,\"at\":1,\"code\":\"bad_json\"").await;
    device.says(&"x".repeat(70_000)).await;
    device.hears_a("{\"error\":{\"line\":5,\"at\":65536,\"code\":\"too_long\"").await;
    device.0.close(None).await.expect("the connection holds");
    conversation.ends().await;
    stage.counts(0).await;
}

#[tokio::test]
async fn a_first_frame_that_was_read_before_counts() {
    let mut stage = Stage::new().await;
    let mut device = Device::new(&stage, "/socket").await;
    device.says("{\"identify\":\"pump-1\"}").await;
    let mut conversation = stage.asked().await.welcome(None);
    device.hears_a("{\"welcome\":\"pump-1\"").await;
    device.says("{\"x\":1}\n{\"y\":2}").await;
    assert_eq!(conversation.takes().await, "x 1");
    assert_eq!(conversation.takes().await, "y 2");
}

#[tokio::test]
async fn whoever_is_told_to_go_hears_it_before_the_close() {
    let mut stage = Stage::new().await;
    let mut device = Device::new(&stage, "/device").await;
    device.says("{\"identify\":\"pump-1\"}").await;
    let mut conversation = stage.asked().await.welcome(None);
    device.hears_a("{\"welcome\"").await;
    conversation.outlet.post(Post::Bye(Bye::Removed));
    device.hears_a("{\"bye\":\"removed\"").await;
    assert!(matches!(soon(device.0.next()).await, Some(Ok(Message::Close(_)))));
    conversation.ends().await;
    stage.counts(0).await;
}

#[tokio::test]
async fn stopping_turns_a_new_one_away() {
    let stage = Stage::new().await;
    stage.gateway.shutdown().await;
    let mut device = Device::new(&stage, "/device").await;
    device.hears_a("{\"bye\":\"stopping\"").await;
}
