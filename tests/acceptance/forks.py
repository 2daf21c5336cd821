"""The bot in a process of its own, forked from one that has already imported everything.

A fresh interpreter spends most of a test's time on importing, and a bot a third of its own on what it does only once.
Here one process does all that, and nothing else for as long as the tests run; every bot is a fork of it, with its own
memory, threads, connections and database, and dies of a signal as any process does.
"""

import asyncio
import gc
import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import is_dataclass
from datetime import timedelta
from importlib import import_module
from multiprocessing import forkserver
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from bot import app  # noqa: F401 - what a bot imports, imported here once
from bot.client import features
from bot.locale import locales, words
from bot.provider.wire import shared_ssl_context
from tests.patience import unhurried

_CONTEXT: Final = multiprocessing.get_context("forkserver")

# What a bot imports where it is first used.
_LATE: Final = (
    "anyio._backends._asyncio",
    "asyncpg",
    "babel.dates",
    "babel.numbers",
    "bot.provider.download",
    "bot.provider.exchange",
    "bot.provider.queries",
    "bot.store.postgres_session",
    "bot.store.sqlite",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.kdf.hkdf",
    "encodings.idna",
    "httpcore",
)


def _complete(cls: type[object]) -> None:
    """Have a class build here what it would build in each bot when it is first used."""
    if issubclass(cls, BaseModel) and cls is not BaseModel:
        cls.model_rebuild()
    elif is_dataclass(cls):
        with suppress(AttributeError):  # it has no values; by then its methods are built
            repr(cls.__new__(cls))


for each in _LATE:
    import_module(each)
features()
for module in [module for name, module in sys.modules.items() if name.startswith("bot.")]:
    for value in list(vars(module).values()):
        if isinstance(value, type):
            _complete(value)
for each in locales():
    words(each).rough_span(timedelta(minutes=1))
shared_ssl_context()
gc.freeze()  # what looks for garbage would copy every page that the forks share


def warm_up() -> None:
    """Start the process that bots are forked from, if there is none."""
    _CONTEXT.set_forkserver_preload([__name__])
    forkserver.ensure_running()


class Forked:
    """One bot, running `python` with these arguments in this folder and environment; its output goes into `log`."""

    def __init__(self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self._process = _CONTEXT.Process(target=_live, args=(list(arguments), dict(environment), str(folder), str(log)))
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """None while it runs, its exit code, or the negative number of the signal that ended it."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send the bot a signal, unless it has ended."""
        if self.returncode is None and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """Kill the bot -9, unless it has ended."""
        self._process.kill()

    async def wait(self) -> int | None:
        """Wait for the bot's end; give back the exit code."""
        await asyncio.to_thread(self._process.join)
        return self.returncode


def _live(arguments: list[str], environment: dict[str, str], folder: str, log: str) -> None:
    """In the fork: become what `python` with these arguments is in a process of its own."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for standard in (1, 2):
        os.dup2(output, standard)
    with unhurried():
        match arguments:
            case ["-m", module, *rest]:
                sys.argv = [module, *rest]
                runpy.run_module(module, run_name="__main__", alter_sys=True)
            case [script, *_]:
                sys.argv = arguments
                runpy.run_path(script, run_name="__main__")
