"""Edits the private answers of accepted requests, for as long as Discord takes that, without their interactions.

Nothing depends on them: after fifteen minutes the job's card says the same. What a public job has to say is there too:
where its ending is hidden from the others, the private answer alone says why, and offers what comes next.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import aiohttp
import discord

from bot.domain import Job
from bot.service.answer_tokens import LIFE, MOST, AnswerToken, AnswerTokens

PATIENCE: Final = 30.0  # seconds to wait for the command's own answer, which comes first
LOOK: Final = 0.5  # seconds between two looks whether it was given in another process

_ORIGINAL: Final[Any] = "@original"  # Discord's name of an interaction's first answer, where others have an id


async def edit_answer(client: discord.Client, token: AnswerToken, changes: Mapping[str, Any]) -> None:
    """Edit the answer that a token is for: no interaction is needed, nor the process that has had it."""
    webhook = discord.Webhook.partial(token.application_id, token.token, client=client)
    await webhook.edit_message(_ORIGINAL, **changes, allowed_mentions=discord.AllowedMentions.none())


class PrivateAnswers:
    """The private answers in which the end of a job can still be said. `moment` is the present by Discord's clock."""

    def __init__(
        self,
        *,
        tokens: AnswerTokens,
        edit: Callable[[AnswerToken, Mapping[str, Any]], Awaitable[None]],
        moment: Callable[[], datetime],
    ) -> None:
        self._tokens, self._edit_answer, self._moment = tokens, edit, moment
        self._answering: dict[str, asyncio.Event] = {}  # commands that have not answered themselves yet, by key
        self._early_cards: dict[str, discord.Embed] = {}  # cards that were there before that
        self._offering: dict[str, None] = {}  # answers given here that offer to take the job back, by key

    @asynccontextmanager
    async def keep(self, interaction: discord.Interaction[Any], *, key: str) -> AsyncIterator[None]:
        """Keep an interaction's private answer once a command has made a job of it with this idempotency key.

        What follows may replace the command's own answer as soon as the command has ended; if it failed, nothing
        follows there.
        """
        answered = self._answering[key] = asyncio.Event()
        try:
            yield
            expires_at = interaction.created_at + LIFE
            token = AnswerToken(
                application_id=interaction.application_id, token=interaction.token, expires_at=expires_at
            )
            await self._tokens.keep(key, token, user_id=interaction.user.id)
        except BaseException:
            self._early_cards.pop(key, None)
            raise
        finally:
            if self._answering.get(key) is answered:
                del self._answering[key]
            answered.set()

    async def show_early_card(self, key: str) -> None:
        """Show the card that came before the command's own answer, if one did."""
        embed = self._early_cards.pop(key, None)
        if embed is not None and (token := await self._tokens.read(key)) is not None:
            await self._edit(token, embed=embed)

    async def show(self, job: Job, embed: discord.Embed, buttons: discord.ui.View | None) -> None:
        """Put a private job's card under the private answer, where there still is one.

        Never waits for the command's own answer: that may be waiting for this.
        """
        key = job.idempotency_key
        if key in self._answering:
            self._early_cards[key] = embed
            return
        self._early_cards.pop(key, None)
        if (token := await self._tokens.read(key)) is not None:
            await self._edit(token, embed=embed, view=buttons)

    def offers(self, key: str) -> None:
        """Note that an answer has a button that takes its job back; of those that others end nobody tells."""
        self._offering[key] = None
        if len(self._offering) > MOST:
            del self._offering[next(iter(self._offering))]

    async def withdraw_offer(self, job: Job) -> None:
        """Take that button away: the job can't be taken back any more."""
        key = job.idempotency_key
        if key in self._offering and key not in self._answering:
            self._offering.pop(key, None)
            if (token := await self._tokens.read(key)) is not None:
                await self._edit(token, view=None)

    async def replace(self, job: Job, text: str, *, buttons: discord.ui.View | None = None) -> bool:
        """Put a text in place of the private answer; whether there still was one to replace."""
        try:
            async with asyncio.timeout(PATIENCE):
                token = await self._take(job)
                return token is not None and await self._edit(token, content=text, embed=None, view=buttons)
        except TimeoutError:
            return False

    async def _take(self, job: Job) -> AnswerToken | None:
        """Take the token of a job's answer, once the command has answered itself, here or in another process."""
        key = job.idempotency_key
        if (answered := self._answering.get(key)) is not None:
            await answered.wait()
        self._offering.pop(key, None)
        while (token := await self._tokens.take(key)) is None and self._may_be_answering(job):  # noqa: ASYNC110 (it is in another process)
            await asyncio.sleep(LOOK)
        return token

    def _may_be_answering(self, job: Job) -> bool:
        """Whether another process may still be about to answer the command that asked for a job."""
        asked_at = job.asked_at
        return self._tokens.shared and asked_at is not None and (self._moment() - asked_at).total_seconds() < PATIENCE

    async def _edit(self, token: AnswerToken, **changes: Any) -> bool:
        """Edit a private answer; whether Discord took it. discord.py makes the edits of one in their order."""
        try:
            await self._edit_answer(token, changes)
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            return False
        return True
