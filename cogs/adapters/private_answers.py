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

from bot.domain.job import Job

LIFE: Final = 14 * 60.0  # seconds; Discord's tokens die after 15 minutes
MOST: Final = 5_000  # answers remembered
PATIENCE: Final = 30.0  # seconds to wait for the command's own answer, which comes first


@dataclass(frozen=True, slots=True)
class _Open:
    interaction: discord.Interaction[Any]
    since: float
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class PrivateAnswers:
    """Lets a job's end be told where its request was answered: privately."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._early: dict[str, discord.Embed] = {}  # cards that were there before the command's own answer

    @contextmanager
    def expected(self, interaction: discord.Interaction[Any], *, key: str) -> Iterator[None]:
        """While a command may make a job of this interaction, with this idempotency key.

        What follows may replace the command's own answer as soon as the command has ended; if it failed, nothing
        follows there.
        """
        mine = self._open[key] = _Open(interaction, self._clock())
        while len(self._open) > MOST or self._clock() - next(iter(self._open.values())).since > LIFE:
            self._open.popitem(last=False)
        try:
            yield
        except BaseException:
            self._open.pop(key, None)
            self._early.pop(key, None)
            raise
        finally:
            mine.answered.set()

    async def catch_up(self, key: str) -> None:
        """Show the card that came before the command's own answer, if one did."""
        embed, known = self._early.pop(key, None), self._open.get(key)
        if embed is not None and known is not None:
            await self._edit(known, embed=embed)

    async def show(self, job: Job, embed: discord.Embed, *, last: bool) -> None:
        """Put a private job's card under the private answer, where there still is one; the `last` replaces its words.

        Never waits for the command's own answer: that may be waiting for this.
        """
        known = self._open.get(job.idempotency_key)
        if known is None or self._clock() - known.since > LIFE:
            return
        if not known.answered.is_set():
            self._early[job.idempotency_key] = embed
            return
        self._early.pop(job.idempotency_key, None)
        if last:
            self._open.pop(job.idempotency_key, None)
        await self._edit(known, embed=embed, **({"content": None} if last else {}))

    async def _edit(self, known: _Open, **changes: Any) -> bool:
        """Edit a private answer; whether Discord took it."""
        try:
            async with known.turn:
                await known.interaction.edit_original_response(
                    **changes, allowed_mentions=discord.AllowedMentions.none()
                )
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            return False
        return True

    async def replace(self, job: Job, text: str, *, buttons: discord.ui.View | None = None) -> bool:
        """Put a text in place of the private answer; whether there still was one to replace."""
        known = self._open.pop(job.idempotency_key, None)
        if known is None or self._clock() - known.since > LIFE:
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                await known.answered.wait()
                return await self._edit(known, content=text, embed=None, view=buttons)
        except TimeoutError:
            return False
