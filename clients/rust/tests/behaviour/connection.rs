use crate::hub::{PATIENCE, Port, until};
use futures_util::{SinkExt as _, StreamExt as _};
use glassline_client::{Device, Reason, blocking};
use std::sync::mpsc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// A device, and what its program is told.
fn told(port: &Port) -> (Device, mpsc::Receiver<String>) {
    let device = port.device();
    let (telling, told) = mpsc::channel();
    let other = telling.clone();
    device
        .on_connected(move |resumed| telling.send(format!("connected {resumed}")).expect("the test goes on"));
    device.on_disconnected(move |why| other.send(why.to_string()).expect("the test goes on"));
    (device, told)
}

async fn next(told: &mpsc::Receiver<String>) -> String {
    let mut line = None;
    until(|| {
        line = told.try_recv().ok();
        line.is_some()
    })
    .await;
    line.expect("it came")
}

#[tokio::test]
async fn the_program_is_told_whether_the_session_goes_on() {
    let port = Port::open().await;
    let (device, told) = told(&port);
    device.connect();
    let mut hub = port.hears_identify("\"boot\":true").await;
    assert!(!device.connected());
    hub.welcomes(1, "k7-1", 0).await;
    assert_eq!(next(&told).await, "connected false");
    assert!(device.connected());
    assert_eq!(device.session().as_deref(), Some("k7-1"));
    drop(hub);
    assert!(next(&told).await.contains("closed the connection"));
    assert!(!device.connected());
    let mut hub = port.hears_identify(r#""session":"k7-1""#).await;
    hub.welcomes(2, "k7-1", 0).await;
    assert_eq!(next(&told).await, "connected true");
    hub.says(r#"{"bye":"stopping","again":"later"}"#).await;
    assert_eq!(next(&told).await, "The hub is stopping.");
    let mut hub = port.hears_identify(r#""session":"k7-1""#).await;
    hub.welcomes(3, "m3-1", 0).await;
    assert_eq!(next(&told).await, "connected false");
}

#[tokio::test]
async fn a_device_that_is_refused_for_good_does_not_come_back_and_says_so() {
    let port = Port::open().await;
    let (device, told) = told(&port);
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.says(r#"{"bye":"auth","again":"never"}"#).await;
    let why = device.ended().await;
    assert!(!why.comes_back() && matches!(&why, Reason::Told { code, .. } if code == "auth"), "{why:?}");
    assert_eq!(
        next(&told).await,
        "The token does not count here: there is none, or it is unknown, used up, taken back or of another id."
    );
    assert!(device.send("n", 1), "what it measures is kept all the same");
}

#[tokio::test]
async fn every_line_of_the_hub_is_told_to_who_wants_the_raw_thing() {
    let port = Port::open().await;
    let device = port.device();
    let (telling, told) = mpsc::channel();
    device.on_message(move |line| telling.send(line.to_owned()).expect("the test goes on"));
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    hub.says("").await;
    hub.says(r#"{"$new":  5}"#).await;
    assert!(next(&told).await.starts_with(r#"{"welcome""#));
    assert_eq!(next(&told).await, r#"{"$new":  5}"#);
}

#[tokio::test]
async fn a_hub_that_does_not_read_never_holds_up_a_send() {
    let port = Port::open().await;
    let device = Device::with(port.settings().holding(100_000, 64 << 20)).expect("a device");
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    until(|| device.connected()).await;
    // Far more than the socket takes: nobody reads from here on.
    let text = "x".repeat(60_000);
    for number in 0..500 {
        assert!(device.send("text", format!("{number} {text}")));
    }
    let books = device.books();
    assert!(books.balance() && books.queued == 500, "{books:?}");
}

#[tokio::test]
async fn a_hub_that_does_not_read_is_told_little_that_is_not_kept() {
    let port = Port::open().await;
    let device = port.device();
    device.connect();
    let mut hub = port.hears_identify("pump-1").await;
    hub.welcomes(1, "k7-1", 0).await;
    is_told_little(&device).await;
    drop(hub);

    let (address, listener) = web_port().await;
    let device = Device::new(&address, "pump-1", "").expect("a device");
    device.connect();
    let _unread = welcomes_over_web(&listener).await;
    is_told_little(&device).await;
}

async fn is_told_little(device: &Device) {
    until(|| device.connected()).await;
    let text = "x".repeat(60_000);
    let mut sent = 0;
    let until_it_says_no = async {
        while device.send_unnumbered("text", &text) {
            sent += 1;
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, until_it_says_no).await.expect("it comes to an end");
    assert!(sent > 0 && device.send("n", 1), "{sent}; what is kept is accepted all the same");
}

async fn web_port() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    (format!("ws://{}", listener.local_addr().expect("it is bound")), listener)
}

async fn welcomes_over_web(listener: &TcpListener) -> WebSocketStream<TcpStream> {
    let stream = listener.accept().await.expect("a device").0;
    let mut socket = accept_async(stream).await.expect("a handshake");
    let identify = socket.next().await.expect("a frame").expect("text").to_string();
    let identify: serde_json::Value = serde_json::from_str(&identify).expect("JSON");
    let welcome = serde_json::json!({"welcome": "pump-1", "nonce": identify["nonce"], "session": "k7-1", "ack": 0,
        "window": 64, "heartbeat": 15, "line_max": 65536, "time": 0});
    socket.send(Message::text(welcome.to_string())).await.expect("it holds");
    socket
}

#[tokio::test]
async fn it_speaks_over_a_web_socket_too() {
    let (address, listener) = web_port().await;
    let device = Device::new(&address, "pump-1", "").expect("a device");
    device.send("temperature", 21.5);
    device.connect();
    let mut socket = welcomes_over_web(&listener).await;
    let sample = socket.next().await.expect("a frame").expect("text").to_string();
    assert!(sample.starts_with(r#"{"seq":1,"channel":"temperature","value":21.5,"ts":"#), "{sample}");
    socket.send(Message::text(r#"{"ack":1}"#)).await.expect("it holds");
    assert!(device.flush(PATIENCE).await);
}

#[test]
fn the_blocking_face_does_the_same_on_a_thread_of_its_own() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime for the hub");
    let port = runtime.block_on(Port::open());
    let device = blocking::Device::with(port.settings()).expect("a device");
    assert!(device.send("n", 1));
    device.connect();
    let hub = runtime.spawn(async move {
        let mut hub = port.hears_identify("pump-1").await;
        hub.welcomes(1, "k7-1", 0).await;
        hub.hears(r#""seq":1"#).await;
        hub.says(r#"{"ack":1}"#).await;
        hub.line().await
    });
    assert!(device.flush(PATIENCE));
    assert_eq!((device.queued(), device.dropped(), device.connected()), (0, 0, true));
    assert!(device.close());
    assert!(!device.send("n", 2), "it is closed");
    assert_eq!(device.ended(), Reason::Closed);
    assert_eq!(runtime.block_on(hub).expect("the hub went on"), None, "the connection ended");
}

#[test]
fn a_handle_ends_with_the_thread_of_its_device() {
    let device = blocking::Device::new("tcp://127.0.0.1:1", "pump-1", "").expect("a device");
    device.connect();
    let handle = device.handle();
    drop(device);
    let runtime = tokio::runtime::Runtime::new().expect("another runtime");
    let closed = runtime.block_on(async { timeout(PATIENCE, handle.close()).await });
    assert_eq!(closed, Ok(true), "there was nothing to lose");
}

#[test]
fn what_is_no_address_or_no_id_is_refused_with_a_reason() {
    let error = Device::new("http://hub:7071", "pump-1", "").err().expect("refused");
    assert!(error.to_string().contains("none of tcp://"), "{error}");
    assert!(Device::new("tcp://hub", "pump 1", "").is_err());
    let nobody = blocking::Device::new("tcp://127.0.0.1:1", "pump-1", "").expect("a device");
    nobody.connect();
    assert!(nobody.send("n", 1) && !nobody.flush(Duration::from_millis(1)));
}
