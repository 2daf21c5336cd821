-- How often in a row a provider could not show what a job's state says it has: the task of a running one, a file worth
-- anything of a finished one. And when its provider last called back about the present submission.
ALTER TABLE jobs ADD COLUMN misses INTEGER NOT NULL DEFAULT 0;

ALTER TABLE jobs ADD COLUMN called_at BIGINT;

-- The providers that have lately not taken a submission, until one does: when the next may be tried, and how many in a
-- row have ended in doubt. So what one process was told holds for all, and for the next start.
CREATE TABLE provider_rests (
    provider TEXT NOT NULL PRIMARY KEY,
    rests_until BIGINT NOT NULL,
    doubts INTEGER NOT NULL DEFAULT 0
);

-- How many submissions are on their way to a provider.
CREATE INDEX jobs_on_their_way ON jobs (provider) WHERE status = 'submitting' AND lease IS NOT NULL;

-- Troubles of which the operator has been told, and until when they are not told again.
CREATE TABLE told_troubles (
    trouble TEXT NOT NULL,
    subject TEXT NOT NULL,
    quiet_until BIGINT NOT NULL,
    PRIMARY KEY (trouble, subject)
);
