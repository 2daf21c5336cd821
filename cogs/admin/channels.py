"""`/admin channels`, `roles`, `tier`: where videos are made, who may ask for them, and what a role brings."""

from functools import partial
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import AllowDeny, Period
from bot.domain.policy import PRIORITIES
from bot.domain.policy_changes import with_channels, with_roles, with_tier, without_tier
from bot.domain.quota import MAX_CREDITS
from bot.locale import Words, words
from cogs.admin.common import change_or_show, change_policy, show_policy
from cogs.ui import Command, acknowledge


class _ChannelOrCategoryOption(app_commands.Transformer):
    """An option that takes a channel or a category, of every kind that Discord's published document knows."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        kind = discord.ChannelType
        return [kind.text, kind.news, kind.voice, kind.stage_voice, kind.forum, kind.category]

    async def transform(self, _: discord.Interaction[Any], value: Any, /) -> Any:
        return value


ChannelOrCategory: TypeAlias = app_commands.Transform[app_commands.AppCommandChannel, _ChannelOrCategoryOption]
Priority: TypeAlias = app_commands.Range[int, 0, PRIORITIES]

CHANNELS: Final = ("channels.allowed", "channels.denied", "spoiler_channels")
ROLES: Final = ("roles.allowed", "roles.denied", "tiers")


def setup(bot: Shotcaller) -> None:
    """Add the commands."""
    say = words()
    for make in (_channels, _roles, _tier):
        bot.admin.add_command(make(bot, say))


def _channels(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="channels", description=say("command.admin.channels"))
    @app_commands.describe(
        allow=say("option.channels.allow"),
        deny=say("option.channels.deny"),
        forget=say("option.channels.forget"),
        spoiler=say("option.channels.spoiler"),
        plain=say("option.channels.plain"),
    )
    async def channels(  # noqa: PLR0917 (Discord's options)
        interaction: discord.Interaction[Any],
        allow: ChannelOrCategory | None = None,
        deny: ChannelOrCategory | None = None,
        forget: ChannelOrCategory | None = None,
        spoiler: ChannelOrCategory | None = None,
        plain: ChannelOrCategory | None = None,
    ) -> None:
        await acknowledge(interaction)
        if not any((allow, deny, forget, spoiler, plain)):
            await show_policy(bot, interaction, "admin.channels", paths=CHANNELS)
            return
        sides = AllowDeny(allow=_id(allow), deny=_id(deny), forget=_id(forget))
        await change_policy(
            bot, interaction, lambda policy: with_channels(policy, sides, cover=_id(spoiler), uncover=_id(plain))
        )

    return channels


def _roles(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="roles", description=say("command.admin.roles"))
    @app_commands.describe(
        allow=say("option.roles.allow"), deny=say("option.roles.deny"), forget=say("option.roles.forget")
    )
    async def roles(
        interaction: discord.Interaction[Any],
        allow: discord.Role | None = None,
        deny: discord.Role | None = None,
        forget: discord.Role | None = None,
    ) -> None:
        await acknowledge(interaction)
        if allow is deny is forget is None:
            await show_policy(bot, interaction, "admin.roles", paths=ROLES)
            return
        sides = AllowDeny(allow=_id(allow), deny=_id(deny), forget=_id(forget))
        await change_policy(bot, interaction, lambda policy: with_roles(policy, sides))

    return roles


def _tier(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="tier", description=say("command.admin.tier"))
    @app_commands.describe(
        role=say("option.tier.role"),
        credits=say("option.credits"),
        period=say("option.period"),
        priority=say("option.priority"),
        spoiler=say("option.tier.spoiler"),
        remove=say("option.tier.remove"),
    )
    @app_commands.choices(
        period=[app_commands.Choice(name=say(f"choice.period.{each}"), value=each) for each in Period]
    )
    async def tier(  # noqa: PLR0917 (Discord's options)
        interaction: discord.Interaction[Any],
        role: discord.Role,
        credits: app_commands.Range[int, 0, MAX_CREDITS] | None = None,  # noqa: A002 (the option's name)
        period: str | None = None,
        priority: Priority | None = None,
        spoiler: bool | None = None,  # noqa: FBT001 (Discord's options)
        remove: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        if remove:
            await change_policy(bot, interaction, lambda policy: without_tier(policy, role.id))
            return
        given = {
            "credits_": credits,
            "period": period and Period(period),
            "priority": priority,
            "spoiler": spoiler,
        }
        change = partial(with_tier, role_id=role.id)
        await change_or_show(bot, interaction, given, change, title="admin.roles", paths=ROLES)

    return tier


def _id(chosen: app_commands.AppCommandChannel | discord.Role | None) -> int | None:
    return None if chosen is None else chosen.id
