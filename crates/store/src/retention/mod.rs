//! For how long samples are kept, and what is left of them afterwards.

mod keeper;
mod rule;
pub(crate) mod sums;

pub(crate) use keeper::Keeper;
pub use rule::{NoChannel, Pattern, Retention};
