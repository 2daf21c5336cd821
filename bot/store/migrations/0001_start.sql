-- Times are milliseconds since 1970, money is in credits and millionths of a USD, ids of Discord are numbers.

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE,
    user_id BIGINT NOT NULL,
    locale TEXT NOT NULL,
    guild_id BIGINT,
    channel_id BIGINT NOT NULL,
    upload_limit BIGINT NOT NULL,
    private INTEGER NOT NULL,
    provider TEXT NOT NULL,
    request TEXT NOT NULL,
    eta_key TEXT NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    owner TEXT NOT NULL,
    period TEXT NOT NULL,
    credits INTEGER NOT NULL CHECK (credits >= 0),
    usd_micros BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deadline_at BIGINT NOT NULL,
    due_at BIGINT,
    lease TEXT,
    submitted_at BIGINT,
    finished_at BIGINT,
    posting_at BIGINT,
    delivered_at BIGINT,
    task_id TEXT,
    progress DOUBLE PRECISION,
    result_url TEXT,
    cost_micros BIGINT,
    failure TEXT,
    failure_code TEXT,
    dead_letter TEXT,
    card_channel_id BIGINT,
    card_message_id BIGINT,
    message_channel_id BIGINT,
    message_id BIGINT
);

-- The claim of whatever is due and already known to a provider, or only wants its card closed.
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL AND status <> 'queued';

-- The claim of the next waiting job of a provider, and the place of a job in that queue.
CREATE INDEX jobs_waiting ON jobs (provider, created_at, id) WHERE status = 'queued';

-- When the next waiting job that backs off is due.
CREATE INDEX jobs_backing_off ON jobs (due_at) WHERE status = 'queued';

-- The claim of waiting jobs whose deadline has passed.
CREATE INDEX jobs_overdue ON jobs (deadline_at) WHERE status = 'queued';

-- How many jobs a provider works on.
CREATE INDEX jobs_at_provider ON jobs (provider) WHERE status IN ('submitting', 'running') AND dead_letter IS NULL;

-- How many jobs of a person the providers work on.
CREATE INDEX jobs_at_work ON jobs (user_id) WHERE status IN ('submitting', 'running') AND dead_letter IS NULL;

-- How many unfinished jobs a person has.
CREATE INDEX jobs_unfinished ON jobs (user_id)
WHERE status IN ('queued', 'submitting', 'running') AND dead_letter IS NULL;

-- A person's latest jobs.
CREATE INDEX jobs_of_user ON jobs (user_id, created_at);

-- How long like jobs took.
CREATE INDEX jobs_like ON jobs (eta_key, finished_at) WHERE status = 'succeeded';

-- What waits for the operator.
CREATE INDEX jobs_dead ON jobs (created_at) WHERE dead_letter IS NOT NULL;

-- One person's credits in one period. What is left is allowance - held - settled.
CREATE TABLE accounts (
    owner TEXT NOT NULL,
    period TEXT NOT NULL,
    allowance INTEGER NOT NULL,
    held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    settled INTEGER NOT NULL DEFAULT 0 CHECK (settled >= 0),
    PRIMARY KEY (owner, period)
);

-- Append-only: every hold, settle and release. The id (job and kind) lets each happen once.
CREATE TABLE ledger (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    owner TEXT NOT NULL,
    period TEXT NOT NULL,
    kind TEXT NOT NULL,
    credits INTEGER NOT NULL,
    usd_micros BIGINT NOT NULL,
    at BIGINT NOT NULL
);

-- A hold ends once: settled or released, never both.
CREATE UNIQUE INDEX ledger_ends ON ledger (job_id) WHERE kind IN ('settle', 'release');
