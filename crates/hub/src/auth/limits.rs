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

/// How long a token of the API is good for, ms (24 hours).
pub const TOKEN_LIFE_MS: i64 = 24 * 3_600_000;

/// Tokens of the API at one time. At the limit no further one is issued until one expires or is revoked.
pub const TOKENS_MAX: usize = 4096;

/// How long a login lasts without being used, ms (12 hours). Then one logs in again.
pub const LOGIN_IDLE_MS: i64 = 12 * 3_600_000;

/// How long a login lasts however much it is used, ms (7 days).
pub const LOGIN_LIFE_MS: i64 = 7 * 24 * 3_600_000;

/// Logins at one time. At the limit the one that was not used for longest ends.
pub const LOGINS_MAX: usize = 1024;

/// How often the time of last use of a token is written, ms: each request would be a write otherwise.
pub const USED_WRITE_MS: i64 = 10 * 60_000;

/// Longest credential that is looked at, in bytes; a longer one is none of ours.
pub const CREDENTIAL_BYTES_MAX: usize = protocol::limits::TOKEN_BYTES_MAX;

// A restart must not end a login that is in use: what was written last is never older than the idle time.
const _: () = assert!(USED_WRITE_MS * 4 < LOGIN_IDLE_MS && LOGIN_IDLE_MS < LOGIN_LIFE_MS);
