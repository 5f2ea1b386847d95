//! What the tests are built on: a running program, a raw device, HTTP, and the books that must balance.

mod books;
mod canaries;
mod device;
mod http;
mod hub;
mod program;

pub(crate) use books::{Account, Gap, Patch, Shown, Stored, Verdict, judge};
pub(crate) use canaries::Canaries;
pub(crate) use device::Device;
pub(crate) use http::{Answer, ask, request, request_as};
pub(crate) use hub::Hub;
pub(crate) use program::{Ended, Program};

use std::time::Duration;

/// How long anything may take. Nothing takes as long unless it is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
