"""The buttons under a refusal: ask for the nearest possible video, ask again, or edit and ask again."""

from typing import Any

import discord

from bot.client import FormHandler, Shotcaller
from bot.errors import DraftGone
from bot.locale import words
from cogs import ui
from cogs.request import build_request, models_here, submit
from cogs.ui.retry import KIND

FORM = "retry"


class RetryButton(
    ui.PersistentItem[discord.ui.Item[Any]], template=r"fix:(?P<draft>[0-9a-f]{16}):(?P<what>edit|again|[0-9])"
):
    """A button under a refusal. A draft makes one job through its buttons, however often they are pressed."""

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """See `PersistentItem`."""
        if self.fields["what"] == "edit":
            await self._edit(bot, interaction)
            return
        await ui.acknowledge(interaction)
        typed = await _read_draft(bot, interaction, self.fields["draft"])
        number = ui.parse_number(self.fields["what"], most=len(typed.ways) - 1)
        if number is None and self.fields["what"] != "again":
            raise DraftGone
        chosen = typed if number is None else typed.ways[number]
        await _submit(bot, interaction, chosen, key=chosen.key if chosen.confirmed else f"fix-{self.fields['draft']}")

    async def _edit(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        async with ui.in_time(interaction):
            typed = await _read_draft(bot, interaction, self.fields["draft"])
            models = await models_here(bot, interaction)
        say = words(str(interaction.locale))
        title, options = say("sheet.title.edit"), typed.options
        form = ui.request_form(
            name=FORM, state=self.fields["draft"], title=title, options=options, models=models, say=say
        )
        await ui.open_form(interaction, form)


def retry_form_handler(bot: Shotcaller) -> FormHandler:
    """Handle the form behind [Edit & retry]."""

    async def retry(interaction: discord.Interaction[Any], draft: str, data: dict[str, Any]) -> None:
        await ui.acknowledge(interaction)
        entries, say = ui.read_form(ui.values_of(data)), words(str(interaction.locale))
        ui.remember(interaction, ui.TypedRequest(options=entries))  # should the draft be gone, this is not
        typed = (await _read_draft(bot, interaction, draft)).with_options(entries)
        ui.remember(interaction, typed)
        await _submit(bot, interaction, typed.with_options(ui.parse_options(entries, say)))

    return retry


async def _read_draft(bot: Shotcaller, interaction: discord.Interaction[Any], draft_id: str) -> ui.TypedRequest:
    draft = await bot.services.drafts.read(draft_id, KIND, user_id=interaction.user.id)
    return ui.TypedRequest.of_body(draft.body)


async def _submit(
    bot: Shotcaller, interaction: discord.Interaction[Any], typed: ui.TypedRequest, *, key: str | None = None
) -> None:
    ui.remember(interaction, typed)
    request = await build_request(bot, interaction, typed.options)
    await submit(
        bot,
        interaction,
        request,
        private=typed.private,
        parent_id=typed.parent_id,
        origin=typed.origin,
        key=key,
        confirmed=typed.confirmed,
    )
