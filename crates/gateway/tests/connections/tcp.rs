//! Lines over TCP.

use crate::scripted::{Heard, Stage};
use protocol::code::{Bye, Fault};
use protocol::intake::Post;

#[tokio::test]
async fn lines_that_come_in_pieces_are_put_together() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    for piece in ["{\"identify\":\"pu", "mp-1\",\"non", "ce\":7}\r", "\n"] {
        device.says(piece).await;
    }
    let asked = stage.asked().await;
    assert_eq!(asked.identify.device.as_ref().map(|device| device.as_str()), Some("pump-1"));
    assert!(asked.peer.address.starts_with("tcp 127.0.0.1:"), "{}", asked.peer.address);
    let mut conversation = asked.welcome(Some(0));
    device.hears_a("{\"welcome\":\"pump-1\",\"nonce\":7,\"session\":\"k7-1\"").await;
    device.says("{\"seq\":1,\"channel\":\"temper").await;
    device.says("ature\",\"value\":21.50}\n\n{\"hum").await;
    assert_eq!(conversation.takes().await, "1 temperature 21.50");
    device.says("idity\":40}\n").await;
    assert_eq!(conversation.takes().await, "humidity 40");
    conversation.commit(Some(1), 2);
    device.hears_a("{\"ack\":1}").await;
}

#[tokio::test]
async fn lines_behind_an_identify_wait_for_its_answer() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says("{\"identify\":\"pump-1\"}\n{\"temperature\":1}\n{\"temperature\":2}\n").await;
    let mut conversation = stage.asked().await.welcome(None);
    assert_eq!(conversation.takes().await, "temperature 1");
    assert_eq!(conversation.takes().await, "temperature 2");
    device.hears_a("{\"welcome\":\"pump-1\"").await;
}

#[tokio::test]
async fn a_bad_line_is_told_with_its_number_and_hurts_nobody() {
    let mut stage = Stage::new().await;
    let (mut bad, mut good) = (stage.device().await, stage.device().await);
    good.says("{\"identify\":\"good\"}\n").await;
    let mut conversation = stage.asked().await.welcome(None);
    bad.says("{\"identify\":\"bad\"}\n").await;
    let mut other = stage.asked().await.welcome(None);
    bad.says("\n{\"x\":}\n").await;
    bad.hears_a("{\"welcome\"").await;
    bad.hears_a("{\"error\":{\"line\":3,\"at\":5,\"code\":\"bad_json\"").await;
    let long = "x".repeat(70_000);
    bad.says(&format!("{long}\n{{\"x\":1}}\n")).await;
    bad.hears_a("{\"error\":{\"line\":4,\"at\":65536,\"code\":\"too_long\"").await;
    assert_eq!(other.takes().await, "x 1");
    good.says("{\"y\":2}\n").await;
    assert_eq!(conversation.takes().await, "y 2");
}

#[tokio::test]
async fn what_was_not_taken_is_told_with_its_line_however_many_followed() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says("{\"identify\":\"pump-1\"}\n\n{\"x\":1}\n{\"x\":2}\n{\"describe\":{}}\n").await;
    let mut conversation = stage.asked().await.welcome(None);
    device.hears_a("{\"welcome\"").await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        match conversation.hears().await {
            Heard::Said { line, .. } => lines.push(line),
            Heard::Ended => panic!("it goes on"),
        }
    }
    assert_eq!(lines, [3, 4, 5]);
    conversation.outlet.post(Post::Complaint { line: lines[0], fault: Fault::TooMany, seq: None });
    device.hears_a("{\"error\":{\"line\":3,\"at\":0,\"code\":\"too_many\"").await;
}

#[tokio::test]
async fn a_refused_device_hears_why_and_is_let_go() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says("{\"identify\":\"pump-1\",\"token\":\"wrong\"}\n").await;
    stage.asked().await.outlet.post(Post::Refused { fault: Some(Fault::Auth), bye: Bye::Auth });
    device.hears_a("{\"error\":{\"line\":1,\"at\":0,\"code\":\"auth\"").await;
    device.hears_a("{\"bye\":\"auth\",\"again\":\"never\"}").await;
    device.hears_the_end().await;
    drop(device);
    stage.counts(0).await;
}

#[tokio::test]
async fn a_second_identify_as_somebody_else_ends_the_first() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says("{\"identify\":\"one\",\"nonce\":1}\n").await;
    let asked = stage.asked().await;
    let number = asked.peer.connection;
    let mut first = asked.welcome(Some(0));
    device.hears_a("{\"welcome\":\"one\"").await;
    device.says("{\"identify\":\"one\",\"nonce\":2}\n").await;
    let asked = stage.asked().await;
    assert_eq!(asked.peer.connection, number);
    let mut again = asked.welcome(Some(0));
    device.hears_a("{\"welcome\":\"one\",\"nonce\":2").await;
    // The lane of the first identify is over; that the same device goes on, the intake knows by the connection.
    first.ends().await;
    device.says("{\"identify\":\"two\",\"nonce\":3}\n").await;
    let _second = stage.asked().await.welcome(Some(0));
    again.ends().await;
    device.hears_a("{\"welcome\":\"two\"").await;
    let devices: Vec<_> = stage.gateway.connections().into_iter().map(|live| live.device).collect();
    assert_eq!(devices, [Some("two".into())]);
}
