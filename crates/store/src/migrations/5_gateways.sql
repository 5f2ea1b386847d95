-- Version 5: gateways, how far their spools were taken over, and which commands were handed to them.

-- AUTOINCREMENT: the key of a gateway that was removed is never given again. `tag` and `number` say up to where its spool was
-- taken over; nothing of it while they are NULL.
CREATE TABLE gateway (
  key     INTEGER PRIMARY KEY AUTOINCREMENT,
  id      TEXT NOT NULL UNIQUE,
  token   BLOB NOT NULL,
  created INTEGER NOT NULL,
  tag     TEXT,
  number  INTEGER
) STRICT;

-- Up to which `seq` the sessions that a gateway issued for a device were taken over. `place` counts these sessions from 1; the
-- newest ones stay.
CREATE TABLE relayed (
  gateway INTEGER NOT NULL,
  device  INTEGER NOT NULL,
  place   INTEGER NOT NULL,
  session TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  PRIMARY KEY (gateway, device, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX relayed_device ON relayed (device);

-- The gateway to which a command was handed, and that gateway's tag in that run.
ALTER TABLE command ADD COLUMN gateway INTEGER;
ALTER TABLE command ADD COLUMN gateway_tag TEXT;
