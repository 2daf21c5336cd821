"""Tells whoever watches what has changed, as it happens."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

# Events that wait for one who reads slowly. Whoever falls further behind is cut off, and looks at everything anew.
MOST_WAITING: Final = 2000


@dataclass(frozen=True, slots=True)
class Event:
    """One change: its kind, and what a watcher needs to know of it."""

    kind: str
    about: dict[str, Any] = field(default_factory=dict)


class Watcher:
    """Reads events in their order, until nothing more comes."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Event | None] = asyncio.Queue()
        self._ended = False

    def take(self, event: Event) -> None:
        """Keep an event until it is read; one too many ends it all."""
        if self._ended:
            return
        self._waiting.put_nowait(event)
        if self._waiting.qsize() > MOST_WAITING:
            self.end()

    def end(self) -> None:
        """Let nothing more come."""
        self._ended = True
        self._waiting.put_nowait(None)

    async def next(self, *, patience: float) -> Event | None:
        """Wait for the next event; None when nothing more comes.

        Raises:
            TimeoutError: none came in so many seconds.
        """
        return await asyncio.wait_for(self._waiting.get(), patience)


class Events:
    """Knows who watches, and tells all of them."""

    def __init__(self) -> None:
        self._watchers: list[Watcher] = []

    def tell(self, kind: str, **about: Any) -> None:
        """Tell all watchers of a change."""
        for watcher in self._watchers:
            watcher.take(Event(kind, about))

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        """Watch for as long as the context lasts."""
        watcher = Watcher()
        self._watchers.append(watcher)
        try:
            yield watcher
        finally:
            self._watchers.remove(watcher)

    def end(self) -> None:
        """Let nothing more come to anybody."""
        for watcher in self._watchers:
            watcher.end()
