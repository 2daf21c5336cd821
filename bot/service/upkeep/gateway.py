"""Settles among the processes of one bot whose session with Discord begins next, and who sends it the commands."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from bot.errors import StoreError
from bot.service.processes import Processes
from bot.store.gateway import GatewayStore, Sending
from bot.values import dataclass

log = logging.getLogger(__name__)

PAUSE: Final = timedelta(seconds=5.5)  # between sessions of one bucket: Discord's five seconds, and the way there
PATIENCE: Final = timedelta(seconds=30)  # with an open connection that has not said who it is
LOOK: Final = 1.0  # seconds between two looks at whether another process is ready
SENDING: Final = timedelta(seconds=30)  # for the commands; whoever takes longer may be gone
FEW: Final = 10  # starts of all shards, which a day's rest should allow


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionLimit:
    """How often sessions may begin: `remaining` of `total` a day, one of each of `max_concurrency` buckets at once."""

    total: int
    remaining: int
    resets_in: timedelta
    max_concurrency: int


class Gateways:
    """What this process settles with the others that have a connection to Discord's gateway."""

    def __init__(
        self,
        *,
        store: GatewayStore,
        processes: Processes,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]],
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._processes, self._clock, self._sleep = store, processes, clock, sleep
        self._passed, self._free = (
            passed,
            dict[int, float](),
        )  # where no other process has shards: when each bucket is free
        self._max_concurrency = 1

    async def heed(self, limit: SessionLimit, *, shards: int) -> bool:
        """Take over how often sessions may begin; False after waiting for more, since one too many costs the token."""
        self._max_concurrency = limit.max_concurrency
        about = {"left": limit.remaining, "of": limit.total, "more_in": f"{limit.resets_in.total_seconds():.0f} s"}
        if limit.remaining < shards:
            log.error("no session may begin any more today: the bot waits", extra=about)
            await self._sleep(limit.resets_in.total_seconds() + LOOK)
            return False
        if limit.remaining < shards * FEW:
            log.warning("few sessions may begin today: is something restarting the bot?", extra=about)
        return True

    async def begin_session(self, shard: int) -> None:
        """Wait until a shard may begin a session: one of each bucket of shards at a time, in whichever process."""
        bucket = shard % self._max_concurrency
        while (wait := await self._turn(bucket)) is None:
            await self._sleep(LOOK)
        await self._sleep(wait)

    async def _turn(self, bucket: int) -> float | None:
        """Take a bucket's next turn, and say in how many seconds it is; None where it is too far away to be taken."""
        if self._processes.this.shards:
            try:
                now = self._clock()
                at = await self._store.take_turn(bucket, now=now, pause=PAUSE, patience=PATIENCE)
            except StoreError as exc:  # Discord refuses who is too early, and that is tried again
                log.warning("the turn of a session is not known", extra={"detail": str(exc)})
            else:
                return None if at is None else max((at - now).total_seconds(), 0)
        now_here = self._passed()
        at_here = max(self._free.get(bucket, now_here), now_here)
        self._free[bucket] = at_here + PAUSE.total_seconds()
        return at_here - now_here

    async def must_send_commands(self, guild_id: int, digest: str, *, again: bool = False) -> bool:
        """Say whether this process has to send a guild's commands (0: all guilds'), after others that are at it.

        `again` is for commands that were sent and are not there any more.
        """
        while True:
            now = self._clock()
            until = now + SENDING if self._processes.this.shards else now  # whoever is alone waits for nobody
            sending = await self._store.begin_sending(guild_id, digest, again=again, now=now, until=until)
            if sending is not Sending.THEIRS:
                return sending is Sending.OURS
            await self._sleep(LOOK)

    @asynccontextmanager
    async def sending_commands(self, guild_id: int, digest: str) -> AsyncIterator[None]:
        """Note that the commands were sent, unless that fails."""
        sent = ""
        try:
            yield
            sent = digest
        finally:
            await self._store.end_sending(guild_id, digest=sent)
