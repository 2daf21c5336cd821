"""What several processes of a simulated world have together: locks, signals and a clock, as PostgreSQL gives them."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final, TypeVar

from bot.errors import LockTaken, StoreUnavailable
from tests.simulation.loop import Process
from tests.simulation.world import World

T = TypeVar("T")

SILENCE: Final = 10.0  # seconds until the server ends the session of a process that says nothing
LOOK: Final = 0.5  # seconds at the most until a session notices that it is none any more


class Server:
    """The locks of all sessions, and the sessions themselves."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._locks: dict[str, Session] = {}
        self._sessions: list[Session] = []

    def session(self, process: Process) -> "Session":
        """Open a session for a process."""
        session = Session(self._world, self, process)
        self._sessions.append(session)
        return session

    def hold(self, name: str, session: "Session") -> bool:
        """Give a lock to a session, unless another one has it."""
        self._end_silent_ones()
        return self._locks.setdefault(name, session) is session

    def held(self, names: Collection[str]) -> frozenset[str]:
        """Tell which of these locks somebody has."""
        self._end_silent_ones()
        return frozenset(name for name in names if name in self._locks)

    def notify(self, payload: str) -> None:
        """Bring a payload to all sessions, each a moment later."""
        for session in self._sessions:
            if session.process.alive and not session.ended:
                delay = self._world.random.expovariate(50)
                self._world.loop.call_later(delay, session.hear, payload, context=session.process.context)

    def end(self, session: "Session") -> None:
        """End a session: its locks are free."""
        session.lose()
        self._locks = {name: owner for name, owner in self._locks.items() if owner is not session}

    def _end_silent_ones(self) -> None:
        now = self._world.loop.time()
        for session in self._sessions:
            process = session.process
            silent = process.stopped_at is not None and now - process.stopped_at > SILENCE
            if not session.ended and (silent or not process.alive):
                self.end(session)
        self._sessions = [each for each in self._sessions if each.process.alive]


class Session:
    """A process's own connection to the server: a `Session` of the processes, and a `Wire` of the signals."""

    def __init__(self, world: World, server: Server, process: Process) -> None:
        self._world, self._server, self.process = world, server, process
        self.ended, self._lost = False, asyncio.Event()
        self._names: list[str] = []
        self._on_payload: list[Callable[[str], None]] = []
        self._on_reconnected: list[Callable[[], None]] = []

    async def hold(self, name: str, *, patience: float = 0.0) -> bool:
        """See `bot.service.processes.Session`."""
        until = self._world.loop.time() + patience
        while not await self._ask(lambda: self._server.hold(name, self)):
            if self._world.loop.time() >= until:
                return False
            await asyncio.sleep(LOOK)
        self._names.append(name)
        return True

    async def held(self, names: Collection[str]) -> frozenset[str]:
        """See `bot.service.processes.Session`."""
        return await self._ask(lambda: self._server.held(names))

    async def cut_off(self, process_id: str) -> None:
        """See `bot.service.processes.Session`: the server has ended all that it had."""
        await self._ask(lambda: process_id)

    async def now(self) -> datetime:
        """Tell the server's time."""
        return await self._ask(self._world.wall)

    async def notify(self, payload: str) -> None:
        """See `bot.service.signals.Wire`."""
        await self._ask(lambda: self._server.notify(payload))

    def on_payload(self, listener: Callable[[str], None]) -> None:
        """See `bot.service.signals.Wire`."""
        self._on_payload.append(listener)

    def on_reconnected(self, listener: Callable[[], None]) -> None:
        """See `bot.service.signals.Wire`."""
        self._on_reconnected.append(listener)

    def lose(self) -> None:
        """Be ended by the server."""
        self.ended = True
        self._lost.set()

    def hear(self, payload: str) -> None:
        """Hear what some process has sent."""
        for listener in self._on_payload:
            listener(payload)

    async def run(self) -> None:
        """Keep the session, for ever.

        Raises:
            LockTaken: while it was lost, somebody else took one of its locks.
        """
        while True:
            await self._lost.wait()
            self._lost.clear()
            await asyncio.sleep(self._world.random.uniform(0, LOOK))
            self.ended = False
            for name in self._names:
                if not self._server.hold(name, self):
                    raise LockTaken(name=name)
            for listener in self._on_reconnected:
                listener()

    async def _ask(self, work: Callable[[], T]) -> T:
        await asyncio.sleep(self._world.random.expovariate(500))
        if self.ended:
            raise StoreUnavailable("there is no session with the database")
        return work()
