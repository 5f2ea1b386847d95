//! Commands of hubs for devices behind the gateway (rule U5).

use crate::hub::{Books, Hub};
use crate::rig::{Station, hub};
use gateway::standalone::HubSettings;

/// The states that a command came to, in order.
fn states(books: &Books, id: &str) -> Vec<String> {
    let of_it = books.outcomes.iter().filter(|outcome| &*outcome.command.id == id);
    of_it.map(|outcome| outcome.state.to_string()).collect()
}

fn has_come_to(books: &Books, id: &str, state: &str) -> bool {
    states(books, id).last().is_some_and(|last| last == state)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_command_goes_to_the_hub_that_asked() {
    let state = tempfile::tempdir().expect("a folder");
    let (house, attic) = (Hub::start().await, Hub::start().await);
    let station = Station::start(state.path(), vec![hub("house", &house), hub("attic", &attic)]).await;
    let (mut device, _) = station.device("pump-1").await;
    attic.until("it connects", |books| books.presence.len() == 1).await;
    house.until("it connects", |books| books.presence.len() == 1).await;
    house.hand("pump-1", "c1", "true");
    let command = device.hears("command").await;
    assert_eq!((&command["channel"], &command["value"]), (&"fan".into(), &true.into()));
    device.says(&format!(r#"{{"result":{},"ok":true,"value":7}}"#, command["command"])).await;
    house.until("it is done", |books| has_come_to(books, "c1", "done")).await;
    attic.hand("pump-1", "c1", "false");
    let command = device.hears("command").await;
    device.says(&format!(r#"{{"result":{},"ok":false,"reason":"stuck"}}"#, command["command"])).await;
    attic.until("it failed", |books| has_come_to(books, "c1", "failed")).await;
    assert_eq!(states(&house.books(), "c1"), ["sent", "done"]);
    assert_eq!(attic.books().outcomes.last().and_then(|outcome| outcome.reason.as_deref()), Some("stuck"));
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_may_only_read_commands_nothing() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let reads = HubSettings { commands: false, ..hub("house", &house) };
    let station = Station::start(state.path(), vec![reads]).await;
    let (_device, _) = station.device("pump-1").await;
    house.until("it connects", |books| books.presence.len() == 1).await;
    house.hand("pump-1", "c1", "true");
    house.until("it is refused", |books| has_come_to(books, "c1", "refused")).await;
    house.hand("pump-9", "c2", "true");
    house.until("so is this", |books| has_come_to(books, "c2", "refused")).await;
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_is_told_again_until_the_hub_has_it() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let (mut device, _) = station.device("pump-1").await;
    house.until("it connects", |books| books.presence.len() == 1).await;
    house.hand("pump-1", "c1", "true");
    let command = device.hears("command").await;
    house.until("it is sent", |books| has_come_to(books, "c1", "sent")).await;
    house.freeze(true);
    device.says(&format!(r#"{{"result":{},"ok":true}}"#, command["command"])).await;
    house.cut();
    house.freeze(false);
    house.until("it is done", |books| has_come_to(books, "c1", "done")).await;
    station.stop().await;
}
