//! What a gateway's spool holds, from the uplink to the store (rule U1).

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn u1_what_an_uplink_brings_is_stored_and_acked_and_goes_on_behind_that_after_a_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, token) = with_north(folder.path()).await;
    let (mut gate, welcome) = Gate::welcome(&hub, &token, "g7");
    assert!(welcome.get("number").is_none(), "{welcome}");
    gate.say(
        r#"0 {"tag":"g7"}
        0 {"open":1,"device":"pump-1"}
        0 {"restored":true}
        1 {"entry":1,"at":1763846847000,"session":"g7-1","seq":1,"channel":"t","value":21.50}
        1 {"entry":2,"at":1763846847001,"session":"g7-1","seq":2,"channel":"t","value":22}"#,
    );
    while gate.until("ack")["ack"] != 2 {}
    let pump = hub.any_device("pump-1").expect("it was made");
    assert_eq!((pump.ledger.committed, &*pump.channels[0].value), (2, "22"));
    stop(hub).await;
    let parting = gate.rest();
    assert!(parting.iter().any(|said| said["bye"] == "stopping"), "{parting:?}");

    let (hub, _) = open(folder.path());
    let (mut gate, welcome) = Gate::welcome(&hub, &token, "g8");
    assert_eq!((&welcome["tag"], &welcome["number"]), (&"g7".into(), &2.into()));
    // The device sleeps until then. Its spool was put back, and says the last again under another number.
    gate.say(
        r#"0 {"tag":"g8","follows":"g7","end":2}
        0 {"open":1,"device":"pump-1","connected":5,"address":"tcp 10.0.0.7:1","heartbeat":15}
        1 {"entry":1,"at":1763846847001,"session":"g7-1","seq":2,"channel":"t","value":22}
        1 {"entry":2,"at":1763846847002,"session":"g7-1","seq":3,"channel":"t","value":23}"#,
    );
    while gate.until("ack")["ack"] != 2 {}
    let pump = hub.any_device("pump-1").expect("it is known");
    assert_eq!((pump.ledger.committed, pump.ledger.duplicate, &*pump.channels[0].value), (3, 1, "23"));
    assert_eq!((pump.presence.as_str(), pump.gateway.as_deref()), ("online", Some("north")));
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn u1_a_number_that_is_not_the_next_ends_the_uplink_and_nothing_of_it_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, token) = with_north(folder.path()).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(
        r#"0 {"tag":"g7"}
        0 {"open":1,"device":"pump-1"}
        1 {"entry":2,"at":1763846847000,"channel":"t","value":1}"#,
    );
    assert!(gate.rest().iter().any(|said| said["bye"] == "bad"));
    let (mut gate, welcome) = Gate::welcome(&hub, &token, "g7");
    assert!(welcome.get("tag").is_none_or(|tag| tag == "g7"), "{welcome}");
    assert!(hub.any_device("pump-1").is_none_or(|pump| pump.ledger.received == 0));
    gate.say("0 nonsense");
    assert!(gate.rest().iter().any(|said| said["bye"] == "bad"));
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h1_a_second_uplink_of_a_gateway_fences_the_first_and_begins_where_that_one_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, token) = with_north(folder.path()).await;
    let (mut first, _) = Gate::welcome(&hub, &token, "g7");
    first.say(
        r#"0 {"tag":"g7"}
        0 {"open":1,"device":"pump-1"}
        1 {"entry":1,"at":1763846847000,"session":"g7-1","seq":1,"channel":"t","value":1}"#,
    );
    first.until("ack");
    let (mut second, welcome) = Gate::welcome(&hub, &token, "g7");
    let number = welcome["number"].as_u64().expect("a number");
    assert!(first.rest().iter().any(|said| said["bye"] == "replaced"));
    second.say(&format!(
        r#"0 {{"open":1,"device":"pump-1"}}
        1 {{"entry":{},"at":1763846847000,"session":"g7-1","seq":2,"channel":"t","value":2}}"#,
        number + 1
    ));
    while second.until("ack")["ack"] != number + 1 {}
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn u3_losses_that_a_skip_lists_are_gaps_of_their_devices() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, token) = with_north(folder.path()).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(
        r#"0 {"tag":"g7"}
        0 {"open":1,"device":"pump-1"}
        0 {"open":2,"device":"pump-2"}
        0 {"skip":1,"to":9,"reason":"quota","lost":[{"device":"pump-1","session":"g7-1","from":1,"to":5},{"device":"pump-2","from":1,"to":4}]}
        1 {"entry":10,"at":1763846847000,"session":"g7-1","seq":6,"channel":"t","value":1}"#,
    );
    while gate.until("ack")["ack"] != 10 {}
    let lost = |id: &str| {
        let ledger = hub.any_device(id).expect("it was made").ledger;
        (ledger.skipped, ledger.gap_count(), ledger.committed)
    };
    assert_eq!((lost("pump-1"), lost("pump-2")), ((5, 1, 1), (4, 1, 0)));
    assert_eq!(hub.every_gateway()[0].lost.get("quota"), Some(&9));
    stop(hub).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u3_a_loss_of_a_device_that_sleeps_is_a_gap_of_it_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hub, _, token) = with_north(folder.path()).await;
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    gate.say(
        r#"0 {"tag":"g7"}
        0 {"open":1,"device":"pump-1"}
        1 {"entry":1,"at":1763846847000,"session":"g7-1","seq":1,"channel":"t","value":1}"#,
    );
    while gate.until("ack")["ack"] != 1 {}
    stop(hub).await;
    let (hub, _) = open(folder.path());
    let (mut gate, _) = Gate::welcome(&hub, &token, "g7");
    assert!(hub.registry.sleeps("pump-1"));
    gate.say(r#"0 {"skip":2,"to":9,"reason":"quota","lost":[{"device":"pump-1","session":"g7-1","from":2,"to":9}]}"#);
    while gate.until("ack")["ack"] != 9 {}
    let ledger = hub.any_device("pump-1").expect("it is known").ledger;
    assert_eq!((ledger.skipped, ledger.gap_count(), ledger.committed), (8, 1, 1));
    stop(hub).await;
}
