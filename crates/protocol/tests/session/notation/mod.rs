//! The text notation of `spec/vectors/README.md`: conversations as a film, run against one side or the other.
//! Happenings on one line happen together; before the next line, what was said must have been in the script.

mod device;
mod hub;
mod message;
mod script;
mod storage;

pub(crate) use device::device;
pub(crate) use hub::hub;
pub(crate) use storage::Storage;
