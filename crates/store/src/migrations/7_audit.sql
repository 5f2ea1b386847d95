-- Version 7: the audit. Rows are only ever added, and go from the front; each bears a hash over the row before it and itself.

CREATE TABLE audit (
  number  INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  what    TEXT NOT NULL,
  who     TEXT NOT NULL,
  device  TEXT NOT NULL,
  details TEXT NOT NULL,
  hash    BLOB NOT NULL
) STRICT;

-- Where the chain begins (`anchor`: the last row that went) and ends (`head`: the last row written).
CREATE TABLE audit_end (
  which  TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  hash   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO audit_end (which, number, hash) VALUES ('anchor', 0, zeroblob(32)), ('head', 0, zeroblob(32));
