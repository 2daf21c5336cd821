-- Whether a case was brought before the operator: nobody in its guild could be asked. Its channel is 0 until it has one.
ALTER TABLE cases ADD COLUMN for_operator INTEGER NOT NULL DEFAULT 0;

-- Who objects to a posted video, in their words, once a person and video. Those of one case are decided together. Once
-- its person has had everything deleted, a report is nobody's (0) and has no words.
CREATE TABLE reports (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    job_id TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);

INSERT INTO reports (id, case_id, job_id, user_id, reason, at)
SELECT id, id, job_id, coalesce(json_extract(body, '$.by'), 0), coalesce(json_extract(body, '$.reason'), ''), created_at
FROM cases WHERE kind = 'report' AND job_id IS NOT NULL;

UPDATE cases SET body = json_remove(body, '$.by', '$.reason') WHERE kind = 'report';

-- The same person reports a video once.
CREATE UNIQUE INDEX reports_once ON reports (job_id, user_id) WHERE user_id <> 0;

-- The reports of one case.
CREATE INDEX reports_of_case ON reports (case_id, at);

-- The reports by one person.
CREATE INDEX reports_of_user ON reports (user_id);

-- The reports that nobody has been shown.
CREATE INDEX cases_unseen ON cases (created_at) WHERE kind = 'report' AND state = 'open' AND message_id IS NULL;

-- The message of what somebody wrote to the operator: intended, and where it is.
ALTER TABLE feedback ADD COLUMN posting_at BIGINT;
ALTER TABLE feedback ADD COLUMN channel_id BIGINT;
ALTER TABLE feedback ADD COLUMN message_id BIGINT;
