-- Everything that the bot posts besides cards and results, and what it has to take away again: one item each, written in
-- the transaction of what it is about. Due (`due_at`) until it is done or given up, claimed until a moment by whoever is
-- at it. `posting_at` is since when its message may be in its channel, by Discord's clock; `unwanted`: it has to go.
CREATE TABLE outbox (
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    job_id TEXT REFERENCES jobs (id) ON DELETE CASCADE,
    guild_id BIGINT,
    channel_id BIGINT,
    created_at BIGINT NOT NULL,
    due_at BIGINT,
    claimed_until BIGINT,
    attempts INTEGER NOT NULL DEFAULT 0,
    posting_at BIGINT,
    message_id BIGINT,
    unwanted INTEGER NOT NULL DEFAULT 0,
    given_up TEXT,
    PRIMARY KEY (kind, subject_id)
);

-- The next one to see to.
CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;

-- Whether a guild's audit has an earlier entry to be told.
CREATE INDEX outbox_in_turn ON outbox (guild_id, created_at, subject_id) WHERE kind = 'audit' AND due_at IS NOT NULL;

-- Where a video stands, for who may see it and when it is taken away.
CREATE INDEX outbox_of_job ON outbox (job_id) WHERE job_id IS NOT NULL;

INSERT INTO outbox
    (kind, subject_id, job_id, guild_id, channel_id, created_at, due_at, attempts, posting_at, message_id, given_up)
SELECT 'gallery', job_id, job_id, jobs.guild_id, gallery.channel_id, gallery.at, gallery.due_at, gallery.tries,
gallery.posting_at, gallery.message_id,
CASE WHEN gallery.due_at IS NULL AND gallery.message_id IS NULL THEN 'before 0015' END
FROM gallery JOIN jobs ON jobs.id = gallery.job_id;

INSERT INTO outbox
    (kind, subject_id, job_id, guild_id, channel_id, created_at, due_at, attempts, posting_at, message_id, unwanted)
SELECT 'repost', nonce, job_id, guild_id, channel_id, posting_at, due_at, tries, posting_at, message_id, withdrawn
FROM copies;

INSERT INTO outbox (kind, subject_id, job_id, guild_id, created_at, due_at, attempts)
SELECT 'removal', removals.job_id, removals.job_id, jobs.guild_id, removals.due_at, removals.due_at, removals.tries
FROM removals JOIN jobs ON jobs.id = removals.job_id;

INSERT INTO outbox
    (kind, subject_id, guild_id, channel_id, created_at, due_at, attempts, posting_at, message_id, given_up)
SELECT 'case', id, guild_id, channel_id, created_at, due_at, tries, posting_at, message_id,
CASE WHEN due_at IS NULL AND message_id IS NULL THEN 'before 0015' END
FROM cases WHERE due_at IS NOT NULL OR posting_at IS NOT NULL OR state = 'open';

INSERT INTO outbox (kind, subject_id, guild_id, created_at, due_at)
SELECT 'audit', id, guild_id, at, at FROM audit WHERE told_at IS NULL;

INSERT INTO outbox (kind, subject_id, created_at, due_at)
SELECT 'budget', owner || ':' || period || ':' || ceiling, min(at), min(at)
FROM budget_alerts WHERE told_at IS NULL GROUP BY owner, period, ceiling;

INSERT INTO outbox (kind, subject_id, guild_id, channel_id, created_at, due_at, posting_at, message_id, unwanted)
SELECT 'feedback', id, guild_id, channel_id, at, CASE WHEN told_at IS NULL OR user_id = 0 THEN at END, posting_at,
message_id, CASE WHEN user_id = 0 THEN 1 ELSE 0 END
FROM feedback WHERE told_at IS NULL OR posting_at IS NOT NULL;

DELETE FROM chores WHERE name IN ('audit', 'budget-alerts', 'cases', 'copies', 'feedback', 'removals');

-- What has become of them stands in the outbox now.
DROP INDEX gallery_due;

DROP TABLE gallery;

DROP INDEX copies_of_job;

DROP INDEX copies_due;

DROP TABLE copies;

DROP INDEX removals_due;

DROP TABLE removals;

DROP INDEX cases_due;

DROP INDEX cases_unseen;

ALTER TABLE cases DROP COLUMN due_at;

ALTER TABLE cases DROP COLUMN tries;

ALTER TABLE cases DROP COLUMN posting_at;

ALTER TABLE cases DROP COLUMN message_id;

DROP INDEX audit_untold;

ALTER TABLE audit DROP COLUMN told_at;

DROP INDEX budget_alerts_untold;

ALTER TABLE budget_alerts DROP COLUMN told_at;

DELETE FROM feedback WHERE user_id = 0;

DROP INDEX feedback_untold;

ALTER TABLE feedback DROP COLUMN told_at;

ALTER TABLE feedback DROP COLUMN posting_at;

ALTER TABLE feedback DROP COLUMN channel_id;

ALTER TABLE feedback DROP COLUMN message_id;
