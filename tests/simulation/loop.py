"""An event loop whose time is a number: it never waits, what is ready runs in an order of the seed's, processes die.

Every callback and task belongs to the `Process` in whose context it was made, or to nobody: then to the world around.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

HOP: Final = 0.002  # seconds at the most that work in a thread takes


class Process:
    """Something that can be killed: from that moment on nothing of it runs, whatever it waited for."""

    def __init__(self, loop: "SimulatedLoop") -> None:
        self._loop = loop
        self.alive = True
        self.stopped_at: float | None = None
        self.context = copy_context()
        self.context.run(_OWNER.set, self)
        self._put_off: list[tuple[Context, _Owned]] = []

    def run(self, owned: "_Owned") -> None:
        """Run a callback of this process, while it lives; later, while it is stopped."""
        if self.stopped_at is not None:
            self._put_off.append((copy_context(), owned))
        elif self.alive:
            owned.call()

    def stop(self) -> None:
        """Stop, as by a signal that nobody can catch: nothing runs until `go_on`."""
        self.stopped_at = self._loop.time()

    def go_on(self) -> None:
        """Run what has been put off."""
        self.stopped_at, put_off = None, self._put_off
        self._put_off = []
        for context, owned in put_off:
            self._loop.call_soon(owned.unless_cancelled, context=context)


class _Owned:
    """A callback of a process, and the handle by which it may be cancelled, also while it is put off."""

    __slots__ = ("callback", "handle", "process")

    def __init__(self, process: Process, callback: Callable[[], object]) -> None:
        self.process, self.callback = process, callback
        self.handle: asyncio.Handle | None = None

    def __call__(self) -> None:
        self.process.run(self)

    def unless_cancelled(self) -> None:
        if self.handle is None or not self.handle.cancelled():
            self.call()

    def call(self) -> None:
        self.handle = None  # which has us, too: there is nothing left to be collected
        self.callback()


_OWNER: ContextVar[Process | None] = ContextVar("owner", default=None)


def owner() -> Process | None:
    """Tell whose code is running: a process, or the world around."""
    return _OWNER.get()


class _Engine(asyncio.BaseEventLoop):
    """The standard loop, with the names that it keeps to itself."""

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    if TYPE_CHECKING:

        def _run_once(self) -> None: ...


class SimulatedLoop(_Engine):
    """Runs what is ready, shuffled; when nothing is, the time is that of the next timer."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.world = copy_context()  # in which nobody owns what runs
        self._random, self._now, self._numbers = random, 0.0, count(1)
        self._selector = _Impatient(self._leap)
        self._clock_resolution = 1e-9
        self.set_task_factory(self._make_task)

    def time(self) -> float:
        """Tell the seconds since the world began."""
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Have a callback run in this turn or the next, if its owner still lives then."""
        process = _OWNER.get() if context is None else context.get(_OWNER)
        if process is None:
            return super().call_soon(callback, *args, context=context)
        owned = _Owned(process, partial(callback, *args))
        handle = owned.handle = asyncio.Handle(owned, (), self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Have a callback run at a moment, if its owner still lives then."""
        process = _OWNER.get() if context is None else context.get(_OWNER)
        if process is None:
            return super().call_at(when, callback, *args, context=context)
        owned = _Owned(process, partial(callback, *args))
        handle = owned.handle = super().call_at(when, owned, context=context)
        return handle

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run what a thread would run, a moment later, between two callbacks."""
        assert executor is None
        done: asyncio.Future[T] = self.create_future()
        self.call_later(self._random.uniform(0, HOP), _settle, done, partial(func, *args))
        return done

    def kill(self, process: Process) -> None:
        """End a process on the spot. Its coroutines are closed, but what they do at that reaches nobody."""
        process.alive = False
        process.context.run(self._bury, process)

    def bury_all(self) -> None:
        """End the world: everybody's tasks are closed."""
        self._bury(None)

    def _bury(self, process: Process | None) -> None:
        while dead := [task for task in asyncio.all_tasks(self) if isinstance(task, _Task) and task.owner is process]:
            for task in sorted(dead, key=hash):
                task.bury()

    def _run_once(self) -> None:
        if len(self._ready) > 1:
            ready = list(self._ready)
            self._random.shuffle(ready)
            self._ready = deque(ready)
        super()._run_once()

    def _leap(self) -> None:
        """Let it be the time of the next timer, which is the next thing to happen."""
        if not self._scheduled:
            raise RuntimeError("everybody waits for ever")
        self._now = max(self._now, self._scheduled[0].when())

    def _make_task(self, _loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> "_Task":
        return _Task(coroutine, number=next(self._numbers), loop=self, **options)

    def _process_events(self, events: object) -> None: ...

    def _write_to_self(self) -> None: ...


class _Impatient:
    """A selector in which nothing ever happens."""

    def __init__(self, leap: Callable[[], None]) -> None:
        self._leap = leap

    def select(self, timeout: float | None) -> tuple[()]:
        if timeout is None or timeout > 0:
            self._leap()
        return ()


class _Task(asyncio.Task[Any]):
    """A task that knows its owner; sets of tasks are in the same order in every run."""

    def __init__(
        self, coroutine: Coroutine[Any, Any, Any], *, number: int, context: Context | None = None, **options: Any
    ) -> None:
        self._number = number
        self.owner = _OWNER.get() if context is None else context.get(_OWNER)
        self._buried = False
        super().__init__(coroutine, context=context, **options)
        if self.owner is not None and not self.owner.alive:
            self.bury()  # begun by a coroutine that was closed: it never runs

    def __hash__(self) -> int:
        return self._number

    def done(self) -> bool:
        return self._buried or super().done()

    def bury(self) -> None:
        """Close what will never run again, however often it wants to wait for something at that."""
        self._log_destroy_pending = False
        self._buried = True
        coroutine = self.get_coro()
        assert isinstance(coroutine, Coroutine)
        for _ in range(100):
            with suppress(BaseException):
                coroutine.close()
                break


def _settle(done: asyncio.Future[T], work: Callable[[], T]) -> None:
    if done.cancelled():
        return
    try:
        done.set_result(work())
    except Exception as exc:  # noqa: BLE001 (whatever it is, whoever waits gets it)
        done.set_exception(exc)
