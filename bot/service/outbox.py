"""Posts everything besides cards and results from the outbox: by one claim, one retry and one end."""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final, TypeVar
from weakref import WeakValueDictionary

from bot.domain import OutboxItem, OutboxKind, backoff
from bot.domain.outbox import TRIES, wait_after
from bot.errors import DeliveryError, DestinationBusy, DestinationLost, StoreError, StoreUnavailable
from bot.log import log_about
from bot.service.measures import Measures
from bot.service.ports import CannotTell, Posted, Sighting
from bot.service.processes import Processes
from bot.service.signals import OTHERS, Signals, Topic
from bot.store.outbox import OutboxStore

log = logging.getLogger(__name__)

AT_ONCE: Final = 4  # items under way: one that uploads a video holds up no other
PATIENCE: Final = 240.0  # seconds that one may take: a video is fetched, maybe made smaller, and uploaded
LEASE: Final = timedelta(minutes=5)  # a little longer
IDLE: Final = timedelta(seconds=30)  # between two looks, when nobody wakes us
REST: Final = timedelta(hours=1)  # before what is never given up is tried again

T = TypeVar("T")


class OutboxHandler(ABC):
    """Does what the items of one kind ask for. Every step is harmless when a crash repeats it."""

    kind: ClassVar[OutboxKind]
    tries: ClassVar[int] = TRIES

    @abstractmethod
    async def handle(self, item: OutboxItem) -> int | None:
        """Do what an item asks for; give the id of the message to remember, or None where there is none.

        Raises:
            DeliveryError: Discord does not take it; with `DestinationLost` it never will.
        """

    async def keeps(self, item: OutboxItem, *, lost: bool, reason: str) -> bool:
        """Say whether an item that would be given up is kept, and tried every hour; asked each time that it fails."""
        log.warning(
            "given up",
            extra={"kind": str(item.kind), "subject": item.subject_id, "reason": reason, "lost": lost},
        )
        return False


async def find_message(
    item: OutboxItem, look: Callable[[datetime], Awaitable[Sighting]], *, closed_is_none: bool = False
) -> int | None:
    """Find an item's message, also that of an earlier try that was not recorded: `look` looks since that moment.

    None where there is none, or with `closed_is_none` where nobody may look any more.

    Raises:
        DestinationBusy: it may be there, and that cannot be seen now: nothing may be posted anew.
    """
    if item.message_id is not None or item.posting_at is None:
        return item.message_id
    sighting = await look(item.posting_at)
    if isinstance(sighting, CannotTell) and not (closed_is_none and sighting.closed):
        raise DestinationBusy(sighting.reason)
    return sighting.message_id if isinstance(sighting, Posted) else None


class UnrecordedPosts:
    """Posts each once what is of no more use to anybody when it is there, so that its message is not recorded.

    `moment` is the present by Discord's clock.
    """

    def __init__(self, *, store: OutboxStore, moment: Callable[[], datetime]) -> None:
        self._store, self._moment = store, moment

    async def post(
        self,
        item: OutboxItem,
        *,
        place_id: int,
        look: Callable[[datetime], Awaitable[Sighting]],
        post: Callable[[], Awaitable[None]],
    ) -> None:
        """Post an item's message, unless it is there from an earlier try, or the item is another process's by now.

        `place_id` is where it goes: a channel, a person, or 0 for the operator; `look` is as of `find_message`.
        What may be in a place that nobody can look into is posted: then nobody reads it twice.

        Raises:
            DestinationBusy: it may be there, and that cannot be seen now; or it is not taken now.
            DestinationLost: it is not taken, and never will be.
        """
        if await find_message(item, look, closed_is_none=True) is not None:
            return
        if await self._store.begin_posting(item, channel_id=place_id, at=self._moment()):
            await post()


async def first_open(places: AsyncIterator[T], post: Callable[[T], Awaitable[int | None]]) -> int | None:
    """Post in the first of some places that takes it, and give what `post` gives there.

    Raises:
        DestinationLost: none does.
        DestinationBusy: one may, later.
    """
    closed = DestinationLost("nobody")
    async for place in places:
        try:
            return await post(place)
        except DestinationLost as exc:
            closed = exc
    raise closed


class OutboxPoster:
    """Sees to every item that is due, a few at once; `patience` is the seconds that each may take."""

    def __init__(
        self,
        *,
        store: OutboxStore,
        handlers: Iterable[OutboxHandler],
        clock: Callable[[], datetime],
        rand: Callable[[], float],
        processes: Processes,
        signals: Signals,
        measures: Measures,
        woken: asyncio.Event,
        patience: float = PATIENCE,
        others_patience: float = OTHERS,
    ) -> None:
        self._store, self._handlers = store, {each.kind: each for each in handlers}
        self._clock, self._rand, self._patience = clock, rand, patience
        self._processes, self._signals, self._others_patience = processes, signals, others_patience
        self._woken, self._busy, self._measures = woken, 0, measures
        self._unrecorded: list[OutboxItem] = []  # they met a database that refused
        processes.on_change(self.wake)
        self._in_hand: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def wake(self) -> None:
        """Have the loop look at once: something was announced. May be called from anywhere in the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """See to whatever is due, for ever; at first to what a dead process had in hand."""
        outage, recovered = backoff.Outage(rand=self._rand), False
        async with asyncio.TaskGroup() as under_way:
            while True:
                self._woken.clear()
                try:
                    if not recovered:
                        await self._store.recover(living=self._processes.living())
                        recovered = True
                    await self._give_back()
                    await self._begin(under_way)
                    pause = await self._pause()
                    outage.end()
                except StoreError as exc:
                    pause = outage.note_refusal()
                    log.warning("the database refuses", extra={"detail": str(exc), "tries": outage.tries})
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause.total_seconds()):
                        await self._woken.wait()

    async def post_due(self) -> None:
        """See to everything that is due by now.

        Raises:
            StoreError: the database refuses.
        """
        begun = 1
        while begun:
            async with asyncio.TaskGroup() as under_way:
                begun = await self._begin(under_way)

    async def post_now(self, kind: OutboxKind, subject_id: str) -> OutboxItem | None:
        """See to one item now, if it is due, while somebody waits to hear of it; give what is left of it.

        What another process has to see to is waited for a moment.

        Raises:
            StoreError: the database refuses.
        """
        item = await self._store.item(kind, subject_id)
        if item is None or item.due_at is None:
            return item
        if not self._processes.has(item.bucket):
            return await self._seen_to_by_others(item)
        with self._signals.expected(Topic.ENDED, _name(item)) as ended:
            async with self._alone(kind, subject_id):
                now = self._clock()
                claimed = await self._store.claim_this(kind, subject_id, now=now, until=now + LEASE)
                if claimed is not None:
                    try:
                        await self._see_to(claimed)
                    except asyncio.CancelledError:  # nobody waits any longer: the next look sees to it
                        await asyncio.shield(self._store.retry(claimed, due_at=now))
                        raise
            self.wake()  # or it would sleep past the next try
            left = await self._store.item(kind, subject_id)
            if claimed is None and left is not None and left.claimed_until is not None:  # our own loop was faster
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._patience):
                        await ended.wait()
                left = await self._store.item(kind, subject_id)
            return left

    async def _seen_to_by_others(self, item: OutboxItem) -> OutboxItem | None:
        """Wait until another process has seen to an item; give what is left of it by then."""
        with self._signals.expected(Topic.ENDED, _name(item)) as ended:
            self._signals.send(Topic.OUTBOX)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._others_patience):
                    await ended.wait()
        return await self._store.item(item.kind, item.subject_id)

    async def _give_back(self) -> None:
        """Have items tried again soon that met a database that refused."""
        while self._unrecorded:
            soon = self._clock() + timedelta(seconds=backoff.DATABASE_CAP)
            await self._store.retry(self._unrecorded[0], due_at=soon)
            del self._unrecorded[0]

    async def _begin(self, under_way: asyncio.TaskGroup) -> int:
        """Begin with what is due, as long as there is room; count the items."""
        begun = 0
        while self._busy < AT_ONCE and (share := self._processes.share):
            now = self._clock()
            item = await self._store.claim(now=now, until=now + LEASE, share=share)
            if item is None:
                break
            self._busy, begun = self._busy + 1, begun + 1
            under_way.create_task(self._attend(item), name=f"outbox {item.kind}")
        return begun

    async def _pause(self) -> timedelta:
        share = self._processes.share
        due = None if self._busy >= AT_ONCE or not share else await self._store.next_due(share=share)
        return IDLE if due is None else min(IDLE, max(timedelta(), due - self._clock()))

    async def _attend(self, item: OutboxItem) -> None:
        """See to a claimed item; whatever comes of it, others go on, and there is room for the next."""
        if item.job_id is not None:
            log_about(job=item.job_id)
        try:
            async with self._alone(item.kind, item.subject_id):
                await self._see_to(item)
        except StoreError as exc:
            log.warning("the database refuses", extra={"kind": str(item.kind), "detail": str(exc)})
            if isinstance(exc, StoreUnavailable):
                self._unrecorded.append(item)
        finally:
            self._busy -= 1
            self._signals.send(Topic.ENDED, _name(item))
            self.wake()

    async def _see_to(self, item: OutboxItem) -> None:
        handler, fields = self._handlers[item.kind], {"kind": str(item.kind), "subject": item.subject_id}
        try:
            async with asyncio.timeout(self._patience):
                message_id = await handler.handle(item)
        except DeliveryError as exc:
            await self._failed(handler, item, exc.reason, lost=isinstance(exc, DestinationLost))
        except TimeoutError:
            await self._failed(handler, item, "slow", lost=False)
        except StoreError:
            raise
        except Exception:
            log.exception("an item of the outbox failed", extra=fields)
            await self._failed(handler, item, "crash", lost=False)
        else:
            await asyncio.shield(self._done(item, message_id))
            log.info("done", extra=fields)

    async def _done(self, item: OutboxItem, message_id: int | None) -> None:
        if message_id is None:
            await self._store.drop(item)
        else:
            await self._store.posted(item, message_id=message_id, now=self._clock())

    async def _failed(self, handler: OutboxHandler, item: OutboxItem, reason: str, *, lost: bool) -> None:
        """Have an item that failed tried again later, or give it up."""
        wait = wait_after(item.attempts, lost=lost, tries=handler.tries, rand=self._rand)
        if wait is None and await handler.keeps(item, lost=lost, reason=reason):
            wait = REST
        if wait is None:
            await self._store.give_up(item, reason=reason)
            self._measures.item_given_up(str(item.kind))
        else:
            log.info("later", extra={"kind": str(item.kind), "subject": item.subject_id, "reason": reason})
            await self._store.retry(item, due_at=self._clock() + wait)

    def _alone(self, kind: OutboxKind, subject_id: str) -> asyncio.Lock:
        return self._in_hand.setdefault((str(kind), subject_id), asyncio.Lock())


def _name(item: OutboxItem) -> str:
    return f"{item.kind} {item.subject_id}"
