"""The five steps of `/admin setup`: what each decides, what that means a day in credits and USD, and its controls."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import discord

from bot.domain import USD_MICROS, Allowance, Capability, Period, Policy, VideoRequest
from bot.domain.policy_diff import differences
from bot.domain.price import most_usd
from bot.locale import Words
from bot.values import dataclass
from cogs import ui
from cogs.ui import cut
from cogs.ui.limits import OPTIONS, PLACEHOLDER
from cogs.ui.policy_texts import allowance_text, usual_text, value_text

# What each step decides, by the paths of a policy's fields.
STEPS: Final = {
    "channels": ("channels.allowed",),
    "credits": ("allowance",),
    "budget": ("budget_usd_micros",),
    "moderators": ("moderation.channel_id",),
    "clock": ("timezone", "audit_channel_id"),
}
DONE: Final = "done"  # the page after the last step
FORMS: Final = ("zone", "credits", "budget")
SELECTS: Final = ("channels", "moderators", "audit")
STEP_OF: Final = {"zone": "clock", "audit": "clock"}  # of a form or select that is called otherwise

SETUP_FORM: Final = ui.CustomId("setup:{step}", step=ui.one_of(*FORMS))  # of a form, and of the button that opens it
SETUP_CHANNELS: Final = ui.CustomId("setup:{step}", step=ui.one_of(*SELECTS))
SETUP_CHECK: Final = ui.CustomId("setup:check")
SETUP_PAGE: Final = ui.CustomId("setup:page:{step}", step=ui.one_of(*STEPS, DONE))

_FORM_OF: Final = {"credits": ("credits", "🎟️"), "budget": ("budget", "💵"), "clock": ("zone", "🕓")}

SAMPLE: Final = 5  # seconds of the video that an allowance is compared with
DAYS: Final = 30  # of a month, roughly

_CHANNEL_TYPES: Final = (
    *(discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.voice),
    *(discord.ChannelType.forum, discord.ChannelType.category),
)
_TEXT_CHANNEL_TYPES: Final = (discord.ChannelType.text, discord.ChannelType.news)


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """What a panel has to know besides the policy.

    `channels` are the guild's, `found` is what a check has found, if there was one, `usual` is what everybody has where
    the server has decided nothing, `spent` is what this month has cost, in millionths of a USD.
    """

    channels: frozenset[int]
    models: Sequence[Capability]
    usual: Allowance
    spent: int = 0
    found: Sequence[str] = ()


def first_open_step(policy: Policy) -> str:
    """Find the first step in which nothing is decided."""
    return next((step for step in STEPS if not is_decided(step, policy)), DONE)


def is_decided(step: str, policy: Policy) -> bool:
    """Say whether a step has decided something: whether a field of it differs from a new policy's."""
    return any(each.path in STEPS[step] for each in differences(Policy(), policy))


def setup_view(step: str, policy: Policy, server: Server, say: Words) -> discord.ui.LayoutView:
    """Show a step: what is decided, what that means, and how to change it; or how all of them stand."""
    container = discord.ui.Container[Any](
        discord.ui.TextDisplay(f"### 🛠️ {_title(step, say)}"),
        discord.ui.TextDisplay(
            "\n".join(_summary(policy, server, say) if step == DONE else [_text(step, policy, server, say)])
        ),
    )
    if server.found:
        container.add_item(discord.ui.TextDisplay("\n".join(server.found)))
    for item in _controls(step, policy, server, say):
        container.add_item(item if isinstance(item, discord.ui.TextDisplay) else discord.ui.ActionRow(item))
    container.add_item(discord.ui.TextDisplay(f"-# {_most_a_day(policy, server, say)}"))
    container.add_item(discord.ui.ActionRow(*_ways(step, policy, say)))
    return ui.stateless_layout(container)


def _title(step: str, say: Words) -> str:
    if step == DONE:
        return say("setup.done.title")
    return say("setup.title", number=[*STEPS].index(step) + 1, of=len(STEPS), step=say(f"setup.step.{step}"))


def _text(step: str, policy: Policy, server: Server, say: Words) -> str:
    match step:
        case "channels":
            allowed = value_text("channels.allowed", sorted(policy.channels.allowed), say)
            return say("setup.text.channels", channels=allowed)
        case "credits":
            allowance = policy.allowance or server.usual
            if allowance.credits == 0:
                return say("setup.text.credits.none")
            text = usual_text(server.usual, say) if policy.allowance is None else allowance_text(allowance, say)
            return say("setup.text.credits", allowance=text, videos=_videos(allowance.credits, server.models, say))
        case "budget":
            return _budget(policy, server, say)
        case "moderators":
            return _channel_text("setup.text.moderators", policy.moderation.channel_id, say)
        case _:
            zone = say("setup.text.zone", zone=value_text("timezone", policy.timezone, say))
            return f"{zone} {_channel_text('setup.text.audit', policy.audit_channel_id, say)}"


def _channel_text(key: str, channel_id: int | None, say: Words) -> str:
    """Say what a channel is for, or what holds without one."""
    return say(f"{key}.none") if channel_id is None else say(key, channel=f"<#{channel_id}>")


def _budget(policy: Policy, server: Server, say: Words) -> str:
    micros = policy.budget_usd_micros
    if micros is None:
        return say("setup.text.budget.none")
    lines = [say("setup.text.budget", usd=ui.money(micros, say), daily=ui.money(micros // DAYS, say))]
    if micros < server.spent:
        lines.append(f"⚠️ {say('admin.budget.below', spent=ui.money(server.spent, say))}")
    return "\n".join(lines)


def _videos(credits_: int, models: Sequence[Capability], say: Words) -> str:
    """Say how many videos so many credits make: of the first model, in its standard quality."""
    model = next(iter(models), None)
    if model is None:
        return "—"
    seconds = model.nearest_length(SAMPLE)
    request = VideoRequest(model=model.model, prompt="-", duration=seconds, mode=model.modes[0])
    each = model.price(request).credits
    return say("setup.videos", n=credits_ // each, seconds=say("seconds", n=seconds)) if each else say("policy.any")


def _summary(policy: Policy, server: Server, say: Words) -> Iterator[str]:
    """List how every step stands."""
    for step, paths in STEPS.items():
        mark = "✅" if is_decided(step, policy) else "⬜"
        yield f"{mark} **{say(f'setup.step.{step}')}**: {say('comma').join(_values(paths, policy, server, say))}"


def _values(paths: Iterable[str], policy: Policy, server: Server, say: Words) -> Iterator[str]:
    values = {
        "channels.allowed": sorted(policy.channels.allowed),
        "budget_usd_micros": policy.budget_usd_micros,
        "moderation.channel_id": policy.moderation.channel_id,
        "timezone": policy.timezone,
        "audit_channel_id": policy.audit_channel_id,
    }
    for path in paths:
        if path == "allowance":
            yield usual_text(server.usual, say) if policy.allowance is None else allowance_text(policy.allowance, say)
        else:
            yield value_text(path, values[path], say)


def _most_a_day(policy: Policy, server: Server, say: Words) -> str:
    """Say what a member, and all of them, may use up in a day: also what is meant for longer may go in one."""
    offered = [each for each in server.models if not policy.limits.models or each.model in policy.limits.models]
    rates = [rate for each in offered for rate in each.tariff.rates]
    allowance = policy.allowance or server.usual
    text = say("setup.most", credits=say("credits", n=allowance.credits), usd=_most_usd(allowance.credits, rates, say))
    together = []
    if policy.guild_allowance is not None:
        amount = policy.guild_allowance.credits
        together.append(f"{say('credits', n=amount)} ({_most_usd(amount, rates, say)})")
    if policy.budget_usd_micros is not None:
        together.append(ui.money(policy.budget_usd_micros, say))
    return text + (say("setup.most.together", most=say("comma").join(together)) if together else "")


def _most_usd(amount: int, rates: Sequence[Any], say: Words) -> str:
    usd = most_usd(amount, rates)
    return say("setup.most.any") if usd is None else say.usd(usd)


def _controls(step: str, policy: Policy, server: Server, say: Words) -> Iterator[discord.ui.Item[Any]]:
    """The form and the selects of a step. A select shows no more than it can keep: choosing replaces all it shows."""
    existing = server.channels
    if form := _FORM_OF.get(step):
        name, emoji = form
        yield discord.ui.Button(custom_id=SETUP_FORM(step=name), label=say(f"setup.{name}"), emoji=emoji)
    if step == "channels":
        allowed = policy.channels.allowed & existing
        if len(allowed) > OPTIONS:
            yield discord.ui.TextDisplay(f"-# {say('setup.many')}")
        else:
            yield _select("channels", say("setup.channels.hint"), _CHANNEL_TYPES, allowed, most=OPTIONS)
    elif step == "moderators":
        chosen = existing.intersection([policy.moderation.channel_id or 0])
        yield _select("moderators", say("setup.moderators.hint"), _TEXT_CHANNEL_TYPES, chosen, most=1)
    elif step == "clock":
        chosen = existing.intersection([policy.audit_channel_id or 0])
        yield _select("audit", say("setup.audit.hint"), _TEXT_CHANNEL_TYPES, chosen, most=1)


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


def _ways(step: str, policy: Policy, say: Words) -> Iterator[discord.ui.Button[Any]]:
    """The ways back and on: on stands out once the step is decided."""
    pages = [*STEPS, DONE]
    here = pages.index(step)
    if here:
        yield discord.ui.Button(custom_id=SETUP_PAGE(step=pages[here - 1]), label=say("setup.back"))
    if step == DONE:
        yield discord.ui.Button(custom_id=SETUP_CHECK(), label=say("setup.check"), emoji="🩺")
        return
    style, label = discord.ButtonStyle.secondary, say("setup.skip")
    if is_decided(step, policy):
        style, label = discord.ButtonStyle.primary, say("setup.next")
    yield discord.ui.Button(custom_id=SETUP_PAGE(step=pages[here + 1]), label=label, style=style)


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
