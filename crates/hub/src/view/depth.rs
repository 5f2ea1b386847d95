//! Where templates of others are compiled and rendered: on a thread of their own, whose stack suffices for the deepest value and the
//! deepest expression that their bounds let them make. The template language goes through both by recursion, also where it frees
//! them, and a stack that ends would end the hub.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

use super::deadline::Carried;
use super::limits::TEMPLATE_STACK_BYTES;
use super::problem::Problem;

/// Runs `work`, which must free all that it makes of the template `file`.
///
/// # Errors
/// The system has no room for another thread.
pub(crate) fn with_room<T: Send>(file: &str, work: impl FnOnce() -> T + Send) -> Result<T, Problem> {
    let carried = Carried::from_here();
    let within = move || {
        let _deadline = carried.begin();
        work()
    };
    scope(|threads| {
        let thread = Builder::new().name("template".to_owned()).stack_size(TEMPLATE_STACK_BYTES);
        let running = thread.spawn_scoped(threads, within);
        let running = running.map_err(|error| {
            Problem::whole(file, format!("The system has no room to render this now: {error}."))
        })?;
        Ok(running.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}
