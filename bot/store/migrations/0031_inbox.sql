-- What waits for one person alone: videos that reached nobody. What was sent privately has arrived.
DROP INDEX jobs_in_inbox;
CREATE INDEX jobs_in_inbox ON jobs (user_id, created_at) WHERE dead_letter = 'undeliverable';
