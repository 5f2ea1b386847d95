//! Any line is read or refused with a place in it; what was read says the same when it is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::limits::{LINE_BYTES_MAX, REASON_BYTES_MAX};
use protocol::message::{FromDevice, ToDevice, decode_from_device, decode_to_device, leading_seq};

fuzz_target!(|line: &[u8]| {
    let _ = leading_seq(line);
    match decode_from_device(line) {
        Ok(said) => again_from_device(said),
        Err(fail) => {
            assert!(fail.at <= line.len(), "byte {} of {}", fail.at, line.len());
            assert!(fail.reason.len() <= REASON_BYTES_MAX);
        }
    }
    if let Ok(said) = decode_to_device(line) {
        again_to_device(said);
    }
});

fn again_from_device(said: FromDevice) {
    // What is not known to us is not written, nor is a session that nobody ever issued.
    match &said {
        FromDevice::Unknown => return,
        FromDevice::Identify(identify) if identify.session_malformed => return,
        _ => {}
    }
    let first = format!("{said:?}");
    let line = said.encode();
    let again = decode_from_device(line.trim_ascii_end()).expect("what was written can be read");
    assert_eq!(first, format!("{again:?}"));
}

fn again_to_device(said: ToDevice) {
    if matches!(said, ToDevice::Unknown) {
        return;
    }
    let line = said.encode(LINE_BYTES_MAX);
    let again = decode_to_device(line.trim_ascii_end()).expect("what was written can be read");
    assert_eq!(line, again.encode(LINE_BYTES_MAX), "writing, reading and writing changes nothing");
}
