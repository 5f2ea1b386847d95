//! The operations of the hot paths, for those who measure them: `bench instructions` and `cargo bench -p bench`.

pub mod operations;
