//! What the hot paths do over and over, one operation at a time and each for itself: what it costs is counted in
//! instructions (`bench instructions`) and timed (`cargo bench -p bench`).
//!
//! An operation is made ready once and then done as often as one likes; it finds everything as it left it, so that the
//! hundredth time costs what the tenth did. Where it needs something that it uses up, such as a message, a copy of a
//! prepared one is made, and that is counted too.

mod append;
mod chunk;
mod decode;
mod encode;
mod frames;
mod reading;
mod route;
mod session;

/// One operation.
pub struct Operation {
    /// What it is called in `instructions.toml` and on the command line.
    pub name: &'static str,
    /// How often it is done to be counted: what happens only now and then has to happen several times.
    pub times: u64,
    /// Makes it ready.
    pub prepare: fn() -> Work,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Does the operation once with each call.
pub type Work = Box<dyn FnMut()>;

/// All of them, in the order in which a message meets them.
pub const OPERATIONS: &[Operation] = &[
    often("decode-sample", decode::sample),
    often("decode-ten-values", decode::ten_values),
    often("decode-identify", decode::identify),
    often("session-line", session::line),
    often("route-unwatched", || route::watched(0)),
    often("route-1-watcher", || route::watched(1)),
    often("route-100-watchers", || route::watched(100)),
    often("route-behind-32", || route::behind(32)),
    often("encode-patch", encode::patch),
    often("encode-ack", encode::ack),
    often("encode-welcome", encode::welcome),
    often("frames-read", frames::read),
    often("frames-write", frames::write),
    Operation { name: "append-1", times: append::SINGLE_TIMES, prepare: || append::commit(1) },
    Operation { name: "append-1000", times: append::THOUSAND_TIMES, prepare: || append::commit(1000) },
    Operation { name: "chunk-pack", times: 100, prepare: chunk::pack },
    Operation { name: "chunk-read", times: 100, prepare: chunk::read },
    Operation { name: "chunk-numbers", times: 100, prepare: chunk::numbers },
];

/// The operation of this name.
pub fn named(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

const fn often(name: &'static str, prepare: fn() -> Work) -> Operation {
    Operation { name, times: 1000, prepare }
}
