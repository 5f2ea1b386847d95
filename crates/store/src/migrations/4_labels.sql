-- Version 4: what people sort devices by, one label a line.

ALTER TABLE device ADD COLUMN labels TEXT;
