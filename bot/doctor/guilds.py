"""Checks whether Discord takes the token, and what the bot may do in each guild and channel; without a gateway."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

import aiohttp
import discord

from bot.client import IN_CHANNEL, IN_THREAD, use_addresses
from bot.domain.finding import Finding, bad, good, note
from bot.domain.sharing import parse_shards
from bot.locale import Words
from bot.settings import WITHOUT_GATEWAY, Settings
from bot.values import dataclass

DISCORD: Final = "Discord"
NEEDED: Final = tuple(dict.fromkeys((*IN_CHANNEL, *IN_THREAD)))

_TROUBLE: Final = (discord.LoginFailure, discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What Discord says to a token, and the address that invites the bot, where it is one."""

    finding: Finding
    invitation: str | None = None


async def check_token(settings: Settings, say: Words) -> Account:
    """Sign in with the token, and look at nothing else."""
    async with _client(settings) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
        except _TROUBLE as exc:
            return Account(finding=_in_words(exc, say))
        return Account(finding=_signed_in(client, say), invitation=_invitation(client))


async def check_discord(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    """Check the token, then every guild that the bot is in, then the channel of the operator."""
    async with _client(settings) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
            async for finding in _check_guilds(client, settings, say):
                yield finding
        except _TROUBLE as exc:
            yield _in_words(exc, say)


def _client(settings: Settings) -> discord.Client:
    use_addresses(api=settings.discord_api_url, gateway=settings.discord_gateway_url)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # this bot has no voice
    return discord.Client(intents=discord.Intents.none())


def _in_words(trouble: Exception, say: Words) -> Finding:
    """Say why Discord can't be asked."""
    match trouble:
        case discord.LoginFailure():
            return bad(DISCORD, say("check.discord.token"), say("check.discord.token.cure"))
        case discord.HTTPException(status=status, code=code):
            text = say("check.discord.refuses", status=status, code=code)
            return bad(DISCORD, text, say("check.discord.refuses.cure"))
    return bad(DISCORD, say("check.discord.away", error=trouble), say("check.discord.away.cure"))


def _signed_in(client: discord.Client, say: Words) -> Finding:
    return good(DISCORD, say("check.discord.good", name=client.user))


async def _check_guilds(client: discord.Client, settings: Settings, say: Words) -> AsyncIterator[Finding]:
    yield _signed_in(client, say)
    recommended, *_ = await client.http.get_bot_gateway()
    if (finding := judge_shards(settings.shards, recommended, say)) is not None:
        yield finding
    guilds = [guild async for guild in client.fetch_guilds(limit=None)]
    if not guilds:
        yield bad(say("check.guilds"), say("check.guilds.none"), say("check.invite", address=_invitation(client)))
    for guild in guilds:
        async for finding in _check_guild(client, guild.id, say):
            yield finding
    for guild_id in set(settings.discord_guild_ids) - {guild.id for guild in guilds}:
        remedy = say("check.guild.foreign.cure", address=_invitation(client))
        yield bad(say("check.guild", name=guild_id), say("check.guild.foreign"), remedy)
    if settings.operator_channel_id is None:
        yield note(say("check.operator"), say("check.operator.none"), say("check.operator.none.cure"))
    else:
        yield await _check_operator_channel(client, settings.operator_channel_id, say)


def judge_shards(shards: str | None, recommended: int, say: Words) -> Finding | None:
    """Compare the shards of the settings with how many Discord recommends; say nothing where there is no question."""
    about = say("check.sharding")
    if shards == WITHOUT_GATEWAY:
        return good(about, say("check.sharding.elsewhere", recommended=recommended))
    count = 1 if shards is None else parse_shards(shards).count
    if recommended > count:
        text = say("check.sharding.few", recommended=recommended, count=count)
        return note(about, text, say("check.sharding.few.cure", recommended=recommended))
    return None if shards is None else good(about, say("check.sharding.good", recommended=recommended, count=count))


async def _check_guild(client: discord.Client, guild_id: int, say: Words) -> AsyncIterator[Finding]:
    if client.user is None:
        raise TypeError("the client has not logged in")
    guild = await client.fetch_guild(guild_id)
    me = await guild.fetch_member(client.user.id)
    about = say("check.guild", name=guild.name)
    lacking = _lacking(me.guild_permissions, NEEDED)
    if lacking:
        remedy = say("check.guild.lacks.cure", address=_invitation(client))
        yield bad(about, say("check.guild.lacks", missing=_named(lacking)), remedy)
    else:
        yield good(about, say("check.guild.good"))
    channels = [each for each in await guild.fetch_channels() if not isinstance(each, discord.CategoryChannel)]
    taken: dict[tuple[str, ...], list[str]] = {}
    for channel in channels:
        needed = IN_THREAD if isinstance(channel, discord.ForumChannel) else NEEDED
        lost = tuple(_lacking(channel.permissions_for(me), needed))
        hidden = ("view_channel",) if "view_channel" in lost else ()  # without it there are no others
        taken.setdefault(hidden or lost, []).append(f"#{channel.name}")
    if not lacking and channels and () not in taken:
        yield bad(about, say("check.guild.nowhere"), say("check.guild.nowhere.cure"))
    for lost, names in taken.items():
        if set(lost) - set(lacking):
            places = say("check.guild.channels", name=guild.name, channels=say("comma").join(names))
            yield note(places, say("check.channels.takes", missing=_named(lost)), say("check.channels.takes.cure"))


async def _check_operator_channel(client: discord.Client, channel_id: int, say: Words) -> Finding:
    """Check whether the operator can be told on Discord."""
    try:
        channel = await client.fetch_channel(channel_id)
    except (discord.NotFound, discord.Forbidden, discord.InvalidData):
        text = say("check.operator.gone", channel=channel_id)
        return bad(say("check.operator"), text, say("check.operator.gone.cure"))
    if lacking := await _lacking_to_write(client, channel):
        text = say("check.operator.closed", channel=f"#{getattr(channel, 'name', channel_id)}", missing=_named(lacking))
        return bad(say("check.operator"), text, say("check.operator.closed.cure"))
    return good(say("check.operator"), say("check.operator.good", channel=f"#{getattr(channel, 'name', channel_id)}"))


async def _lacking_to_write(client: discord.Client, channel: object) -> list[str]:
    """List what the bot lacks to write in a channel. Only a whole guild says so: a channel alone has no roles."""
    if client.user is None or not isinstance(channel, discord.abc.GuildChannel):
        return []
    guild = await client.fetch_guild(channel.guild.id)
    me = await guild.fetch_member(client.user.id)
    there = (each for each in await guild.fetch_channels() if each.id == channel.id)
    return next((_lacking(each.permissions_for(me), IN_CHANNEL[:2]) for each in there), [])


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
