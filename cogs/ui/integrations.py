"""Check who may use a command under a server's Integrations, as Discord says at this moment."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import aiohttp
import discord
from discord import AppCommandPermissionType as Kind

from bot.client import Shotcaller
from bot.domain import Member
from bot.errors import DiscordBusy
from cogs.ui.member import member_of
from cogs.ui.replies import QUICK

Rules = Mapping[tuple[Kind, int], bool]

_REFUSED: Final = (discord.Forbidden, discord.NotFound)  # the latter: the server has decided nothing


async def may_use_command(interaction: discord.Interaction[Any], name: str) -> bool:
    """Whether the server has let this person use a command that is not for everybody.

    Raises:
        DiscordBusy: Discord does not say, in the time that a form may take to open.
    """
    bot: Shotcaller = interaction.client
    command = bot.command_of(name, guild_id=interaction.guild_id)
    if command is None or interaction.guild_id is None:
        return False
    try:
        async with asyncio.timeout(QUICK):
            decided = await command.fetch_permissions(discord.Object(interaction.guild_id))
    except _REFUSED:
        return False
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as exc:
        raise DiscordBusy from exc
    rules = {(each.type, each.id): each.permission for each in decided.permissions}
    return allows(rules, member_of(interaction), guild_id=interaction.guild_id)


def allows(rules: Rules, member: Member, *, guild_id: int) -> bool:
    """Whether rules allow a person: a channel before all channels, a person before their roles, roles before everyone.

    Of several roles one that is let in is enough. Everyone has the guild's id in Discord, all channels the one before.
    """
    if _first(rules, Kind.channel, [*member.channel_ids, guild_id - 1]) is False:
        return False
    own = _first(rules, Kind.user, [member.user_id])
    if own is not None:
        return own
    by_role = [rules[Kind.role, each] for each in member.role_ids - {guild_id} if (Kind.role, each) in rules]
    return any(by_role) if by_role else rules.get((Kind.role, guild_id), False)


def _first(rules: Rules, kind: Kind, ids: Iterable[int]) -> bool | None:
    """The rule of the first of these ids that has one."""
    return next((rules[kind, each] for each in ids if (kind, each) in rules), None)
