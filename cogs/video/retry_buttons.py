"""What the buttons under a refusal do: ask for the nearest possible video, ask again, or edit and ask again."""

import asyncio
from typing import Any

import discord

from bot.client import FormHandler, Shotcaller
from bot.errors import DraftGone, StoreUnavailable
from bot.locale import words
from cogs.request.build import models_here, wanted
from cogs.request.submit import submit
from cogs.ui.buttons import Lasting
from cogs.ui.edit_form import entered, sheet, understood
from cogs.ui.forms import QUICK, values_of
from cogs.ui.ids import whole
from cogs.ui.replies import acknowledge
from cogs.ui.retry import KIND, Typed, remember

FORM = "retry"


class Fix(Lasting[discord.ui.Item[Any]], template=r"fix:(?P<draft>[0-9a-f]{16}):(?P<what>edit|again|[0-9])"):
    """A button under a refusal. A draft makes one job through its buttons, however often they are pressed."""

    async def pressed(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `Lasting`."""
        if self.said["what"] == "edit":
            await self._edit(bot, interaction)
            return
        await acknowledge(interaction)
        typed = await _kept(bot, interaction, self.said["draft"])
        number = whole(self.said["what"], most=len(typed.ways) - 1)
        if number is None and self.said["what"] != "again":
            raise DraftGone
        chosen = typed if number is None else typed.ways[number]
        await _submit(bot, interaction, chosen, key=chosen.key if chosen.confirmed else f"fix-{self.said['draft']}")

    async def _edit(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        try:
            async with asyncio.timeout(QUICK):
                typed = await _kept(bot, interaction, self.said["draft"])
                models = await models_here(bot, interaction)
        except TimeoutError as exc:
            raise StoreUnavailable("slow") from exc
        say = words(str(interaction.locale))
        title, options = say("sheet.title.edit"), typed.options
        form = sheet(name=FORM, state=self.said["draft"], title=title, options=options, models=models, say=say)
        await interaction.response.send_modal(form)


def retried(bot: Shotcaller) -> FormHandler:
    """What happens when the form behind [Edit & retry] comes back."""

    async def retry(interaction: discord.Interaction[Any], draft: str, data: dict[str, Any]) -> None:
        await acknowledge(interaction)
        entries, say = entered(values_of(data)), words(str(interaction.locale))
        remember(interaction, Typed(options=entries))  # should the draft be gone, this is not
        typed = (await _kept(bot, interaction, draft)).but(entries)
        remember(interaction, typed)
        await _submit(bot, interaction, typed.but(understood(entries, say)))

    return retry


async def _kept(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> Typed:
    draft = await bot.services.drafts.read(draft_id, user_id=interaction.user.id)
    if draft is None or draft.kind != KIND:
        raise DraftGone
    return Typed.of_body(draft.body)


async def _submit(
    bot: Shotcaller, interaction: discord.Interaction[Any], typed: Typed, *, key: str | None = None
) -> None:
    remember(interaction, typed)
    wish = await wanted(bot, interaction, typed.options)
    await submit(
        bot,
        interaction,
        wish,
        private=typed.private,
        parent_id=typed.parent_id,
        origin=typed.origin,
        key=key,
        confirmed=typed.confirmed,
    )
