//! Who may come in, also while no hub is there (rule U7).

use crate::hub::Hub;
use crate::rig::{Device, PATIENCE, Station, hub};
use gateway::standalone::HubSettings;

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

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_does_not_answer_delays_no_device_and_is_asked_first_once_it_is_back() {
    let state = tempfile::tempdir().expect("a folder");
    let (attic, house) = (Hub::start().await, Hub::start().await);
    attic.books().is_mute = true;
    let station = Station::start(state.path(), vec![hub("attic", &attic), hub("house", &house)]).await;
    attic.until("both are there", |books| books.connections == 1).await;
    house.until("both are there", |books| books.connections == 1).await;
    let coming = async {
        let mut devices = Vec::new();
        for at in 0..8 {
            devices.push(station.device(&format!("pump-{at}")).await);
        }
        devices
    };
    // If each waited as long as one may at most, that were more than a minute.
    let _devices = tokio::time::timeout(PATIENCE, coming).await.expect("they come in");
    assert!(attic.books().asked < 8, "it was passed over from then on");
    assert_eq!(house.books().asked, 8);

    attic.until("it knows of the last", |books| books.presence.len() == 8).await;
    {
        let mut books = attic.books();
        (books.is_mute, books.asked) = (false, 0);
        books.presence.clear();
    }
    attic.cut();
    attic.until("it is back", |books| books.presence.len() == 8).await;
    let _late = station.device("pump-8").await;
    assert_eq!(attic.books().asked, 1);
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_late_yes_of_a_silent_hub_counts_where_there_is_no_other() {
    let state = tempfile::tempdir().expect("a folder");
    let (attic, house) = (Hub::start().await, Hub::start().await);
    house.books().denies = true;
    let station = Station::start(state.path(), vec![hub("attic", &attic), hub("house", &house)]).await;
    let known = station.device("pump-1").await;
    attic.freeze(true);
    let mut late = Device::connect(station.lines).await;
    let asked = house.books().asked;
    late.says(r#"{"identify":"pump-2","token":"x","nonce":1}"#).await;
    house.until("the other was asked meanwhile", |books| books.asked > asked).await;
    attic.freeze(false);
    assert_eq!(late.hears("welcome").await["welcome"], "pump-2");
    drop(known);
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_device_comes_back_while_its_hub_is_a_black_hole() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let (mut device, _) = station.device("pump-1").await;
    device.sends(1, 3).await;
    drop(device);
    house.freeze(true);
    let (mut device, _) = station.device("pump-1").await;
    device.sends(1, 3).await;
    assert_eq!(house.books().asked, 1);
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_of_a_known_device_is_told_so_though_a_hub_is_away() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let away = HubSettings::new("attic", "ws://127.0.0.1:1/uplink", "gl_test");
    let station = Station::start(state.path(), vec![away, hub("house", &house)]).await;
    let (mut device, _) = station.device("pump-1").await;
    device.sends(1, 3).await;
    house.books().denies = true;
    let mut thief = Device::connect(station.lines).await;
    thief.says(r#"{"identify":"pump-1","token":"another","nonce":1}"#).await;
    assert_eq!(thief.hears("bye").await["bye"], "auth");
    // One that nobody knows may be the other hub's.
    let mut other = Device::connect(station.lines).await;
    other.says(r#"{"identify":"pump-2","token":"another","nonce":1}"#).await;
    assert_eq!(other.hears("bye").await["bye"], "no_hub");
    station.stop().await;
}
