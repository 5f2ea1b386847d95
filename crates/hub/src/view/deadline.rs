//! The time that a page may take to be rendered. Fuel bounds what a template does by itself, and this what it has others do, such
//! as writing long values as JSON very often.
//!
//! It belongs to the thread, as a page is rendered on one: filters and functions of templates are told nothing else of the page.

use std::cell::Cell;
use std::time::{Duration, Instant};

use minijinja::{Error, ErrorKind};

use super::limits::PAGE_TIME_MAX;

thread_local! {
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
    /// How many deadlines there are. With the last of them the end is gone, in whatever order they go.
    static DEADLINES: Cell<usize> = const { Cell::new(0) };
    static LIFTED: Cell<usize> = const { Cell::new(0) };
}

/// While it is there, this thread renders within a deadline: its own, or an earlier one that was there before it.
pub(crate) struct Deadline;

impl Deadline {
    /// [`PAGE_TIME_MAX`] from now.
    pub(crate) fn of_page() -> Self {
        Self::within(PAGE_TIME_MAX)
    }

    fn within(time: Duration) -> Self {
        let end = Instant::now() + time;
        END.set(Some(END.get().map_or(end, |before| before.min(end))));
        DEADLINES.set(DEADLINES.get() + 1);
        Self
    }
}

/// The end that counts on this thread, to go on with on another that does a part of its work.
pub(crate) struct Carried(Option<Instant>);

impl Carried {
    pub(crate) fn from_here() -> Self {
        Self(END.get().filter(|_| LIFTED.get() == 0))
    }

    /// Has it count on this thread too.
    pub(crate) fn begin(self) -> Deadline {
        END.set(self.0);
        DEADLINES.set(DEADLINES.get() + 1);
        Deadline
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        DEADLINES.set(DEADLINES.get() - 1);
        if DEADLINES.get() == 0 {
            END.set(None);
        }
    }
}

/// While it is there, no deadline counts: for what stands around components, and for the tiles that say why one is not there.
pub(crate) struct Lifted;

impl Lifted {
    pub(crate) fn begin() -> Self {
        LIFTED.set(LIFTED.get() + 1);
        Self
    }
}

impl Drop for Lifted {
    fn drop(&mut self) {
        LIFTED.set(LIFTED.get() - 1);
    }
}

/// Whether the time of this page is over.
pub(crate) fn is_over() -> bool {
    LIFTED.get() == 0 && END.get().is_some_and(|end| end <= Instant::now())
}

/// Ends a template whose page has no time left.
///
/// # Errors
/// There is none left.
pub(crate) fn check() -> Result<(), Error> {
    if !is_over() {
        return Ok(());
    }
    let what = format!("The page takes longer than {} seconds", PAGE_TIME_MAX.as_secs());
    Err(Error::new(ErrorKind::InvalidOperation, what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Library, StillScene};

    #[test]
    fn an_inner_deadline_never_gives_more_time_and_is_gone_with_its_end() {
        assert!(!is_over());
        {
            let _outer = Deadline::within(Duration::ZERO);
            let _inner = Deadline::of_page();
            assert!(is_over() && check().is_err());
        }
        assert!(!is_over() && check().is_ok());
        let (over, other) = (Deadline::within(Duration::ZERO), Deadline::of_page());
        {
            let _lifted = Lifted::begin();
            assert!(!is_over() && check().is_ok());
        }
        drop(over);
        assert!(is_over(), "the earlier end counts as long as there is any");
        drop(other);
        assert!(!is_over());
    }

    #[test]
    fn a_thread_that_does_a_part_of_the_work_has_the_same_end() {
        let over_elsewhere = |carried: Carried| {
            std::thread::spawn(move || {
                let _carried = carried.begin();
                is_over()
            })
        };
        assert!(!over_elsewhere(Carried::from_here()).join().expect("it ends"));
        let _over = Deadline::within(Duration::ZERO);
        assert!(over_elsewhere(Carried::from_here()).join().expect("it ends"));
        let _lifted = Lifted::begin();
        assert!(!over_elsewhere(Carried::from_here()).join().expect("it ends"));
    }

    #[test]
    fn a_page_without_time_leaves_its_components_out_and_says_so() {
        let library = Library::built_in();
        let _over = Deadline::within(Duration::ZERO);
        let page = library.view_page("status", &StillScene::default()).expect("it is built in").html;
        assert!(page.contains("components are left out") && !page.contains("<gl-panel-list"), "{page}");
        assert!(page.contains("<nav") && page.contains("</html>"), "the page around them is there: {page}");
    }
}
