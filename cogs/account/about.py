"""`/help`, `/about` and `/feedback`: what the bot does here, what it is, and the way to whoever runs it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Capability, GuildState, Member, Mode, VideoRequest
from bot.locale import Words, words
from cogs import ui
from cogs.ui import CONTENT, Command, acknowledge, answer, member_of, open_form, safe, since
from cogs.ui.model_texts import abilities_and_lengths
from cogs.ui.text import command_name, command_text

FORM: Final = ui.CustomId("feedback:")
LONGEST: Final = 1000  # characters of feedback
CHANNELS: Final = 10  # named at the most
REASON: Final = 100  # characters of why the bot is paused
NAME: Final = 40  # of a model
SAMPLE: Final = 5  # seconds of the videos whose prices are shown

# The commands that are named, each with its gap in the words.
SHOWN: Final = {
    **{name: f"video {name}" for name in ("create", "studio", "storyboard", "jobs")},
    **{name: name for name in ("library", "inbox", "settings", "help", "about", "feedback")},
    "preset": "preset use",
    "privacy": "privacy policy",
}


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
    async def command(interaction: discord.Interaction[Any]) -> None:
        await act(interaction)

    return command


async def _help(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Answer what a person can do here."""
    await acknowledge(interaction)
    say, member, videos = words(str(interaction.locale)), member_of(interaction), bot.services.videos
    balances = await videos.balances(member)
    here = [
        say(
            "help.credits",
            left=say("credits", n=balances.balance),
            renews=since(balances.own.renews_at),
            quota=command_mention(bot, interaction, "quota"),
        )
    ]
    if member.guild_id is not None:
        here += _guild_lines(await bot.services.guilds.state(member.guild_id), member, say)
    tappable = {name: command_mention(bot, interaction, command) for name, command in SHOWN.items()}
    example = command_text("video create", {"prompt": say("help.prompt")}, say)
    before, after = say("help", example=example, **tappable), ["\n".join(here), say("help.more", **tappable)]
    if member.manages:
        after.append(say("help.admin"))
    room = CONTENT - sum(len(each) + len("\n\n") for each in (before, *after))
    prices = "\n".join(_fitting(_prices(await videos.offered(member), say), room=room))
    await answer(interaction, "\n\n".join(filter(None, [before, prices, *after])))


def command_mention(bot: Shotcaller, interaction: discord.Interaction[Any], name: str) -> str:
    """Name a command so that a tap begins to type it; plainly where Discord has not said its id.

    Discord shows the name as it stands here, and only the English one can be tapped.
    """
    known = bot.command_of(name.partition(" ")[0], guild_id=interaction.guild_id)
    return f"`{command_name(name, words(str(interaction.locale)))}`" if known is None else f"</{name}:{known.id}>"


def _prices(models: Sequence[Capability], say: Words) -> Iterator[str]:
    """Say what each model makes, and what its videos cost."""
    for model in models:
        kinds = sorted(model.kinds(), key=itemgetter(1))  # the silent ones first
        seconds = model.nearest_length(SAMPLE)
        yield say(
            "help.model",
            model=safe(say.model(model.model), NAME),
            about=abilities_and_lengths(model, say),
            seconds=say("seconds.short", n=seconds),
            prices=say("comma").join(_price(model, *kind, seconds, say) for kind in kinds),
        )


def _fitting(lines: Iterable[str], *, room: int) -> Iterator[str]:
    """Take the first of some lines, as far as there is room for so many characters."""
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return
        yield line


def _price(model: Capability, mode: Mode, sound: bool, seconds: int, say: Words) -> str:  # noqa: FBT001 (a kind's part)
    request = VideoRequest(model=model.model, prompt="-", duration=seconds, mode=mode, sound=sound)
    name = say(f"mode.{mode}") + (f" + {say('settings.sound')}" if sound else "")
    return f"{name} {say.number(model.price(request).credits)}"


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
    commands = {name: command_mention(bot, interaction, command) for name, command in SHOWN.items()}
    lines = [say("about", version=about.facts.version), *services, source]
    lines += [say("about.machine_made", **commands)] if say.machine_made else []
    lines.append(say("about.privacy", **commands))
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
