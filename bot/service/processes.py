"""Knows the processes of the bot that live, and which channels are whose; takes over from those that have died."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Final, Protocol

from bot.domain.sharing import SOLE, Process, bucket_of, owner_of_bucket, pace_of, share_of, workers_among
from bot.errors import LockTaken, ShardsDiffer, StoreError
from bot.store.processes import ProcessStore

log = logging.getLogger(__name__)

LOOK: Final = 1.0  # seconds between two looks at who lives
LOOKS: Final = 2  # in a row that miss a process before it counts as dead: a session may have to be made anew
GRACE: Final = 6  # looks after this process's own session was lost, since the others may have lost theirs with it
PATIENCE: Final = 5.0  # seconds at start for the process that this one replaces to end


class Processes:
    """The processes that live, as this one sees them: at first, and unless the database is `shared` always, itself."""

    def __init__(self, this: Process = SOLE, *, shared: bool = False) -> None:
        self.this, self.me, self._shared = this, this.id, shared
        self._listeners: list[Callable[[], None]] = []
        self._take([this])

    def members(self) -> tuple[Process, ...]:
        """List those that live, the oldest first."""
        return self._members

    @property
    def works(self) -> bool:
        """Say whether this process moves jobs."""
        return self.me in self.workers

    @property
    def others(self) -> bool:
        """Say whether another process lives."""
        return any(each.id != self.me for each in self._members)

    def living(self) -> tuple[str, ...]:
        """List the ids of those whose claims are not to be touched: none where no other process can have any."""
        return tuple(each.id for each in self._members) if self._shared else ()

    def owns(self, channel_id: int) -> bool:
        """Say whether a channel is this process's; of a private job, the person's id stands for the channel."""
        return self.has(bucket_of(channel_id))

    def has(self, bucket: int) -> bool:
        """Say whether a bucket is this process's."""
        return bool(self.share >> bucket & 1)

    def owner(self, channel_id: int) -> str:
        """Name the process that has a channel."""
        return owner_of_bucket(bucket_of(channel_id), self.workers)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have it called, in the event loop, whenever another process has come or gone."""
        self._listeners.append(listener)

    def note(self, members: Sequence[Process]) -> None:
        """Take over who lives now, the oldest first; this process always does, in its own eyes."""
        known = tuple(members) if any(each.id == self.me for each in members) else (*members, self.this)
        if [each.id for each in known] == [each.id for each in self._members]:
            return
        self._take(known)
        for listener in self._listeners:
            listener()

    def _take(self, members: Sequence[Process]) -> None:
        self._members = tuple(members)
        self.workers = workers_among(members)
        self.share = share_of(self.me, self.workers)
        self.pace = pace_of(self.me, self._members)  # of the bot's requests to Discord, the part of this process


class Session(Protocol):
    """What shows the processes of a database that each of them lives."""

    async def hold(self, name: str, *, patience: float = 0.0) -> bool:
        """Take the lock of a name for as long as this process lives; False where somebody else keeps it."""
        ...

    async def held(self, names: Collection[str]) -> frozenset[str]:
        """Tell which of these names somebody has locked."""
        ...

    async def cut_off(self, process_id: str) -> None:
        """See that a process which has died or stopped keeps nothing any more."""
        ...

    def on_reconnected(self, listener: Callable[[], None]) -> None:
        """Have a listener called whenever the session had to be made anew."""
        ...


class ProcessWatch:
    """Shows the others that this process lives, and looks who else does. Each death is made good by one of them."""

    def __init__(
        self,
        processes: Processes,
        *,
        store: ProcessStore,
        session: Session,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._processes, self._store, self._session = processes, store, session
        self._clock, self._sleep = clock, sleep
        self._missed: dict[str, int] = {}  # looks in a row, by process
        self._grace = 0
        session.on_reconnected(self._be_patient)

    async def enter(self, *, patience: float = PATIENCE) -> None:
        """Show that this process lives, at start; wait for that which it replaces, for so many seconds.

        Raises:
            LockTaken: another one has its shard.
            ShardsDiffer: the gateways that live have another number of shards.
            StoreUnavailable: the database refuses.
        """
        this = self._processes.this
        for name in (lock_of(this.id), *(f"shard:{each}" for each in this.answers_for)):
            if await self._session.hold(name):
                continue
            log.info("another process has what this one needs; it may be about to end", extra={"lock": name})
            if not await self._session.hold(name, patience=patience):
                raise LockTaken(name=name)
        await self._store.enter(this)
        await self.look()

    async def leave(self) -> None:
        """Give back what this process has claimed, at its end.

        Raises:
            StoreUnavailable: the database refuses; then the others notice.
        """
        await self._store.remove(self._processes.me, now=self._clock())

    async def run(self) -> None:
        """Look who lives, for ever.

        Raises:
            ShardsDiffer: see `enter`.
        """
        while True:
            await self._sleep(LOOK)
            try:
                await self.look()
            except StoreError as exc:
                log.warning("nobody can tell who lives", extra={"detail": str(exc)})

    async def look(self) -> None:
        """Look who lives, and take over from who has died.

        Raises:
            ShardsDiffer: see `enter`.
            StoreError: the database refuses.
        """
        entered = await self._store.entered()
        held = await self._session.held([lock_of(each.id) for each in entered])
        lost = {each.id for each in entered if lock_of(each.id) not in held} - {self._processes.me}
        self._missed = {each: self._missed.get(each, 0) + 1 for each in lost}
        self._grace = max(0, self._grace - 1)
        dead = {each for each, looks in self._missed.items() if looks >= LOOKS and not self._grace}
        for each in dead:
            await self._session.cut_off(each)
            if await self._store.remove(each, now=self._clock()):
                log.warning("another process has died; its jobs go on", extra={"id": each})
        if all(each.id != self._processes.me for each in entered):
            await self._store.enter(self._processes.this)  # the others took it for dead
        living = [each for each in entered if each.id not in dead]
        self._demand_same_count(living)
        self._processes.note(living)

    def _be_patient(self) -> None:
        self._missed, self._grace = {}, GRACE

    def _demand_same_count(self, living: Sequence[Process]) -> None:
        """Raise `ShardsDiffer` where an older gateway has another number of shards than this one."""
        this = self._processes.this
        for each in living:
            if each.id == this.id:
                return
            if each.answers_for and this.answers_for and each.shard_count != this.shard_count:
                raise ShardsDiffer(found=each.shard_count, wanted=this.shard_count)


def lock_of(process_id: str) -> str:
    """Name the lock that shows that a process lives."""
    return f"process:{process_id}"
