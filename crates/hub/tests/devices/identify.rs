//! Who may identify, and what stays.

use crate::wire::{Wire, administrator, close, open, plain, sight, temperature};
use hub::Presence;
use protocol::code::Bye;
use protocol::intake::{Post, Said};
use protocol::message::{Identify, Sample};

#[tokio::test]
async fn a_join_token_makes_a_device_again_until_its_own_token_was_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let join = hub.auth().join_token().to_owned();

    let mut first = Wire::new();
    first.identify(&hub, plain("pump-1", &join));
    let (made, lane) = first.welcome().await;
    lane.take(2, temperature(None, "20.5"));
    first.committed().await;
    assert_eq!(&*made.device, "pump-1");

    let mut second = Wire::new();
    second.identify(&hub, plain("pump-1", &join));
    let (again, _lane) = second.welcome().await;
    let own = again.token.expect("it has not used its own token yet");
    assert_ne!(made.token.as_ref(), Some(&own), "a token is shown once");

    let mut third = Wire::new();
    third.identify(&hub, plain("pump-1", &own));
    assert_eq!(third.welcome().await.0.token, None);

    let mut fourth = Wire::new();
    fourth.identify(&hub, plain("pump-1", &join));
    assert_eq!(fourth.refusal().await, Bye::Auth);
    close(hub).await;
}

#[tokio::test]
async fn an_empty_id_is_given_one_and_nobody_gets_in_without_a_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let join = hub.auth().join_token().to_owned();

    let mut wire = Wire::new();
    wire.identify(&hub, Identify { token: Some(join), ..Identify::default() });
    let (welcome, _lane) = wire.welcome().await;
    assert!(welcome.device.starts_with("new-"), "{}", welcome.device);
    assert!(welcome.token.is_some());

    for token in ["", "wrong"] {
        let mut wire = Wire::new();
        wire.identify(&hub, plain("somebody", token));
        assert_eq!(wire.refusal().await, Bye::Auth);
    }
    close(hub).await;
}

#[tokio::test]
async fn whoever_asks_for_an_id_and_says_nothing_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let join = hub.auth().join_token().to_owned();
    let mut wire = Wire::new();
    wire.identify(&hub, Identify { token: Some(join), ..Identify::default() });
    let (_, lane) = wire.welcome().await;
    assert_eq!(hub.devices(&administrator(&hub)).len(), 1);
    lane.ended();
    // The end of a conversation is carried out by a task of the hub's.
    while !hub.devices(&administrator(&hub)).is_empty() {
        tokio::task::yield_now().await;
    }
    close(hub).await;
}

#[tokio::test]
async fn a_named_device_is_kept_with_its_token_before_it_sent_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let join = hub.auth().join_token().to_owned();
    let mut wire = Wire::new();
    wire.identify(&hub, plain("switchboard", &join));
    let (welcome, lane) = wire.welcome().await;
    lane.ended();
    close(hub).await;

    let hub = open(folder.path()).await;
    let mut wire = Wire::new();
    wire.identify(&hub, plain("switchboard", &welcome.token.expect("it is new")));
    assert_eq!(&*wire.welcome().await.0.device, "switchboard");
    close(hub).await;
}

#[tokio::test]
async fn a_device_may_identify_with_a_token_that_it_got_for_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let now = hub.now().wall;
    let admin = hub.auth().bearer(hub.auth().admin_token(), now).expect("the administrator");
    let own = hub.create_device(&admin, "pump-1").await.expect("free");
    hub.create_device(&admin, "pump-2").await.expect("free");
    let grant = hub.device_shows("pump-1", own.text()).expect("it is its own");
    let issued = hub.auth().issue_token(&grant, now);

    let mut wire = Wire::new();
    wire.identify(&hub, plain("pump-1", issued.token.text()));
    wire.welcome().await;
    let mut other = Wire::new();
    other.identify(&hub, plain("pump-2", issued.token.text()));
    assert_eq!(other.refusal().await, Bye::Auth);
    close(hub).await;
}

#[tokio::test]
async fn removing_devices_that_were_never_stored_makes_room_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let admin = hub.auth().bearer(hub.auth().admin_token(), hub.now().wall).expect("the administrator");
    let join = hub.auth().join_token().to_owned();
    for _ in 0..hub::limits::DEVICES_UNSTORED_MAX + 1 {
        let mut wire = Wire::new();
        wire.identify(&hub, Identify { token: Some(join.clone()), ..Identify::default() });
        let (welcome, _lane) = wire.welcome().await;
        hub.remove_device(&admin, &welcome.device).expect("it is there");
    }
    close(hub).await;
}

#[tokio::test]
async fn a_description_of_many_channels_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let join = hub.auth().join_token().to_owned();
    let mut wire = Wire::new();
    wire.identify(&hub, plain("many", &join));
    let (_, lane) = wire.welcome().await;
    for part in 0..2 {
        let value = || serde_json::value::RawValue::from_string("{}".into()).expect("JSON");
        let channel = |channel| Sample { channel: format!("{part}-{channel}").into(), value: value() };
        let channels = (0..400).map(channel).collect();
        lane.take(1, Said::Describe(protocol::message::Description { channels }));
        wire.committed().await;
    }
    close(hub).await;

    let hub = open(folder.path()).await;
    let describe = hub.device(&sight(&hub, "many")).expect("kept").describe;
    let channels: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&describe).expect("an object");
    assert_eq!(channels.len(), 800);
    close(hub).await;
}

#[tokio::test]
async fn what_was_acked_is_there_after_a_restart_and_the_session_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let join = hub.auth().join_token().to_owned();
    let mut wire = Wire::new();
    wire.identify(&hub, Identify { nonce: Some(1), boot: true, ..plain("pump-1", &join) });
    let (welcome, lane) = wire.welcome().await;
    lane.take(2, temperature(Some(1), "21.50"));
    assert_eq!(wire.committed().await, Some(1));
    let (session, token) = (welcome.session.expect("not plain"), welcome.token.expect("new"));
    close(hub).await;

    let hub = open(folder.path()).await;
    let device = hub.device(&sight(&hub, "pump-1")).expect("kept");
    assert_eq!(device.presence, Presence::Offline);
    assert_eq!(&*device.channels[0].value, "21.50");
    let mut wire = Wire::new();
    let session_id = protocol::id::SessionId::parse(&session);
    let identify =
        Identify { nonce: Some(2), session: session_id, oldest: Some(2), ..plain("pump-1", &token) };
    wire.identify(&hub, identify);
    let (welcome, _lane) = wire.welcome().await;
    assert_eq!((welcome.session, welcome.ack), (Some(session), Some(1)));
    close(hub).await;
}

#[tokio::test]
async fn a_device_made_anew_never_gets_a_session_name_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let admin = hub.auth().bearer(hub.auth().admin_token(), hub.now().wall).expect("the administrator");
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let token = hub.create_device(&admin, "pump-1").await.expect("free");
        let mut wire = Wire::new();
        wire.identify(&hub, Identify { nonce: Some(1), boot: true, ..plain("pump-1", token.text()) });
        sessions.push(wire.welcome().await.0.session.expect("not plain"));
        hub.remove_device(&admin, "pump-1").expect("it is there");
        assert!(matches!(wire.next().await, Post::Bye(Bye::Removed)));
    }
    assert_ne!(sessions[0], sessions[1]);
    close(hub).await;
}

#[tokio::test]
async fn a_sample_without_connection_is_answered_once_it_is_committed() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let admin = hub.auth().bearer(hub.auth().admin_token(), hub.now().wall).expect("the administrator");
    hub.create_device(&admin, "script").await.expect("free");
    let Said::Samples(samples) = temperature(None, "-0") else { unreachable!("it is a sample") };
    hub.take_samples("script", samples).await.expect("committed");
    let device = hub.device(&sight(&hub, "script")).expect("kept");
    assert_eq!((&*device.channels[0].value, device.ledger.committed), ("-0", 1));
    close(hub).await;
}

#[tokio::test]
async fn devices_that_speak_in_another_order_than_they_identified_are_all_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = open(folder.path()).await;
    let join = hub.auth().join_token().to_owned();
    let (mut first, mut second) = (Wire::new(), Wire::new());
    first.identify(&hub, plain("first", &join));
    let (_, first_lane) = first.welcome().await;
    second.identify(&hub, plain("second", &join));
    let (_, second_lane) = second.welcome().await;
    second_lane.take(2, temperature(None, "2"));
    second.committed().await;
    first_lane.take(2, temperature(None, "1"));
    first.committed().await;
    close(hub).await;

    let hub = open(folder.path()).await;
    for (id, value) in [("first", "1"), ("second", "2")] {
        assert_eq!(&*hub.device(&sight(&hub, id)).expect("kept").channels[0].value, value);
    }
    close(hub).await;
}
