-- How many jobs the providers work on: of each queue at each provider, and as queue 0 of all queues there. A row is there
-- while there are any. Kept in the transaction that moves a job, so that no limit and no forecast counts the crowd.
CREATE TABLE at_work (
    queue_id BIGINT NOT NULL,
    provider TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (queue_id, provider)
);

INSERT INTO at_work (queue_id, provider, jobs)
SELECT queue_id, provider, count(*) FROM jobs
WHERE status IN ('submitting', 'running') AND dead_letter IS NULL GROUP BY queue_id, provider;

INSERT INTO at_work (queue_id, provider, jobs)
SELECT 0, provider, count(*) FROM jobs
WHERE status IN ('submitting', 'running') AND dead_letter IS NULL GROUP BY provider;

-- How many jobs wait in a queue, and of one person in it: who stands before whom is told without counting them.
ALTER TABLE queues ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;

ALTER TABLE turns ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;

UPDATE queues SET waiting = (
    SELECT count(*) FROM jobs
    WHERE status = 'queued' AND jobs.provider = queues.provider AND jobs.queue_id = queues.queue_id
);

UPDATE turns SET waiting = (
    SELECT count(*) FROM jobs
    WHERE status = 'queued' AND jobs.provider = turns.provider AND jobs.queue_id = turns.queue_id
    AND jobs.priority = turns.priority AND jobs.user_id = turns.user_id
);

-- What all providers work on, what began first before the rest.
CREATE INDEX jobs_at_work_everywhere ON jobs (submitted_at)
WHERE status IN ('submitting', 'running') AND dead_letter IS NULL;

DROP INDEX jobs_at_provider;

-- What a provider works on, likewise.
CREATE INDEX jobs_at_provider ON jobs (provider, submitted_at)
WHERE status IN ('submitting', 'running') AND dead_letter IS NULL;

DROP INDEX jobs_of_queue_at_work;

-- What providers work on of a queue, likewise.
CREATE INDEX jobs_of_queue_at_work ON jobs (queue_id, submitted_at)
WHERE status IN ('submitting', 'running') AND dead_letter IS NULL;

DROP INDEX jobs_at_work;

-- What a member has in the making, likewise.
CREATE INDEX jobs_at_work ON jobs (user_id, submitted_at)
WHERE status IN ('submitting', 'running') AND dead_letter IS NULL;
