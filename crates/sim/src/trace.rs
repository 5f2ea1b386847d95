//! What happened in a simulation: always as a hash, and where somebody wants to read it as text in the notation of
//! `spec/vectors`.

use std::fmt::Arguments;

/// The record of one simulation.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    text: Option<String>,
}

impl Trace {
    /// Nothing happened yet. `readable` keeps the text too, which costs time.
    pub fn new(readable: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, text: readable.then(String::new) }
    }

    /// Two simulations of the same seed end with the same hash.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// What happened, a line each; empty where it was not asked for.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// `who` said this line, with its end.
    pub(crate) fn said(&mut self, who: Arguments<'_>, line: &[u8]) {
        self.fold_bytes(line);
        if let Some(text) = &mut self.text {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = if line.is_empty() { "heartbeat".into() } else { String::from_utf8_lossy(line) };
            text.push_str(&format!("{:<9} > {line}\n", who.to_string()));
        }
    }

    /// Something happened to the world: `number` tells it apart in the hash, `what` is the text.
    pub(crate) fn happened(&mut self, number: u64, what: Arguments<'_>) {
        self.fold(number);
        if let Some(text) = &mut self.text {
            text.push_str(&format!("          | {what}\n"));
        }
    }

    /// Takes frames of panels and the like into the hash.
    pub(crate) fn fold_bytes(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.fold(u64::from_le_bytes(word.try_into().expect("chunks of eight")));
        }
        let mut rest = [0; 8];
        rest[..words.remainder().len()].copy_from_slice(words.remainder());
        self.fold(u64::from_le_bytes(rest) ^ (bytes.len() as u64) << 56);
    }

    fn fold(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}
