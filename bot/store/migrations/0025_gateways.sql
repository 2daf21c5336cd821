-- When the next session of a bucket of shards may begin, by Discord's rule: a row for each bucket in which one has begun.
CREATE TABLE session_turns (
    bucket INTEGER PRIMARY KEY,
    free_at BIGINT NOT NULL
);

-- What commands Discord has been sent, as a digest: a row for each guild that they are sent to, and 0 for all guilds.
-- Until when somebody sends them just now; 0 when nobody does.
CREATE TABLE synced_commands (
    guild_id BIGINT PRIMARY KEY,
    digest TEXT NOT NULL,
    sending_until BIGINT NOT NULL
);
