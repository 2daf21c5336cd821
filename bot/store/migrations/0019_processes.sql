-- The processes of the bot that share this database (PostgreSQL): which live is told by the locks that they hold. `shards`
-- are the numbers of a gateway's, separated by commas, of `shard_count` in all.
CREATE TABLE processes (
    id TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    shards TEXT NOT NULL,
    shard_count INTEGER NOT NULL,
    version TEXT NOT NULL,
    started_at BIGINT NOT NULL
);

-- The process that has claimed an item.
ALTER TABLE outbox ADD COLUMN claimed_by TEXT;
