-- Version 1: samples as rows.
--
-- Times are ms since 1970. Raw JSON is TEXT and never a number: SQLite would reprint it. Unsigned 64-bit numbers
-- that come from devices are stored bit for bit in SQLite's signed ones, and only compared for equality here.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The tags under which sessions were issued, in the order of the starts.
CREATE TABLE issuer (
  number INTEGER PRIMARY KEY,
  tag    TEXT NOT NULL UNIQUE
) STRICT;

-- AUTOINCREMENT: the key of a device that was removed is never given again.
CREATE TABLE device (
  key          INTEGER PRIMARY KEY AUTOINCREMENT,
  id           TEXT NOT NULL UNIQUE,
  name         TEXT,
  token        BLOB,
  confirmed    INTEGER NOT NULL DEFAULT 0,
  joined       INTEGER NOT NULL,
  created      INTEGER NOT NULL,
  describe     TEXT,
  cursor       INTEGER NOT NULL DEFAULT 0,
  next_session INTEGER NOT NULL DEFAULT 1,
  session      INTEGER,
  seq          INTEGER,
  received     INTEGER NOT NULL DEFAULT 0,
  gaps         INTEGER NOT NULL DEFAULT 0,
  next_command INTEGER NOT NULL DEFAULT 1,
  last_seen    INTEGER
) STRICT;

-- The sessions in which something was taken over: samples name them by number.
CREATE TABLE session (
  key    INTEGER PRIMARY KEY,
  device INTEGER NOT NULL,
  name   TEXT NOT NULL,
  UNIQUE (device, name)
) STRICT;

-- A channel with its latest sample. Without a device: its device was removed, and its samples are being deleted.
CREATE TABLE channel (
  key    INTEGER PRIMARY KEY,
  device INTEGER,
  name   TEXT NOT NULL,
  value  TEXT,
  ts     INTEGER,
  cursor INTEGER,
  UNIQUE (device, name)
) STRICT;

-- `id` grows over all channels in the order of the commits. The rows of a channel lie together in that order.
CREATE TABLE sample (
  channel   INTEGER NOT NULL,
  id        INTEGER NOT NULL,
  ts        INTEGER NOT NULL,
  value     TEXT NOT NULL,
  cursor    INTEGER NOT NULL,
  session   INTEGER,
  seq       INTEGER,
  device_ts INTEGER,
  late      INTEGER NOT NULL,
  PRIMARY KEY (channel, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sample_time ON sample (channel, ts);

CREATE TABLE gap (
  device   INTEGER NOT NULL,
  cursor   INTEGER NOT NULL,
  session  TEXT NOT NULL,
  from_seq INTEGER NOT NULL,
  to_seq   INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (device, cursor)
) STRICT, WITHOUT ROWID;

CREATE INDEX gap_time ON gap (device, at);

-- `key` grows in the order in which commands were first written; it stays when a command is written anew.
CREATE TABLE command (
  key      INTEGER PRIMARY KEY,
  device   INTEGER NOT NULL,
  person   TEXT NOT NULL,
  id       TEXT NOT NULL,
  number   INTEGER,
  channel  TEXT NOT NULL,
  value    TEXT NOT NULL,
  intent   TEXT NOT NULL,
  ttl      INTEGER NOT NULL,
  state    TEXT NOT NULL,
  reason   TEXT,
  result   TEXT,
  created  INTEGER NOT NULL,
  deadline INTEGER,
  updated  INTEGER NOT NULL,
  UNIQUE (device, person, id)
) STRICT;

-- Within a device it is in the order of the keys.
CREATE INDEX command_device ON command (device);
CREATE INDEX command_updated ON command (updated);

CREATE TABLE token (
  hash    BLOB PRIMARY KEY,
  subject TEXT NOT NULL,
  scopes  TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
