//! The frame that is being made for one panel: one message, or an array of several.

use crate::limits::PANEL_BATCH_BYTES_MAX;

/// What gathers for one panel until it leaves. It takes whatever it is given; whoever fills it asks for room first, so it
/// holds at most [`PANEL_BATCH_BYTES_MAX`] and what one look brought.
#[derive(Default)]
pub(super) struct Batch {
    /// The messages, each behind a comma or the bracket that opens the array.
    text: String,
    messages: usize,
}

impl Batch {
    /// Adds a message: JSON, as the router encodes it.
    pub(super) fn push(&mut self, message: &[u8]) {
        self.text.push(if self.messages == 0 { '[' } else { ',' });
        self.text.push_str(&String::from_utf8_lossy(message));
        self.messages += 1;
    }

    /// Whether more may be gathered.
    pub(super) fn has_room(&self) -> bool {
        self.text.len() < PANEL_BATCH_BYTES_MAX
    }

    /// The frame, or nothing where there is no message.
    pub(super) fn take(&mut self) -> Option<String> {
        let mut text = std::mem::take(&mut self.text);
        match std::mem::take(&mut self.messages) {
            0 => return None,
            1 => drop(text.remove(0)),
            _ => text.push(']'),
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_a_frame_and_several_are_an_array() {
        let mut batch = Batch::default();
        assert_eq!(batch.take(), None);
        batch.push(b"{\"a\":1}");
        assert_eq!(batch.take().as_deref(), Some("{\"a\":1}"));
        batch.push(b"{\"a\":1}");
        batch.push(b"{\"b\":2}");
        assert_eq!(batch.take().as_deref(), Some("[{\"a\":1},{\"b\":2}]"));
        assert_eq!(batch.take(), None);
    }
}
