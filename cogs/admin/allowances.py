"""`/admin allowance`, `pool`, `grant`: how many credits there are for whom."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Allowance, Period, Policy
from bot.domain.policy_changes import typed_allowance, with_pool, with_role_allowance, without_pool
from bot.domain.quota import MAX_CREDITS
from bot.errors import GiftImpossible, PolicyInvalid
from bot.locale import Words, words
from cogs.admin.common import change_policy, read_policy, show_policy
from cogs.ui import Command, acknowledge, answer, audit_entry, autocomplete
from cogs.ui.completions import containing
from cogs.ui.member import guild_of
from cogs.ui.policy_texts import allowance_text

ALLOWANCES: Final = ("allowance", "guild_allowance", "tiers", "pools")


def setup(bot: Shotcaller) -> None:
    """Add the commands."""
    say = words()
    for make in (_allowance, _pool, _grant):
        bot.admin.add_command(make(bot, say))


def _periods(say: Words) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=say(f"choice.period.{each}"), value=each) for each in Period]


def _allowance(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="allowance", description=say("command.admin.allowance"))
    @app_commands.describe(
        credits=say("option.credits"),
        period=say("option.period"),
        member=say("option.allowance.member"),
        role=say("option.allowance.role"),
        whole=say("option.allowance.whole"),
        remove=say("option.allowance.remove"),
    )
    @app_commands.choices(period=_periods(say))
    async def allowance(  # noqa: PLR0917 (Discord's options)
        interaction: discord.Interaction[Any],
        credits: app_commands.Range[int, 0, MAX_CREDITS] | None = None,  # noqa: A002 (the option's name)
        period: str = Period.DAY,
        member: discord.User | None = None,
        role: discord.Role | None = None,
        whole: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
        remove: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        if sum((member is not None, role is not None, whole)) > 1:
            raise PolicyInvalid([("allowance", "one_of", "")])
        if credits is None and not remove:
            await _show(bot, interaction, member)
            return
        wanted = None if remove else typed_allowance(credits, Period(period))
        if member is not None:
            await _set_member_allowance(bot, interaction, member, wanted)
        elif role is not None:
            role_id = role.id
            await change_policy(bot, interaction, lambda policy: with_role_allowance(policy, role_id, wanted))
        else:
            field = "guild_allowance" if whole else "allowance"
            await change_policy(bot, interaction, lambda policy: policy.changed(**{field: wanted}))

    return allowance


async def _show(
    bot: Shotcaller, interaction: discord.Interaction[Any], member: discord.User | discord.Member | None
) -> None:
    """Answer with the guild's allowances, or one member's own."""
    say = words(str(interaction.locale))
    if member is None:
        await show_policy(bot, interaction, "admin.allowance", paths=ALLOWANCES)
        return
    own = (await bot.services.guilds.member(guild_of(interaction), member.id)).allowance
    everybody = (await read_policy(bot, interaction)).allowance or bot.services.guilds.usual
    text = allowance_text(own or everybody, say)
    text = text if own else say("admin.allowance.everybody", allowance=text)
    await answer(interaction, say("admin.allowance.member", member=member.mention, allowance=text))


async def _set_member_allowance(
    bot: Shotcaller,
    interaction: discord.Interaction[Any],
    member: discord.User | discord.Member,
    allowance: Allowance | None,
) -> None:
    dumped = allowance and allowance.model_dump(mode="json")
    entry = audit_entry(interaction, "allowance", member=member.id, allowance=dumped)
    await bot.services.guilds.set_allowance(entry, user_id=member.id, allowance=allowance)
    await _show(bot, interaction, member)


def _pool(bot: Shotcaller, say: Words) -> Command:
    async def names(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        return containing(typed, [pool.name for pool in (await read_policy(bot, interaction)).pools])

    @app_commands.command(name="pool", description=say("command.admin.pool"))
    @app_commands.describe(
        name=say("option.pool.name"),
        role=say("option.pool.role"),
        credits=say("option.credits"),
        period=say("option.period"),
        remove=say("option.pool.remove"),
    )
    @app_commands.choices(period=_periods(say))
    @autocomplete(name=names)
    async def pool(  # noqa: PLR0917 (Discord's options)
        interaction: discord.Interaction[Any],
        name: app_commands.Range[str, 1, 32],
        role: discord.Role | None = None,
        credits: app_commands.Range[int, 0, MAX_CREDITS] | None = None,  # noqa: A002 (the option's name)
        period: str | None = None,
        remove: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        if remove:
            await change_policy(bot, interaction, lambda policy: without_pool(policy, name))
            return

        def change(policy: Policy) -> Policy:
            try:
                return with_pool(
                    policy,
                    name,
                    role_id=role.id if role else None,
                    credits_=credits,
                    period=Period(period) if period else None,
                )
            except LookupError:
                raise PolicyInvalid([("pools", "pool", "")]) from None

        await change_policy(bot, interaction, change)

    return pool


Amount: TypeAlias = app_commands.Range[int, -MAX_CREDITS, MAX_CREDITS]

NOTE: Final = 200  # characters


def _grant(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="grant", description=say("command.admin.grant"))
    @app_commands.describe(
        member=say("option.grant.member"), credits=say("option.grant.credits"), note=say("option.grant.note")
    )
    async def grant(
        interaction: discord.Interaction[Any],
        member: discord.User,
        credits: Amount,  # noqa: A002 (the option's name)
        note: app_commands.Range[str, 1, NOTE] = "",
    ) -> None:
        await acknowledge(interaction)
        if member.bot:
            raise GiftImpossible
        action = "granted" if credits > 0 else "taken"
        entry = audit_entry(interaction, action, member=member.id, credits=abs(credits), note=note)
        left = await bot.services.credits.grant(entry, user_id=member.id, credits=credits, note=note)
        say = words(str(interaction.locale))
        await answer(interaction, say("admin.granted", member=member.mention, left=say("credits", n=left)))

    return grant
