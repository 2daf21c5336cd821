"""`/admin setup`: a first run that can be left and come back to; whatever is chosen holds at once."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from bot.client import IN_CHANNEL, Shotcaller
from bot.domain import ChannelGate, Period, Policy, to_micros
from bot.errors import ChannelUnfit, DiscordBusy, PolicyInvalid
from bot.locale import Words, words
from cogs import ui
from cogs.admin.common import check_admin_access, read_policy, split_pages
from cogs.admin.doctor_checks import NEEDED_TO_WRITE, channel_ids, check_channel, doctor_lines
from cogs.admin.setup_panel import SETUP_CHANNELS, SETUP_CHECK, SETUP_FORM, count_open_steps, setup_form, setup_view

Change: TypeAlias = Callable[[Policy], Policy]

MOST_USD: Final = 1_000_000

_THOUSANDS: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")


def setup(bot: Shotcaller) -> None:
    """Add the command, and find its controls again after any restart."""
    bot.admin.add_command(_command(bot, words()))
    ui.on_press(bot, SETUP_FORM, _open_form, access=check_admin_access)
    ui.on_press(bot, SETUP_CHANNELS, _choose, first=ui.acknowledge_in_place, access=check_admin_access)
    ui.on_press(bot, SETUP_CHECK, _check, first=ui.acknowledge_in_place, access=check_admin_access)
    ui.on_form(bot, SETUP_FORM, _receive_form, first=ui.acknowledge_in_place, access=check_admin_access)


def _command(bot: Shotcaller, say: Words) -> ui.Command:
    @app_commands.command(name="setup", description=say("command.admin.setup"))
    async def first_run(interaction: discord.Interaction[Any]) -> None:
        await ui.acknowledge(interaction)
        await _show(bot, interaction, await read_policy(bot, interaction))

    return first_run


async def _open_form(bot: Shotcaller, interaction: discord.Interaction[Any], step: str) -> None:
    say = words(str(interaction.locale))
    async with ui.in_time(interaction):
        policy = await read_policy(bot, interaction)
    await ui.open_form(interaction, setup_form(step, policy, say, usual=bot.services.guilds.usual))


async def _choose(bot: Shotcaller, interaction: discord.Interaction[Any], step: str) -> None:
    await _apply_change(bot, interaction, _channel_change(step, chosen_channels(interaction)))


def chosen_channels(interaction: discord.Interaction[Any]) -> list[discord.abc.GuildChannel]:
    """Find the channels that were chosen.

    Raises:
        DiscordBusy: Discord says nothing of this guild just now.
        ChannelUnfit: the bot knows of no such channel; to leave it out would take away what was decided before.
    """
    if interaction.guild is None or interaction.guild.unavailable:
        raise DiscordBusy
    chosen: list[discord.abc.GuildChannel] = []
    for each in ui.chosen_values(interaction):
        channel_id = ui.parse_id(each)
        channel = interaction.guild.get_channel(channel_id)
        if channel is None:
            raise ChannelUnfit(channel_id=channel_id, missing=["view_channel"])
        chosen.append(channel)
    return chosen


def _channel_change(step: str, chosen: list[discord.abc.GuildChannel]) -> Change:
    """The policy change that choosing these channels makes.

    Raises:
        ChannelUnfit: the bot may not do there what it should.
    """
    ids = frozenset(each.id for each in chosen)
    if step == "channels":
        return lambda policy: policy.changed(channels=ChannelGate(allowed=ids, denied=policy.channels.denied - ids))
    for each in chosen:
        check_channel(each, NEEDED_TO_WRITE if step == "audit" else IN_CHANNEL)
    one = next(iter(ids), None)
    if step == "audit":
        return lambda policy: policy.changed(audit_channel_id=one)
    return lambda policy: policy.changed(
        moderation=policy.moderation.model_validate({**dict(policy.moderation), "channel_id": one})
    )


async def _receive_form(bot: Shotcaller, interaction: discord.Interaction[Any], step: str) -> None:
    texts = {
        name: each if isinstance(each, str) else next(iter(each), "") for name, each in ui.entered(interaction).items()
    }
    await _apply_change(bot, interaction, _form_change(step, texts))


def _form_change(step: str, values: Mapping[str, str]) -> Change:
    """The policy change that a form makes; an empty field means the default.

    Raises:
        PolicyInvalid: a number is none, or cannot be.
    """
    if step == "zone":
        return lambda policy: policy.changed(timezone=values.get("zone", "").strip())
    if step == "credits":
        amount, period = _number(values.get("amount", ""), "credits"), values.get("period") or Period.DAY
        given = None if amount is None else {"credits": int(amount), "period": period}
        if amount is not None and amount != int(amount):
            raise PolicyInvalid([("credits", "number", "")])
        return lambda policy: policy.changed(allowance=given)
    usd = _number(values.get("usd", ""), "monthly")
    if usd is not None and usd < 0:
        raise PolicyInvalid([("monthly", "too_small", "0")])
    if usd is not None and usd > MOST_USD:
        raise PolicyInvalid([("monthly", "too_large", str(MOST_USD))])
    return lambda policy: policy.changed(budget_usd_micros=None if usd is None else to_micros(usd))


def _number(text: str, field: str) -> Decimal | None:
    """Parse a number as people write it: a comma parts thousands where it can, and else the cents."""
    text = text.strip().lstrip("$").strip()
    if not text:
        return None
    text = text.replace(",", "" if _THOUSANDS.fullmatch(text) else ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise PolicyInvalid([(field, "number", "")]) from None
    if not number.is_finite():
        raise PolicyInvalid([(field, "number", "")])
    return number


async def _apply_change(bot: Shotcaller, interaction: discord.Interaction[Any], apply: Change) -> None:
    """Apply a step's change and show the panel; after the last step with what the doctor says."""
    changed = await bot.services.guilds.change(ui.audit_entry(interaction, "changed"), apply)
    if count_open_steps(changed.policy):
        await _show(bot, interaction, changed.policy)
    else:
        await _check(bot, interaction)


async def _check(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Show the panel with what the doctor says."""
    say, found = words(str(interaction.locale)), ""
    if interaction.guild is not None and not interaction.guild.unavailable:
        found = split_pages("\n".join(await doctor_lines(bot, interaction.guild, say)))[0]
    await _show(bot, interaction, await read_policy(bot, interaction), found=found or say("doctor.unavailable"))


async def _show(bot: Shotcaller, interaction: discord.Interaction[Any], policy: Policy, *, found: str = "") -> None:
    channels = channel_ids(interaction.guild) if interaction.guild else set[int]()
    view = setup_view(
        policy,
        channels=frozenset(channels),
        found=found,
        usual=bot.services.guilds.usual,
        say=words(str(interaction.locale)),
    )
    await ui.answer(interaction, view=view)
