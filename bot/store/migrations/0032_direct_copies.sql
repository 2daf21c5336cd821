-- Copies of videos in the direct messages of those who sent them there, so that a video that is covered is covered there, too.
CREATE TABLE direct_copies (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    message_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, message_id)
);

-- What somebody has sent themselves, for the deletion that they ask for.
CREATE INDEX direct_copies_of_user ON direct_copies (user_id);
