//! Both sides of a conversation, each against a peer that says anything: the input is a list of operations, so that the
//! fuzzer reaches deep states and not only odd bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::intake::{Lane, Post, Said};
use protocol::line::{Content, Line};
use protocol::message::{
    Command, FromDevice, Outcome, Samples, ToDevice, Welcome, decode_from_device, decode_to_device,
};
use protocol::session::device_side::{self, DeviceSide, OutboxBounds, Settings, Transport};
use protocol::session::hub_side::{self, HubSide};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

/// Operations that are carried out of one input.
const OPERATIONS_MAX: usize = 200;

fuzz_target!(|data: &[u8]| match data.split_first() {
    Some((0..128, operations)) => hub_side_keeps_its_promises(&mut Input(operations)),
    Some((_, operations)) => device_side_keeps_its_promises(&mut Input(operations)),
    None => {}
});

/// The bytes that say what to do.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A small number.
    fn number(&mut self) -> u64 {
        u64::from(self.byte().unwrap_or(0) % 24)
    }

    /// Bytes up to the next line end, or what is left.
    fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == b'\n').unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        line
    }
}

struct NoLane;

impl Lane for NoLane {
    fn take(&self, _line: u64, _said: Said) {}
    fn ended(&self) {}
}

fn at(mono: u64) -> Time {
    Time { wall: 1_700_000_000_000, mono }
}

fn welcome(session: Option<String>, nonce: u64, ack: u64) -> Welcome {
    let is_numbered = session.is_some();
    Welcome {
        device: "pump-1".into(),
        nonce: Some(nonce),
        session,
        ack: is_numbered.then_some(ack),
        window: is_numbered.then_some(8),
        heartbeat: 15,
        line_max: 65_536,
        time: 0,
        token: None,
    }
}

/// What is handed over is dense, an ack never passes what is committed, and nothing follows the end.
fn hub_side_keeps_its_promises(input: &mut Input<'_>) {
    let (mut mono, mut number) = (0, 0);
    let mut hub = HubSide::new(at(mono));
    let (mut taken, mut committed, mut pending) = (0_u64, 0_u64, 0_u32);
    let (mut asking, mut over) = (false, false);
    for _ in 0..OPERATIONS_MAX {
        let Some(operation) = input.byte() else { break };
        match operation % 8 {
            0 if hub.reading() => {
                number += 1;
                hub.line(at(mono), Line { number, content: Content::Whole(input.line()) });
            }
            1 if hub.reading() => {
                number += 1;
                let line = format!("{{\"seq\":{},\"channel\":\"n\",\"value\":1}}", input.number());
                hub.line(at(mono), Line { number, content: Content::Whole(line.as_bytes()) });
            }
            2 if hub.reading() => {
                number += 1;
                let line = format!("{{\"skip\":{},\"reason\":\"overflow\"}}", input.number());
                hub.line(at(mono), Line { number, content: Content::Whole(line.as_bytes()) });
            }
            3 if asking => {
                asking = false;
                let ack = input.number();
                (taken, committed, pending) = (ack, ack, 0);
                let session = (operation & 8 == 0).then(|| "k7-1".to_owned());
                hub.post(
                    at(mono),
                    Post::Welcome { welcome: welcome(session, 1, ack), lane: Arc::new(NoLane) },
                );
            }
            4 if pending > 0 => {
                committed = taken;
                hub.post(
                    at(mono),
                    Post::Committed { seq: Some(taken), messages: std::mem::take(&mut pending) },
                );
            }
            5 => {
                let value = RawValue::from_string("1".to_owned()).expect("a number");
                let command = Command { number: input.number(), channel: "n".to_owned(), value, ttl: 5_000 };
                hub.post(at(mono), Post::Command(command));
            }
            6 => match operation >> 3 {
                0 => hub.post(at(mono), Post::Bye(Bye::Stopping)),
                window => hub.post(at(mono), Post::Window(u32::from(window))),
            },
            7 => {
                mono += input.number() * 1_000;
                hub.timeout(at(mono));
            }
            _ => {}
        }
        while let Some(output) = hub.poll_output() {
            assert!(!over, "something follows the end");
            match output {
                hub_side::Output::Send(line) => {
                    assert!(line.ends_with(b"\n") && !line[..line.len() - 1].contains(&b'\n'), "one line");
                    if let Ok(ToDevice::Ack(seq)) = decode_to_device(line.trim_ascii_end()) {
                        assert!(seq <= committed, "acked {seq} of {committed}");
                    }
                }
                hub_side::Output::Identify(_) => asking = true,
                hub_side::Output::Take { said, .. } => match said {
                    Said::Samples(Samples { seq: Some(seq), .. }) => {
                        assert_eq!(seq, taken + 1, "handed over out of order");
                        (taken, pending) = (seq, pending + 1);
                    }
                    Said::Gap(gap) => {
                        assert!(gap.from == taken + 1 && gap.to >= gap.from, "a gap elsewhere");
                        (taken, pending) = (gap.to, pending + 1);
                    }
                    Said::Samples(_) | Said::Describe(_) => pending += 1,
                    _ => {}
                },
                hub_side::Output::Enter { .. } => {}
                hub_side::Output::Close => over = true,
            }
        }
    }
}

/// A number of a session never denotes two contents, nothing numbered is said before a welcome, and commands are begun
/// in the order of their numbers.
fn device_side_keeps_its_promises(input: &mut Input<'_>) {
    let transport = if input.number() % 2 == 0 { Transport::Stream } else { Transport::Serial };
    let outbox = OutboxBounds { messages_max: 4, bytes_max: 4_096 };
    let id = DeviceId::parse("pump-1").expect("an id");
    let mut device = DeviceSide::new(Settings { transport, outbox, ..Settings::new(id, None, 0) });
    let (mut mono, mut count, mut nonce, mut newest) = (0, 0, 0, 1);
    let (mut welcomed, mut asks_for_new) = (None::<String>, true);
    let mut said: HashMap<(String, u64), String> = HashMap::new();
    let mut begun = None;
    for _ in 0..OPERATIONS_MAX {
        let Some(operation) = input.byte() else { break };
        match operation % 8 {
            0 => device.line(at(mono), input.line()),
            1 => {
                count += 1;
                device.publish(at(mono), counted(count));
            }
            2 => {
                // An honest hub side goes on with a session or hands out a newer one; its acks can be anything.
                newest += u64::from(asks_for_new || operation & 8 == 0);
                let ack = if operation & 16 == 0 { 0 } else { input.number() };
                let session = Some(format!("k7-{newest}"));
                let line = ToDevice::Welcome(welcome(session, nonce, ack));
                device.line(at(mono), line.encode(65_536).trim_ascii_end());
            }
            3 => {
                let kind = ["ack", "nak", "window"][usize::from(operation >> 3) % 3];
                device.line(at(mono), format!("{{\"{kind}\":{}}}", input.number()).as_bytes());
            }
            4 => {
                let line =
                    format!("{{\"command\":{},\"channel\":\"n\",\"value\":1,\"ttl\":5000}}", input.number());
                device.line(at(mono), line.as_bytes());
            }
            5 => {
                let command = input.number();
                device.answer(at(mono), Outcome { command, ok: true, value: None, reason: None });
            }
            6 => {
                mono += input.number() * 1_000;
                device.timeout(at(mono));
            }
            7 if operation & 8 == 0 => device.connected(at(mono)),
            _ => {
                device.disconnected();
                welcomed = None;
            }
        }
        while let Some(output) = device.poll_output() {
            match output {
                device_side::Output::Send(line) => {
                    match decode_from_device(line.trim_ascii_end()).expect("a device says what can be read") {
                        FromDevice::Identify(identify) => {
                            welcomed = None;
                            nonce = identify.nonce.expect("it keeps numbers");
                            asks_for_new = identify.session.is_none();
                        }
                        FromDevice::Samples(Samples { seq: Some(seq), samples, .. }) => {
                            let session = welcomed.clone().expect("nothing numbered before a welcome (D1)");
                            let value = samples[0].value.get().to_owned();
                            let before = said.insert((session, seq), value.clone());
                            assert!(before.is_none_or(|before| before == value), "one number, two contents");
                        }
                        _ => {}
                    }
                }
                device_side::Output::Welcome(welcome) => welcomed = welcome.session.clone(),
                device_side::Output::Begin(command) => {
                    assert!(begun < Some(command.number), "a command is begun again (D8)");
                    begun = Some(command.number);
                }
                device_side::Output::Close(_) => {
                    device.disconnected();
                    welcomed = None;
                }
                _ => {}
            }
        }
    }
}

fn counted(count: u64) -> Samples {
    match decode_from_device(format!("{{\"n\":{count}}}").as_bytes()) {
        Ok(FromDevice::Samples(samples)) => samples,
        other => panic!("shorthand is samples: {other:?}"),
    }
}
