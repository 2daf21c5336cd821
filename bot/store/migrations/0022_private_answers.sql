-- How the private answers of accepted requests can be edited that several processes share: sealed, by the request's
-- idempotency key, until Discord takes no more edits (`expires_at`, by its clock).
CREATE TABLE private_answers (
    idempotency_key TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    sealed TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Those that are over.
CREATE INDEX private_answers_over ON private_answers (expires_at);
