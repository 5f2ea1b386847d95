//! Writing what both directions share.

/// Ends a line.
pub(crate) fn finish(mut line: String) -> Vec<u8> {
    line.push('\n');
    line.into_bytes()
}

/// `text` as a JSON string. Most have nothing to escape.
pub(crate) fn quoted(text: &str) -> String {
    match text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        true => serde_json::Value::from(text).to_string(),
        false => ["\"", text, "\""].concat(),
    }
}
