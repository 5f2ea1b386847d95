//! Passwords: which are good enough, and what is kept of them.
//!
//! People choose passwords, so that they can be guessed: each guess costs 19 MiB and two passes over it (argon2id, as OWASP
//! advises), and the parameters stand with the hash, so that others can be chosen later. Nothing in here waits for its turn:
//! that is `hashing`'s.

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use super::limits::{
    ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES, NAME_BYTES_TELLING, PASSWORD_BYTES_MAX,
    PASSWORD_CHARS_MIN, PASSWORD_LETTERS_MIN, SALT_BYTES,
};
use super::secret::{Secret, SecretKind};

/// What everybody who guesses tries first. A password in which there is little besides these is none.
const GUESSED_FIRST: &[&str] = &[
    "passwort",
    "password",
    "passw0rd",
    "kennwort",
    "glassline",
    "welcome",
    "willkommen",
    "qwertyuiop",
    "qwertzuiop",
    "qwerty",
    "qwertz",
    "azerty",
    "asdfghjkl",
    "asdfgh",
    "1234567890",
    "0123456789",
    "123456789",
    "12345678",
    "1234567",
    "123456",
    "12345",
    "1234",
    "0987654321",
    "987654321",
    "letmein",
    "iloveyou",
    "administrator",
    "admin",
    "changeme",
    "secret",
    "geheim",
    "default",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "superman",
    "batman",
    "princess",
    "sunshine",
    "trustno1",
    "master",
    "hello",
    "hallo",
    "abcdefghij",
    "abcdefgh",
    "abcdef",
    "abcd",
    "abc",
    "1q2w3e4r5t",
    "1q2w3e4r",
    "1qaz2wsx",
    "zaq12wsx",
    "q1w2e3r4",
    "login",
    "user",
    "test",
    "device",
    "gateway",
    "server",
    "company",
    "summer",
    "winter",
    "spring",
    "autumn",
    "sommer",
    "herbst",
    "monday",
    "freitag",
];

/// Why a password is not taken. The sentence is for whoever chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// It is short.
    #[error(
        "a password has at least {PASSWORD_CHARS_MIN} characters: a few words that do not belong together are good"
    )]
    Short,
    /// It is very long.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    Long,
    /// It is among those that are tried first.
    #[error(
        "this password is among those that are tried first: a few words that do not belong together are better"
    )]
    Guessed,
}

/// Whether the person `name` may have this password.
///
/// # Errors
/// It would be guessed, or it is too long to be looked at.
pub(crate) fn check(name: &str, password: &str) -> Result<(), Weak> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Weak::Long);
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Weak::Short);
    }
    let mut rest = password.to_lowercase();
    for guessed in std::iter::once(name)
        .filter(|name| name.len() >= NAME_BYTES_TELLING)
        .chain(GUESSED_FIRST.iter().copied())
    {
        // A blank, so that what stood around it does not become a word.
        rest = rest.replace(guessed, " ");
    }
    let mut letters: Vec<char> = rest.chars().filter(|letter| letter.is_alphanumeric()).collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < PASSWORD_LETTERS_MIN { Err(Weak::Guessed) } else { Ok(()) }
}

/// What is kept of a password, with a salt of its own. Takes tens of milliseconds and [`ARGON2_MEMORY_KIB`].
///
/// # Panics
/// If the operating system has no randomness to give.
pub(super) fn keep(password: &str) -> Box<str> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).expect("the operating system gives random bytes");
    let salt = SaltString::encode_b64(&salt).expect("a salt of this length can be written");
    let kept = argon2().hash_password(password.as_bytes(), &salt);
    kept.expect("any password can be hashed with these parameters").to_string().into()
}

/// Whether this is the password of which `kept` is known. Where nothing is, it takes as long to say no.
pub(super) fn is(kept: Option<&str>, password: &str) -> bool {
    let (kept, is_known) = match kept {
        Some(kept) => (kept, true),
        None => (&**NOBODYS, false),
    };
    let Ok(kept) = PasswordHash::new(kept) else {
        tracing::error!("what is kept of a password cannot be read: nobody can log in with it");
        return false;
    };
    // Beyond the limit it is not hashed, whoever asks: what is that long was never set.
    let fits = password.len() <= PASSWORD_BYTES_MAX;
    fits && argon2().verify_password(password.as_bytes(), &kept).is_ok() && is_known
}

/// Of a password that nobody knows.
static NOBODYS: LazyLock<Box<str>> = LazyLock::new(|| keep(Secret::random(SecretKind::Token).text()));

fn argon2() -> Argon2<'static> {
    let params = Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES, None);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.expect("these parameters are good"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_opens_what_is_kept_of_it_and_nothing_else_does() {
        let kept = keep("copper kettle sings");
        assert!(is(Some(&kept), "copper kettle sings"));
        for other in ["", "copper kettle sing", "Copper kettle sings"] {
            assert!(!is(Some(&kept), other), "{other}");
        }
        assert!(!is(None, "copper kettle sings"));
        assert!(!is(Some("what is this"), "copper kettle sings"));
    }

    #[test]
    fn what_is_kept_names_its_parameters_and_is_of_its_own_each_time() {
        let kept = keep("copper kettle sings");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(kept, keep("copper kettle sings"));
    }

    #[test]
    fn no_to_an_unknown_name_costs_what_no_to_a_known_one_does() {
        let kept = keep("copper kettle sings");
        let costs = |kept: &str| {
            let kept = PasswordHash::new(kept).expect("a hash");
            let length = kept.hash.map(|output| output.len());
            (kept.algorithm.to_string(), kept.version, kept.params.to_string(), length)
        };
        assert_eq!(costs(&NOBODYS), costs(&kept));
    }

    #[test]
    fn what_would_be_guessed_first_is_not_taken() {
        for short in ["", "x", "kettle sing"] {
            assert_eq!(check("ada", short), Err(Weak::Short), "{short}");
        }
        for guessed in [
            "password1234",
            "Passwort-12345!",
            "aaaaaaaaaaaaaaaa",
            "121212121212",
            "ada-lovelace-ada-lovelace",
            "1234567890123456",
            "qwertyuiop12",
            "glassline-admin",
        ] {
            let name = if guessed.starts_with("ada") { "ada-lovelace" } else { "ada" };
            let guessed = if guessed.starts_with("ada") { "ada-lovelace-1234" } else { guessed };
            assert_eq!(check(name, guessed), Err(Weak::Guessed), "{guessed}");
        }
        assert_eq!(check("ada", &"kettle ".repeat(60)), Err(Weak::Long));
        for good in ["copper kettle sings", "xK3#pQ9-vT2$", "die Ziege kocht Kaffee", "пять рыжих лошадей"]
        {
            assert_eq!(check("ada", good), Ok(()), "{good}");
        }
    }
}
