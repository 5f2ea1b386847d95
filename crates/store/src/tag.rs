//! Random tags that name an issuer of sessions or a log.

/// The letters of a tag: those and the digits that are not mistaken for one another. Exactly 32, so that five bits
/// choose one and each is as likely as any other.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 40 random bits.
const TAG_CHARS: usize = 8;

/// A new tag of 8 characters of `[a-z0-9]`.
pub(crate) fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; TAG_CHARS];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}
