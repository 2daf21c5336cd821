"""`/admin setup`: a first run that can be left and come back to; whatever is chosen holds at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from bot.client import IN_CHANNEL, Shotcaller
from bot.domain import USD_MICROS, Allowance, ChannelGate, Period, Policy, to_micros
from bot.domain.policy_diff import differences, fields
from bot.errors import ChannelUnfit, DiscordBusy, PolicyInvalid
from bot.locale import Words, words
from cogs import ui
from cogs.admin.common import check_admin_access, read_policy, split_pages
from cogs.admin.doctor import NEEDED_TO_WRITE, channel_ids, check_channel, doctor_lines
from cogs.ui import cut
from cogs.ui.limits import OPTIONS, PLACEHOLDER
from cogs.ui.policy_texts import field_line

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


FORMS: Final = ("zone", "credits", "budget")
SETUP_FORM: Final = ui.CustomId("setup:{step}", step=ui.one_of(*FORMS))  # of a form, and of the button that opens it
SETUP_CHANNELS: Final = ui.CustomId("setup:{step}", step=ui.one_of("channels", "moderators", "audit"))
SETUP_CHECK: Final = ui.CustomId("setup:check")
# The steps by the fields that they decide; a field that is as usual leaves its step open.
STEPS: Final = (
    *("timezone", "channels.allowed", "moderation.channel_id"),
    *("allowance", "budget_usd_micros", "audit_channel_id"),
)

_CHANNEL_TYPES: Final = (
    *(discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.voice),
    *(discord.ChannelType.forum, discord.ChannelType.category),
)
_TEXT_CHANNEL_TYPES: Final = (discord.ChannelType.text, discord.ChannelType.news)


def setup_view(
    policy: Policy, *, channels: frozenset[int], found: str, usual: Allowance, say: Words
) -> discord.ui.LayoutView:
    """Show the panel: `channels` are the guild's, `found` is what a check has found, if there was one.

    `usual` is what everybody has where the server has decided nothing.
    """
    decided, values = _decided(policy), fields(policy)
    lines = [
        f"{'✅' if path in decided else '⬜'} {field_line(path, '', values[path, ''], say, usual=usual)}"
        for path in STEPS
    ]
    open_steps = count_open_steps(policy)
    state = say("setup.open", n=open_steps) if open_steps else say("setup.done")
    container = discord.ui.Container[Any](
        discord.ui.TextDisplay(f"### 🛠️ {say('setup.title')}\n{say('setup.what')}"),
        discord.ui.TextDisplay("\n".join([*lines, f"-# {state}"])),
    )
    for item in _selects(policy, channels, say):
        container.add_item(item if isinstance(item, discord.ui.TextDisplay) else discord.ui.ActionRow(item))
    container.add_item(discord.ui.ActionRow(*_buttons(say)))
    if found:
        container.add_item(discord.ui.TextDisplay(found))
    return ui.stateless_layout(container)


def count_open_steps(policy: Policy) -> int:
    """Count the steps in which nothing is decided."""
    return len(STEPS) - len(_decided(policy).intersection(STEPS))


def _decided(policy: Policy) -> frozenset[str]:
    """The paths of the fields that differ from a new policy's."""
    return frozenset(each.path for each in differences(Policy(), policy))


def _selects(policy: Policy, existing: frozenset[int], say: Words) -> Iterator[discord.ui.Item[Any]]:
    """The selects of channels. One shows no more than it can keep: choosing replaces all it shows."""
    allowed = policy.channels.allowed & existing
    if len(allowed) > OPTIONS:
        yield discord.ui.TextDisplay(f"-# {say('setup.many')}")
    else:
        yield _select("channels", say("setup.channels.hint"), _CHANNEL_TYPES, allowed, most=OPTIONS)
    moderators, audit = policy.moderation.channel_id, policy.audit_channel_id
    yield _select(
        "moderators",
        say("setup.moderators.hint"),
        _TEXT_CHANNEL_TYPES,
        existing.intersection([moderators or 0]),
        most=1,
    )
    yield _select("audit", say("setup.audit.hint"), _TEXT_CHANNEL_TYPES, existing.intersection([audit or 0]), most=1)


def _select(
    name: str, hint: str, types: tuple[discord.ChannelType, ...], chosen: frozenset[int], *, most: int
) -> discord.ui.ChannelSelect[Any]:
    return discord.ui.ChannelSelect(
        custom_id=SETUP_CHANNELS(step=name),
        channel_types=list(types),
        placeholder=cut(hint, PLACEHOLDER),
        min_values=0,
        max_values=most,
        default_values=[
            discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.channel) for each in sorted(chosen)
        ],
    )


def _buttons(say: Words) -> Iterator[discord.ui.Button[Any]]:
    for step, emoji in zip(FORMS, ("🕓", "🎟️", "💵"), strict=True):
        yield discord.ui.Button(custom_id=SETUP_FORM(step=step), label=say(f"setup.{step}"), emoji=emoji)
    yield discord.ui.Button(
        custom_id=SETUP_CHECK(), label=say("setup.check"), emoji="🩺", style=discord.ButtonStyle.primary
    )


def setup_form(name: str, policy: Policy, say: Words, *, usual: Allowance) -> ui.Form:
    """The form of a step, with its present values."""
    form = ui.Form(SETUP_FORM(step=name), say(f"setup.form.{name}"))
    if name == "zone":
        form.text("zone", say("setup.form.zone.name"), value=policy.timezone, required=True, most=64)
    elif name == "credits":
        allowance = policy.allowance
        form.text(
            "amount",
            say("setup.form.credits.amount", n=usual.credits),
            value=str(allowance.credits) if allowance else "",
            most=7,
        )
        chosen = allowance.period if allowance else Period.DAY
        periods = [ui.select_option(each, say(f"choice.period.{each}"), default=each is chosen) for each in Period]
        form.select("period", say("setup.form.credits.period"), periods)
    else:
        micros = policy.budget_usd_micros
        usd = "" if micros is None else f"{Decimal(micros) / USD_MICROS:f}"
        form.text("usd", say("setup.form.budget.usd"), value=usd, most=12)
    return form
