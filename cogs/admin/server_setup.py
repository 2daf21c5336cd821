"""`/admin setup`: a first run that can be left and come back to; whatever is chosen holds at once."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from bot.client import IN_CHANNEL, Shotcaller
from bot.domain import ChannelGate, Period, Policy, to_micros
from bot.domain.quota import MAX_CREDITS
from bot.errors import ChannelUnfit, DiscordBusy, PolicyInvalid
from bot.locale import Words, words
from cogs import ui
from cogs.admin.common import check_admin_access, read_policy, split_pages
from cogs.admin.doctor import NEEDED_TO_WRITE, channel_ids, check_channel, lines_of, look, look_at_channels
from cogs.admin.setup_steps import (
    DONE,
    SETUP_CHANNELS,
    SETUP_CHECK,
    SETUP_FORM,
    SETUP_PAGE,
    STEP_OF,
    Server,
    first_open_step,
    setup_form,
    setup_view,
)
from cogs.ui.member import guild_of
from cogs.ui.welcome import SETUP_OPEN

Change: TypeAlias = Callable[[Policy], Policy]

MOST_USD: Final = 1_000_000

_THOUSANDS: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")


def setup(bot: Shotcaller) -> None:
    """Add the command, and find its controls again after any restart."""
    bot.admin.add_command(_command(bot, words()))
    ui.on_press(bot, SETUP_OPEN, _open, first=ui.acknowledge, access=check_admin_access)
    ui.on_press(bot, SETUP_FORM, _open_form, access=check_admin_access)
    ui.on_press(bot, SETUP_CHANNELS, _choose, first=ui.acknowledge_in_place, access=check_admin_access)
    ui.on_press(bot, SETUP_PAGE, _turn, first=ui.acknowledge_in_place, access=check_admin_access)
    ui.on_press(bot, SETUP_CHECK, _check, first=ui.acknowledge_in_place, access=check_admin_access)
    ui.on_form(bot, SETUP_FORM, _receive_form, first=ui.acknowledge_in_place, access=check_admin_access)


def _command(bot: Shotcaller, say: Words) -> ui.Command:
    @app_commands.command(name="setup", description=say("command.admin.setup"))
    async def first_run(interaction: discord.Interaction[Any]) -> None:
        await ui.acknowledge(interaction)
        await _open(bot, interaction)

    return first_run


async def _open(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Show the first step in which nothing is decided."""
    policy = await read_policy(bot, interaction)
    await _show(bot, interaction, first_open_step(policy), policy)


async def _turn(bot: Shotcaller, interaction: discord.Interaction[Any], step: str) -> None:
    await _show(bot, interaction, step, await read_policy(bot, interaction))


async def _check(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    await _turn(bot, interaction, DONE)


async def _open_form(bot: Shotcaller, interaction: discord.Interaction[Any], step: str) -> None:
    say = words(str(interaction.locale))
    async with ui.in_time(interaction):
        policy = await read_policy(bot, interaction)
    await ui.open_form(interaction, setup_form(step, policy, say, usual=bot.services.guilds.usual))


async def _choose(bot: Shotcaller, interaction: discord.Interaction[Any], step: str) -> None:
    await _apply_change(bot, interaction, step, _channel_change(step, chosen_channels(interaction)))


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
    try:
        await _apply_change(bot, interaction, step, form_change(step, texts))
    except PolicyInvalid as exc:  # which names an option of a command: here is a form, with a title
        title = words(str(interaction.locale))(f"setup.form.{step}")
        raise PolicyInvalid([(title, code, limit) for _, code, limit in exc.problems]) from exc


def form_change(step: str, values: Mapping[str, str]) -> Change:
    """The policy change that a form makes; an empty field means the default.

    Raises:
        PolicyInvalid: a number is none, or cannot be.
    """
    if step == "zone":
        return lambda policy: policy.changed(timezone=values.get("zone", "").strip())
    if step == "credits":
        amount, period = _number(values.get("amount", ""), "credits", most=MAX_CREDITS), values.get("period")
        given = None if amount is None else {"credits": int(amount), "period": period or Period.DAY}
        if amount is not None and amount != int(amount):
            raise PolicyInvalid([("credits", "number", "")])
        return lambda policy: policy.changed(allowance=given)
    usd = _number(values.get("usd", ""), "monthly", most=MOST_USD)
    return lambda policy: policy.changed(budget_usd_micros=None if usd is None else to_micros(usd))


def _number(text: str, field: str, *, most: int) -> Decimal | None:
    """Parse a number up to `most` as people write it: a comma parts thousands where it can, and else the cents."""
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
    if number < 0:
        raise PolicyInvalid([(field, "too_small", "0")])
    if number > most:  # "1e99999", made an integer, would keep everybody waiting
        raise PolicyInvalid([(field, "too_large", str(most))])
    return number


async def _apply_change(bot: Shotcaller, interaction: discord.Interaction[Any], step: str, apply: Change) -> None:
    """Apply a step's change, and show the step as it stands now."""
    changed = await bot.services.guilds.change(ui.audit_entry(interaction, "changed"), apply)
    await _show(bot, interaction, STEP_OF.get(step, step), changed.policy)


async def _show(bot: Shotcaller, interaction: discord.Interaction[Any], step: str, policy: Policy) -> None:
    say, guild = words(str(interaction.locale)), interaction.guild
    account = await bot.services.guilds.spent(guild_of(interaction), policy)
    server = Server(
        channels=frozenset(channel_ids(guild)) if guild else frozenset(),
        models=list(bot.services.videos.models.values()),
        usual=bot.services.guilds.usual,
        spent=account.held + account.settled,
        found=await _found(bot, guild, step, policy, say),
    )
    await ui.answer(interaction, view=setup_view(step, policy, server, say))


async def _found(bot: Shotcaller, guild: discord.Guild | None, step: str, policy: Policy, say: Words) -> Sequence[str]:
    """Say what the doctor finds: of the channels in their step, and of everything at the end."""
    if step not in {"channels", DONE}:
        return ()
    if guild is None or guild.unavailable:
        return [say("doctor.unavailable")]
    found = look_at_channels(guild, policy, say) if step == "channels" else await look(bot, guild, say)
    return split_pages("\n".join(lines_of(found)))[:1]
