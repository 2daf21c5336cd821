-- Videos that were posted once more for everybody in a channel: a row is the intent, with `message_id` it is there. A copy
-- without one is looked for from `due_at` on. `withdrawn`: a moderator of its server takes it away, and the video stays.
CREATE TABLE copies (
    nonce TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    guild_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    posting_at BIGINT NOT NULL,
    message_id BIGINT,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    due_at BIGINT
);

-- Where a video stands, for who may see it and when it is taken away.
CREATE INDEX copies_of_job ON copies (job_id);

-- The next one to look for.
CREATE INDEX copies_due ON copies (due_at) WHERE due_at IS NOT NULL;
