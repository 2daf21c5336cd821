-- Who took a posted result away: its author, or a moderator (then nobody gets it any more). Of those that were taken away
-- before it was written down nobody knows; they count as a moderator's.
ALTER TABLE jobs ADD COLUMN removed_by TEXT;

-- The servers in which a video was posted once more, beside the one that it was made in: whoever is there may see it.
CREATE TABLE showings (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    guild_id BIGINT NOT NULL,
    PRIMARY KEY (job_id, guild_id)
);

-- Deleted videos whose messages may still be there. A row is the intent to take them away, and due until that is done.
CREATE TABLE removals (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    due_at BIGINT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0
);

-- The next one to take away.
CREATE INDEX removals_due ON removals (due_at);
