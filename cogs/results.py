"""The buttons of a result: build on it, look into it, send it, share it, take it away, report it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import discord

from bot.domain.capability import CAPABILITIES
from bot.domain.job import Origin
from bot.domain.request import AspectRatio, Mode
from bot.errors import ResultForgotten, StoreUnavailable
from bot.locale import words
from bot.service.copies import Copy, CopyKind
from cogs import _storyboard
from cogs._buttons import Lasting
from cogs._destination import DIRECT_LIMIT
from cogs._edit import FORM, edited, open_editor
from cogs._modals import QUICK, Form, values_of
from cogs._replies import acknowledge, answer
from cogs._result_info import info_embed, whole_embeds
from cogs._submit import submit
from cogs._text import link, safe

if TYPE_CHECKING:
    import re
    from collections.abc import Awaitable, Callable, Mapping

    from bot.client import Shotcaller
    from bot.domain.job import Job
    from bot.locale import Words
    from bot.service.results import Results

REPORT: Final = "report"  # the name of the form
REASON: Final = 500  # characters

_SHAPES: Final = {AspectRatio.WIDE: "🖥️", AspectRatio.TALL: "📱", AspectRatio.SQUARE: "⏹️"}


async def setup(bot: Shotcaller) -> None:
    """Find the buttons and the form again after any restart."""
    bot.add_dynamic_items(ResultButton)
    bot.forms[REPORT] = _reported
    bot.forms[FORM] = edited


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """Somebody has pressed a result's button; `more` is what its `custom_id` says besides."""

    bot: Shotcaller
    interaction: discord.Interaction[Any]
    job_id: str
    more: str

    @property
    def results(self) -> Results:
        """The use cases."""
        return self.bot.services.results

    @property
    def say(self) -> Words:
        """The presser's language."""
        return words(str(self.interaction.locale))

    async def job(self) -> Job:
        """The job behind the result.

        Raises:
            ResultForgotten: its row is gone, or it is somebody else's private one.
        """
        return await self.results.job(self.job_id, user_id=self.interaction.user.id)

    async def own_job(self) -> Job:
        """The job, for its author alone.

        Raises:
            ResultForgotten: its row is gone, or it is somebody else's.
        """
        job = await self.job()
        if job.user_id != self.interaction.user.id:
            raise ResultForgotten
        return job


class ResultButton(
    Lasting[discord.ui.Button[Any]],
    template=r"result:(?P<deed>[a-z]+):(?P<job>[0-9A-Za-z-]{1,40})(?::(?P<more>[0-9:]+))?",
):
    """Any button of a result."""

    def __init__(self, item: discord.ui.Button[Any], *, deed: str, job_id: str, more: str) -> None:
        super().__init__(item)
        self._deed, self._job_id, self._more = deed, job_id, more

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Made by discord.py when such a button is pressed."""
        if not isinstance(item, discord.ui.Button):
            raise TypeError(item)
        return cls(item, deed=match["deed"], job_id=match["job"], more=match["more"] or "")

    async def pressed(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """Do what the button is for."""
        press = Press(bot=bot, interaction=interaction, job_id=self._job_id, more=self._more)
        await _DEEDS.get(self._deed, _nothing)(press)


async def build_on(press: Press, job: Job, changes: Mapping[str, Any], *, origin: Origin) -> None:
    """Ask for a video like an earlier one, at the presser's own cost; the press has been acknowledged."""
    wish = job.request.model_copy(update=changes)
    private = job.destination.private and job.shared_at is None
    await submit(press.bot, press.interaction, wish, private=private, parent_id=job.id, origin=origin)


async def _again(press: Press) -> None:
    await acknowledge(press.interaction)
    await build_on(press, await press.job(), {}, origin=Origin.AGAIN)


async def _pro(press: Press) -> None:
    await acknowledge(press.interaction)
    await build_on(press, await press.job(), {"mode": Mode.PRO}, origin=Origin.PRO)


async def _edit(press: Press) -> None:
    """A form can only be the first answer; so the row is read before it. A storyboard is edited in its builder."""
    try:
        async with asyncio.timeout(QUICK):
            job = await press.job()
    except TimeoutError as exc:
        raise StoreUnavailable("slow") from exc
    if job.request.shots:
        await _board(press)
    else:
        await open_editor(press.interaction, job)


async def _board(press: Press) -> None:
    await acknowledge(press.interaction)
    job, interaction = await press.job(), press.interaction
    draft = await press.bot.services.storyboards.begin_from(
        job.request, user_id=interaction.user.id, guild_id=interaction.guild_id, parent_id=job.id
    )
    await _storyboard.show(press.bot, interaction, draft)


async def _shape(press: Press) -> None:
    """Offer the shapes that it does not have yet."""
    await acknowledge(press.interaction)
    job, say = await press.job(), press.say
    capability = CAPABILITIES.get(job.request.model)
    offered = capability.aspect_ratios if capability else tuple(AspectRatio)
    view = discord.ui.View(timeout=None)
    for ratio in offered:
        if ratio is not job.request.aspect_ratio:
            name, ident = say(f"choice.aspect.{ratio}"), f"result:reshape:{job.id}:{ratio}"
            view.add_item(discord.ui.Button(emoji=_SHAPES[ratio], label=name, custom_id=ident))
    view.stop()
    price = say("credits", n=job.credits)
    await press.interaction.edit_original_response(content=say("result.shapes", price=price), view=view)


async def _reshape(press: Press) -> None:
    await acknowledge(press.interaction)
    job = await press.job()
    if press.more not in list(AspectRatio):
        raise ResultForgotten
    await build_on(press, job, {"aspect_ratio": AspectRatio(press.more)}, origin=Origin.SHAPE)


async def _star(press: Press) -> None:
    """Star it or take the star back; the count is on the button."""
    interaction, say = press.interaction, press.say
    await interaction.response.defer()
    await press.job()
    starred, count = await press.bot.services.library.favourite(press.job_id, interaction.user.id)
    if interaction.message is not None:
        kind = discord.ui.LayoutView if interaction.message.flags.components_v2 else discord.ui.View
        view = kind.from_message(interaction.message, timeout=None)
        for item in view.walk_children():
            if isinstance(item, discord.ui.Button) and item.custom_id == f"result:star:{press.job_id}":
                item.label = (
                    str(count)
                    if count
                    else words(str(interaction.guild_locale or interaction.locale))("result.button.star")
                )
        view.stop()
        await interaction.edit_original_response(view=view)
    key = "result.starred" if starred else "result.unstarred"
    await interaction.followup.send(say(key), ephemeral=True)


async def _dm(press: Press) -> None:
    await acknowledge(press.interaction)
    interaction = press.interaction
    copy = Copy(
        kind=CopyKind.DIRECT,
        user_id=interaction.user.id,
        locale=str(interaction.locale),
        nonce=str(interaction.id),
        limit=DIRECT_LIMIT,
    )
    posted = await press.results.resend(await press.job(), copy)
    await answer(interaction, press.say("result.sent", link=link(None, posted.channel_id, posted.message_id)))


async def _info(press: Press) -> None:
    await acknowledge(press.interaction)
    job = await press.job()
    lineage = await press.results.lineage(job)
    embed = info_embed(job, lineage, press.say, reader_id=press.interaction.user.id)
    await press.interaction.edit_original_response(embed=embed, allowed_mentions=discord.AllowedMentions.none())


async def _whole(press: Press) -> None:
    await acknowledge(press.interaction)
    embeds = whole_embeds((await press.job()).request, press.say)
    await press.interaction.edit_original_response(embeds=embeds, allowed_mentions=discord.AllowedMentions.none())


async def _share(press: Press) -> None:
    await acknowledge(press.interaction)
    await share(press)


async def share(press: Press) -> None:
    """Post the presser's own private result in its channel; the press has been acknowledged."""
    job = await press.job()
    posted = await press.results.share(press.job_id, user_id=press.interaction.user.id)
    place = link(job.destination.guild_id, posted.channel_id, posted.message_id)
    await answer(press.interaction, press.say("result.shared", link=place))


async def _delete(press: Press) -> None:
    """Ask once more; nothing is deleted by one slip of a thumb."""
    await acknowledge(press.interaction)
    await _removable(press)
    message, say = press.interaction.message, press.say
    view = discord.ui.View(timeout=None)
    ident = f"result:erase:{press.job_id}:{message.id if message else 0}"
    view.add_item(
        discord.ui.Button(
            emoji="🗑️", label=say("result.button.erase"), custom_id=ident, style=discord.ButtonStyle.danger
        )
    )
    view.stop()
    await press.interaction.edit_original_response(content=say("result.erase"), view=view)


async def _erase(press: Press) -> None:
    await acknowledge(press.interaction)
    job = await _removable(press)
    channel_id, message_id = press.interaction.channel_id or 0, int(press.more) if press.more.isdecimal() else 0
    there = await press.results.remove(job, channel_id=channel_id, message_id=message_id)
    await answer(press.interaction, press.say("result.erased" if there else "result.erased.already"))


async def _removable(press: Press) -> Job:
    """The job, if the presser may delete its result: its author, or a moderator of this channel."""
    interaction = press.interaction
    moderator = interaction.guild_id is not None and interaction.permissions.manage_messages
    return await press.results.removable(press.job_id, user_id=interaction.user.id, moderator=moderator)


async def _report(press: Press) -> None:
    say, message = press.say, press.interaction.message
    state = f"{press.job_id}:{message.id if message else 0}"
    form = Form(name=REPORT, state=state, title=say("report.title"))
    form.text("reason", say("report.reason"), long=True, required=True, most=REASON, hint=say("report.hint"))
    await press.interaction.response.send_modal(form)


async def _reported(interaction: discord.Interaction[Any], state: str, data: dict[str, Any]) -> None:
    """A report was written: the operator gets it with the way to the message, also where its records are gone."""
    await acknowledge(interaction)
    job_id, _, message = state.partition(":")
    bot: Shotcaller = interaction.client
    place = link(interaction.guild_id, interaction.channel_id or 0, int(message) if message.isdecimal() else 0)
    reason = safe(str(values_of(data).get("reason", "")), REASON)
    await bot.services.results.report(job_id, detail=f"{place} · <@{interaction.user.id}>: {reason}")
    await answer(interaction, words(str(interaction.locale))("report.thanks"))


async def _nothing(press: Press) -> None:
    await acknowledge(press.interaction)
    raise ResultForgotten


_DEEDS: Final[dict[str, Callable[[Press], Awaitable[None]]]] = {
    "again": _again,
    "edit": _edit,
    "pro": _pro,
    "shape": _shape,
    "reshape": _reshape,
    "board": _board,
    "star": _star,
    "dm": _dm,
    "info": _info,
    "whole": _whole,
    "share": _share,
    "delete": _delete,
    "erase": _erase,
    "report": _report,
}
