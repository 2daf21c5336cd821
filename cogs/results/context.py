"""Bring together what every button of a result needs: who pressed, the job, and sharing the video."""

from collections.abc import Sequence
from typing import Any

import discord

from bot.client import Shotcaller
from bot.domain import Job, Member, ResultAction
from bot.errors import ResultForgotten
from bot.locale import Words, words
from bot.service.jobs.results import Results
from bot.values import dataclass
from cogs.ui import answer, link, member_of, parse_id
from cogs.ui.job_views import RESULT


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultPress:
    """A press on a result's button; `more` is what its `custom_id` says besides."""

    bot: Shotcaller
    interaction: discord.Interaction[Any]
    job_id: str
    more: str = ""

    @property
    def results(self) -> Results:
        """The use cases of results."""
        return self.bot.services.results

    @property
    def say(self) -> Words:
        """The texts in the presser's language."""
        return words(str(self.interaction.locale))

    def custom_id(self, action: str, more: object = None) -> str:
        """The `custom_id` of a button of this result."""
        return RESULT(action=action, job_id=self.job_id, more=more)

    @property
    def message_id(self) -> int:
        """The id of the result's message: a button that is not below it has it in its `custom_id`; 0 for none."""
        message = self.interaction.message
        return parse_id(self.more) or (message.id if message else 0)

    async def answer(
        self,
        text: str | None = None,
        *,
        embeds: Sequence[discord.Embed] = (),
        view: discord.ui.View | None = None,
    ) -> None:
        """Fill in the private answer, with this and nothing else: it may take the place of a menu."""
        await answer(self.interaction, text, embeds=embeds, view=view)

    @property
    def member(self) -> Member:
        """The member who pressed."""
        return member_of(self.interaction)

    async def job(self, act: ResultAction = ResultAction.READ) -> Job:
        """Read the job behind the result, if the presser may do that with it here and now.

        Raises:
            ResultForgotten, ResultDeleted, ResultLost, NotYours: see `Access.video`.
        """
        return await self.results.job(self.job_id, self.member, act)

    async def source(self) -> Job:
        """Read the job whose request is shown or used again.

        Raises:
            ResultForgotten: as `job`, or its texts have been forgotten.
        """
        job = await self.job()
        if job.request.forgotten:
            raise ResultForgotten
        return job

    async def own_job(self) -> Job:
        """Read the job, for its author alone.

        Raises:
            ResultForgotten: its row is gone, or it is somebody else's.
        """
        job = await self.job(ResultAction.HAVE)
        if job.user_id != self.interaction.user.id:
            raise ResultForgotten
        return job

    async def own_ended_job(self) -> Job:
        """Read the job that has ended without a video, for its author alone.

        Raises:
            ResultForgotten: its row is gone, it is somebody else's, or it has not ended so.
        """
        job = await self.job()
        if job.user_id != self.interaction.user.id or not job.finished or job.delivered_at is not None:
            raise ResultForgotten
        return job


async def share(press: ResultPress) -> None:
    """Post the presser's own private result in its channel; the press has been acknowledged."""
    job = await press.job(ResultAction.SHOW)
    posted = await press.results.share(press.job_id, press.member)
    place = link(job.destination.guild_id, posted.channel_id, posted.message_id)
    await press.answer(press.say("result.shared", link=place))
