-- What may have been posted is looked for by Discord's own clock: `asked_at` is when a job was asked for, and from now on
-- `posting_at`, `sharing_at` and `telling_at` are such moments too.
ALTER TABLE jobs ADD COLUMN asked_at BIGINT;
-- Where the post of a result was last intended: in its channel, or directly to its person.
ALTER TABLE jobs ADD COLUMN posting_directly INTEGER NOT NULL DEFAULT 0;
