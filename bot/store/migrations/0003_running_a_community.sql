-- What a guild's admins have decided (JSON), and whether it is paused; guild 0 stands for the whole bot.
-- `running_limit` repeats the policy's own, for the claim.
CREATE TABLE guilds (
    guild_id BIGINT PRIMARY KEY,
    body TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    paused INTEGER NOT NULL DEFAULT 0,
    pause_reason TEXT NOT NULL DEFAULT '',
    running_limit INTEGER,
    left_at BIGINT,
    updated_at BIGINT NOT NULL
);

-- What has been decided about one member: an allowance of their own, a block until a time with its reason.
CREATE TABLE members (
    guild_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    allowance INTEGER,
    period TEXT,
    blocked_until BIGINT,
    block_reason TEXT NOT NULL DEFAULT '',
    blocked_by BIGINT,
    PRIMARY KEY (guild_id, user_id)
);

-- What is held about one person, everywhere.
CREATE INDEX members_of_user ON members (user_id);

-- Every change that an admin or a moderator has made. The detail is JSON. `told_at` is when the audit channel had it.
CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    guild_id BIGINT NOT NULL,
    actor_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL,
    told_at BIGINT
);

-- The latest changes in a guild.
CREATE INDEX audit_of_guild ON audit (guild_id, at);

-- What an audit channel has not been told yet.
CREATE INDEX audit_untold ON audit (at) WHERE told_at IS NULL;

-- A refused prompt, counted against its author for some time.
CREATE TABLE strikes (
    id TEXT PRIMARY KEY,
    guild_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- A member's latest strikes.
CREATE INDEX strikes_of_member ON strikes (guild_id, user_id, at);

-- What waits for a person's decision: a held request or result, a report, a wish for more credits. A row is the
-- intent to post it where moderators decide, and due until it is posted or given up. The body is JSON.
CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    guild_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    job_id TEXT,
    body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    decided_by BIGINT,
    decided_at BIGINT,
    created_at BIGINT NOT NULL,
    due_at BIGINT,
    tries INTEGER NOT NULL DEFAULT 0,
    posting_at BIGINT,
    message_id BIGINT
);

-- The next case to post, or to edit after its decision.
CREATE INDEX cases_due ON cases (due_at) WHERE due_at IS NOT NULL;

-- The cases about one job.
CREATE INDEX cases_of_job ON cases (job_id) WHERE job_id IS NOT NULL;

-- The cases about one person.
CREATE INDEX cases_of_user ON cases (user_id, created_at);

-- A member wishes for more credits once at a time.
CREATE UNIQUE INDEX cases_one_wish ON cases (guild_id, user_id) WHERE kind = 'more' AND state = 'open';

-- Who has asked for everything about them to be deleted, whether their messages go too, and when what is not tied to
-- jobs was. A row is the intent, and stays until nothing that is held has their name any more.
CREATE TABLE deletions (
    user_id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0,
    cleared_at BIGINT
);

-- What people wrote to the operator. `told_at` is when the operator had it.
CREATE TABLE feedback (
    id TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    guild_id BIGINT,
    body TEXT NOT NULL,
    at BIGINT NOT NULL,
    told_at BIGINT
);

-- How much a person has written lately.
CREATE INDEX feedback_of_user ON feedback (user_id, at);

-- What the operator has not had yet.
CREATE INDEX feedback_untold ON feedback (at) WHERE told_at IS NULL;

-- When each regular chore is due again.
CREATE TABLE chores (
    name TEXT PRIMARY KEY,
    due_at BIGINT NOT NULL
);

-- Jobs: whose turn it is (a guild's queue, or a person's in direct messages), what is covered, what waits for a
-- moderator ('request', 'result', 'held', 'passed'), and what the provider charged in its own units.
ALTER TABLE jobs ADD COLUMN queue_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN spoiler INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN review TEXT;
ALTER TABLE jobs ADD COLUMN cost_units TEXT;

UPDATE jobs SET queue_id = coalesce(guild_id, user_id), turn = created_at;

-- Numbers that only grow, for every job that begins to wait at a provider and every one that is taken.
CREATE TABLE turnstiles (
    provider TEXT PRIMARY KEY,
    number BIGINT NOT NULL
);

INSERT INTO turnstiles (provider, number) SELECT provider, max(created_at) FROM jobs GROUP BY provider;

-- When a queue was last served, so that queues take turns. A row is there while something waits in it.
CREATE TABLE queues (
    provider TEXT NOT NULL,
    queue_id BIGINT NOT NULL,
    served BIGINT NOT NULL,
    PRIMARY KEY (provider, queue_id)
);

INSERT INTO queues (provider, queue_id, served)
SELECT provider, queue_id, min(turn) FROM jobs WHERE status = 'queued' GROUP BY provider, queue_id;

-- When a person was last served in a queue, so that its people take turns. A row is there while something of theirs waits.
CREATE TABLE turns (
    provider TEXT NOT NULL,
    queue_id BIGINT NOT NULL,
    priority INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    served BIGINT NOT NULL,
    PRIMARY KEY (provider, queue_id, priority, user_id)
);

INSERT INTO turns (provider, queue_id, priority, user_id, served)
SELECT provider, queue_id, priority, user_id, min(turn)
FROM jobs WHERE status = 'queued' GROUP BY provider, queue_id, priority, user_id;

-- The queue of a provider whose turn it is.
CREATE INDEX queues_in_order ON queues (provider, served, queue_id);

-- The person of a queue whose turn it is.
CREATE INDEX turns_in_order ON turns (provider, queue_id, priority DESC, served, user_id);

-- The next waiting job of a person in a queue, and how many are before one.
CREATE INDEX jobs_in_turn ON jobs (provider, queue_id, priority, user_id, turn, id) WHERE status = 'queued';

-- How many jobs of a queue the providers work on.
CREATE INDEX jobs_of_queue_at_work ON jobs (queue_id) WHERE status IN ('submitting', 'running') AND dead_letter IS NULL;

DROP INDEX jobs_waiting;

DROP INDEX jobs_unfinished;

-- How many unfinished jobs a person has.
CREATE INDEX jobs_unfinished ON jobs (user_id)
WHERE status IN ('pending', 'queued', 'submitting', 'running') AND dead_letter IS NULL;

-- A guild's latest jobs, and what was used in it in some time.
CREATE INDEX jobs_of_guild ON jobs (guild_id, created_at);

-- A guild's jobs that wait or are under way.
CREATE INDEX jobs_open_in_guild ON jobs (guild_id, created_at)
WHERE delivered_at IS NULL AND dead_letter IS NULL
AND status IN ('pending', 'queued', 'submitting', 'running', 'succeeded');

-- A guild's dead letters.
CREATE INDEX jobs_dead_in_guild ON jobs (guild_id, created_at) WHERE dead_letter IS NOT NULL;

-- The prompts that are old enough to be forgotten.
CREATE INDEX jobs_to_forget ON jobs (created_at) WHERE prompt <> '';

-- Every guild that anything is known of, so that it is noticed when the bot is in one no longer.
INSERT INTO guilds (guild_id, body, updated_at) SELECT DISTINCT guild_id, '{}', 0 FROM jobs WHERE guild_id IS NOT NULL;

-- What one owner (a member, a pool, a guild, the whole bot) may use in one period and has used, in credits or millionths
-- of a USD. What is left is allowance - held - settled.
CREATE TABLE purses (
    owner TEXT NOT NULL,
    period TEXT NOT NULL,
    allowance BIGINT NOT NULL CHECK (allowance >= 0),
    held BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0),
    settled BIGINT NOT NULL DEFAULT 0 CHECK (settled >= 0),
    unit TEXT NOT NULL DEFAULT 'credits',
    PRIMARY KEY (owner, period)
);

INSERT INTO purses (owner, period, allowance, held, settled)
SELECT owner, period, allowance, held, settled FROM accounts;

DROP TABLE accounts;

ALTER TABLE purses RENAME TO accounts;

-- Append-only. What a line changes in its account: `held` and `settled`, and for a grant `granted` (the allowance). For
-- every account each of them is the sum over its lines.
CREATE TABLE entries (
    id TEXT PRIMARY KEY,
    job_id TEXT,
    owner TEXT NOT NULL,
    period TEXT NOT NULL,
    unit TEXT NOT NULL,
    kind TEXT NOT NULL,
    held BIGINT NOT NULL DEFAULT 0,
    settled BIGINT NOT NULL DEFAULT 0,
    granted BIGINT NOT NULL DEFAULT 0,
    at BIGINT NOT NULL,
    actor_id BIGINT,
    note TEXT NOT NULL DEFAULT ''
);

INSERT INTO entries (id, job_id, owner, period, unit, kind, held, settled, at)
SELECT id, job_id, owner, period, 'credits', kind,
CASE kind WHEN 'hold' THEN credits ELSE -credits END,
CASE kind WHEN 'settle' THEN credits ELSE 0 END,
at
FROM ledger;

DROP TABLE ledger;

ALTER TABLE entries RENAME TO ledger;

-- A hold ends once in each account: settled or released, never both. So it says what a job cost a guild's budget.
CREATE UNIQUE INDEX ledger_ends ON ledger (job_id, owner, period) WHERE kind IN ('settle', 'release');

-- The holds of a job.
CREATE INDEX ledger_of_job ON ledger (job_id) WHERE job_id IS NOT NULL;

-- An owner's latest lines.
CREATE INDEX ledger_of_owner ON ledger (owner, at);

-- What somebody has granted or given.
CREATE INDEX ledger_of_actor ON ledger (actor_id) WHERE actor_id IS NOT NULL;

-- A budget that has been used up to a share of it (percent), once a period and ceiling; `told_at` is when somebody heard.
CREATE TABLE budget_alerts (
    owner TEXT NOT NULL,
    period TEXT NOT NULL,
    ceiling BIGINT NOT NULL,
    percent INTEGER NOT NULL,
    used BIGINT NOT NULL,
    at BIGINT NOT NULL,
    told_at BIGINT,
    PRIMARY KEY (owner, period, ceiling, percent)
);

-- What nobody has been told yet.
CREATE INDEX budget_alerts_untold ON budget_alerts (at, percent) WHERE told_at IS NULL;
