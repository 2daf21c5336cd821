"""The private answers of accepted requests, kept in memory as long as Discord lets them be edited.

Nothing depends on them: after a restart or fifteen minutes the job's card says the same.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.domain.job import Job

LIFE: Final = 14 * 60.0  # seconds; Discord's tokens die after 15 minutes
MOST: Final = 5_000  # answers remembered
PATIENCE: Final = 30.0  # seconds to wait for the command's own answer, which comes first


@dataclass(frozen=True, slots=True)
class _Open:
    interaction: discord.Interaction[Any]
    since: float
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class PrivateAnswers:
    """Lets a job's end be told where its request was answered: privately."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, _Open] = OrderedDict()

    @contextmanager
    def expected(self, interaction: discord.Interaction[Any]) -> Iterator[None]:
        """While a command may make a job of this interaction, whose id is then the job's idempotency key.

        What follows may replace the command's own answer as soon as the command has ended; if it failed, nothing
        follows there.
        """
        key = str(interaction.id)
        mine = self._open[key] = _Open(interaction, self._clock())
        while len(self._open) > MOST or self._clock() - next(iter(self._open.values())).since > LIFE:
            self._open.popitem(last=False)
        try:
            yield
        except BaseException:
            self._open.pop(key, None)
            raise
        finally:
            mine.answered.set()

    async def replace(self, job: Job, text: str) -> bool:
        """Put a text in place of the private answer; whether there still was one to replace."""
        known = self._open.pop(job.idempotency_key, None)
        if known is None or self._clock() - known.since > LIFE:
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                await known.answered.wait()
            silent = discord.AllowedMentions.none()
            await known.interaction.edit_original_response(content=text, allowed_mentions=silent)
        except (TimeoutError, discord.HTTPException, aiohttp.ClientError, OSError):
            return False
        return True
