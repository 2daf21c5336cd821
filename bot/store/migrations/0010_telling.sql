-- When telling somebody how their job ended without a video was intended; empty again as soon as it moves on.
ALTER TABLE jobs ADD COLUMN telling_at BIGINT;
