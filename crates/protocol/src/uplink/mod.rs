//! The uplink between a gateway and a hub: what they say to each other (spec/uplink.md).
//!
//! A gateway takes devices' messages over to its spool and forwards them, labelled, to each of its hubs; a hub takes them over
//! in the spool's order and acks.
//!
//! | file | what it is |
//! |---|---|
//! | [`message`] | what either side says |

pub mod message;
