//! What each end does, and what it answers to what should not be.

use crate::pair::{Pair, at, connected, device, entries, settings, stored};
use protocol::code::{Again, Bye};
use protocol::limits::{
    UPLINK_ASKS_MAX, UPLINK_UNACKED_BYTES_MAX, UPLINK_WINDOW_ENTRIES, WELCOME_SECONDS_MAX,
};
use protocol::uplink::filter::{Filter, Pattern};
use protocol::uplink::gateway_side::Output as AtGateway;
use protocol::uplink::hub_side::Output as AtHub;
use protocol::uplink::message::{CommandName, CommandOutcome, Handed, Lost, SkipReason, SpoolCursor};
use protocol::uplink::tags::{Held, Tags};
use protocol::uplink::{GatewaySide, UplinkHub};
use serde_json::value::RawValue;
use std::sync::Arc;

fn running(count: u64) -> Pair {
    let mut pair = Pair::new(entries(count), Filter::default(), 1);
    pair.pass(0);
    pair
}

fn name() -> CommandName {
    CommandName { device: device("pump"), by: "ada".into(), id: "c-1".into() }
}

fn command(deadline: i64) -> Handed {
    let value = RawValue::from_string("1".to_owned()).expect("JSON");
    Handed { command: name(), channel: "set".into(), value, deadline }
}

fn outcome(state: &str) -> CommandOutcome {
    CommandOutcome { command: name(), state: state.into(), reason: None, value: None }
}

fn handed(pair: &Pair) -> usize {
    pair.at_gateway.iter().filter(|output| matches!(output, AtGateway::Hand { .. })).count()
}

fn outcomes(pair: &Pair) -> Vec<String> {
    let state = |output: &AtHub| match output {
        AtHub::Outcome(outcome) => Some(outcome.state.to_string()),
        _ => None,
    };
    pair.at_hub.iter().filter_map(state).collect()
}

#[test]
fn a_hub_gets_all_that_the_spool_has_and_the_gateway_learns_how_far_it_is() {
    let mut pair = running(10_000);
    pair.pass(250);
    assert_eq!(pair.store.values, (1..=10_000).collect::<Vec<_>>());
    assert_eq!((pair.gateway.acked_place(), pair.gateway.unacked()), (10_000, 0));
}

#[test]
fn no_more_is_under_way_than_the_window() {
    let mut pair = Pair::new(entries(10_000), Filter::default(), 1);
    pair.commits = false;
    pair.pass(0);
    assert_eq!(pair.gateway.unacked(), UPLINK_WINDOW_ENTRIES as usize);
}

#[test]
fn a_hub_that_acks_nothing_is_dropped_and_tried_again() {
    let mut pair = Pair::new(entries(10), Filter::default(), 1);
    pair.commits = false;
    pair.pass(0);
    for _ in 0..15 {
        pair.gateway.frame(pair.now, "0 \n");
        pair.pass(1_000);
    }
    assert_eq!(pair.gateway.last_error(), Some("what was sent is not acked"));
    (pair.commits, pair.pending) = (true, Vec::new());
    pair.pass(30_000);
    pair.pass(250);
    assert_eq!(pair.store.values, (1..=10).collect::<Vec<_>>());
}

#[test]
fn two_heartbeats_of_silence_end_it_at_both_ends() {
    let mut pair = running(0);
    let mut hub = pair.hub.take().expect("it is connected");
    pair.pass(30_000);
    hub.timeout(at(30_000));
    assert_eq!(pair.gateway.last_error(), Some("nothing was heard for two heartbeats"));
    assert_eq!(hub.last_error(), Some(Bye::Silent.sentence()));
}

#[test]
fn heartbeats_keep_an_idle_uplink() {
    let mut pair = running(0);
    for _ in 0..100 {
        pair.pass(5_000);
    }
    assert!(pair.gateway.is_welcome() && pair.hub.is_some());
}

#[test]
fn a_hub_that_does_not_answer_is_given_up() {
    let mut tags = Tags::default();
    tags.begin("g1".into(), 0);
    let held = Held { oldest: 1, head: 0 };
    let mut gateway = GatewaySide::new(at(0), settings(Filter::default(), 1), Arc::new(tags), held);
    gateway.timeout(at(0));
    gateway.opened(at(0));
    gateway.timeout(at(WELCOME_SECONDS_MAX * 1000));
    assert_eq!(gateway.last_error(), Some("the hub did not answer the identify"));
}

#[test]
fn a_gateway_that_may_not_tries_again_after_minutes() {
    let mut pair = running(0);
    pair.hub.as_mut().expect("connected").end(Bye::Auth);
    pair.run();
    assert_eq!(Bye::Auth.again(), Again::Never);
    assert_eq!(pair.gateway.poll_timeout(), Some(300_000));
}

#[test]
fn what_a_hub_acks_was_sent_to_it() {
    for wrong in ["{\"ack\":9,\"tag\":\"g1\"}", "{\"ack\":1,\"tag\":\"g9\"}"] {
        let mut pair = running(3);
        pair.gateway.frame(pair.now, &format!("0 {wrong}\n"));
        let error = pair.gateway.last_error().unwrap_or_default();
        assert!(error.contains("which it was not sent"), "{error}");
    }
}

#[test]
fn a_hub_that_says_it_has_what_was_never_sent_is_left() {
    let mut pair = Pair::new(entries(3), Filter::default(), 1);
    pair.store.cursor = Some(SpoolCursor { tag: "g1".into(), number: 4 });
    pair.pass(0);
    assert_eq!(pair.gateway.last_error(), Some("the hub says that it has what was never sent to it"));
}

#[test]
fn numbers_that_are_not_the_next_end_the_uplink_with_a_reason() {
    let entry = |number: u64| format!("1 {{\"entry\":{number},\"at\":0,\"channel\":\"a\",\"value\":1}}\n");
    let begin = "0 {\"tag\":\"g1\"}\n0 {\"open\":1,\"device\":\"a\"}\n";
    for (frame, named) in [
        (entry(1), "the stream 1 is not open"),
        (format!("{begin}{}", entry(2)), "the number 2 follows 0 of g1"),
        (format!("{begin}{}{}", entry(1), entry(1)), "the number 1 follows 1 of g1"),
        (format!("{begin}0 {{\"skip\":3,\"to\":4,\"reason\":\"lost\"}}\n"), "the number 3 follows 0"),
        (format!("{begin}0 {{\"tag\":\"g2\",\"follows\":\"g1\",\"end\":5}}\n"), "g2 follows 5 of g1, and"),
        (format!("{begin}0 {{\"tag\":\"g1\"}}\n"), "the tag g1 follows nothing"),
        (format!("{begin}0 {{\"open\":1,\"device\":\"b\"}}\n"), "was opened before"),
        (format!("{begin}0 {{\"open\":2,\"device\":\"a\"}}\n"), "a has a stream already"),
        ("0 {\"skip\":1,\"to\":1,\"reason\":\"lost\"}\n".to_owned(), "before any tag"),
    ] {
        let mut hub = welcome_hub();
        hub.frame(at(0), &frame);
        let said = hub.last_error().unwrap_or_default();
        assert!(said.contains(named), "{frame}: {said}");
        let mut outputs = Vec::new();
        while let Some(output) = hub.poll_output() {
            outputs.push(output);
        }
        assert!(matches!(outputs.last(), Some(AtHub::Close)));
        let told = |output: &AtHub| matches!(output, AtHub::Send(text) if text.contains(named));
        assert!(outputs.iter().any(told), "{outputs:?}");
    }
}

fn welcome_hub() -> UplinkHub {
    let mut hub = UplinkHub::new(at(0));
    hub.frame(
        at(0),
        "0 {\"identify\":\"barn\",\"token\":\"t\",\"nonce\":1,\"tag\":\"g1\",\"heartbeat\":15}\n",
    );
    assert!(!hub.reading());
    hub.welcome(at(0), "barn".into(), None);
    while hub.poll_output().is_some() {}
    hub
}

#[test]
fn a_hub_takes_no_more_than_its_window() {
    let mut hub = welcome_hub();
    let mut frame = "0 {\"tag\":\"g1\"}\n0 {\"open\":1,\"device\":\"a\"}\n".to_owned();
    for number in 1..=u64::from(UPLINK_WINDOW_ENTRIES) {
        if frame.len() > 60_000 {
            hub.frame(at(0), &std::mem::take(&mut frame));
        }
        frame.push_str(&format!("1 {{\"entry\":{number},\"at\":0,\"channel\":\"a\",\"value\":1}}\n"));
    }
    hub.frame(at(0), &frame);
    assert!(hub.last_error().is_some_and(|said| said.contains("not acked")), "{:?}", hub.last_error());
}

#[test]
fn a_hub_reads_no_more_while_entries_of_many_bytes_are_under_way() {
    let mut hub = welcome_hub();
    let value = format!("\"{}\"", "x".repeat(60_000));
    hub.frame(at(0), "0 {\"tag\":\"g1\"}\n0 {\"open\":1,\"device\":\"a\"}\n");
    let mut number = 0;
    while hub.reading() {
        number += 1;
        hub.frame(at(0), &format!("1 {{\"entry\":{number},\"at\":0,\"channel\":\"a\",\"value\":{value}}}\n"));
    }
    assert_eq!(number as usize, UPLINK_UNACKED_BYTES_MAX.div_ceil(60_000));
    // It is not silent: it is not listened to.
    hub.timeout(at(60_000));
    assert_eq!(hub.last_error(), None);
    hub.committed(at(0), &SpoolCursor { tag: "g1".into(), number: 1 });
    assert!(hub.reading());
}

#[test]
fn a_hub_is_asked_so_many_questions_at_a_time_and_no_more() {
    let mut hub = welcome_hub();
    let ask = |hub: &mut UplinkHub, ask: usize| {
        let token = "0".repeat(64);
        hub.frame(at(0), &format!("0 {{\"admit\":{ask},\"device\":\"a\",\"token\":\"{token}\"}}\n"));
    };
    (1..=UPLINK_ASKS_MAX).for_each(|number| ask(&mut hub, number));
    hub.denied(at(0), 1, Bye::Auth);
    ask(&mut hub, UPLINK_ASKS_MAX + 1);
    assert_eq!(hub.last_error(), None);
    ask(&mut hub, UPLINK_ASKS_MAX + 2);
    assert!(hub.last_error().is_some_and(|said| said.contains("questions")), "{:?}", hub.last_error());
}

#[test]
fn an_outcome_that_is_none_ends_the_uplink() {
    let mut hub = welcome_hub();
    hub.frame(at(0), "0 {\"outcome\":\"c-1\",\"device\":\"a\",\"by\":\"ada\",\"state\":\"bogus\"}\n");
    assert!(hub.last_error().is_some_and(|said| said.contains("bogus")), "{:?}", hub.last_error());
}

#[test]
fn all_that_are_connected_are_opened_in_one_exchange() {
    let mut pair = Pair::new(Vec::new(), Filter::default(), 1);
    for number in 0..10_000 {
        pair.gateway.device_connected(pair.now, &device(&format!("d-{number}")), connected());
    }
    pair.gateway.device_disconnected(pair.now, &device("d-7"));
    pair.pass(0);
    let opened = pair.at_hub.iter().filter(|it| matches!(it, AtHub::Opened { connected: Some(_), .. }));
    assert_eq!(opened.count(), 9_999);
    assert!(matches!(pair.at_hub.last(), Some(AtHub::Restored)));
}

#[test]
fn how_long_ago_a_device_identified_grows_while_there_is_no_uplink() {
    let mut pair = Pair::new(Vec::new(), Filter::default(), 1);
    pair.gateway.device_connected(pair.now, &device("pump"), connected());
    pair.pass(4_000);
    let ago = pair.at_hub.iter().find_map(|output| match output {
        AtHub::Opened { connected, .. } => connected.as_ref().map(|connected| connected.ago),
        _ => None,
    });
    assert_eq!(ago, Some(4_000));
}

#[test]
fn a_part_that_a_newer_connection_overtook_is_not_meant_for_it() {
    let mut pair = running(0);
    pair.gateway.device_connected(pair.now, &device("pump"), connected());
    pair.run();
    pair.hub.as_mut().expect("connected").part(pair.now, &device("pump"), Bye::Replaced);
    // It connects again before that arrives.
    pair.gateway.device_connected(pair.now, &device("pump"), connected());
    pair.run();
    assert!(!pair.at_gateway.iter().any(|output| matches!(output, AtGateway::Part { .. })));
    pair.hub.as_mut().expect("connected").part(pair.now, &device("pump"), Bye::Replaced);
    pair.run();
    assert!(pair.at_gateway.iter().any(|output| matches!(output, AtGateway::Part { .. })));
}

#[test]
fn streams_of_devices_that_are_not_there_are_closed_when_there_are_many() {
    let spool = (1..=3_000).map(|place| stored(place, &format!("d-{place}"), "t")).collect();
    let mut pair = Pair::new(spool, Filter::default(), 1);
    pair.pass(0);
    pair.pass(250);
    assert_eq!(pair.store.values.len(), 3_000);
    // One whose stream was closed comes back, and one whose was not.
    for name in ["d-1", "d-3000"] {
        pair.gateway.device_connected(pair.now, &device(name), connected());
    }
    pair.run();
    assert!(pair.gateway.is_welcome(), "{:?}", pair.gateway.last_error());
}

#[test]
fn a_filter_passes_over_what_is_not_wanted_and_says_so() {
    let channel = |place: u64| if place.is_multiple_of(3) { "t" } else { "noise" };
    let spool = (1..=300).map(|place| stored(place, "pump", channel(place))).collect();
    let filter = Filter::new(Vec::new(), vec![Pattern::parse("t*").expect("a pattern")]);
    let mut pair = Pair::new(spool, filter.expect("few"), 1);
    pair.pass(0);
    pair.pass(250);
    assert_eq!(pair.store.values, (1..=100).map(|value| value * 3).collect::<Vec<_>>());
    assert!(pair.store.skips.iter().all(|(reason, _)| *reason == SkipReason::Filter));
    assert_eq!(pair.store.skips.iter().map(|(_, numbers)| numbers).sum::<u64>(), 200);
}

#[test]
fn a_device_that_is_not_wanted_is_not_told_of() {
    let filter = Filter::new(vec![Pattern::parse("pump").expect("a pattern")], Vec::new());
    let mut pair = Pair::new(vec![stored(1, "door", "t")], filter.expect("few"), 1);
    pair.gateway.device_connected(pair.now, &device("door"), connected());
    pair.pass(0);
    assert!(!pair.at_hub.iter().any(|output| matches!(output, AtHub::Opened { .. })));
    assert_eq!(pair.store.values, Vec::<u64>::new());
}

#[test]
fn what_is_beyond_the_quota_is_a_skip_that_lists_who_misses_what() {
    let mut pair = Pair::new(entries(50), Filter::default(), 1);
    let lost = |from, to| Lost { device: device("pump"), session: None, from, to };
    pair.gateway.skipped(pair.now, 10, SkipReason::Quota, vec![lost(1, 10)]);
    pair.gateway.skipped(pair.now, 30, SkipReason::Quota, vec![lost(1, 30)]);
    pair.oldest = 31;
    pair.gateway.held(pair.now, pair.held());
    pair.commits = false;
    pair.pass(0);
    let skips: Vec<_> = pair
        .pending
        .iter()
        .filter_map(|it| match it {
            AtHub::Skip { skip, .. } => Some(skip),
            _ => None,
        })
        .collect();
    let [skip] = skips[..] else { panic!("{skips:?}") };
    assert_eq!((skip.from, skip.to, skip.reason), (1, 30, SkipReason::Quota));
    assert_eq!(skip.lost, [lost(1, 30)]);
}

#[test]
fn a_new_hub_begins_where_it_was_added() {
    let mut pair = Pair::new(entries(50), Filter::default(), 41);
    pair.pass(0);
    assert_eq!(pair.store.values, (41..=50).collect::<Vec<_>>());
    assert_eq!(pair.store.skips, [(SkipReason::Start, 40)]);
}

#[test]
fn a_spool_that_went_back_raises_the_end_and_goes_on() {
    let mut pair = running(20);
    pair.pass(250);
    pair.spool.truncate(15);
    pair.restart_gateway("g2", 1);
    pair.spool.extend((16..=18).map(|place| stored(place + 100, "pump", "t")));
    for (place, stored) in (16..).zip(&mut pair.spool[15..]) {
        stored.place = place;
    }
    pair.gateway.held(pair.now, pair.held());
    pair.pass(0);
    pair.pass(250);
    assert_eq!(pair.store.values[15..], [16, 17, 18, 19, 20, 116, 117, 118]);
    assert_eq!(pair.tags.rows()[0].end, 20);
}

#[test]
fn a_command_that_is_handed_again_is_done_once() {
    let mut pair = running(0);
    let deadline = pair.now.wall + 5_000;
    pair.hub.as_mut().expect("connected").hand(pair.now, command(deadline));
    pair.run();
    pair.cut();
    pair.pass(500);
    pair.hub.as_mut().expect("connected").hand(pair.now, command(deadline));
    pair.run();
    assert_eq!(handed(&pair), 1);
}

#[test]
fn an_outcome_is_told_until_it_is_settled() {
    let mut pair = running(0);
    let deadline = pair.now.wall + 5_000;
    pair.hub.as_mut().expect("connected").hand(pair.now, command(deadline));
    pair.run();
    pair.gateway.outcome(pair.now, outcome("sent"));
    pair.cut();
    pair.gateway.outcome(pair.now, outcome("done"));
    pair.pass(500);
    assert_eq!(outcomes(&pair), ["done"]);
    pair.hub.as_mut().expect("connected").hand(pair.now, command(deadline));
    pair.run();
    assert_eq!(outcomes(&pair), ["done", "done"]);
    pair.hub.as_mut().expect("connected").settled(pair.now, name());
    pair.run();
    pair.cut();
    pair.pass(1_000);
    assert!(pair.gateway.is_welcome());
    assert_eq!(outcomes(&pair), ["done", "done"]);
}

#[test]
fn a_command_that_comes_too_late_by_the_hubs_clock_is_handed_on_as_such() {
    let mut pair = running(0);
    let deadline = pair.now.wall + 1_000;
    pair.pass(1_000);
    pair.hub.as_mut().expect("connected").hand(pair.now, command(deadline));
    pair.run();
    let late = pair.at_gateway.iter().any(|output| matches!(output, AtGateway::Hand { ttl: 0, .. }));
    assert!(late);
}

#[test]
fn a_hub_that_may_not_command_is_told_so() {
    let mut pair = Pair::new(Vec::new(), Filter::default(), 1);
    let read_only =
        protocol::uplink::gateway_side::Settings { commands: false, ..settings(Filter::default(), 1) };
    pair.gateway = GatewaySide::new(pair.now, read_only, pair.tags.clone(), pair.held());
    pair.pass(0);
    pair.hub.as_mut().expect("connected").hand(pair.now, command(pair.now.wall + 1_000));
    pair.run();
    assert_eq!((handed(&pair), outcomes(&pair)), (0, vec!["refused".to_owned()]));
}

#[test]
fn who_may_come_in_is_asked_only_of_a_hub_that_is_there() {
    let hash = "0".repeat(64);
    let mut pair = Pair::new(Vec::new(), Filter::default(), 1);
    assert!(!pair.gateway.admit(pair.now, 1, Some(device("pump")), &hash));
    pair.pass(0);
    assert!(pair.gateway.admit(pair.now, 2, Some(device("pump")), &hash));
    pair.run();
    pair.hub.as_mut().expect("connected").admitted(pair.now, 2, device("pump"), None, hash.clone().into());
    pair.hub.as_mut().expect("connected").denied(pair.now, 3, Bye::Auth);
    pair.run();
    let answers =
        pair.at_gateway.iter().filter(|it| matches!(it, AtGateway::Admitted { ask: 2, .. })).count();
    assert_eq!(answers, 1);
    assert!(!pair.at_gateway.iter().any(|it| matches!(it, AtGateway::Denied { .. })), "nobody asked");
}

#[test]
fn a_hub_that_was_removed_is_left_alone() {
    let mut pair = running(5);
    pair.gateway.end();
    pair.run();
    pair.pass(600_000);
    assert!(pair.hub.is_none() && pair.gateway.poll_timeout().is_none());
}
