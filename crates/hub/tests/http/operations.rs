//! Health, counters and the description.

use crate::rig::Rig;

#[tokio::test]
async fn health_readiness_and_counters_need_no_credential() {
    let rig = Rig::start().await;
    rig.make("boiler-7").await;
    assert_eq!(rig.ask("GET", "/healthz").send().await.json()["status"], "alive");
    let ready = rig.ask("GET", "/readyz").send().await.json();
    assert_eq!((&ready["status"], &ready["durability"]), (&"ready".into(), &"disk".into()));
    let metrics = rig.ask("GET", "/metrics").send().await;
    assert!(metrics.header("content-type").is_some_and(|kind| kind.starts_with("text/plain; version=0.0.4")));
    assert!(metrics.body.contains("glassline_devices{presence=\"offline\"} 1\n"), "{}", metrics.body);
    assert!(metrics.body.contains("glassline_http_responses_total{class=\"2xx\"} 3\n"), "{}", metrics.body);
    assert!(metrics.body.contains("\nglassline_storage_up 1\n"), "{}", metrics.body);
    assert!(!metrics.body.contains("boiler-7"));
}

#[tokio::test]
async fn a_hub_that_stops_is_alive_and_not_ready() {
    let rig = Rig::start().await;
    let hub = rig.hub.clone();
    tokio::task::spawn_blocking(move || hub.stop()).await.expect("it stopped");
    assert_eq!(rig.ask("GET", "/healthz").send().await.status, 200);
    let ready = rig.ask("GET", "/readyz").send().await;
    assert_eq!((ready.status, ready.error_code().as_str()), (503, "unavailable"));
}

#[tokio::test]
async fn the_description_is_served() {
    let rig = Rig::start().await;
    let document = rig.ask("GET", "/openapi.json").send().await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}
