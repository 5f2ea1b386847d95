//! What a conversation holds only while there is something to do, so that an idle one holds nothing.

use super::Output;
use std::cell::Cell;
use std::collections::VecDeque;

thread_local! {
    /// One is enough: a conversation mostly gives it back before the next one needs it.
    static SPARE: Cell<Option<Box<Held>>> = const { Cell::new(None) };
}

/// Outputs that a spare one keeps room for. One that grew larger is let go.
const OUTPUTS_KEPT: usize = 16;

/// Outputs that were not taken yet, and the identify that is not answered.
#[derive(Default)]
pub(super) struct Busy(Option<Box<Held>>);

#[derive(Default)]
struct Held {
    outputs: VecDeque<Output>,
    /// The number of the line of the identify that waits for its answer.
    identify: Option<u64>,
}

impl Busy {
    pub(super) fn put(&mut self, output: Output) {
        self.held().outputs.push_back(output);
    }

    /// The next output.
    pub(super) fn take(&mut self) -> Option<Output> {
        let output = self.0.as_mut()?.outputs.pop_front();
        self.rest();
        output
    }

    /// An identify was handed over: that of the line with this number.
    pub(super) fn asks(&mut self, line: u64) {
        self.held().identify = Some(line);
    }

    /// The identify that waits is answered: the number of its line, where one waited.
    pub(super) fn is_answered(&mut self) -> Option<u64> {
        let line = self.0.as_mut()?.identify.take();
        self.rest();
        line
    }

    fn held(&mut self) -> &mut Held {
        self.0.get_or_insert_with(|| SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default())
    }

    /// Gives the memory back where nothing is in it.
    fn rest(&mut self) {
        let empty = |held: &mut Box<Held>| held.outputs.is_empty() && held.identify.is_none();
        if let Some(held) = self.0.take_if(empty)
            && held.outputs.capacity() <= OUTPUTS_KEPT
        {
            // Where the thread ends nobody needs it any more.
            let _ = SPARE.try_with(|spare| spare.set(Some(held)));
        }
    }
}
