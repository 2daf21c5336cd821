"""`/help`, `/about` and `/feedback`: what the bot does here, what it is, and the way to whoever runs it."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import GuildState, Member
from bot.locale import Words, words
from cogs import ui
from cogs.ui import Command, acknowledge, answer, member_of, open_form, safe, since

FORM: Final = ui.CustomId("feedback:")
LONGEST: Final = 1000  # characters of feedback
CHANNELS: Final = 10  # named at the most
REASON: Final = 100  # characters of why the bot is paused


def setup(bot: Shotcaller) -> None:
    """Add the commands and the form."""
    say = words()
    for name, description, act in (
        ("help", say("command.help"), _help),
        ("about", say("command.about"), _about),
        ("feedback", say("command.feedback"), _open_form),
    ):
        bot.tree.add_command(_command(name, description, partial(act, bot)))
    ui.on_form(bot, FORM, _receive_feedback)


def _command(name: str, description: str, act: Callable[[discord.Interaction[Any]], Awaitable[None]]) -> Command:
    @app_commands.command(name=name, description=description)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def command(interaction: discord.Interaction[Any]) -> None:
        await act(interaction)

    return command


async def _help(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Answer what a person can do here."""
    await acknowledge(interaction)
    say, member = words(str(interaction.locale)), member_of(interaction)
    balances = await bot.services.videos.balances(member)
    own = balances.own
    here = say(
        "help.credits",
        left=say("credits", n=balances.balance),
        allowance=own.account.allowance,
        renews=since(own.renews_at),
    )
    lines = [here]
    if member.guild_id is not None:
        lines += _guild_lines(await bot.services.guilds.state(member.guild_id), member, say)
    parts = [say("help"), "\n".join(lines), say("help.more")]
    if member.manages:
        parts.append(say("help.admin"))
    await answer(interaction, "\n\n".join(parts))


def _guild_lines(state: GuildState, member: Member, say: Words) -> list[str]:
    """List what in this guild's policy keeps somebody from making videos here."""
    policy, lines = state.policy, []
    if state.paused:
        lines.append(say("help.paused", reason=safe(state.pause_reason, REASON) or "—"))
    if not policy.channels.open_to(member.channel_ids):
        lines.append(say("help.closed"))
    if policy.channels.allowed:
        named = sorted(policy.channels.allowed)[:CHANNELS]
        lines.append(say("help.channels", channels=" ".join(f"<#{each}>" for each in named)))
    if not policy.roles.open_to(member.role_ids):
        lines.append(say("help.roles"))
    return lines


async def _about(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Answer what the bot is, and how its services do."""
    await acknowledge(interaction)
    say, about = words(str(interaction.locale)), bot.services.about
    conditions = await about.conditions()
    services = [say("about.service", name=name, condition=say(f"about.{each}")) for name, each in conditions.items()]
    source = say("about.source", source=f"<{about.facts.source}>") if about.facts.source else say("about.licence")
    lines = [
        say("about", version=about.facts.version, uptime=say.span(about.uptime())),
        *services,
        source,
        say("about.privacy"),
    ]
    await answer(interaction, "\n".join(lines))


async def _open_form(_bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Open the feedback form."""
    say = words(str(interaction.locale))
    form = ui.Form(FORM(), say("feedback.title"))
    form.text("text", say("feedback.text"), long=True, required=True, most=LONGEST, hint=say("feedback.hint"))
    await open_form(interaction, form)


async def _receive_feedback(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    text = str(ui.entered(interaction).get("text", "")).strip()[:LONGEST]
    say = words(str(interaction.locale))
    if not text:
        await answer(interaction, say("feedback.empty"))
        return
    delivered = await bot.services.feedback.give(
        text, key=str(interaction.id), user_id=interaction.user.id, guild_id=interaction.guild_id
    )
    await answer(interaction, say("feedback.told" if delivered else "feedback.kept"))
