"""Runs the real bot and kills it -9 at one point of a job's way; or, with no point, only writes down every point.

    python crashing.py RECORD [POINT]

A point is the moment just before or just after a call through one of the seams: "after submit". Of the database's
calls those count which change something; what is only read leaves a crash nothing to tell apart. "Before" such a call
is when its statements have run and its commit has not.
"""

import asyncio
import inspect
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from types import FrameType
from typing import Any, TypeVar, cast

from bot import log
from bot.app import run
from bot.domain import Row
from bot.service.ports import Card
from bot.settings import Settings
from bot.store.database import Database, Transaction
from bot.wiring.world import World

T = TypeVar("T")


class Watch:
    """Sees every point pass, writes it into a file, and at one of them ends the process as if its plug were pulled."""

    def __init__(self, record: str, *, end: str | None) -> None:
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._end = end

    def passes(self, point: str) -> None:
        """Called in the event loop and in the database's thread."""
        os.write(self._record, f"{point}\n".encode())
        if point == self._end:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """Anything, with a point before and after each call that waits."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner, self._watch = inner, watch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            # A card is posted once: whether the job has been claimed by then is chance.
            phases = [str(arg.phase) for arg in args if isinstance(arg, Card) and name != "post_card"]
            step = " ".join([name, *phases])
            self._watch.passes(f"before {step}")
            answer = await found(*args, **kwargs)
            self._watch.passes(f"after {step}")
            return answer

        return call


class WatchedProvider(Watched):
    """A video service at which a submission is over soon, however it ends: that long, others leave its job alone."""

    longest_create = timedelta(seconds=1)


class WatchedDatabase:
    """A database with a point before and after each commit of something new."""

    def __init__(self, inner: Database, watch: Watch) -> None:
        self._inner, self._watch = inner, watch
        self.skip_locked = inner.skip_locked

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        caller, step = _caller(inspect.currentframe()), ""

        async def watched(tx: Transaction) -> T:
            nonlocal step
            statements = _Statements(tx)
            answer = await work(statements)
            if statements.wrote:
                step = " ".join([caller, *statements.met])
                self._watch.passes(f"before {step}")
            return answer

        answer = await self._inner.transact(watched, snapshot=snapshot)
        if step:
            self._watch.passes(f"after {step}")
        return answer


class _Statements:
    """A transaction that remembers whether it changed anything, and how the jobs stand that it changed."""

    def __init__(self, inner: Transaction) -> None:
        self._inner = inner
        self.wrote = False
        self.met: list[str] = []

    async def all(self, sql: str, *values: object) -> Any:
        rows = await self._inner.all(sql, *values)
        for row in rows:
            self._note(sql, row)
        return rows

    async def one(self, sql: str, *values: object) -> Any:
        row = await self._inner.one(sql, *values)
        if row is not None:
            self._note(sql, row)
        return row

    async def execute(self, sql: str, *values: object) -> int:
        changed = await self._inner.execute(sql, *values)
        self.wrote = self.wrote or changed > 0
        return changed

    async def alone(self, name: str) -> None:
        await self._inner.alone(name)

    def _note(self, sql: str, row: Row) -> None:
        if sql.startswith("SELECT") or "SET status = status" in sql:  # a row that is read, or kept to itself
            return
        self.wrote = True
        if " jobs " in sql:
            self.met.append("delivered" if row["delivered_at"] else row["status"])


def _caller(frame: FrameType | None) -> str:
    """The store's method that a transaction belongs to, by the frames that wait for it."""
    found = ""
    while frame is not None:
        if frame.f_globals["__name__"].startswith("bot.store."):
            method = frame.f_locals.get("method")  # of `bot.store.database.transaction`
            found = frame.f_code.co_qualname if method is None else method.__qualname__
        frame = frame.f_back
    return found


def main(record: str, end: str | None = None) -> None:
    watch = Watch(record, end=end)

    def around(inner: Any) -> Any:
        return Watched(inner, watch)

    settings = Settings.load(env_file=None)

    def watched(world: World) -> World:
        return replace(
            world,
            database=cast("Any", WatchedDatabase(world.database, watch)),
            providers={name: WatchedProvider(each, watch) for name, each in world.providers.items()},
            notifier=around(world.notifier),
            fetcher=around(world.fetcher),
            staff=around(world.staff),
        )

    with log.setup(level=settings.log_level, format=settings.log_format, secrets=settings.secrets()):
        asyncio.run(run(settings, substitute=watched))


if __name__ == "__main__":
    main(*sys.argv[1:])
