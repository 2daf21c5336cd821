"""`/admin limits`: what may be asked for in a server."""

from collections.abc import Iterable
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Who
from bot.domain.policy_changes import with_limits
from bot.errors import PolicyInvalid
from bot.locale import Words, words
from cogs.admin.common import change_or_show, read_policy
from cogs.ui import Command, acknowledge, autocomplete
from cogs.ui.model_texts import model_line, models_called

LIMITS: Final = tuple(
    f"limits.{name}" for name in ("longest", "pro", "pro_roles", "sound", "watermark", "models", "running")
)


def setup(bot: Shotcaller) -> None:
    """Add the command."""
    bot.admin.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    async def offered(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        say, models = words(str(interaction.locale)), bot.services.videos.models
        return [(model_line(models[each], say), each) for _, each in models_called(typed, models, say)]

    async def chosen(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        models = sorted((await read_policy(bot, interaction)).limits.models)
        return models_called(typed, models, words(str(interaction.locale)))

    @app_commands.command(name="limits", description=say("command.admin.limits"))
    @app_commands.describe(
        longest=say("option.limits.longest"),
        running=say("option.limits.running"),
        pro=say("option.limits.pro"),
        pro_role=say("option.limits.pro_role"),
        not_pro_role=say("option.limits.not_pro_role"),
        sound=say("option.limits.sound"),
        watermark=say("option.limits.watermark"),
        model=say("option.limits.model"),
        not_model=say("option.limits.not_model"),
    )
    @app_commands.choices(pro=[app_commands.Choice(name=say(f"choice.pro.{each}"), value=each) for each in Who])
    @autocomplete(model=offered, not_model=chosen)
    async def limits(  # noqa: PLR0917 (Discord's options)
        interaction: discord.Interaction[Any],
        longest: app_commands.Range[int, 0, 60] | None = None,
        running: app_commands.Range[int, 0, 1000] | None = None,
        pro: str | None = None,
        pro_role: discord.Role | None = None,
        not_pro_role: discord.Role | None = None,
        sound: bool | None = None,  # noqa: FBT001 (Discord's options)
        watermark: bool | None = None,  # noqa: FBT001 (Discord's options)
        model: str | None = None,
        not_model: str | None = None,
    ) -> None:
        await acknowledge(interaction)
        models = bot.services.videos.models
        model = None if model is None else models.id_of(model)
        if model is not None and model not in models:
            raise PolicyInvalid([("model", "choice", ", ".join(map(say.model, models)))])
        given = {
            "longest": longest,
            "running": running,
            "pro": Who(pro) if pro else None,
            "pro_role": pro_role and pro_role.id,
            "not_pro_role": not_pro_role and not_pro_role.id,
            "sound": sound,
            "watermark": watermark,
            "model": model,
            "not_model": not_model,
        }
        await change_or_show(bot, interaction, given, with_limits, title="admin.limits", paths=LIMITS)

    return limits
