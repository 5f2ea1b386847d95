//! What devices say reaches hubs once and in order.

use crate::hub::Hub;
use crate::rig::{Station, hub};

fn counted(from: u64, to: u64) -> Vec<String> {
    (from..=to).map(|value| value.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acked_reaches_the_hub_once_and_in_order() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let (mut device, _) = station.device("pump-1").await;
    device.sends(1, 100).await;
    house.until("all arrives", |books| books.entries.len() >= 100).await;
    assert_eq!(house.values("pump-1"), counted(1, 100));
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_cut_again_and_again_misses_and_doubles_nothing() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let (mut device, _) = station.device("pump-1").await;
    for round in 0..8_u64 {
        device.sends(round * 40 + 1, round * 40 + 40).await;
        house.cut();
    }
    house.until("all arrives", |books| books.entries.len() >= 320).await;
    assert_eq!(house.values("pump-1"), counted(1, 320));
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_had_taken_over_reaches_the_hub_after_its_next_start() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let (mut device, _) = station.device("pump-1").await;
    house.until("it connects", |books| books.presence.len() == 1).await;
    house.freeze(true);
    device.sends(1, 200).await;
    station.stop().await;
    house.cut();
    house.freeze(false);
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    // Its session is one of this gateway, under an earlier tag.
    let (mut device, _) = station.device("pump-1").await;
    device.sends(1, 10).await;
    house.until("all arrives", |books| books.entries.len() >= 210).await;
    assert_eq!(house.values("pump-1"), [counted(1, 200), counted(1, 10)].concat());
    assert_eq!(house.books().tags.len(), 2, "each start has a tag of its own");
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_is_told_and_restored() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let (first, _) = station.device("pump-1").await;
    let (_second, _) = station.device("pump-2").await;
    house.until("both are there", |books| books.presence.values().filter(|there| **there).count() == 2).await;
    drop(first);
    house.until("one is gone", |books| books.presence.values().filter(|there| **there).count() == 1).await;
    house.books().presence.clear();
    house.cut();
    house.until("the other is restored", |books| books.presence.len() == 1).await;
    station.stop().await;
}
