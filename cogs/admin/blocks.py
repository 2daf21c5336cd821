"""`/admin block`, `unblock`, `pause`, `resume`: who may ask for nothing for a while."""

from datetime import timedelta
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import EVERYWHERE
from bot.domain.guild import FOREVER
from bot.errors import NotPermitted
from bot.locale import Words, words
from cogs.admin.common import answer_long
from cogs.ui import Command, acknowledge, answer, audit_entry
from cogs.ui.audit_entries import until_text
from cogs.ui.member import guild_of
from cogs.ui.text import REASON, reason_text

OWNER: Final = "owner"  # who runs the bot, among the names of permissions
MOST_DAYS: Final = 365
MOST_HOURS: Final = 24 * 30


def setup(bot: Shotcaller) -> None:
    """Add the commands."""
    say = words()
    for make in (_block, _unblock, _pause, _resume):
        bot.admin.add_command(make(bot, say))


def _block(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="block", description=say("command.admin.block"))
    @app_commands.describe(
        member=say("option.block.member"),
        hours=say("option.hours"),
        days=say("option.days"),
        reason=say("option.block.reason"),
    )
    async def block(
        interaction: discord.Interaction[Any],
        member: discord.User | None = None,
        hours: app_commands.Range[int, 0, MOST_HOURS] = 0,
        days: app_commands.Range[int, 0, MOST_DAYS] = 0,
        reason: app_commands.Range[str, 1, REASON] = "",
    ) -> None:
        await acknowledge(interaction)
        if member is None:
            await _show_blocked(bot, interaction)
            return
        span = timedelta(hours=hours, days=days)
        until = interaction.client.services.now() + span if span else FOREVER
        ends = until.isoformat() if span else None
        entry = audit_entry(interaction, "blocked", member=member.id, until=ends, reason=reason)
        await bot.services.guilds.block(entry, user_id=member.id, until=until, reason=reason)
        say = words(str(interaction.locale))
        await answer(interaction, say("admin.blocked", member=member.mention, until=until_text(until, say)))

    return block


async def _show_blocked(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Answer who is blocked now."""
    say = words(str(interaction.locale))
    found = await bot.services.guilds.blocked(guild_of(interaction))
    lines = [
        say(
            "admin.blocked.line",
            member=f"<@{user_id}>",
            until=until_text(state.blocked_until, say),
            reason=reason_text(state.block_reason, say),
        )
        for user_id, state in found.items()
    ]
    rows = "\n".join(f"- {line}" for line in lines)
    text = f"### {say('admin.blocked.title')}\n{rows}" if lines else say("admin.blocked.none")
    await answer_long(interaction, text, filename="blocked.txt", say=say)


def _unblock(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="unblock", description=say("command.admin.unblock"))
    @app_commands.describe(member=say("option.unblock.member"))
    async def unblock(interaction: discord.Interaction[Any], member: discord.User) -> None:
        await acknowledge(interaction)
        say = words(str(interaction.locale))
        place = audit_entry(interaction, "unblocked", member=member.id)
        if member.id not in await bot.services.guilds.blocked(place.guild_id):
            await answer(interaction, say("admin.same"))
            return
        await bot.services.guilds.block(place, user_id=member.id, until=None)
        await answer(interaction, say("admin.unblocked", member=member.mention))

    return unblock


def _pause(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="pause", description=say("command.admin.pause"))
    @app_commands.describe(reason=say("option.pause.reason"), everywhere=say("option.everywhere"))
    async def pause(
        interaction: discord.Interaction[Any],
        reason: app_commands.Range[str, 1, REASON] = "",
        everywhere: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        await _set_pause(bot, interaction, paused=True, everywhere=everywhere, reason=reason)

    return pause


def _resume(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="resume", description=say("command.admin.resume"))
    @app_commands.describe(everywhere=say("option.everywhere"))
    async def resume(
        interaction: discord.Interaction[Any],
        everywhere: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        await _set_pause(bot, interaction, paused=False, everywhere=everywhere)

    return resume


async def _set_pause(
    bot: Shotcaller, interaction: discord.Interaction[Any], *, paused: bool, everywhere: bool, reason: str = ""
) -> None:
    """Pause or resume this guild, or for the bot's owner everything.

    Raises:
        NotPermitted: it was to be everywhere, and they do not run the bot.
    """
    if everywhere and not await bot.is_owner(interaction.user):
        raise NotPermitted(needed=OWNER)
    place = EVERYWHERE if everywhere else None
    detail = {"reason": reason} if paused else {}
    entry = audit_entry(interaction, "paused" if paused else "resumed", guild_id=place, **detail)
    changed = await bot.services.guilds.pause(entry, paused=paused, reason=reason)
    say = words(str(interaction.locale))
    done = say(f"admin.{entry.action}.everywhere") if everywhere else say(f"admin.{entry.action}")
    await answer(interaction, done if changed else say("admin.same"))
