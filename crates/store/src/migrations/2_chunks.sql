-- Version 2: samples in chunks, behind a journal.
--
-- The rows of `sample` are moved into chunks after this, a piece at a time; then that table goes. Its index over time
-- is not needed for it.

DROP INDEX sample_time;

-- What moves with each message, apart from what a device is: its description is not written anew with each of them.
-- `late` counts messages with late samples.
CREATE TABLE log (
  device       INTEGER PRIMARY KEY,
  cursor       INTEGER NOT NULL,
  next_session INTEGER NOT NULL,
  session      INTEGER,
  seq          INTEGER,
  received     INTEGER NOT NULL,
  late         INTEGER NOT NULL,
  next_command INTEGER NOT NULL,
  last_seen    INTEGER
) STRICT;

INSERT INTO log
  SELECT key, cursor, next_session, session, seq, received, coalesce(late.messages, 0), next_command, last_seen
  FROM device LEFT JOIN (
    SELECT channel.device, count(DISTINCT sample.cursor) AS messages
    FROM sample JOIN channel ON channel.key = sample.channel
    WHERE sample.late AND channel.device IS NOT NULL GROUP BY channel.device
  ) AS late ON late.device = device.key;

ALTER TABLE device DROP COLUMN cursor;
ALTER TABLE device DROP COLUMN next_session;
ALTER TABLE device DROP COLUMN session;
ALTER TABLE device DROP COLUMN seq;
ALTER TABLE device DROP COLUMN received;
ALTER TABLE device DROP COLUMN gaps;
ALTER TABLE device DROP COLUMN next_command;
ALTER TABLE device DROP COLUMN last_seen;

-- How many gaps of each reason a device has, and how many messages are missing in them.
CREATE TABLE loss (
  device   INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  gaps     INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  PRIMARY KEY (device, reason)
) STRICT, WITHOUT ROWID;

-- What commits brought of samples and is not yet in chunks, a row for each commit. The highest id is also the number of
-- commits: that row stays, empty, when all is in chunks.
CREATE TABLE journal (
  id      INTEGER PRIMARY KEY,
  samples INTEGER NOT NULL,
  content BLOB NOT NULL
) STRICT;

INSERT INTO journal VALUES (0, 0, x'');

-- Samples of a channel with a cursor up to `folded` are in chunks; what the journal has of them counts no longer.
ALTER TABLE channel ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;

-- Samples of a channel in the order of their commits, which is also that of (last, id). `first` and `last` are cursors.
-- `min`, `max` and `mean` are those of the `numbers` numbers among the `count` samples.
CREATE TABLE chunk (
  id      INTEGER PRIMARY KEY,
  channel INTEGER NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL,
  min_ts  INTEGER NOT NULL,
  max_ts  INTEGER NOT NULL,
  count   INTEGER NOT NULL,
  numbers INTEGER NOT NULL,
  min     REAL,
  max     REAL,
  mean    REAL,
  samples BLOB NOT NULL
) STRICT;

CREATE INDEX chunk_order ON chunk (channel, last);
CREATE INDEX chunk_time ON chunk (channel, max_ts, min_ts, count, first, last);

-- What the chunks of a channel take, about: what retention by size counts.
ALTER TABLE channel ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

-- What is left of samples that are gone: sums of a minute or an hour (`grain`, ms), sixty of them in a row.
-- The other columns are about all of these together.
CREATE TABLE sums (
  channel  INTEGER NOT NULL,
  grain    INTEGER NOT NULL,
  row      INTEGER NOT NULL,
  first_ts INTEGER NOT NULL,
  last_ts  INTEGER NOT NULL,
  numbers  INTEGER NOT NULL,
  min      REAL NOT NULL,
  max      REAL NOT NULL,
  mean     REAL NOT NULL,
  sums     BLOB NOT NULL,
  PRIMARY KEY (channel, grain, row)
) STRICT, WITHOUT ROWID;

-- The token with which a command was asked for, where it was one that can be revoked meanwhile.
ALTER TABLE command ADD COLUMN credential BLOB;
