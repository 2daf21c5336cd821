"""`/admin doctor`: what keeps the bot from working in a server, and tidying up after what was deleted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from bot.client import IN_CHANNEL, IN_THREAD, Shotcaller
from bot.domain import GuildState, Policy
from bot.domain.finding import Mark
from bot.domain.policy_changes import missing_ids, shuts_out, without_deleted
from bot.errors import ChannelUnfit
from bot.locale import Words, words
from bot.service.admin.doctor import ProviderState
from cogs.admin.common import answer_long, changed_text
from cogs.ui import Command, acknowledge, audit_entry
from cogs.ui.member import channel_and_parents
from cogs.ui.text import permissions_text, some_of


def setup(bot: Shotcaller) -> None:
    """Add the command."""
    bot.admin.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="doctor", description=say("command.admin.doctor"))
    @app_commands.describe(tidy=say("option.tidy"))
    async def doctor(
        interaction: discord.Interaction[Any],
        tidy: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await acknowledge(interaction)
        say, entry = words(str(interaction.locale)), audit_entry(interaction, "changed")
        guild = bot.get_guild(entry.guild_id)
        if guild is None or guild.unavailable:
            await answer_long(interaction, say("doctor.unavailable"), filename="doctor.txt", say=say)
            return
        done = ""
        if tidy:
            roles, channels = role_ids(guild), channel_ids(guild)
            changed = await bot.services.guilds.change(
                entry, lambda policy: without_deleted(policy, roles=roles, channels=channels)
            )
            done = f"{changed_text(changed, say)}\n\n"
        lines = "\n".join(lines_of(await look(bot, guild, say)))
        await answer_long(interaction, f"{done}### {say('doctor.title')}\n{lines}", filename="doctor.txt", say=say)

    return doctor


SIGNS: Final = {Mark.GOOD: "✅", Mark.BAD: "❌", Mark.NOTE: "⚠️"}
NEEDED: Final = tuple(dict.fromkeys((*IN_CHANNEL, *IN_THREAD)))
NEEDED_TO_WRITE: Final = IN_CHANNEL[:2]  # where the bot only writes
MEGABYTE: Final = 1024 * 1024

_SHOWN: Final = 10  # channels named together

Found: TypeAlias = tuple[Mark, str]  # how a thing stands, and a sentence about it with Discord's marks


def lines_of(found: Iterable[Found]) -> list[str]:
    """Write what was found, a line for each."""
    return [f"{SIGNS[mark]} {text}" for mark, text in found]


async def look_at(bot: Shotcaller, guild_id: int, say: Words) -> list[Found]:
    """Check a guild that may be unknown to this process: the gateway tells of it, or nobody does."""
    guild = bot.get_guild(guild_id)
    if guild is None or guild.unavailable:
        return [(Mark.BAD, say("doctor.unavailable"))]
    return await look(bot, guild, say)


async def look(bot: Shotcaller, guild: discord.Guild, say: Words) -> list[Found]:
    """Check services, channels and the policy of a guild, each with what to do about it."""
    states = await bot.services.doctor.states(guild.id)
    everywhere, here = states or (GuildState(), GuildState())
    policy = here.policy
    found = [(Mark.BAD, say("doctor.database.bad")) if states is None else (Mark.GOOD, say("doctor.database.good"))]
    found += [(Mark.BAD, say("doctor.paused.everywhere"))] if everywhere.paused else []
    found += [(Mark.NOTE, say("doctor.paused.guild"))] if here.paused else []
    found += _services(await bot.services.doctor.providers(), say)
    found += _shut_out(bot, guild, policy, say)
    found += look_at_channels(guild, policy, say)
    found.append(_channel(guild, "moderators", policy.moderation.channel_id, IN_CHANNEL, say))
    found.append(_channel(guild, "audit", policy.audit_channel_id, NEEDED_TO_WRITE, say))
    found += _operators(guild, bot.services.doctor.operator_channel_id, say)
    found += _missing(guild, policy, say)
    found.append((Mark.GOOD, say("doctor.upload", n=guild.filesize_limit // MEGABYTE)))
    if states is not None and (await bot.services.guilds.spent(guild.id, policy)).balance == 0:
        found.append((Mark.BAD, say("doctor.budget")))
    return found


def _services(states: Mapping[str, ProviderState], say: Words) -> Iterator[Found]:
    marks = {ProviderState.GOOD: Mark.GOOD, ProviderState.BUSY: Mark.NOTE}
    for name, state in states.items():
        yield marks.get(state, Mark.BAD), say(f"doctor.provider.{state}", name=name)


def _shut_out(bot: Shotcaller, guild: discord.Guild, policy: Policy, say: Words) -> Iterator[Found]:
    """Tell of models, roles or credits by which nobody can make a video; channels and budget are told of anyway."""
    roles, channels, models = role_ids(guild), channel_ids(guild), bot.services.videos.models
    by = shuts_out(policy, roles=roles, channels=channels, models=models)
    if by in {"models", "roles", "credits"}:
        yield Mark.BAD, say(f"doctor.shut_out.{by}")


def look_at_channels(guild: discord.Guild, policy: Policy, say: Words) -> Iterator[Found]:
    """Tell of the channels where videos are made, by the permissions that the bot lacks there."""
    taken: dict[tuple[str, ...], list[str]] = {}
    for channel in guild.channels:
        if isinstance(channel, discord.CategoryChannel) or not policy.channels.open_to(
            channel_and_parents(channel, channel.id)
        ):
            continue
        needed = IN_THREAD if isinstance(channel, discord.ForumChannel) else NEEDED
        taken.setdefault(missing_permissions(channel, needed), []).append(channel.mention)
    if () not in taken:
        yield Mark.BAD, say("doctor.channels.nowhere")
    for lacking, names in taken.items():
        channels = some_of(names, say, most=_SHOWN)
        if lacking:
            yield Mark.NOTE, say("doctor.channels.bad", channels=channels, missing=permissions_text(lacking, say))
        else:
            yield Mark.GOOD, say("doctor.channels.good", channels=channels)


def _channel(guild: discord.Guild, what: str, channel_id: int | None, needed: Sequence[str], say: Words) -> Found:
    """Tell of the moderators' channel, the audit channel or the operator's."""
    channel = guild.get_channel_or_thread(channel_id) if channel_id else None
    if channel is None:
        return (Mark.BAD, say(f"doctor.{what}.gone")) if channel_id else (Mark.NOTE, say(f"doctor.{what}.none"))
    lacking = missing_permissions(channel, needed)
    if lacking:
        missing = permissions_text(lacking, say)
        return Mark.BAD, say(f"doctor.{what}.closed", channel=channel.mention, missing=missing)
    return Mark.GOOD, say(f"doctor.{what}.good", channel=channel.mention)


def _operators(guild: discord.Guild, channel_id: int | None, say: Words) -> Iterator[Found]:
    """Tell of the operator's channel in the guild that has it: what is refused there, only the log says."""
    if channel_id is not None and guild.get_channel_or_thread(channel_id) is not None:
        yield _channel(guild, "operator", channel_id, NEEDED_TO_WRITE, say)


def _missing(guild: discord.Guild, policy: Policy, say: Words) -> Iterator[Found]:
    """Tell of roles and channels that the policy names and that are deleted."""
    roles, channels = missing_ids(policy, roles=role_ids(guild), channels=channel_ids(guild))
    for what, missing in (("roles", roles), ("channels", channels)):
        if missing:
            names = say("comma").join(f"`{each}`" for each in sorted(missing)[:_SHOWN])
            yield Mark.BAD, say(f"doctor.gone.{what}", names=names)


def role_ids(guild: discord.Guild) -> set[int]:
    """The ids of a guild's roles, `@everyone` too."""
    return {role.id for role in guild.roles}


def channel_ids(guild: discord.Guild) -> set[int]:
    """The ids of a guild's channels, its categories and open threads too."""
    return {each.id for each in (*guild.channels, *guild.threads)}


def missing_permissions(channel: discord.abc.GuildChannel | discord.Thread, needed: Sequence[str]) -> tuple[str, ...]:
    """List what permissions the bot lacks in a channel, by discord.py's names; unseen, a channel allows nothing."""
    may = channel.permissions_for(channel.guild.me)
    lost = tuple(name for name in needed if not getattr(may, name))
    return ("view_channel",) if "view_channel" in lost else lost


def check_channel(channel: discord.abc.GuildChannel, needed: Sequence[str] = IN_CHANNEL) -> None:
    """Check that the bot may do in a channel what the channel is chosen for.

    Raises:
        ChannelUnfit: it may not; naming every permission that is missing.
    """
    missing = missing_permissions(channel, needed)
    if missing:
        raise ChannelUnfit(channel_id=channel.id, missing=missing)
