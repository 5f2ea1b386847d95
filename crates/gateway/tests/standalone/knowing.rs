//! Who may come in while no hub is there (rule U7).

use crate::hub::Hub;
use crate::rig::{Device, Station, hub};

#[tokio::test(flavor = "multi_thread")]
async fn a_known_device_comes_back_without_a_hub_and_a_new_one_is_told_to_come_later() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let (mut device, _) = station.device("pump-1").await;
    device.sends(1, 5).await;
    house.until("all arrives", |books| books.entries.len() == 5).await;
    assert_eq!(house.books().asked, 1);
    station.stop().await;

    // No hub at all.
    let station = Station::start(state.path(), Vec::new()).await;
    let (mut device, _) = station.device("pump-1").await;
    device.sends(1, 5).await;
    let mut other = Device::connect(station.lines).await;
    other.says(r#"{"identify":"pump-2","token":"x","nonce":1}"#).await;
    let bye = other.hears("bye").await;
    assert_eq!((&bye["bye"], &bye["again"]), (&"no_hub".into(), &"later".into()));
    let mut thief = Device::connect(station.lines).await;
    thief.says(r#"{"identify":"pump-1","token":"another","nonce":1}"#).await;
    assert_eq!(thief.hears("bye").await["bye"], "no_hub");
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_says_no_is_obeyed() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let (_first, _) = station.device("pump-1").await;
    let mut nobody = Device::connect(station.lines).await;
    // The hub of this test makes no devices.
    nobody.says(r#"{"identify":"","token":"x"}"#).await;
    let bye = nobody.hears("bye").await;
    assert_eq!((&bye["bye"], &bye["again"]), (&"auth".into(), &"never".into()));
    station.stop().await;
}
