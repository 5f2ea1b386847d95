//! Codes: why a line was not taken, why a connection ends, and what its device does next.

use std::fmt;

/// Declares a closed set of codes: name on the wire and the sentence that explains it.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal, $sentence:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $(#[doc = $sentence] $variant,)* }

        impl $name {
            /// All of them, in the order of the table.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// One sentence for people.
            pub fn sentence(self) -> &'static str {
                match self { $($name::$variant => $sentence,)* }
            }

            /// The code that bears this word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($text => Some($name::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

codes! {
    /// Why one line was skipped (`{"error":{…}}`). The connection lives on.
    Fault {
        BadJson = "bad_json", "The line is not a JSON object.";
        BadUtf8 = "bad_utf8", "The line is not UTF-8.";
        TooLong = "too_long", "The line or a part of it is longer than allowed.";
        TooDeep = "too_deep", "Objects and arrays are nested deeper than allowed.";
        DuplicateKey = "duplicate_key", "An object has the same key twice.";
        BadChecksum = "bad_checksum", "The checksum behind the object is not its own.";
        BadMessage = "bad_message", "A member is missing, or has the wrong type or range.";
        BadId = "bad_id", "A device id is 1 to 64 letters, digits, _ or -.";
        NoSession = "no_session", "A plain device numbers nothing; identify with a nonce to get a session.";
        TooMany = "too_many", "The device has as many channels as it may have.";
        Auth = "auth", "The token does not count here: there is none, or it is unknown, used up, taken back or of another id.";
    }
}

codes! {
    /// Why the hub side ends a connection (`{"bye":…}`).
    Bye {
        Auth = "auth", "The token does not count here: there is none, or it is unknown, used up, taken back or of another id.";
        Replaced = "replaced", "The device identified on another connection.";
        Closed = "closed", "That session is over; identify without one.";
        Removed = "removed", "The device was removed.";
        Stopping = "stopping", "The hub is stopping.";
        Silent = "silent", "Nothing was heard for two heartbeats.";
        Unidentified = "unidentified", "Nobody identified in time.";
        Bad = "bad", "Too many faulty lines.";
        Slow = "slow", "What was sent to the device was not read.";
        Full = "full", "There is no room for more connections.";
        Failed = "failed", "The hub could not store what it must.";
        NoHub = "no_hub", "The gateway does not know this token, and no hub that might is reachable.";
    }
}

impl Bye {
    /// What the device does next. `Never` comes only with [`Bye::Auth`].
    pub fn again(self) -> Again {
        match self {
            Bye::Auth => Again::Never,
            Bye::Closed | Bye::Silent | Bye::Unidentified | Bye::Slow => Again::Now,
            Bye::Replaced
            | Bye::Removed
            | Bye::Stopping
            | Bye::Bad
            | Bye::Full
            | Bye::Failed
            | Bye::NoHub => Again::Later,
        }
    }
}

/// When a device that was told `bye` comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Again {
    /// At once.
    Now,
    /// After its usual back-off (rule D9), or after `wait` milliseconds where that is longer.
    Later,
    /// Not with the same credentials.
    Never,
}

impl Again {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Again::Now => "now",
            Again::Later => "later",
            Again::Never => "never",
        }
    }

    /// The value that bears this word; a word from the future is taken as `Later`.
    pub fn from_word(word: &str) -> Self {
        match word {
            "now" => Again::Now,
            "never" => Again::Never,
            _ => Again::Later,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes_belong_together_one_to_one() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_word(fault.as_str()), Some(*fault));
        }
        for bye in Bye::ALL {
            assert_eq!(Bye::from_word(bye.as_str()), Some(*bye));
        }
    }

    #[test]
    fn never_comes_only_with_auth() {
        for bye in Bye::ALL {
            assert_eq!(bye.again() == Again::Never, *bye == Bye::Auth, "{bye}");
        }
    }
}
