"""The private answers of accepted requests, kept in memory as long as Discord lets them be edited.

Nothing depends on them: after a restart or fifteen minutes the job's card says the same.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import discord

from bot.domain import Job
from cogs.ui import answer

LIFE: Final = 14 * 60.0  # seconds; Discord's tokens die after 15 minutes
MOST: Final = 5_000  # answers remembered
PATIENCE: Final = 30.0  # seconds to wait for the command's own answer, which comes first


@dataclass(frozen=True, slots=True)
class _OpenAnswer:
    interaction: discord.Interaction[Any]
    since: float
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class PrivateAnswers:
    """The private answers in which the end of a job can still be said."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, _OpenAnswer] = OrderedDict()
        self._early_cards: dict[str, discord.Embed] = {}  # cards that were there before the command's own answer

    @contextmanager
    def keep(self, interaction: discord.Interaction[Any], *, key: str) -> Iterator[None]:
        """Keep an interaction's private answer while a command may make a job of it with this idempotency key.

        What follows may replace the command's own answer as soon as the command has ended; if it failed, nothing
        follows there.
        """
        opened = self._open[key] = _OpenAnswer(interaction, self._clock())
        while len(self._open) > MOST or self._clock() - next(iter(self._open.values())).since > LIFE:
            self._open.popitem(last=False)
        try:
            yield
        except BaseException:
            self._open.pop(key, None)
            self._early_cards.pop(key, None)
            raise
        finally:
            opened.answered.set()

    async def show_early_card(self, key: str) -> None:
        """Show the card that came before the command's own answer, if one did."""
        embed, open_answer = self._early_cards.pop(key, None), self._open.get(key)
        if embed is not None and open_answer is not None:
            await self._edit(open_answer, embed=embed)

    async def show(self, job: Job, embed: discord.Embed, *, last: bool) -> None:
        """Put a private job's card under the private answer, where there still is one; the `last` replaces its words.

        Never waits for the command's own answer: that may be waiting for this.
        """
        open_answer = self._open.get(job.idempotency_key)
        if open_answer is None or self._clock() - open_answer.since > LIFE:
            return
        if not open_answer.answered.is_set():
            self._early_cards[job.idempotency_key] = embed
            return
        self._early_cards.pop(job.idempotency_key, None)
        if last:
            self._open.pop(job.idempotency_key, None)
        await self._edit(open_answer, embed=embed, **({"text": None} if last else {}))

    async def _edit(self, open_answer: _OpenAnswer, **changes: Any) -> bool:
        """Edit a private answer; whether Discord took it."""
        try:
            async with open_answer.lock:
                await answer(open_answer.interaction, **changes)
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            return False
        return True

    async def replace(self, job: Job, text: str, *, buttons: discord.ui.View | None = None) -> bool:
        """Put a text in place of the private answer; whether there still was one to replace."""
        open_answer = self._open.pop(job.idempotency_key, None)
        if open_answer is None or self._clock() - open_answer.since > LIFE:
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                await open_answer.answered.wait()
                return await self._edit(open_answer, text=text, embed=None, view=buttons)
        except TimeoutError:
            return False
