//! Secrets: random texts that open something, and what is kept of them.
//!
//! A secret exists as text only where it is made and where it is presented. Everything in between, the store above
//! all, knows its SHA-256. That suffices without salt or stretching because the text is random, and not chosen by people.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use store::TokenHash;
use subtle::ConstantTimeEq as _;

use super::limits::{CREDENTIAL_BYTES_MAX, LINK_BYTES, SECRET_BYTES};

/// What a secret is for. It shows in the text, so that a token found in the wrong place can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// The administrator's token of this run.
    Admin,
    /// The join token of this run.
    Join,
    /// A token of the API.
    Token,
    /// A device's own token.
    Device,
    /// A gateway's token.
    Gateway,
    /// A login, as it stands in the cookie.
    Login,
    /// A ticket for one panel socket.
    Ticket,
    /// The code of a login link.
    Link,
}

impl SecretKind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Admin => "gl_admin_",
            Self::Join => "gl_join_",
            Self::Token => "gl_token_",
            Self::Device => "gl_device_",
            Self::Gateway => "gl_gateway_",
            Self::Login => "gl_login_",
            Self::Ticket => "gl_ticket_",
            // Part of a URL that people copy: as short as can be.
            Self::Link => "",
        }
    }

    fn random_bytes(self) -> usize {
        match self {
            Self::Link => LINK_BYTES,
            _ => SECRET_BYTES,
        }
    }
}

/// A secret that was made here: its text, to be handed out once.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// A new one: 256 random bits (128 for a link) in base64url behind the prefix of its kind.
    ///
    /// # Panics
    /// If the operating system has no randomness to give: nothing may go on with a secret that can be guessed.
    pub fn random(kind: SecretKind) -> Self {
        let mut bytes = [0; SECRET_BYTES];
        let bytes = &mut bytes[..kind.random_bytes()];
        getrandom::fill(bytes).expect("the operating system gives random bytes");
        let mut text = kind.prefix().to_owned();
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        Self(text.into())
    }

    /// The text, for whoever may have it.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The text, for whoever may have it; the secret goes.
    pub fn into_text(self) -> String {
        self.0.into()
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    /// Says that there is one, and not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is kept of a secret with this text, whoever made it.
pub fn hash(text: &str) -> TokenHash {
    TokenHash(Sha256::digest(text.as_bytes()).into())
}

/// Whether `presented` is the secret of which `kept` is known. Takes the same time whatever is presented.
pub fn matches(kept: &TokenHash, presented: &str) -> bool {
    presented.len() <= CREDENTIAL_BYTES_MAX && same(kept, &hash(presented))
}

/// Whether two hashes are the same, in constant time.
pub(crate) fn same(left: &TokenHash, right: &TokenHash) -> bool {
    left.0.ct_eq(&right.0).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_what_keeps_its_hash_and_nothing_else() {
        let secret = Secret::random(SecretKind::Device);
        assert!(matches(&secret.hash(), secret.text()));
        assert!(!matches(&secret.hash(), Secret::random(SecretKind::Device).text()));
        assert!(!matches(&secret.hash(), ""));
    }

    #[test]
    fn every_kind_fits_where_credentials_are_read() {
        let kinds = [
            SecretKind::Admin,
            SecretKind::Join,
            SecretKind::Token,
            SecretKind::Device,
            SecretKind::Gateway,
            SecretKind::Login,
            SecretKind::Ticket,
            SecretKind::Link,
        ];
        for kind in kinds {
            let secret = Secret::random(kind);
            assert!(secret.text().len() <= CREDENTIAL_BYTES_MAX, "{kind:?}");
            assert!(
                secret.text().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn debug_output_never_shows_a_secret() {
        let secret = Secret::random(SecretKind::Admin);
        assert!(!format!("{secret:?} {:?}", secret.hash()).contains(secret.text()));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
