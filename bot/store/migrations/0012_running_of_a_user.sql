-- What a member has in the making. With the status in it, no planner takes the index of all their jobs for as good.
DROP INDEX jobs_at_work;
CREATE INDEX jobs_at_work ON jobs (user_id, status)
    WHERE status IN ('submitting', 'running') AND dead_letter IS NULL;
