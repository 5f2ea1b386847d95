use crate::hub::{PATIENCE, Port};
use glassline_client::{Device, Settings};
use serde_json::json;
use serde_json::value::RawValue;
use std::time::Duration;

#[tokio::test]
async fn what_is_sent_while_nobody_is_there_arrives_in_order_once_somebody_is() {
    let port = Port::open().await;
    let device = port.device();
    for number in 1..=3 {
        assert!(device.send("n", number));
    }
    assert_eq!(device.queued(), 3);
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    assert!(hub.hears("seq").await.starts_with(r#"{"seq":1,"channel":"n","value":1"#));
    drop(hub);
    assert!(device.send("n", 4), "during the outage");
    let mut hub = port.hears_identify(r#""oldest":1"#).await;
    hub.welcomes(2, "k7-1", 1).await;
    for number in 2..=4 {
        let line = hub.hears("seq").await;
        assert!(line.starts_with(&format!(r#"{{"seq":{number},"channel":"n","value":{number}"#)), "{line}");
    }
    hub.says(r#"{"ack":4}"#).await;
    assert!(device.flush(PATIENCE).await);
    let books = device.books();
    assert!(books.balance() && books.acked == 4, "{books:?}");
}

#[tokio::test]
async fn a_full_outbox_drops_the_oldest_counts_them_and_declares_them() {
    let port = Port::open().await;
    let device = Device::with(port.settings().holding(2, 1 << 20)).expect("a device");
    for number in 1..=5 {
        assert!(device.send("n", number), "it is accepted: an older one goes");
    }
    assert_eq!((device.queued(), device.dropped()), (2, 3));
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    assert_eq!(hub.hears("skip").await.trim_end(), r#"{"skip":3,"reason":"overflow"}"#);
    hub.hears(r#"{"seq":5,"channel":"n","value":5"#).await;
    hub.says(r#"{"ack":5}"#).await;
    assert!(device.flush(PATIENCE).await);
    let books = device.books();
    assert!(books.balance() && (books.acked, books.dropped) == (2, 3), "{books:?}");
}

#[tokio::test]
async fn what_no_hub_would_take_is_not_accepted() {
    let device = Device::new("tcp://127.0.0.1:1", "pump-1", "").expect("a device");
    let deep = (0..20).fold(json!(1), |value, _| json!([value]));
    assert!(!device.send("", 1), "a channel without a name");
    assert!(!device.send(&"x".repeat(200), 1), "a name that is too long");
    assert!(!device.send("text", "x".repeat(70_000)), "a line that is too long");
    assert!(!device.send("deep", deep), "too many levels");
    assert!(!device.send_many([("n", 1), ("n", 2)]), "a channel twice");
    assert!(!device.send_many(Vec::<(String, u8)>::new()), "nothing");
    assert!(!device.describe(json!(5)) && device.describe(json!({"n": {"unit": "°C"}})));
    assert!(!device.send_unnumbered("n", 1), "nobody is there");
    assert_eq!(device.books().accepted, 0);
}

#[tokio::test]
async fn values_go_out_digit_for_digit_on_one_line_with_their_time() {
    let port = Port::open().await;
    let device = port.device();
    let exact = RawValue::from_string("21.50".to_owned()).expect("JSON");
    let pretty = RawValue::from_string("[1,\r\n  2]".to_owned()).expect("JSON");
    assert!(device.send_at(1_763_846_847_123, [("a", exact), ("b", pretty)]));
    assert!(device.send("n", 1));
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    let line = hub.hears("seq").await;
    assert_eq!(line.trim_end(), r#"{"seq":1,"values":{"a":21.50,"b":[1,    2]},"ts":1763846847123}"#);
    let now = hub.hears("seq").await;
    assert!(now.contains(r#""ts":1"#), "the clock's time: {now}");
}

#[tokio::test]
async fn a_flush_waits_for_the_acks_and_a_close_does_not() {
    let port = Port::open().await;
    let device = port.device();
    assert!(device.flush(Duration::ZERO).await, "there is nothing to wait for");
    assert!(device.send("n", 1));
    assert!(!device.flush(Duration::from_millis(1)).await, "nobody is there");
    assert!(!device.sync().await, "it is in memory");
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    hub.hears("seq").await;
    assert!(!device.close().await, "one is not taken over, and in memory");
    assert!(!device.send("n", 2), "nothing is accepted any more");
    assert_eq!(hub.line().await, None, "the connection ended");
    assert!(device.books().balance());
}

#[tokio::test]
async fn a_window_of_0_keeps_everything_until_it_opens() {
    let port = Port::open().await;
    let device = port.device();
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    hub.says(r#"{"window":0}"#).await;
    hub.says(r#"{"command":1,"channel":"x","value":0,"ttl":5000}"#).await;
    // When it has answered, it has read the window.
    hub.hears("result").await;
    assert!(device.send("n", 1) && device.send("n", 2));
    hub.says(r#"{"command":2,"channel":"x","value":0,"ttl":5000}"#).await;
    assert!(hub.line().await.expect("a line").contains(r#"{"result":2"#), "no sample before");
    hub.says(r#"{"window":64}"#).await;
    hub.hears(r#""seq":2"#).await;
    hub.says(r#"{"ack":2}"#).await;
    assert!(device.flush(PATIENCE).await);
}

#[tokio::test]
async fn a_device_that_nobody_has_any_more_ends() {
    let port = Port::open().await;
    let device =
        Device::with(Settings::new(&port.address(), "pump-1", "").expect("settings")).expect("a device");
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    drop(device);
    assert_eq!(hub.line().await, None, "the connection ended");
}
