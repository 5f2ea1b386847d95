use crate::hub::Port;
use serde_json::json;
use serde_json::value::RawValue;

#[tokio::test]
async fn what_a_handler_returns_is_the_result_and_its_error_the_reason() {
    let port = Port::open().await;
    let device = port.device();
    device.on_command("fan", |on: bool| Ok(json!({"on": on})));
    device.on_command("valve", |_: f64| -> Result<(), _> { Err("valve stuck".into()) });
    device.on_command("reset", |(): ()| Ok(()));
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    for (command, result) in [
        (
            r#"{"command":1,"channel":"fan","value":true,"ttl":5000}"#,
            r#"{"result":1,"ok":true,"value":{"on":true}}"#,
        ),
        (
            r#"{"command":2,"channel":"valve","value":0.5,"ttl":5000}"#,
            r#"{"result":2,"ok":false,"reason":"valve stuck"}"#,
        ),
        (r#"{"command":3,"channel":"reset","value":null,"ttl":5000}"#, r#"{"result":3,"ok":true}"#),
        (
            r#"{"command":4,"channel":"door","value":1,"ttl":5000}"#,
            r#"{"result":4,"ok":false,"reason":"nothing here takes commands on door"}"#,
        ),
    ] {
        hub.says(command).await;
        assert_eq!(hub.hears("result").await.trim_end(), result);
    }
    hub.says(r#"{"command":5,"channel":"fan","value":"fast","ttl":5000}"#).await;
    let refused = hub.hears("result").await;
    assert!(refused.contains("not understood: invalid type"), "{refused}");
    device.on_other_commands(|channel, value: f64| Ok(format!("{channel} {value}")));
    hub.says(r#"{"command":6,"channel":"door","value":1,"ttl":5000}"#).await;
    assert_eq!(hub.hears("result").await.trim_end(), r#"{"result":6,"ok":true,"value":"door 1"}"#);
    hub.says(r#"{"command":7,"channel":"reset","value":null,"ttl":5000}"#).await;
    assert_eq!(hub.hears("result").await.trim_end(), r#"{"result":7,"ok":true}"#);
}

#[tokio::test]
async fn an_answer_that_no_hub_would_take_is_a_failure_that_says_so() {
    let port = Port::open().await;
    let device = port.device();
    device.on_command("text", |bytes: usize| Ok("x".repeat(bytes)));
    device.on_command("deep", |levels: usize| Ok((0..levels).fold(json!(1), |value, _| json!([value]))));
    device.on_command("pretty", |_: bool| Ok(RawValue::from_string("[1,\n2]".to_owned())?));
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    for (command, result) in [
        (
            r#"{"command":1,"channel":"text","value":70000,"ttl":5000}"#,
            r#"{"result":1,"ok":false,"reason":"done, but the answer is too long"}"#,
        ),
        (
            r#"{"command":2,"channel":"deep","value":20,"ttl":5000}"#,
            r#"{"result":2,"ok":false,"reason":"done, but no answer: "#,
        ),
        (
            r#"{"command":3,"channel":"pretty","value":true,"ttl":5000}"#,
            r#"{"result":3,"ok":true,"value":[1, 2]}"#,
        ),
    ] {
        hub.says(command).await;
        let said = hub.hears("result").await;
        assert!(said.starts_with(result), "{said}");
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_as_failed_and_the_program_goes_on() {
    let port = Port::open().await;
    let device = port.device();
    let mut calls = 0;
    device.on_command("fan", move |_: bool| {
        calls += 1;
        assert!(calls > 1, "the first time it breaks");
        Ok(calls)
    });
    device.on_connected(|_| panic!("so does this one"));
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    hub.says(r#"{"command":1,"channel":"fan","value":true,"ttl":5000}"#).await;
    let failed = hub.hears("result").await;
    assert!(failed.contains(r#""ok":false"#) && failed.contains("the first time it breaks"), "{failed}");
    hub.says(r#"{"command":2,"channel":"fan","value":true,"ttl":5000}"#).await;
    assert_eq!(hub.hears("result").await.trim_end(), r#"{"result":2,"ok":true,"value":2}"#);
    assert!(device.send("n", 1));
    hub.hears(r#""seq":1"#).await;
}

#[tokio::test]
async fn what_a_handler_sends_is_there_before_its_result() {
    let port = Port::open().await;
    let device = port.device();
    let sending = device.clone();
    device.on_command("reset", move |_: bool| Ok(sending.send("rain", 0)));
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    hub.says(r#"{"command":1,"channel":"reset","value":true,"ttl":5000}"#).await;
    assert!(hub.line().await.expect("a line").starts_with(r#"{"seq":1,"channel":"rain","value":0"#));
    assert_eq!(hub.line().await.expect("a line").trim_end(), r#"{"result":1,"ok":true,"value":true}"#);
    device.close().await;
}

#[tokio::test]
async fn a_handler_that_hangs_holds_up_neither_samples_nor_heartbeats() {
    let port = Port::open().await;
    let device = port.device();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    device.on_command("fan", move |_: bool| Ok(wait.recv().is_err()));
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    hub.says(r#"{"command":1,"channel":"fan","value":true,"ttl":5000}"#).await;
    for number in 1..=3 {
        device.send("n", number);
        hub.hears(&format!("\"seq\":{number},")).await;
        hub.says(&format!("{{\"ack\":{number}}}")).await;
    }
    go_on.send(()).expect("the handler waits");
    assert_eq!(hub.hears("result").await.trim_end(), r#"{"result":1,"ok":true,"value":false}"#);
}

#[tokio::test]
async fn a_token_of_its_own_is_told_to_the_program() {
    let port = Port::open().await;
    let device = port.device();
    let (telling, told) = std::sync::mpsc::channel();
    device.on_token(move |token| telling.send(token.to_owned()).expect("the test goes on"));
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.says(
        r#"{"welcome":"pump-1","nonce":1,"session":"k7-1","ack":0,"window":64,"heartbeat":15,"line_max":65536,"time":0,"token":"own"}"#,
    )
    .await;
    let mut token = None;
    crate::hub::until(|| {
        token = told.try_recv().ok();
        token.is_some()
    })
    .await;
    assert_eq!(token.as_deref(), Some("own"));
}
