//! The payload of a close frame.

use super::Violation;

/// The code of a client's close frame; none where it has no payload.
///
/// # Errors
/// The payload has half a code, one that nobody may send, or a reason that is no text.
pub(super) fn code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Violation::Protocol) };
    };
    let code = u16::from_be_bytes(*code);
    // 1004 to 1006 and 1015 stand for what is not said in a frame; below 3000 all others are for future versions.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Violation::Protocol);
    }
    std::str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
    Ok(Some(code))
}
