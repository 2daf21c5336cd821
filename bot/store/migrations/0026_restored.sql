-- A row says that this database is a copy, and when that was taken: the bot may have gone on elsewhere since. A backup has
-- it, the database that it was taken from has not; the first start on the copy takes it up, and it is gone.
CREATE TABLE IF NOT EXISTS restored_copy (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    taken_at BIGINT NOT NULL
);

-- In a copy: the attempts of a job that may have been made elsewhere since it was taken, each of which is looked for
-- before one is made, and posts before one is posted. Empty again once that is known.
ALTER TABLE jobs ADD COLUMN look_from INTEGER;

ALTER TABLE jobs ADD COLUMN look_to INTEGER;
