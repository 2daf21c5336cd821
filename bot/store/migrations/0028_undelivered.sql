-- Counts what waits for a moderator or to be posted (store/figures.py), however much else is under way.
CREATE INDEX jobs_undelivered ON jobs (status, review, finished_at, created_at, due_at, delivered_at, dead_letter)
    WHERE status IN ('pending', 'succeeded') AND delivered_at IS NULL AND dead_letter IS NULL;
