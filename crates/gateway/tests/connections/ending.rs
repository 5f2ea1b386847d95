//! How connections end, and that whoever has to know it does.

use crate::scripted::{Stage, soon};
use gateway::Limits;
use protocol::code::Bye;
use protocol::intake::Post;
use std::sync::Arc;

const IDENTIFY: &str = "{\"identify\":\"pump-1\",\"nonce\":1}\n";

#[tokio::test]
async fn whoever_is_replaced_is_told_and_nothing_more_is_taken() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says(IDENTIFY).await;
    let mut conversation = stage.asked().await.welcome(Some(0));
    device.hears_a("{\"welcome\"").await;
    conversation.outlet.post(Post::Bye(Bye::Replaced));
    conversation.ends().await;
    device.says("{\"temperature\":1}\n").await;
    device.hears_a("{\"bye\":\"replaced\",\"again\":\"later\"}").await;
    device.hears_the_end().await;
    assert!(conversation.hears_nothing_more());
    // The device closes only now: until then it could have read the line above.
    drop(device);
    stage.counts(0).await;
}

#[tokio::test]
async fn a_device_that_goes_is_gone() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says(IDENTIFY).await;
    let mut conversation = stage.asked().await.welcome(Some(0));
    device.hears_a("{\"welcome\"").await;
    drop(device);
    conversation.ends().await;
    stage.counts(0).await;
    conversation.commit(Some(1), 1);
}

#[tokio::test]
async fn what_was_said_before_the_end_is_taken_and_acked() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says(IDENTIFY).await;
    device
        .says("{\"seq\":1,\"channel\":\"x\",\"value\":1}\n{\"seq\":2,\"channel\":\"x\",\"value\":2}\n")
        .await;
    device.is_done().await;
    let mut conversation = stage.asked().await.welcome(Some(0));
    assert_eq!(conversation.takes().await, "1 x 1");
    assert_eq!(conversation.takes().await, "2 x 2");
    device.hears_a("{\"welcome\"").await;
    assert!(conversation.hears_nothing_more(), "it has not ended before it is acked");
    conversation.commit(Some(2), 2);
    device.hears_a("{\"ack\":2}").await;
    conversation.ends().await;
    device.hears_the_end().await;
}

#[tokio::test]
async fn a_device_that_is_gone_before_it_is_welcome_is_not_online() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says("\n").await;
    device.hears_a("{\"need\":\"identify\"}").await;
    device.says(IDENTIFY).await;
    let asked = stage.asked().await;
    drop(device);
    asked.welcome(Some(0)).ends().await;
    stage.counts(0).await;
}

#[tokio::test]
async fn a_device_that_is_told_to_go_before_it_is_welcome_is_not_online() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says(IDENTIFY).await;
    let asked = stage.asked().await;
    asked.outlet.post(Post::Bye(Bye::Removed));
    device.hears_a("{\"bye\":\"removed\"").await;
    asked.welcome(Some(0)).ends().await;
    device.hears_the_end().await;
}

#[tokio::test]
async fn an_identify_that_is_never_answered_leaves_nothing_behind() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says(IDENTIFY).await;
    let asked = stage.asked().await;
    asked.outlet.post(Post::Bye(Bye::Replaced));
    device.hears_a("{\"bye\":\"replaced\"").await;
    device.hears_the_end().await;
    drop(device);
    stage.counts(0).await;
    // Whoever still holds the way back is the only one: nothing waits there for an answer.
    soon(async {
        while Arc::strong_count(&asked.outlet) > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_silent_device_is_told_after_two_heartbeats() {
    let mut stage = Stage::new().await;
    let mut device = stage.device().await;
    device.says("{\"identify\":\"pump-1\",\"heartbeat\":1}\n").await;
    let mut conversation = stage.asked().await.welcome(None);
    device.hears_a("{\"welcome\"").await;
    device.hears_a("").await;
    let mut last = device.hears().await.expect("a line");
    while last.is_empty() {
        // Another heartbeat may be due together with the end.
        last = device.hears().await.expect("a line");
    }
    assert_eq!(last, "{\"bye\":\"silent\",\"again\":\"now\"}");
    conversation.ends().await;
}

#[tokio::test]
async fn stopping_tells_everybody_and_takes_nobody() {
    let mut stage = Stage::new().await;
    let (mut device, mut stranger) = (stage.device().await, stage.device().await);
    device.says(IDENTIFY).await;
    let mut conversation = stage.asked().await.welcome(Some(0));
    device.hears_a("{\"welcome\"").await;
    stage.counts(2).await;
    let gateway = stage.gateway.clone();
    let stopped = tokio::spawn(async move { gateway.shutdown().await });
    for device in [&mut device, &mut stranger] {
        device.hears_a("{\"bye\":\"stopping\",\"again\":\"later\"}").await;
        device.hears_the_end().await;
    }
    conversation.ends().await;
    drop((device, stranger));
    soon(stopped).await.expect("it stops");
    assert!(stage.gateway.connections().is_empty());
}

#[tokio::test]
async fn one_too_many_is_turned_away() {
    let stage = Stage::with(Limits { connections_max: 1, ..Limits::default() }).await;
    let first = stage.device().await;
    stage.counts(1).await;
    let mut second = stage.device().await;
    second.hears_a("{\"bye\":\"full\",\"again\":\"later\"}").await;
    second.hears_the_end().await;
    drop(first);
    stage.counts(0).await;
    let _third = stage.device().await;
    stage.counts(1).await;
}
