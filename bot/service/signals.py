"""Passes signals on: that something may be there now, to whoever waits for it, in this process and in the others.

A signal is a hint. Whoever hears it looks into the database, and would have looked a little later without it.
"""

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from bot.domain import backoff
from bot.errors import StoreError

log = logging.getLogger(__name__)

ANY: Final = ""  # the subject of a signal about everything of its topic
TOGETHER: Final = 0.02  # seconds in which what goes to other processes is collected
LEISURE: Final = 0.2  # the same for what nobody waits for: every message costs every process
PAYLOAD: Final = 7_900  # bytes of one message to the other processes; PostgreSQL takes less than 8,000
MOST: Final = 1_000  # signals that wait to be carried; of a topic with more, one about everything is
OTHERS: Final = 3.0  # seconds that another process has for what somebody waits for
SWEEP: Final = 5.0  # seconds between two looks at everything, as if a signal had been lost

Listener: TypeAlias = Callable[[str], None]


class Topic(StrEnum):
    """Says what a signal is about; behind each, its subject."""

    JOBS = "jobs"  # any: a job may be claimed
    OUTBOX = "outbox"  # any: an item of the outbox is due
    TASKS = "tasks"  # any: a prompt periodic task has something to do; whoever noticed does it
    CARD = "card"  # job, channel, milliseconds: the channel's owner shows the job's card, and sees to it when it is due
    NEW_CARD = "new_card"  # the same: somebody waits for the card, and is told
    CARDED = "carded"  # job: its new card is there
    CALLED = "called"  # provider and external id: it has called back
    COPY = "copy"  # a request as JSON: the owner of a channel posts a copy there
    COPIED = "copied"  # what has come of it, as JSON
    ENDED = "ended"  # kind and subject: an item of the outbox is done, given up, or has to be tried again


_UNHURRIED: Final = frozenset({Topic.CARD})
_KEPT: Final = frozenset({Topic.TASKS})  # what other processes need not hear


class Signals:
    """Passes signals on inside this process, at once. Listeners take no time and raise nothing."""

    def __init__(self) -> None:
        self._listeners: defaultdict[Topic, list[Listener]] = defaultdict(list)

    def on(self, topic: Topic, listener: Listener) -> None:
        """Have a listener called with the subject of each signal of a topic; `ANY` may be about everything."""
        self._listeners[topic].append(listener)

    def send(self, topic: Topic, subject: str = ANY) -> None:
        """Send a signal. May be called from anywhere in the event loop."""
        self._hear(topic, subject)

    def sender(self, *topics: Topic) -> Callable[[], None]:
        """Make what sends a signal about everything of these topics."""

        def send() -> None:
            for topic in topics:
                self.send(topic)

        return send

    @contextmanager
    def expected(self, topic: Topic, subject: str) -> Iterator[asyncio.Event]:
        """Lend an event that is set once just this signal was heard while the block lasts.

        One about everything, which the sweep is, says nothing of it; a signal that is lost is waited for in vain.
        """
        heard = asyncio.Event()

        def listener(what: str) -> None:
            if what == subject:
                heard.set()

        self.on(topic, listener)
        try:
            yield heard
        finally:
            self._listeners[topic].remove(listener)

    def _hear(self, topic: Topic, subject: str) -> None:
        for listener in tuple(self._listeners[topic]):
            listener(subject)


class Wire(Protocol):
    """What carries signals between the processes."""

    async def notify(self, payload: str) -> None:
        """Have all processes, also this one, hear a payload of less than 8,000 bytes.

        Raises:
            StoreUnavailable: they do not.
        """
        ...

    def on_payload(self, listener: Callable[[str], None]) -> None:
        """Have a listener called with each payload."""
        ...

    def on_reconnected(self, listener: Callable[[], None]) -> None:
        """Have a listener called whenever payloads may have been missed."""
        ...


class SharedSignals(Signals):
    """Passes signals on inside this process at once, and to the others a moment later, each once.

    `me` names this process, which does not hear its own again.
    """

    def __init__(self, wire: Wire, *, me: str, rand: Callable[[], float] = random.random) -> None:
        super().__init__()
        self._wire, self._me, self._rand = wire, me, rand
        self._waiting: dict[tuple[Topic, str], None] = {}  # in the order in which they were sent
        self._something = asyncio.Event()
        self._leisure: asyncio.TimerHandle | None = None
        wire.on_payload(self._receive)
        wire.on_reconnected(self.hear_all)

    def send(self, topic: Topic, subject: str = ANY) -> None:
        """See `Signals`."""
        super().send(topic, subject)
        if topic in _KEPT:
            return
        if len(self._waiting) >= MOST:
            self._waiting = {(each, ANY): None for each, _ in self._waiting}
        self._waiting[topic, subject] = None
        if topic not in _UNHURRIED:
            self._something.set()
        elif self._leisure is None:
            self._leisure = asyncio.get_running_loop().call_later(LEISURE, self._something.set)

    def hear_all(self) -> None:
        """Have everybody here look at everything: signals may have been lost."""
        for topic in Topic:
            if topic not in _KEPT:
                self._hear(topic, ANY)

    async def run(self) -> None:
        """Carry what is sent to the other processes until cancelled, and look at everything now and then."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep(), name="signals-sweep")
            group.create_task(self._carry(), name="signals-carry")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            self.hear_all()

    async def _carry(self) -> None:
        outage = backoff.Outage(rand=self._rand)
        while True:
            await self._something.wait()
            self._something.clear()
            if self._leisure is not None:
                self._leisure.cancel()
                self._leisure = None
            taken, self._waiting = self._waiting, {}
            pause = TOGETHER
            try:
                for payload in packed(self._me, taken):
                    await self._wire.notify(payload)
                outage.end()
            except StoreError as exc:
                pause = outage.note_refusal().total_seconds()
                log.warning("signals wait", extra={"detail": str(exc), "tries": outage.tries})
                self._waiting = taken | self._waiting
                self._something.set()
            await asyncio.sleep(pause)

    def _receive(self, payload: str) -> None:
        sender, *lines = payload.split("\n")
        if sender == self._me:
            return
        for line in lines:
            name, _, subject = line.partition(" ")
            with contextlib.suppress(ValueError):  # a topic of another version
                self._hear(Topic(name), subject)


def packed(sender: str, signals: Iterable[tuple[Topic, str]]) -> Iterator[str]:
    """Pack signals into as few payloads as hold them, a line each, under the line of who sends them."""
    payload = sender
    for topic, subject in signals:
        line = f"\n{topic} {subject}"
        if len(payload.encode()) + len(line.encode()) > PAYLOAD:
            yield payload
            payload = sender
        payload += line
    yield payload
