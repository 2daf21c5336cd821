-- One-time links to the operator's page, by the hash of their secret: whoever has the secret may sign in with it once. Guild 0
-- is the whole bot.
CREATE TABLE page_links (
    hash TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    locale TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Those that are over.
CREATE INDEX page_links_over ON page_links (expires_at);

-- Who is signed in to the operator's page, by the hash of the session's id: until `expires_at` at most, and not for long after
-- `used_at`.
CREATE TABLE page_sessions (
    hash TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    locale TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Those that are over.
CREATE INDEX page_sessions_over ON page_sessions (expires_at);

-- What waits to be decided, in a guild or anywhere, the oldest first.
CREATE INDEX cases_open ON cases (created_at) WHERE state = 'open';
