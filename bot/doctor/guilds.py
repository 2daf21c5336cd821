"""Checks whether Discord takes the token, and what the bot may do in each guild and channel; without a gateway."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import discord

from bot.client import IN_CHANNEL, IN_THREAD, use_addresses
from bot.doctor.finding import Finding, bad, good, note
from bot.domain.sharing import parse_shards
from bot.settings import WITHOUT_GATEWAY, Settings

NEEDED: Final = tuple(dict.fromkeys((*IN_CHANNEL, *IN_THREAD)))

_TROUBLE: Final = (discord.LoginFailure, discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What Discord says to a token, and the address that invites the bot, where it is one."""

    finding: Finding
    invitation: str | None = None


async def check_token(settings: Settings) -> Account:
    """Sign in with the token, and look at nothing else."""
    async with _client(settings) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
        except _TROUBLE as exc:
            return Account(finding=_in_words(exc))
        return Account(finding=_signed_in(client), invitation=_invitation(client))


async def check_discord(settings: Settings) -> AsyncIterator[Finding]:
    """Check the token, then every guild that the bot is in, then the channel of the operator."""
    async with _client(settings) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
            async for finding in _check_guilds(client, settings):
                yield finding
        except _TROUBLE as exc:
            yield _in_words(exc)


def _client(settings: Settings) -> discord.Client:
    use_addresses(api=settings.discord_api_url, gateway=settings.discord_gateway_url)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # this bot has no voice
    return discord.Client(intents=discord.Intents.none())


def _in_words(trouble: Exception) -> Finding:
    """Say why Discord can't be asked."""
    match trouble:
        case discord.LoginFailure():
            remedy = "Set DISCORD_TOKEN to the one under Bot, Reset Token, in Discord's developer portal."
            return bad("Discord", "does not take the token", remedy)
        case discord.HTTPException(status=status, code=code):
            return bad("Discord", f"refuses (HTTP {status}, code {code})", "Try again in a few minutes.")
    return bad("Discord", f"cannot be reached: {trouble}", "Look at DISCORD_API_URL and the network.")


def _signed_in(client: discord.Client) -> Finding:
    return good("Discord", f"takes the token; the bot is {client.user}")


async def _check_guilds(client: discord.Client, settings: Settings) -> AsyncIterator[Finding]:
    yield _signed_in(client)
    recommended, *_ = await client.http.get_bot_gateway()
    if (finding := judge_shards(settings.shards, recommended)) is not None:
        yield finding
    guilds = [guild async for guild in client.fetch_guilds(limit=None)]
    if not guilds:
        yield bad("guilds", "the bot is in none", f"Invite it: {_invitation(client)}")
    for guild in guilds:
        async for finding in _check_guild(client, guild.id):
            yield finding
    for guild_id in set(settings.discord_guild_ids) - {guild.id for guild in guilds}:
        remedy = f"Invite it, or take the id out of DISCORD_GUILD_IDS: {_invitation(client)}"
        yield bad(f"guild {guild_id}", "the settings name it, and the bot is not in it", remedy)
    if settings.operator_channel_id is None:
        remedy = "Set OPERATOR_CHANNEL_ID to a channel of yours if you want to read of it on Discord."
        yield note(
            "operator",
            "what only you can mend is told in the log alone; reports and feedback come to you by direct message",
            remedy,
        )
    else:
        yield await _check_operator_channel(client, settings.operator_channel_id)


def judge_shards(shards: str | None, recommended: int) -> Finding | None:
    """Compare the shards of the settings with how many Discord recommends; say nothing where there is no question."""
    if shards == WITHOUT_GATEWAY:
        return good("sharding", f"Discord recommends {recommended} for all gateways together")
    count = 1 if shards is None else parse_shards(shards).count
    if recommended > count:
        remedy = (
            f"Run gateways for {recommended} (docs/scale.md); beyond 2,500 servers a shard Discord refuses the bot."
        )
        return note("sharding", f"Discord recommends {recommended} shards, and the settings have {count}", remedy)
    return None if shards is None else good("sharding", f"{count} shards; Discord recommends {recommended}")


async def _check_guild(client: discord.Client, guild_id: int) -> AsyncIterator[Finding]:
    if client.user is None:
        raise TypeError("the client has not logged in")
    guild = await client.fetch_guild(guild_id)
    me = await guild.fetch_member(client.user.id)
    about = f"guild {guild.name}"
    lacking = _lacking(me.guild_permissions, NEEDED)
    if lacking:
        remedy = f"Give its role these permissions, or invite it again: {_invitation(client)}"
        yield bad(about, f"the bot lacks {_named(lacking)}", remedy)
    else:
        yield good(about, "the bot has every permission that it needs")
    channels = [each for each in await guild.fetch_channels() if not isinstance(each, discord.CategoryChannel)]
    taken: dict[tuple[str, ...], list[str]] = {}
    for channel in channels:
        needed = IN_THREAD if isinstance(channel, discord.ForumChannel) else NEEDED
        lost = tuple(_lacking(channel.permissions_for(me), needed))
        hidden = ("view_channel",) if "view_channel" in lost else ()  # without it there are no others
        taken.setdefault(hidden or lost, []).append(f"#{channel.name}")
    if not lacking and channels and () not in taken:
        remedy = "Edit a channel, Permissions, and allow the bot what is named below."
        yield bad(about, "there is no channel in which the bot may post videos", remedy)
    for lost, names in taken.items():
        if set(lost) - set(lacking):
            remedy = "Where videos shall be made, edit the channel, Permissions, and allow the bot these."
            yield note(f"{about}, {', '.join(names)}", f"takes {_named(lost)} away from the bot", remedy)


async def _check_operator_channel(client: discord.Client, channel_id: int) -> Finding:
    """Check whether the operator can be told on Discord."""
    try:
        channel = await client.fetch_channel(channel_id)
    except (discord.NotFound, discord.Forbidden, discord.InvalidData):
        remedy = "Set OPERATOR_CHANNEL_ID to the id of a channel that the bot sees."
        return bad("operator", f"there is no channel {channel_id}, or the bot does not see it", remedy)
    return good("operator", f"what only you can mend is told in #{getattr(channel, 'name', channel_id)}")


def _lacking(allowed: discord.Permissions, needed: Sequence[str]) -> list[str]:
    return [name for name in needed if not getattr(allowed, name)]


def _named(permissions: Iterable[str]) -> str:
    """Name permissions as Discord calls them."""
    return ", ".join(name.replace("_", " ").title().replace(" In ", " in ") for name in permissions)


def _invitation(client: discord.Client) -> str:
    """Build the address that invites the bot with the least it needs."""
    return discord.utils.oauth_url(
        client.application_id or 0,
        permissions=discord.Permissions(**dict.fromkeys(NEEDED, True)),
        scopes=("bot", "applications.commands"),
    )
