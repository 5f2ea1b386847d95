//! The limits of credentials: how long they live, how many there are, and what happens beyond.

/// Random bits of every secret but the login link's code, in bytes.
pub const SECRET_BYTES: usize = 32;

/// Random bits of a login link's code, in bytes: it stands in a URL that people copy, and lives for minutes.
pub const LINK_BYTES: usize = 16;

/// How long a login link is good for, ms (30 minutes). A later visit has to get a new link.
pub const LINK_LIFE_MS: i64 = 30 * 60_000;

/// Login links that wait to be opened. At the limit the oldest is forgotten.
pub const LINKS_MAX: usize = 64;

/// How long a ticket is good for, ms. A later use is refused; the page takes a new one.
pub const TICKET_LIFE_MS: i64 = 30_000;

/// Tickets that wait to be used. At the limit the oldest is forgotten: its page takes another.
pub const TICKETS_MAX: usize = 4096;

/// Of them, those of one person. At the limit that person's oldest is forgotten.
pub const TICKETS_OF_ONE_MAX: usize = 64;

/// How long a token that a device got for itself is good for, ms (24 hours). Those of people last as logins do.
pub const TOKEN_LIFE_MS: i64 = 24 * 3_600_000;

/// Tokens of the API at one time, of people and of devices each. At the limit that one ends which was not used for longest, of
/// those of whoever has the most.
pub const TOKENS_MAX: usize = 4096;

/// Of them, those of one device. At the limit its own that was not used for longest ends.
pub const TOKENS_OF_DEVICE_MAX: usize = 16;

/// Of them, those of one person. At the limit the same.
pub const TOKENS_OF_PERSON_MAX: usize = 64;

/// How long a login, or a token of a person, lasts without being used, ms (12 hours). Then one logs in again.
pub const LOGIN_IDLE_MS: i64 = 12 * 3_600_000;

/// How long a login, or a token of a person, lasts however much it is used, ms (7 days).
pub const LOGIN_LIFE_MS: i64 = 7 * 24 * 3_600_000;

/// Logins at one time. At the limit that one ends which was not used for longest, of those of whoever has the most.
pub const LOGINS_MAX: usize = 1024;

/// Of them, those of one person. At the limit that person's own that was not used for longest ends.
pub const LOGINS_OF_PERSON_MAX: usize = 64;

/// How often the time of last use of a token is written, ms: each request would be a write otherwise.
pub const USED_WRITE_MS: i64 = 10 * 60_000;

/// Longest credential that is looked at, in bytes; a longer one is none of ours.
pub const CREDENTIAL_BYTES_MAX: usize = protocol::limits::TOKEN_BYTES_MAX;

/// Join tokens at one time, without that of the run. At the limit a spent one makes room; where none is, no further one is made.
pub const JOIN_TOKENS_MAX: usize = 256;

/// Devices that one join token makes at most: each use writes down all devices that it made. A larger number is refused.
pub const JOIN_DEVICES_MAX: usize = 1_000;

/// Devices that the join token of a run makes. Further ones are told `bye full`, until the hub is started anew.
pub const JOIN_OF_RUN_DEVICES_MAX: usize = 100_000;

/// How long a join token is good for, ms: a minute to 30 days. Less or more is refused.
pub const JOIN_LIFE_MS_MIN: i64 = 60_000;

/// See [`JOIN_LIFE_MS_MIN`].
pub const JOIN_LIFE_MS_MAX: i64 = 30 * 24 * 3_600_000;

/// Bytes of what a join token is called. More are refused.
pub const JOIN_LABEL_BYTES_MAX: usize = 100;

/// People. At the limit no further one is made.
pub const PEOPLE_MAX: usize = 1_000;

/// Groups. At the limit no further one is made.
pub const GROUPS_MAX: usize = 200;

/// Groups that one person is in. More are refused.
pub const GROUPS_OF_PERSON_MAX: usize = 32;

/// Rules of one person or group. More are refused.
pub const RULES_MAX: usize = 32;

/// Patterns of one rule, of devices and of views each. More are refused.
pub const PATTERNS_MAX: usize = 64;

/// Bytes of a pattern: an id and a few signs fit. A longer one is refused.
pub const PATTERN_BYTES_MAX: usize = 100;

/// Bytes of a person's or a group's name. A longer one is none.
pub const NAME_BYTES_MAX: usize = 64;

/// Bytes of a name from which on it is told from what is left of a password: a shorter one is in any word.
pub(super) const NAME_BYTES_TELLING: usize = 3;

/// Characters of a password at least. A shorter one is not taken.
pub const PASSWORD_CHARS_MIN: usize = 12;

/// Bytes of a password at most: 64 characters fit in any script. A longer one is not taken, and not hashed.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// Different letters and digits that a password has besides what everybody tries first. With fewer it is not taken.
pub(super) const PASSWORD_LETTERS_MIN: usize = 4;

/// Memory that one hash of a password takes, KiB (19 MiB).
pub const ARGON2_MEMORY_KIB: u32 = 19 * 1024;

/// How often a hash goes over its memory.
pub const ARGON2_PASSES: u32 = 2;

/// Lanes of a hash, one behind the other.
pub const ARGON2_LANES: u32 = 1;

/// Random bytes that stand before a password.
pub(super) const SALT_BYTES: usize = 16;

/// Passwords that are hashed at one time. At the limit further ones wait.
pub const HASHES_MAX: usize = 2;

/// Passwords that wait to be hashed. One more is answered with 429.
pub const HASHES_WAITING_MAX: usize = 64;

/// Wrong passwords of one account that cost nothing: people mistype. From the next one on it takes ever longer.
pub const ACCOUNT_FAILURES_FREE: u32 = 5;

/// Wrong passwords from one network that cost nothing. Beyond, a name has one try there before it takes ever longer.
pub const NETWORK_FAILURES_FREE: u32 = 20;

/// Passwords from one network that are looked at, or wait for it, at one time. One more is answered with 429.
pub const NETWORK_TRIES_MAX: usize = 16;

/// How long one waits after the first failure that costs something, ms. Each further one doubles it.
pub const LOGIN_DELAY_MS_MIN: u64 = 1_000;

/// How long one waits at most, ms (one minute). A try before that is answered with 429 and not looked at.
pub const LOGIN_DELAY_MS_MAX: u64 = 60_000;

/// How long failures are remembered after the last of them, ms (30 minutes).
pub const FAILURES_FORGOTTEN_MS: u64 = 30 * 60_000;

/// Accounts and networks with failures that are remembered. At the limit those go whose last failure is longest ago.
pub const FAILURES_MAX: usize = 16_384;

/// Networks from which a person logged in that are remembered. At the limit the earliest is forgotten.
pub const NETWORKS_REMEMBERED_MAX: usize = 4;

// Whoever waited a wait out must not find that it was forgotten meanwhile and begins anew.
const _: () = assert!(LOGIN_DELAY_MS_MIN < LOGIN_DELAY_MS_MAX && LOGIN_DELAY_MS_MAX < FAILURES_FORGOTTEN_MS);
// One network leaves room for others to wait.
const _: () = assert!(NETWORK_TRIES_MAX * 2 <= HASHES_WAITING_MAX);
// Both at once, and all that wait: the memory is what it says.
const _: () = assert!(HASHES_MAX == 2 && ARGON2_MEMORY_KIB == 19_456);

// A restart must not end a login that is in use: what was written last is never older than the idle time.
const _: () = assert!(USED_WRITE_MS * 4 < LOGIN_IDLE_MS && LOGIN_IDLE_MS < LOGIN_LIFE_MS);
