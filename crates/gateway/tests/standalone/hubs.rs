//! Several hubs, each by itself.

use crate::hub::{Books, Hub};
use crate::log;
use crate::rig::{Station, hub};
use gateway::standalone::{AddError, Begin, Filter, HubSettings, LinkState, Pattern};
use protocol::uplink::message::{Content, SkipReason};
use std::collections::BTreeSet;

/// The number of a message.
fn seq_of(content: &Content) -> Option<u64> {
    match content {
        Content::Samples { position, .. } => position.as_ref().map(|(_, seq)| *seq),
        _ => None,
    }
}

/// What is missing of 2,000 messages is something, was declared as beyond the quota, and nothing came twice.
fn is_declared(books: &Books) {
    let received: BTreeSet<u64> = books.entries.iter().filter_map(|(_, content)| seq_of(content)).collect();
    let lost: Vec<_> = books
        .skips
        .iter()
        .filter(|skip| skip.reason == SkipReason::Quota)
        .flat_map(|skip| skip.lost.iter().map(|lost| lost.from..=lost.to))
        .collect();
    let missing: Vec<u64> = (1..=2_000).filter(|seq| !received.contains(seq)).collect();
    assert!(!missing.is_empty(), "{:?}", books.skips);
    // What was under way when it was dropped may be listed, and have arrived.
    assert!(missing.iter().all(|seq| lost.iter().any(|lost| lost.contains(seq))), "{missing:?} {lost:?}");
    assert_eq!(received.len(), books.entries.len(), "nothing came twice");
}

async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(ask).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_reads_nothing_holds_up_no_other() {
    let state = tempfile::tempdir().expect("a folder");
    let (house, attic) = (Hub::start().await, Hub::start().await);
    let station = Station::start(state.path(), vec![hub("attic", &attic), hub("house", &house)]).await;
    let (mut device, _) = station.device("pump-1").await;
    attic.until("it connects", |books| books.presence.len() == 1).await;
    attic.freeze(true);
    device.sends(1, 2_000).await;
    house.until("all arrives", |books| books.entries.len() == 2_000).await;
    assert!(attic.books().entries.len() < 2_000);
    attic.freeze(false);
    attic.until("the rest arrives there too", |books| books.entries.len() == 2_000).await;
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_added_begins_where_it_is_told_and_stays_after_a_start() {
    let state = tempfile::tempdir().expect("a folder");
    let (house, old, new) = (Hub::start().await, Hub::start().await, Hub::start().await);
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let (mut device, _) = station.device("pump-1").await;
    // So that nothing leaves the spool.
    house.until("it connects", |books| books.presence.len() == 1).await;
    house.freeze(true);
    device.sends(1, 50).await;
    let (gateway, settings) = (station.standalone.clone(), hub("old", &old));
    blocking(move || gateway.add_hub(settings)).await.expect("it is new");
    let (gateway, settings) =
        (station.standalone.clone(), HubSettings { begin: Begin::Head, ..hub("new", &new) });
    blocking(move || gateway.add_hub(settings)).await.expect("it is new");
    let (gateway, settings) = (station.standalone.clone(), hub("new", &new));
    let taken = blocking(move || gateway.add_hub(settings)).await;
    assert_eq!(taken, Err(AddError::Taken("new".to_owned())));
    device.sends(51, 60).await;
    old.until("it gets all", |books| books.entries.len() == 60).await;
    new.until("it gets the rest", |books| books.entries.len() == 10).await;
    assert!(new.books().skips.iter().all(|skip| skip.reason == SkipReason::Start));
    station.stop().await;

    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    let mut names: Vec<String> = station.standalone.hubs().iter().map(|hub| hub.name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["house", "new", "old"]);
    let gateway = station.standalone.clone();
    blocking(move || gateway.remove_hub("old")).await.expect("it is there");
    let gateway = station.standalone.clone();
    let configured = blocking(move || gateway.remove_hub("house")).await;
    assert_eq!(configured, Err(AddError::Configured("house".to_owned())));
    let (mut device, _) = station.device("pump-1").await;
    device.sends(1, 5).await;
    new.until("it still gets all", |books| books.entries.len() == 15).await;
    assert_eq!(old.books().entries.len(), 60);
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_gets_only_what_it_wants() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let pattern = |text: &str| Pattern::parse(text).expect("a pattern");
    let filter = Filter::new(vec![pattern("pump-*")], vec![pattern("cou*")]).expect("few");
    let settings = HubSettings { filter, ..hub("house", &house) };
    let station = Station::start(state.path(), vec![settings]).await;
    let (mut pump, _) = station.device("pump-1").await;
    let (mut fan, _) = station.device("fan-1").await;
    fan.sends(1, 20).await;
    pump.says(r#"{"seq":1,"values":{"count":1,"heat":2}}"#).await;
    pump.says(r#"{"seq":2,"channel":"heat","value":3}"#).await;
    pump.sends(3, 3).await;
    house.until("the last arrives", |books| books.entries.len() == 2).await;
    assert_eq!(
        (house.values("pump-1"), house.values("fan-1").len()),
        (vec!["1".to_owned(), "3".to_owned()], 0)
    );
    assert!(house.books().skips.iter().all(|skip| skip.reason == SkipReason::Filter));
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_leaves_the_configuration_keeps_its_place() {
    let state = tempfile::tempdir().expect("a folder");
    let (house, attic) = (Hub::start().await, Hub::start().await);
    let both = vec![hub("house", &house), hub("attic", &attic)];
    let station = Station::start(state.path(), both.clone()).await;
    let (mut device, _) = station.device("pump-1").await;
    device.sends(1, 10).await;
    attic.until("it has all", |books| books.entries.len() == 10).await;
    let (gateway, one) = (station.standalone.clone(), vec![both[0].clone()]);
    blocking(move || gateway.configure(one)).await.expect("it can be");
    device.sends(11, 30).await;
    house.until("it has all", |books| books.entries.len() == 30).await;
    let hubs = station.standalone.hubs();
    let left = hubs.iter().find(|hub| &*hub.name == "attic").expect("it is still known");
    assert_eq!(left.state, LinkState::LeftOut);
    let gateway = station.standalone.clone();
    blocking(move || gateway.configure(both)).await.expect("it can be");
    attic.until("it has the rest", |books| books.entries.len() == 30).await;
    assert_eq!(attic.values("pump-1").len(), 30);
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_a_quota_is_dropped_for_that_hub_alone_and_declared() {
    let state = tempfile::tempdir().expect("a folder");
    let (house, attic) = (Hub::start().await, Hub::start().await);
    let small = HubSettings { quota: 20_000, ..hub("attic", &attic) };
    let station = Station::start(state.path(), vec![hub("house", &house), small]).await;
    let (mut device, _) = station.device("pump-1").await;
    attic.until("it connects", |books| books.presence.len() == 1).await;
    attic.freeze(true);
    let text = "x".repeat(500);
    for seq in 1..=2_000_u64 {
        device.says(&format!(r#"{{"seq":{seq},"channel":"text","value":"{seq} {text}"}}"#)).await;
        if seq % 32 == 0 || seq == 2_000 {
            while device.hears("ack").await["ack"].as_u64() < Some(seq) {}
        }
    }
    house.until("all arrives", |books| books.entries.len() == 2_000).await;
    attic.cut();
    attic.freeze(false);
    let last = format!("\"2000 {text}\"");
    attic
        .until("the newest arrives", |books| {
            let newest = books.entries.last();
            newest.is_some_and(|(_, content)| format!("{content:?}").contains("2000 xxx"))
        })
        .await;
    assert_eq!(attic.values("pump-1").last(), Some(&last));
    is_declared(&attic.books());
    assert!(house.books().skips.is_empty());
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_refuses_is_shown_with_its_reason() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    house.books().refuses = Some(protocol::code::Bye::Auth);
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    house.until("it was asked", |books| books.connections > 0).await;
    let refused = async {
        loop {
            let hub = station.standalone.hubs().remove(0);
            if hub.state == LinkState::Refused {
                return hub;
            }
            tokio::task::yield_now().await;
        }
    };
    let hub = tokio::time::timeout(crate::rig::PATIENCE, refused).await.expect("it is shown");
    assert!(hub.error.as_deref().is_some_and(|error| error.contains("auth")), "{hub:?}");
    assert_eq!(hub.address, Some(house.address));
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_logged_once_with_who_was_refused() {
    let mut lines = log::listen("“strict”");
    let state = tempfile::tempdir().expect("a folder");
    let strict = Hub::start().await;
    strict.books().refuses = Some(protocol::code::Bye::Auth);
    let station = Station::start(state.path(), vec![hub("strict", &strict)]).await;
    let line = lines.next().await;
    assert!(
        line.starts_with("WARN the hub “strict” refuses the gateway “barn”: the hub said bye auth"),
        "{line}"
    );
    station.stop().await;
    assert!(lines.rest().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_not_there_is_logged_once_and_not_for_each_try() {
    let mut lines = log::listen("“vacant”");
    let state = tempfile::tempdir().expect("a folder");
    let vacant = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/uplink", vacant.local_addr().expect("it is bound"));
    let station = Station::start(state.path(), vec![HubSettings::new("vacant", &url, "gl_test")]).await;
    for _ in 0..2 {
        // It hangs up before it has said anything.
        drop(vacant.accept().await.expect("it tries"));
    }
    let line = lines.next().await;
    let expected = format!("WARN waiting for the hub “vacant”: the hub does not answer at {url}: ");
    assert!(line.starts_with(&expected), "{line}");
    drop(vacant.accept().await.expect("it tries again"));
    station.stop().await;
    assert!(lines.rest().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn hubs_of_the_configuration_stay_before_those_that_were_added() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let names = |station: &Station| -> Vec<String> {
        station.standalone.hubs().iter().map(|hub| hub.name.to_string()).collect()
    };
    let configured = vec![hub("zoo", &house), hub("house", &house)];
    let station = Station::start(state.path(), configured.clone()).await;
    let (gateway, added) = (station.standalone.clone(), hub("attic", &house));
    blocking(move || gateway.add_hub(added)).await.expect("it is new");
    assert_eq!(names(&station), ["zoo", "house", "attic"]);
    station.stop().await;
    let station = Station::start(state.path(), configured.clone()).await;
    assert_eq!(names(&station), ["zoo", "house", "attic"]);
    let (gateway, turned) = (station.standalone.clone(), configured.into_iter().rev().collect());
    blocking(move || gateway.configure(turned)).await.expect("they can be");
    assert_eq!(names(&station), ["house", "zoo", "attic"]);
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_is_over_is_shown_no_longer() {
    let state = tempfile::tempdir().expect("a folder");
    let house = Hub::start().await;
    let station = Station::start(state.path(), vec![hub("house", &house)]).await;
    house.until("it connects", |books| books.connections == 1).await;
    house.cut();
    house.until("it is back", |books| books.connections == 2).await;
    assert!(station.standalone.hubs()[0].error.is_some());
    // The books change each second: the gateway says how far behind the hub is.
    house.until("it is forgotten", |_| station.standalone.hubs()[0].error.is_none()).await;
    station.stop().await;
}
