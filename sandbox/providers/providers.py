"""Starts both video APIs, adds their routes, shows their tasks, and stops them."""

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox.events import Events
from sandbox.faults import Faults
from sandbox.providers import kirin, kling
from sandbox.providers.backend import Backend
from sandbox.providers.kling_auth import Keys
from sandbox.providers.tasks import Task
from sandbox.rendering.video_cache import VideoCache

# The moderation of the sandbox knows few words, but finds them.
SENSITIVE = {"gore": "VIOLENT", "bloodbath": "VIOLENT", "nude": "EROTIC", "porn": "EROTIC"}
WORDS = {kirin.NAME: kirin.WORDS, kling.NAME: kling.WORDS}


class Providers:
    """Serves `kirin`, `kling` and the address of their results, with fresh random keys.

    Args:
        faults: trouble that is waiting to happen.
        generate_seconds: from a task's acceptance to its end; rendering may make it longer.
        cache_dir: where rendered videos stay for the next time; None keeps them for this time only.
        fps: frames a second of every video, if not its own.
        kling_parallel: `kling` tasks under way at once for each model.
        kling_callback_secret: signs the callbacks of `kling` when there is one.
        sensitive: what the moderation calls of `kirin` find, as word to kind of risk.
        clock: unix seconds.
        events: told of every change of a task.
    """

    def __init__(
        self,
        *,
        faults: Faults,
        generate_seconds: float,
        cache_dir: Path | None = None,
        fps: int | None = None,
        kling_parallel: int = 1000,
        kling_callback_secret: str | None = None,
        sensitive: Mapping[str, str] = SENSITIVE,
        clock: Callable[[], float] = time.time,
        events: Events | None = None,
    ) -> None:
        self.kirin_key = f"sk-{secrets.token_urlsafe(32)}"
        self.kling_key = f"sk-{secrets.token_urlsafe(32)}"
        self.kling_access_key = secrets.token_hex(16)
        self.kling_secret_key = secrets.token_hex(32)
        self._video_cache = VideoCache(folder=cache_dir, fps=fps)
        self._backend = Backend(
            faults=faults,
            video_cache=self._video_cache,
            generate_seconds=generate_seconds,
            clock=clock,
            events=events or Events(),
        )
        keys = Keys(api=self.kling_key, access=self.kling_access_key, secret=self.kling_secret_key)
        self._kirin = kirin.Kirin(backend=self._backend, key=self.kirin_key, sensitive=sensitive)
        self._kling = kling.Kling(
            backend=self._backend, keys=keys, parallel=kling_parallel, callback_secret=kling_callback_secret
        )
        self._servers = (self._kirin, self._kling)

    @property
    def public_url(self) -> str:
        """Where the application is reached, without a slash at the end; results' addresses start with it."""
        return self._backend.public_url

    @public_url.setter
    def public_url(self, url: str) -> None:
        self._backend.public_url = url.rstrip("/")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def attach(self, app: web.Application) -> None:
        """Add the routes `/kirin/…`, `/kling/…` and `/files/…`."""
        for server in self._servers:
            server.attach(app)
        self._backend.files.attach(app)

    def held(self) -> AbstractContextManager[None]:
        """Let no task end meanwhile, however long its end is due."""
        return self._backend.generation.held()

    def tasks(self) -> list[dict[str, Any]]:
        """List every task of both providers, oldest first, as the control address shows it."""
        return [_row(task) for task in self._backend.tasks]

    def bill(self) -> dict[str, str]:
        """Add up the USD charged so far by each provider and in all, exactly, as decimal strings."""
        sums = {name: sum((task.cost for task in self._backend.tasks.of(name)), Decimal(0)) for name in WORDS}
        return {name: f"{cost:f}" for name, cost in {**sums, "total": sum(sums.values(), Decimal(0))}.items()}

    def find_words(self, sensitive: Mapping[str, str]) -> None:
        """Find these words in the moderation calls of `kirin` from now on; word to kind of risk.

        Raises:
            ValueError: no word, or no kind of risk.
        """
        self._kirin.find_words(sensitive)

    def discontinue(self, models: Collection[str]) -> None:
        """Make no videos with these models of `kling` from now on.

        Raises:
            ValueError: there is no such model.
        """
        self._kling.discontinue(models)

    def withhold(self, questions: Collection[str]) -> None:
        """Leave these questions of `kling` about many tasks (`list`, `tasks`) unanswered from now on.

        Raises:
            ValueError: there is no such question.
        """
        self._kling.withhold(questions)

    def stock(self, packs: Sequence[Any]) -> None:
        """Have the account at `kling` own these packs of units, from now on.

        Raises:
            ValueError: they are none.
        """
        self._kling.stock(packs)

    async def close(self) -> None:
        """Abandon what is under way; leaves nothing behind but the cache folder."""
        await self._backend.generation.close()
        await self._video_cache.close()


def _row(task: Task) -> dict[str, Any]:
    return {
        "provider": task.provider,
        "id": task.id,
        "external_id": task.parameters.external_id,
        "request": task.parameters.body,
        "status": WORDS[task.provider][task.state],
        "cost": f"{task.cost:f}",
        "billed": task.billed,
        "created_at": task.created_at,
        "finished_at": task.finished_at,
        "error": task.failure and {"code": task.failure.code, "message": task.failure.message},
        "ignored": list(task.parameters.ignored),
        "callbacks": list(task.callbacks),
    }
