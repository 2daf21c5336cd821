-- When the bot was last alive, by its machine's clock: one row. What the clock shows more, or less, than a moment later at
-- the next start, nobody has lived through.
CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at BIGINT NOT NULL
);
