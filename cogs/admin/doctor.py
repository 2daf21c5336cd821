"""`/admin doctor`: what keeps the bot from working in a server, and tidying up after what was deleted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import IN_CHANNEL, IN_THREAD, Shotcaller
from bot.domain import GuildState, Policy
from bot.domain.policy_changes import missing_ids, without_deleted
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
        lines = "\n".join(await doctor_lines(bot, guild, say))
        await answer_long(interaction, f"{done}### {say('doctor.title')}\n{lines}", filename="doctor.txt", say=say)

    return doctor


GOOD, BAD, NOTE = "✅", "❌", "⚠️"
NEEDED: Final = tuple(dict.fromkeys((*IN_CHANNEL, *IN_THREAD)))
NEEDED_TO_WRITE: Final = IN_CHANNEL[:2]  # where the bot only writes
MEGABYTE: Final = 1024 * 1024

_SHOWN: Final = 10  # channels named together


async def doctor_lines(bot: Shotcaller, guild: discord.Guild, say: Words) -> list[str]:
    """Check services, channels and the policy of a guild; a line for each with what to do about it."""
    states = await bot.services.doctor.states(guild.id)
    everywhere, here = states or (GuildState(), GuildState())
    policy = here.policy
    lines = [f"{BAD} {say('doctor.database.bad')}" if states is None else f"{GOOD} {say('doctor.database.good')}"]
    lines += [f"{BAD} {say('doctor.paused.everywhere')}"] if everywhere.paused else []
    lines += [f"{NOTE} {say('doctor.paused.guild')}"] if here.paused else []
    lines += _service_lines(await bot.services.doctor.providers(), say)
    if policy.limits.models and not policy.limits.models.intersection(bot.services.videos.models):
        lines.append(f"{BAD} {say('doctor.models')}")
    lines += channel_lines(guild, policy, say)
    lines.append(_channel_line(guild, "moderators", policy.moderation.channel_id, IN_CHANNEL, say))
    lines.append(_channel_line(guild, "audit", policy.audit_channel_id, NEEDED_TO_WRITE, say))
    lines += _missing_lines(guild, policy, say)
    lines.append(f"{GOOD} {say('doctor.upload', n=guild.filesize_limit // MEGABYTE)}")
    if states is not None and (await bot.services.guilds.spent(guild.id, policy)).balance == 0:
        lines.append(f"{BAD} {say('doctor.budget')}")
    return lines


def _service_lines(states: Mapping[str, ProviderState], say: Words) -> Iterator[str]:
    marks = {ProviderState.GOOD: GOOD, ProviderState.BUSY: NOTE}
    for name, state in states.items():
        yield f"{marks.get(state, BAD)} {say(f'doctor.provider.{state}', name=name)}"


def channel_lines(guild: discord.Guild, policy: Policy, say: Words) -> Iterator[str]:
    """A line for the channels where videos are made, by the permissions that the bot lacks there."""
    taken: dict[tuple[str, ...], list[str]] = {}
    for channel in guild.channels:
        if isinstance(channel, discord.CategoryChannel) or not policy.channels.open_to(
            channel_and_parents(channel, channel.id)
        ):
            continue
        needed = IN_THREAD if isinstance(channel, discord.ForumChannel) else NEEDED
        taken.setdefault(missing_permissions(channel, needed), []).append(channel.mention)
    if () not in taken:
        yield f"{BAD} {say('doctor.channels.nowhere')}"
    for lacking, names in taken.items():
        channels = some_of(names, say, most=_SHOWN)
        if lacking:
            yield f"{NOTE} {say('doctor.channels.bad', channels=channels, missing=permissions_text(lacking, say))}"
        else:
            yield f"{GOOD} {say('doctor.channels.good', channels=channels)}"


def _channel_line(guild: discord.Guild, what: str, channel_id: int | None, needed: Sequence[str], say: Words) -> str:
    """A line for the moderators' channel, or for the audit channel."""
    channel = guild.get_channel_or_thread(channel_id) if channel_id else None
    if channel is None:
        return f"{BAD} {say(f'doctor.{what}.gone')}" if channel_id else f"{NOTE} {say(f'doctor.{what}.none')}"
    lacking = missing_permissions(channel, needed)
    if lacking:
        return f"{BAD} {say(f'doctor.{what}.closed', channel=channel.mention, missing=permissions_text(lacking, say))}"
    return f"{GOOD} {say(f'doctor.{what}.good', channel=channel.mention)}"


def _missing_lines(guild: discord.Guild, policy: Policy, say: Words) -> Iterator[str]:
    """A line for roles and channels that the policy names and that are deleted."""
    roles, channels = missing_ids(policy, roles=role_ids(guild), channels=channel_ids(guild))
    for what, missing in (("roles", roles), ("channels", channels)):
        if missing:
            names = say("comma").join(f"`{each}`" for each in sorted(missing)[:_SHOWN])
            yield f"{BAD} {say(f'doctor.gone.{what}', names=names)}"


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
