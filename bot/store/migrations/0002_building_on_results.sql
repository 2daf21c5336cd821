-- What a job was made from: the job it builds on and how, the language of what everybody reads, and its text to
-- search, folded so that case does not matter.

ALTER TABLE jobs ADD COLUMN parent_id TEXT;
ALTER TABLE jobs ADD COLUMN origin TEXT NOT NULL DEFAULT 'create';
ALTER TABLE jobs ADD COLUMN public_locale TEXT NOT NULL DEFAULT 'en-US';
ALTER TABLE jobs ADD COLUMN prompt TEXT NOT NULL DEFAULT '';

-- What builds on a job.
CREATE INDEX jobs_of_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL;

-- What became of a posted result: taken away by somebody; a private one on its way, or shown, where it was asked for.
ALTER TABLE jobs ADD COLUMN removed_at BIGINT;
ALTER TABLE jobs ADD COLUMN sharing_at BIGINT;
ALTER TABLE jobs ADD COLUMN shared_at BIGINT;
ALTER TABLE jobs ADD COLUMN shared_message_id BIGINT;

-- What waits for one person alone: videos that reached nobody, and private ones that were not shared.
CREATE INDEX jobs_in_inbox ON jobs (user_id, created_at)
WHERE dead_letter = 'undeliverable'
OR (private = 1 AND delivered_at IS NOT NULL AND shared_at IS NULL AND removed_at IS NULL);

-- Videos that somebody keeps near.
CREATE TABLE favourites (
    user_id BIGINT NOT NULL,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, job_id)
);

-- How many keep one video near.
CREATE INDEX favourites_of_job ON favourites (job_id);

-- What a person keeps near, the latest first.
CREATE INDEX favourites_of_user ON favourites (user_id, at);

-- The copy of a well-liked video in its guild's gallery, once. A row is the intent to post it, and due until it is posted
-- or given up; from `posting_at` on it may be there.
CREATE TABLE gallery (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    due_at BIGINT,
    tries INTEGER NOT NULL DEFAULT 0,
    posting_at BIGINT,
    message_id BIGINT
);

-- The next copy to post.
CREATE INDEX gallery_due ON gallery (due_at) WHERE due_at IS NOT NULL;

-- What somebody is in the middle of: typed options that were refused, a storyboard, a panel. The body is JSON.
CREATE TABLE drafts (
    id TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    guild_id BIGINT,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    updated_at BIGINT NOT NULL
);

-- A person's latest draft of a kind, and the cleaning of old ones.
CREATE INDEX drafts_of_user ON drafts (user_id, kind, updated_at);

-- Named settings, a person's own or a guild's. The body is JSON; guild_id 0 stands for everywhere.
CREATE TABLE presets (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL DEFAULT 0,
    shared INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0,
    updated_at BIGINT NOT NULL
);

-- A name means one preset of a person, and one of a guild.
CREATE UNIQUE INDEX presets_own ON presets (user_id, kind, name) WHERE shared = 0;
CREATE UNIQUE INDEX presets_shared ON presets (guild_id, kind, name) WHERE shared = 1;

-- Remembered choices. The scope is `user:ID`, `channel:ID` or `guild:ID`; the body is JSON.
CREATE TABLE preferences (
    scope TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
