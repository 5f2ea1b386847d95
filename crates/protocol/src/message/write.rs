//! Writing what both directions share.

/// Ends a line.
pub(crate) fn finish(mut line: String) -> Vec<u8> {
    line.push('\n');
    line.into_bytes()
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
