-- Version 3: how often a channel says something, so that a hub that was started anew knows what is overdue.

-- Ms between two samples, as the hub learned it.
ALTER TABLE channel ADD COLUMN every INTEGER;
