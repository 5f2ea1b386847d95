//! Two real sides, a transport that breaks, a hub that forgets what it had not committed, and a device that begins anew
//! with what it had stored: every message arrives once and in order, or its loss is declared.

mod world;

use self::world::World;
use crate::notation::Storage;
use proptest::prelude::*;
use protocol::id::DeviceId;
use protocol::line::{Content, Line, Lines};
use protocol::session::device_side::{self, DeviceSide, Settings, Transport};
use protocol::time::Time;

/// What the hub grants.
const WINDOW: u32 = 8;

/// What happens to the world, one after the other.
#[derive(Debug, Clone)]
enum Happening {
    /// The device has a message.
    Publish,
    /// Up to so many lines arrive at the hub.
    ToHub(u8),
    /// Up to so many lines arrive at the device.
    ToDevice(u8),
    /// The oldest line on its way to the hub is lost: serial only.
    LoseToHub,
    /// The oldest line on its way to the device is lost: serial only.
    LoseToDevice,
    /// The hub commits what it was given.
    Commit,
    /// The hub's storage fails, or recovers (H9).
    Window(u32),
    /// So many milliseconds pass.
    Pass(u16),
    /// The connection breaks.
    Cut,
    /// The hub crashes: what it had not committed is gone.
    Crash,
    /// The device's program syncs its outbox.
    Sync,
    /// The program is killed when it has carried out so many more outputs, and begins anew with all that it stored.
    Restart(u8),
    /// The same by a power cut: of what was not synced, so many messages are gone.
    PowerCut(u8, u8),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => Just(Happening::Publish),
        8 => (1u8..6).prop_map(Happening::ToHub),
        8 => (1u8..6).prop_map(Happening::ToDevice),
        2 => Just(Happening::LoseToHub),
        2 => Just(Happening::LoseToDevice),
        4 => Just(Happening::Commit),
        1 => prop_oneof![Just(0), Just(WINDOW)].prop_map(Happening::Window),
        3 => (1u16..20_000).prop_map(Happening::Pass),
        1 => Just(Happening::Cut),
        1 => Just(Happening::Crash),
    ]
}

/// The same, and a device that begins anew.
fn happening_to_a_stored_outbox() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => happening(),
        1 => Just(Happening::Sync),
        1 => (0u8..6).prop_map(Happening::Restart),
        1 => (0u8..6, 0u8..6).prop_map(|(outputs, gone)| Happening::PowerCut(outputs, gone)),
    ]
}

fn play(transport: Transport, outbox: usize, storage: Option<Storage>, happenings: &[Happening]) {
    let mut world = World::new(transport, outbox, storage);
    for happening in happenings {
        world.happens(happening);
    }
    world.calm_down();
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_message_arrives_once_and_in_order(happenings in prop::collection::vec(happening(), 1..200)) {
        play(Transport::Stream, 1_000, None, &happenings);
    }

    #[test]
    fn every_message_arrives_once_and_in_order_over_a_line_that_loses(
        happenings in prop::collection::vec(happening(), 1..200),
    ) {
        play(Transport::Serial, 1_000, None, &happenings);
    }

    #[test]
    fn what_a_full_outbox_dropped_is_declared(happenings in prop::collection::vec(happening(), 1..200)) {
        play(Transport::Stream, 3, None, &happenings);
        play(Transport::Serial, 3, None, &happenings);
    }

    #[test]
    fn d2_d3_d4_a_stored_outbox_loses_and_doubles_nothing(
        happenings in prop::collection::vec(happening_to_a_stored_outbox(), 1..200),
    ) {
        play(Transport::Stream, 1_000, Some(Storage::new()), &happenings);
        play(Transport::Serial, 1_000, Some(Storage::new()), &happenings);
    }

    #[test]
    fn what_a_full_stored_outbox_dropped_is_declared(
        happenings in prop::collection::vec(happening_to_a_stored_outbox(), 1..200),
    ) {
        play(Transport::Stream, 3, Some(Storage::new()), &happenings);
        play(Transport::Serial, 3, Some(Storage::new()), &happenings);
    }
}

/// `Lines` cuts what the device side writes as the hub side reads it.
#[test]
fn what_is_said_is_one_line() {
    let mut device = DeviceSide::new(Settings::new(DeviceId::parse("pump-1").expect("an id"), None, 0));
    device.connected(Time { wall: 0, mono: 0 });
    let Some(device_side::Output::Send(bytes)) = device.poll_output() else { panic!("it identifies") };
    let mut rest = &bytes[..];
    let mut lines = Lines::new(256);
    assert!(
        matches!(lines.next(&mut rest), Some(Line { content: Content::Whole(line), .. }) if line.starts_with(b"{"))
    );
    assert_eq!(lines.next(&mut rest), None);
}
