-- Which process sees to an item: the bucket of the channel that it goes to, or of the person, else of its guild; 0 is the
-- operator's.
ALTER TABLE outbox ADD COLUMN bucket INTEGER NOT NULL DEFAULT 0;

UPDATE outbox SET bucket = coalesce(channel_id, guild_id, 0) / 4194304 % 63 WHERE kind NOT IN ('feedback', 'budget');
