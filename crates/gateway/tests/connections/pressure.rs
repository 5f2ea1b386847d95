//! A side that is slower than the other: it is waited for, within bounds.

use crate::scripted::{Conversation, Device, Stage};
use protocol::intake::Post;
use protocol::limits::{IN_FLIGHT_MESSAGES_MAX, WRITE_BUFFER_BYTES_MAX};
use protocol::message::Command;

async fn welcome(stage: &mut Stage) -> (Device, Conversation) {
    let mut device = stage.device().await;
    device.says("{\"identify\":\"pump-1\",\"nonce\":1}\n").await;
    let conversation = stage.asked().await.welcome(Some(0));
    device.hears_a("{\"welcome\"").await;
    (device, conversation)
}

#[tokio::test]
async fn what_is_not_committed_holds_back_what_follows() {
    let mut stage = Stage::new().await;
    let (mut device, mut conversation) = welcome(&mut stage).await;
    let last = u64::from(IN_FLIGHT_MESSAGES_MAX) + 10;
    for seq in 1..=last {
        device.says(&format!("{{\"seq\":{seq},\"channel\":\"x\",\"value\":{seq}}}\n")).await;
    }
    for seq in 1..=u64::from(IN_FLIGHT_MESSAGES_MAX) {
        assert_eq!(conversation.takes().await, format!("{seq} x {seq}"));
    }
    // A post goes through all the same; meanwhile nothing more was taken.
    conversation.outlet.post(Post::Window(3));
    device.hears_a("{\"window\":3}").await;
    assert!(conversation.hears_nothing_more());
    conversation.commit(Some(4), 4);
    device.hears_a("{\"ack\":4}").await;
    for seq in 1..=4 {
        let seq = u64::from(IN_FLIGHT_MESSAGES_MAX) + seq;
        assert_eq!(conversation.takes().await, format!("{seq} x {seq}"));
    }
    conversation.commit(Some(last - 6), IN_FLIGHT_MESSAGES_MAX);
    for seq in last - 5..=last {
        assert_eq!(conversation.takes().await, format!("{seq} x {seq}"));
    }
}

#[tokio::test]
async fn a_device_that_does_not_read_is_let_go() {
    let mut stage = Stage::new().await;
    let (_device, mut conversation) = welcome(&mut stage).await;
    let value = serde_json::value::to_raw_value(&"x".repeat(60_000)).expect("JSON");
    // More than any socket takes up, and then what the gateway keeps.
    let bytes = 64 * 1024 * 1024 + WRITE_BUFFER_BYTES_MAX;
    for number in 1..=bytes / 60_000 {
        let command =
            Command { number: number as u64, channel: "fan".to_owned(), value: value.clone(), ttl: 5_000 };
        conversation.outlet.post(Post::Command(command));
        tokio::task::yield_now().await;
    }
    conversation.ends().await;
    // Nor does it read that it is let go: then it is cut.
    stage.counts(0).await;
}
