//! Lines over WebSocket.

use crate::scripted::{Stage, soon};
use futures_util::{SinkExt, StreamExt};
use gateway::listen;
use protocol::code::Bye;
use protocol::intake::Post;
use protocol::limits::IN_FLIGHT_MESSAGES_MAX;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

struct Device(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// Answers one handshake on `listener` as HTTP would, and gives the socket to the gateway, with `read` as what was read
/// behind the handshake.
async fn upgrade(listener: TcpListener, stage: &Stage, read: Vec<u8>) {
    let (mut stream, address) = listener.accept().await.expect("a connection");
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.expect("a request"));
    }
    let request = String::from_utf8(request).expect("text");
    let key = request
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(name, _)| *name == "Sec-WebSocket-Key"));
    let accept = derive_accept_key(key.expect("a key").1.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.expect("the connection holds");
    let (stream, gateway) = (stream.into_std().expect("a socket"), stage.gateway.clone());
    stage.loops.handle().adopt(stream, read, move |remote| listen::websocket(&gateway, address, remote));
}

impl Device {
    async fn new(stage: &Stage) -> Self {
        Self::with(stage, Vec::new()).await
    }

    async fn with(stage: &Stage, read: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("it is bound");
        let (device, ()) =
            tokio::join!(connect_async(format!("ws://{address}/device")), upgrade(listener, stage, read));
        Self(device.expect("an upgrade").0)
    }

    async fn says(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("the connection holds");
    }

    /// The close that is said to it: its code.
    async fn hears_the_close(&mut self) -> u16 {
        match soon(self.0.next()).await {
            Some(Ok(Message::Close(Some(close)))) => close.code.into(),
            other => panic!("{other:?} instead of a close"),
        }
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
    let mut device = Device::new(&stage).await;
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
async fn what_was_read_behind_the_handshake_counts() {
    let mut stage = Stage::new().await;
    let mut device = Device::with(&stage, frame(1, "{\"identify\":\"pump-1\"}")).await;
    let mut conversation = stage.asked().await.welcome(None);
    device.hears_a("{\"welcome\":\"pump-1\"").await;
    device.says("{\"x\":1}\n{\"y\":2}").await;
    assert_eq!(conversation.takes().await, "x 1");
    assert_eq!(conversation.takes().await, "y 2");
}

#[tokio::test]
async fn whoever_is_told_to_go_hears_it_before_the_close() {
    let mut stage = Stage::new().await;
    let mut device = Device::new(&stage).await;
    device.says("{\"identify\":\"pump-1\"}").await;
    let mut conversation = stage.asked().await.welcome(None);
    device.hears_a("{\"welcome\"").await;
    conversation.outlet.post(Post::Bye(Bye::Removed));
    device.hears_a("{\"bye\":\"removed\"").await;
    assert_eq!(device.hears_the_close().await, 1000);
    conversation.ends().await;
    stage.counts(0).await;
}

#[tokio::test]
async fn stopping_turns_a_new_one_away() {
    let stage = Stage::new().await;
    stage.gateway.shutdown().await;
    let mut device = Device::new(&stage).await;
    device.hears_a("{\"bye\":\"stopping\"").await;
    assert_eq!(device.hears_the_close().await, 1000);
}

#[tokio::test]
async fn a_ping_is_answered_between_the_lines() {
    let mut stage = Stage::new().await;
    let mut device = Device::new(&stage).await;
    device.says("{\"identify\":\"pump-1\",\"nonce\":1}").await;
    let mut conversation = stage.asked().await.welcome(Some(0));
    device.hears_a("{\"welcome\"").await;
    device.0.send(Message::Ping("there?".into())).await.expect("the connection holds");
    let pong = soon(device.0.next()).await.expect("a frame").expect("the connection holds");
    assert_eq!(pong, Message::Pong("there?".into()));
    device.says("{\"seq\":1,\"channel\":\"x\",\"value\":1}").await;
    assert_eq!(conversation.takes().await, "1 x 1");
}

#[tokio::test]
async fn what_was_said_before_a_close_is_taken_and_acked() {
    let mut stage = Stage::new().await;
    let mut device = Device::new(&stage).await;
    device.says("{\"identify\":\"pump-1\",\"nonce\":1}").await;
    let mut conversation = stage.asked().await.welcome(Some(0));
    device.hears_a("{\"welcome\"").await;
    for seq in 1..=2 {
        device.says(&format!("{{\"seq\":{seq},\"channel\":\"x\",\"value\":{seq}}}")).await;
    }
    let away = CloseFrame { code: CloseCode::Away, reason: "".into() };
    device.0.send(Message::Close(Some(away))).await.expect("the connection holds");
    assert_eq!(conversation.takes().await, "1 x 1");
    assert_eq!(conversation.takes().await, "2 x 2");
    assert!(conversation.hears_nothing_more(), "it has not ended before it is acked");
    conversation.commit(Some(2), 2);
    device.hears_a("{\"ack\":2}").await;
    assert_eq!(device.hears_the_close().await, 1001);
    conversation.ends().await;
    stage.counts(0).await;
}

#[tokio::test]
async fn what_is_no_line_at_all_ends_the_connection_with_its_code() {
    let too_long = [&[0x81, 0xff][..], &(1_u64 << 20).to_be_bytes(), &[0; 4]].concat();
    let no_text = [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff].to_vec();
    let unmasked = vec![0x81, 0x01, b'x'];
    for (bytes, code) in [(too_long, 1009), (no_text, 1007), (unmasked, 1002)] {
        let mut stage = Stage::new().await;
        let mut device = Device::with(&stage, [frame(1, "{\"identify\":\"pump-1\"}"), bytes].concat()).await;
        let mut conversation = stage.asked().await.welcome(None);
        conversation.ends().await;
        assert_eq!(device.hears_the_close().await, code);
        stage.counts(0).await;
    }
}

#[tokio::test]
async fn frames_wait_while_what_went_before_is_not_committed() {
    let mut stage = Stage::new().await;
    let mut device = Device::new(&stage).await;
    device.says("{\"identify\":\"pump-1\",\"nonce\":1}").await;
    let mut conversation = stage.asked().await.welcome(Some(0));
    device.hears_a("{\"welcome\"").await;
    let last = u64::from(IN_FLIGHT_MESSAGES_MAX) + 10;
    for seq in 1..=last {
        device.says(&format!("{{\"seq\":{seq},\"channel\":\"x\",\"value\":{seq}}}")).await;
    }
    for seq in 1..=u64::from(IN_FLIGHT_MESSAGES_MAX) {
        assert_eq!(conversation.takes().await, format!("{seq} x {seq}"));
    }
    conversation.outlet.post(Post::Window(3));
    device.hears_a("{\"window\":3}").await;
    assert!(conversation.hears_nothing_more());
    conversation.commit(Some(last - 10), IN_FLIGHT_MESSAGES_MAX);
    for seq in last - 9..=last {
        assert_eq!(conversation.takes().await, format!("{seq} x {seq}"));
    }
}

/// A frame as a client sends it, with a mask that changes nothing.
fn frame(opcode: u8, payload: &str) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("short");
    assert!(length < 126);
    [&[0x80 | opcode, 0x80 | length, 0, 0, 0, 0], payload.as_bytes()].concat()
}
