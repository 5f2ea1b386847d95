//! Many connections in one loop: each is served, and none ends for what another one does.

use crate::prompt::Prompt;
use crate::scripted::Stage;
use gateway::Limits;
use protocol::limits::IN_FLIGHT_MESSAGES_MAX;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc::unbounded_channel;

async fn stage(prompt: Prompt) -> Stage {
    Stage::of(Arc::new(prompt), Limits::default(), unbounded_channel().1).await
}

fn identify(id: &str) -> String {
    format!("{{\"identify\":\"{id}\",\"nonce\":1}}\n")
}

fn numbered(seq: u32) -> String {
    format!("{{\"seq\":{seq},\"channel\":\"x\",\"value\":{seq}}}\n")
}

#[tokio::test]
async fn hundreds_of_devices_are_each_answered_and_leave_nothing_behind() {
    let prompt = Prompt::new(|_, _| {});
    let lanes = prompt.lanes.clone();
    let stage = stage(prompt).await;
    let mut devices = Vec::new();
    for number in 0..300 {
        let mut device = stage.device().await;
        device.says(&identify(&format!("pump-{number}"))).await;
        devices.push(device);
    }
    for device in &mut devices {
        device.hears_a("{\"welcome\"").await;
    }
    for seq in 1..=3 {
        for device in &mut devices {
            device.says(&numbered(seq)).await;
        }
        for device in &mut devices {
            device.hears_a(&format!("{{\"ack\":{seq}}}")).await;
        }
    }
    let live = stage.gateway.connections();
    assert_eq!(live.iter().filter(|live| live.device.is_some()).count(), 300);
    assert!(live.is_sorted_by(|one, next| one.connection < next.connection));
    assert_eq!(lanes.load(Ordering::SeqCst), 300);
    drop(devices);
    stage.counts(0).await;
    assert_eq!(lanes.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_is_said_at_once_is_acked_at_once() {
    let stage = stage(Prompt::new(|_, _| {})).await;
    let mut device = stage.device().await;
    device.says(&identify("pump-1")).await;
    device.hears_a("{\"welcome\"").await;
    // More than may be in flight: but nothing is, as each is committed when it is taken.
    let last = IN_FLIGHT_MESSAGES_MAX + 20;
    device.says(&(1..=last).map(numbered).collect::<String>()).await;
    device.hears_a(&format!("{{\"ack\":{IN_FLIGHT_MESSAGES_MAX}}}")).await;
    device.hears_a(&format!("{{\"ack\":{last}}}")).await;
}

#[tokio::test]
async fn an_intake_that_panics_ends_that_connection_and_no_other() {
    let prompt = Prompt::new(|_, channel| assert_ne!(channel, "boom", "as the test wants it"));
    let lanes = prompt.lanes.clone();
    let stage = stage(prompt).await;
    let (mut bad, mut good) = (stage.device().await, stage.device().await);
    for (device, id) in [(&mut bad, "bad"), (&mut good, "good")] {
        device.says(&identify(id)).await;
        device.hears_a("{\"welcome\"").await;
    }
    bad.says("{\"boom\":1}\n").await;
    bad.hears_the_end().await;
    stage.counts(1).await;
    assert_eq!(stage.gateway.connections()[0].device.as_deref(), Some("good"));
    assert_eq!(lanes.load(Ordering::SeqCst), 1);
    good.says(&numbered(1)).await;
    good.hears_a("{\"ack\":1}").await;
}
