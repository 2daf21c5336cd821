"""Counts how often sessions are started: one at a time in each bucket of shards, and so many a day."""

from dataclasses import dataclass, field

from sandbox.discord.clock import Clock
from sandbox.discord.world import Json

BUCKET_SECONDS = 5.0
DAY_SECONDS = 86_400.0
SESSIONS_A_DAY = 1000


@dataclass(slots=True, kw_only=True)
class SessionStarts:
    """Says whether a shard may identify now.

    `shards` is how many Discord recommends. A shard's bucket is its number modulo `max_concurrency`; in each one shard
    may identify every `bucket_seconds`. `total` may identify in a day, which begins with the first.
    """

    clock: Clock
    shards: int = 1
    max_concurrency: int = 1
    bucket_seconds: float = BUCKET_SECONDS
    total: int = SESSIONS_A_DAY
    starts: int = 0
    _day_ends: float = 0.0
    _taken: dict[int, float] = field(default_factory=dict)

    def count(self) -> bool:
        """Count one more of this day; whether it was one too many."""
        now = self.clock.now()
        if now >= self._day_ends:
            self._day_ends, self.starts = now + DAY_SECONDS, 0
        self.starts += 1
        return self.starts > self.total

    def take(self, shard: int) -> bool:
        """Take the shard's turn in its bucket; whether there was one."""
        now, bucket = self.clock.now(), shard % self.max_concurrency
        if now < self._taken.get(bucket, 0.0) + self.bucket_seconds:
            return False
        self._taken[bucket] = now
        return True

    def limit(self) -> Json:
        """Build the `session_start_limit` of `GET /gateway/bot`."""
        left = self._day_ends - self.clock.now()
        return {
            "total": self.total,
            "remaining": max(self.total - self.starts, 0) if left > 0 else self.total,
            "reset_after": round(max(left, 0) * 1000),
            "max_concurrency": self.max_concurrency,
        }
