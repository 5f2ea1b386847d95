-- Version 6: who may what. People, groups and join tokens are the hub's own: their content is JSON that nothing here reads.

-- `kind` is `person`, `group` or `join`; `name` is a person's or a group's name, or the hash of a join token.
CREATE TABLE access (
  kind    TEXT NOT NULL,
  name    TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Logins by a link stand for whoever owns the machine. Since there are people, that is no person's name any more.
UPDATE token SET subject = 'owner/admin' WHERE subject = 'user/admin';

-- The token that a device had before its present one: both count until the device has shown the new one.
ALTER TABLE device ADD COLUMN previous_token BLOB;

-- The same for gateways.
ALTER TABLE gateway ADD COLUMN previous_token BLOB;
