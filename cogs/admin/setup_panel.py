"""What `/admin setup` shows: the steps with their values, and the control of each."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import discord

from bot.domain import USD_MICROS, Allowance, Period, Policy
from bot.domain.policy_diff import differences, fields
from bot.locale import Words
from cogs import ui
from cogs.ui import cut
from cogs.ui.limits import OPTIONS, PLACEHOLDER
from cogs.ui.policy_texts import field_line

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
