-- The spool, version 1: what a gateway took over, how far each hub has come in it, and where its devices stand.
--
-- Times are ms since 1970. Unsigned 64-bit numbers that come from devices are stored bit for bit in SQLite's signed ones.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the number of the last commit, the place of the last entry ever, and what all entries ever took, bytes.
CREATE TABLE head (
  key     INTEGER PRIMARY KEY,
  number  INTEGER NOT NULL,
  place   INTEGER NOT NULL,
  bytes   INTEGER NOT NULL
) STRICT;

INSERT INTO head VALUES (1, 0, 0, 0);

-- Entries, some to a row, by the place of the last of them. `before`: what all entries before these took, bytes. `received`: when
-- the last of them was.
CREATE TABLE entry (
  last     INTEGER PRIMARY KEY,
  first    INTEGER NOT NULL,
  before   INTEGER NOT NULL,
  received INTEGER NOT NULL,
  content  BLOB NOT NULL
) STRICT;

-- The starts, in their order; a tag's number 1 has the place `first`, and its last number is `end` once another one follows.
CREATE TABLE tag (
  number INTEGER PRIMARY KEY,
  tag    TEXT NOT NULL UNIQUE,
  first  INTEGER NOT NULL,
  end    INTEGER NOT NULL
) STRICT;

-- The tags under which sessions were issued.
CREATE TABLE issuer (
  number INTEGER PRIMARY KEY,
  tag    TEXT NOT NULL UNIQUE
) STRICT;

-- `dropped`: the place up to which entries were dropped for this hub alone, to be told to it, 0 for none. `unlisted` and `lost`
-- count messages: of those, the ones that `lost` does not list; and all that were ever dropped for it.
CREATE TABLE hub (
  name        TEXT PRIMARY KEY,
  settings    TEXT NOT NULL,
  quota_bytes INTEGER NOT NULL,
  quota_ms    INTEGER NOT NULL,
  begin       INTEGER NOT NULL,
  acked       INTEGER NOT NULL,
  dropped     INTEGER NOT NULL,
  unlisted    INTEGER NOT NULL,
  lost        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was dropped for a hub. Without a session (''): `to_seq` messages without number.
CREATE TABLE lost (
  hub      TEXT NOT NULL,
  device   TEXT NOT NULL,
  session  TEXT NOT NULL,
  from_seq INTEGER NOT NULL,
  to_seq   INTEGER NOT NULL,
  PRIMARY KEY (hub, device, session)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the key of a device that was removed is never given again.
CREATE TABLE device (
  key       INTEGER PRIMARY KEY AUTOINCREMENT,
  id        TEXT NOT NULL UNIQUE,
  token     BLOB,
  confirmed INTEGER NOT NULL DEFAULT 0,
  joined    INTEGER NOT NULL,
  created   INTEGER NOT NULL,
  describe  TEXT
) STRICT;

-- What moves with each message.
CREATE TABLE log (
  device       INTEGER PRIMARY KEY,
  cursor       INTEGER NOT NULL,
  next_session INTEGER NOT NULL,
  session      TEXT,
  seq          INTEGER,
  received     INTEGER NOT NULL,
  late         INTEGER NOT NULL,
  next_command INTEGER NOT NULL,
  last_seen    INTEGER
) STRICT;

-- Tokens of devices as hubs confirmed them, and when they last did.
CREATE TABLE learned (
  device INTEGER PRIMARY KEY,
  hash   BLOB NOT NULL,
  at     INTEGER NOT NULL
) STRICT;
