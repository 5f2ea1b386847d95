//! A store as lines, as `tests/fixtures/v1/README.md` says them, through its public door.

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::ControlFlow;
use std::sync::Arc;

use store::{CommandRow, DeviceKey, EntryContent, Loaded, LoadedDevice, Position, Reader, Sample, limits};

/// The log, its issuers, devices, channels and tokens.
pub(crate) fn loaded(loaded: &Loaded) -> Vec<String> {
    let mut lines = vec![format!("log\t{:?}", loaded.log)];
    lines.extend(loaded.earlier_issuers.iter().map(|tag| format!("issuer\t{tag:?}")));
    for device in &loaded.devices {
        let position = device.position.as_ref();
        let gaps: u64 = device.gaps.iter().map(|count| count.gaps).sum();
        lines.push(format!(
            "device\t{}\t{:?}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{gaps}\t{}\t{}",
            device.key.0,
            device.id,
            text(device.called.as_ref().and_then(|called| called.name.as_deref())),
            plain(device.token.map(|token| {
                let previous = device.previous.map(|token| format!(" before {}", hex(&token.0)));
                hex(&token.0) + &previous.unwrap_or_default()
            })),
            i32::from(device.confirmed),
            i32::from(device.joined),
            device.created,
            text(device.describe.as_deref()),
            device.cursor,
            device.next_session,
            text(position.map(|position| &*position.session)),
            plain(position.map(|position| position.seq.cast_signed())),
            device.received,
            device.next_command,
            plain(device.last_seen),
        ));
    }
    for device in &loaded.devices {
        for channel in &device.channels {
            let latest = channel.latest.as_ref();
            lines.push(format!(
                "channel\t{}\t{:?}\t{}\t{}\t{}",
                device.key.0,
                channel.name,
                text(latest.map(|latest| &*latest.value)),
                plain(latest.map(|latest| latest.ts)),
                plain(latest.map(|latest| latest.cursor)),
            ));
        }
    }
    for token in &loaded.tokens {
        let (hash, subject, scopes) = (hex(&token.hash.0), &token.subject, &token.scopes);
        let (created, expires, used) = (token.created, token.expires, token.used);
        lines.push(format!("token\t{hash}\t{subject:?}\t{scopes:?}\t{created}\t{expires}\t{used}"));
    }
    lines
}

/// All samples: in the order in which they are streamed, each with the rest of what its entry in the log says of it.
pub(crate) fn samples(loaded: &Loaded, reader: &Reader) -> Vec<String> {
    let of = |device: &LoadedDevice| {
        let channels: Vec<_> = device.channels.iter().map(|channel| &channel.name).collect();
        samples_of(reader, device.key, &channels)
    };
    loaded.devices.iter().flat_map(of).collect()
}

/// A sample with its message's cursor and position.
type InLog = (u64, Option<Position>, Sample);

/// The samples of some channels of a device.
pub(crate) fn samples_of(reader: &Reader, device: DeviceKey, channels: &[&Arc<str>]) -> Vec<String> {
    let mut in_log: HashMap<Arc<str>, Vec<InLog>> = HashMap::new();
    for (cursor, content) in entries(reader, device) {
        let EntryContent::Message { position, samples } = content else { continue };
        for sample in samples {
            in_log.entry(sample.channel.clone()).or_default().push((cursor, position.clone(), sample));
        }
    }
    let mut lines = Vec::new();
    for channel in channels {
        let mut in_log = in_log.remove(*channel).unwrap_or_default().into_iter();
        let mut each = |row: store::SampleRow| {
            let (cursor, position, sample) = in_log.next().expect("the log has it too");
            assert_eq!(
                (row.ts, row.device_ts, &row.value, &row.position),
                (sample.ts, sample.device_ts, &sample.value, &position)
            );
            lines.push(format!(
                "sample\t{}\t{channel:?}\t{cursor}\t{}\t{}\t{}\t{}\t{:?}",
                device.0,
                at(position.as_ref()),
                sample.ts,
                plain(sample.device_ts),
                i32::from(sample.late),
                sample.value,
            ));
            ControlFlow::Continue(())
        };
        reader.samples(device, channel, i64::MIN, i64::MAX, &mut each).unwrap();
        assert_eq!(in_log.next(), None, "the log has more than the stream");
    }
    lines
}

/// All gaps.
pub(crate) fn gaps(loaded: &Loaded, reader: &Reader) -> Vec<String> {
    let mut lines = Vec::new();
    for device in &loaded.devices {
        for (cursor, content) in entries(reader, device.key) {
            let EntryContent::Gap(gap) = content else { continue };
            lines.push(format!(
                "gap\t{}\t{cursor}\t{:?}\t{}\t{}\t{:?}\t{}",
                device.key.0,
                gap.session,
                gap.from.cast_signed(),
                gap.to.cast_signed(),
                gap.reason,
                gap.at
            ));
        }
    }
    lines
}

/// All commands, sorted.
pub(crate) fn commands(loaded: &Loaded, reader: &Reader) -> Vec<String> {
    let of = |device: &store::LoadedDevice| reader.commands(device.key, limits::COMMANDS_MAX).unwrap();
    let mut lines: Vec<String> = loaded.devices.iter().flat_map(of).map(|row| command(&row)).collect();
    lines.sort();
    lines
}

fn command(row: &CommandRow) -> String {
    format!(
        "command\t{}\t{}\t{:?}\t{:?}\t{:?}\t{:?}\t{:?}\t{}\t{:?}\t{}\t{}\t{}\t{}\t{}",
        row.device.0,
        plain(row.number),
        row.id,
        row.by,
        row.channel,
        row.value,
        row.intent,
        row.ttl,
        row.state,
        text(row.reason.as_deref()),
        text(row.result.as_deref()),
        row.created,
        plain(row.deadline),
        row.updated,
    )
}

/// The whole log of a device.
pub(crate) fn entries(reader: &Reader, device: DeviceKey) -> Vec<(u64, EntryContent)> {
    let mut all = Vec::new();
    loop {
        let after = all.len() as u64;
        let page = reader.messages(device, after, usize::MAX).unwrap();
        if page.is_empty() {
            return all;
        }
        for entry in page {
            assert_eq!(entry.cursor, all.len() as u64 + 1, "no hole");
            all.push((entry.cursor, entry.content));
        }
    }
}

fn at(position: Option<&Position>) -> String {
    match position {
        Some(position) => format!("{:?}\t{}", position.session, position.seq.cast_signed()),
        None => "-\t-".to_owned(),
    }
}

fn text(text: Option<&str>) -> String {
    text.map_or("-".to_owned(), |text| format!("{text:?}"))
}

fn plain(value: Option<impl Display>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
