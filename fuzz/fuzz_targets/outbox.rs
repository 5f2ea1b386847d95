//! Any log and any head can be opened; what is found is found again, and what is added behind it too, under positions
//! that were not used before.
#![no_main]

use glassline_client::outbox::{Bounds, Outbox};
use libfuzzer_sys::fuzz_target;
use protocol::message::{FromDevice, Samples, decode_from_device};
use protocol::session::device_side::Kept;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Small, so that another file is begun often.
const BOUNDS: Bounds = Bounds { file_bytes: 200 };

fuzz_target!(|data: &[u8]| {
    let folder = folder();
    let mut parts = data.splitn(3, |byte| *byte == 0);
    for (name, part) in
        ["00000000000000000001.log", "00000000000000000005.log", "head"].iter().zip(&mut parts)
    {
        fs::write(folder.join(name), sealed(part)).expect("the folder takes it");
    }
    let (outbox, first, report) = Outbox::open(&folder, BOUNDS).expect("damage is no error");
    assert_eq!(report.restored, first.messages.iter().flatten().count());
    let end = first.first + first.messages.len() as u64;
    assert!(outbox.next() >= end, "position {} would be used again", outbox.next());
    drop(outbox);

    let (mut outbox, second, _) = Outbox::open(&folder, BOUNDS).expect("damage is no error");
    assert_eq!(texts(&first), texts(&second), "the same is found again");
    let added = outbox.next();
    assert!(added >= end);
    for count in 0..8 {
        outbox.append(&message(count)).expect("the disk has room");
    }
    drop(outbox);

    let (outbox, third, _) = Outbox::open(&folder, BOUNDS).expect("damage is no error");
    assert!(outbox.next() >= added + 8, "positions are used again");
    let texts = texts(&third);
    let last: Vec<_> = texts.iter().rev().take(8).rev().cloned().collect();
    let expected: Vec<_> = (0..8).map(|count| format!("{:?}", Some(text(&message(count))))).collect();
    assert_eq!(last, expected, "what was added is there");
    fs::remove_dir_all(&folder).expect("it is ours");
});

/// A folder of this process, in memory where that can be had.
fn folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = parent.join(format!("glassline-fuzz-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

/// Lines that begin with `+` get the checksum that no fuzzer finds.
fn sealed(part: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for line in part.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"+").map(|line| line.strip_suffix(b"\n").unwrap_or(line)) {
            Some(line) => {
                let mut seal = String::new();
                writeln!(seal, " *{:08x}", crc32fast::hash(line)).expect("text grows");
                file.extend_from_slice(line);
                file.extend_from_slice(seal.as_bytes());
            }
            None => file.extend_from_slice(line),
        }
    }
    file
}

fn message(count: u64) -> Samples {
    match decode_from_device(format!("{{\"n\":{count}}}").as_bytes()) {
        Ok(FromDevice::Samples(samples)) => samples,
        other => panic!("shorthand is samples: {other:?}"),
    }
}

fn text(samples: &Samples) -> String {
    format!("{:?} {:?}", samples.ts, samples.samples)
}

fn texts(kept: &Kept) -> Vec<String> {
    kept.messages.iter().map(|message| format!("{:?}", message.as_ref().map(text))).collect()
}
