"""The buttons of cases in the moderators' channel: approve, deny, dismiss, delete, cover, uncover, block."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import discord

from bot.client import Shotcaller
from bot.domain import AuditEntry, Case, CaseKind
from bot.domain.quota import MAX_REQUESTED_CREDITS
from bot.errors import CaseUnknown
from bot.locale import words
from cogs import ui
from cogs.credits.credit_request import DIGITS, parse_credits
from cogs.moderation.case_views import CASE_ID, DECIDE, GIVE, REASON

DENIAL: Final = ui.CustomId("denial:{case_id}", case_id=CASE_ID)  # of the forms
BLOCK: Final = ui.CustomId("blockade:{case_id}", case_id=CASE_ID)
GRANT: Final = ui.CustomId("grant:{case_id}", case_id=CASE_ID)
NOTE: Final = 200  # characters of the reason that an author reads
LONGEST: Final = 24 * 365  # hours of a block
DAY: Final = 24

_MORE: Final = f"{CaseKind.MORE}-"  # how the ids of such cases begin


def setup(bot: Shotcaller) -> None:
    """Find the buttons and the forms again after any restart."""
    ui.on_press(bot, DECIDE, _press, access=ui.check_moderator)
    ui.on_press(bot, GIVE, _give, first=ui.acknowledge, access=ui.check_moderator)
    for form, handler in ((DENIAL, _deny_with_reason), (BLOCK, _block), (GRANT, _grant)):
        ui.on_form(bot, form, handler, access=ui.check_moderator)


async def _press(bot: Shotcaller, interaction: discord.Interaction[Any], verb: str, case_id: str) -> None:
    """Decide a case, or open the form that a decision needs."""
    credit_request = case_id.startswith(_MORE)
    if credit_request and verb == "approve":
        await _open_grant_form(bot, interaction, case_id)
    elif verb == "block" or (verb == "deny" and not credit_request):
        await ui.open_form(interaction, _form(verb, case_id, interaction))
    else:
        await ui.acknowledge(interaction)
        await _ACTIONS[verb](bot, interaction, await _read_case(bot, interaction, case_id))


def _form(verb: str, case_id: str, interaction: discord.Interaction[Any]) -> ui.Form:
    say = words(str(interaction.locale))
    if verb == "deny":
        form = ui.Form(DENIAL(case_id=case_id), say("case.denial.title"))
        form.text("reason", say("case.denial.reason"), most=NOTE, hint=say("case.denial.hint"))
        return form
    form = ui.Form(BLOCK(case_id=case_id), say("case.block.title"))
    form.text("hours", say("case.block.hours"), value=str(DAY), required=True, most=4)
    form.text("reason", say("case.block.reason"), most=NOTE, hint=say("case.denial.hint"))
    return form


async def _read_case(bot: Shotcaller, interaction: discord.Interaction[Any], case_id: str) -> Case:
    """Read a case for somebody who may decide it where they are.

    Raises:
        NotPermitted: they may not.
        CaseUnknown: there is no such case there.
    """
    place = {"guild_id": interaction.guild_id, "channel_id": interaction.channel_id}
    case = await bot.services.cases.read(case_id, **place)
    if case.kind is CaseKind.MORE:
        await ui.check_admin(interaction)
    return case


async def _approve(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.REQUEST, CaseKind.RESULT)
    await bot.services.cases.approve(case, _audit_entry(interaction, case, "approved"))
    await _answer_done(interaction, "approved")


async def _deny(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.MORE)
    await _decide_credit_request(bot, interaction, case, given=0)


async def _give(bot: Shotcaller, interaction: discord.Interaction[Any], amount: int, case_id: str) -> None:
    """Give the amount on the button.

    Raises:
        CaseUnknown: nobody can have been shown such a button.
    """
    case = await _read_case(bot, interaction, case_id)
    _check_kind(case, CaseKind.MORE)
    if not 0 < amount <= MAX_REQUESTED_CREDITS:
        raise CaseUnknown
    await _decide_credit_request(bot, interaction, case, given=amount)


async def _dismiss(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.REPORT)
    await bot.services.cases.dismiss(case, _audit_entry(interaction, case, "dismissed"))
    await _answer_done(interaction, "dismissed")


async def _delete(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.REPORT)
    removed = await bot.services.cases.remove(case, _audit_entry(interaction, case, "removed"))
    await _answer_done(interaction, f"removed.{removed}")


async def _cover(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.REPORT)
    covered = await bot.services.cases.cover(case, _audit_entry(interaction, case, "covered"))
    if covered.messages or covered.more:
        say, how = words(str(interaction.locale)), "covered.soon" if covered.more else "covered"
        await ui.answer(interaction, say(f"case.done.{how}", n=covered.messages))
    else:
        await _answer_done(interaction, "removed.before")


async def _uncover(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.REPORT)
    left = await bot.services.cases.uncover(case, _audit_entry(interaction, case, "uncovered"))
    if left is None:
        await _answer_done(interaction, "uncovered.never")
    else:
        await _answer_done(interaction, "uncovered.soon" if left.more else "uncovered")


async def _deny_with_reason(bot: Shotcaller, interaction: discord.Interaction[Any], case_id: str) -> None:
    case = await _read_case(bot, interaction, case_id)
    _check_kind(case, CaseKind.REQUEST, CaseKind.RESULT)
    reason = " ".join(str(ui.entered(interaction).get("reason") or "").split())[:NOTE]
    await bot.services.cases.deny(case, _audit_entry(interaction, case, "denied", reason=reason), reason=reason)
    await _answer_done(interaction, "denied")


async def _block(bot: Shotcaller, interaction: discord.Interaction[Any], case_id: str) -> None:
    case, say = await _read_case(bot, interaction, case_id), words(str(interaction.locale))
    _check_kind(case, CaseKind.REPORT)
    entries = ui.entered(interaction)
    hours, reason = ui.parse_number(str(entries.get("hours")), most=LONGEST), str(entries.get("reason") or "")
    if not hours:
        await ui.answer(interaction, say("case.block.unclear", most=LONGEST))
        return
    until, reason = interaction.client.services.now() + timedelta(hours=hours), reason.strip()[:REASON]
    entry = ui.audit_entry(interaction, "blocked", member=case.user_id, until=until.isoformat(), reason=reason)
    await bot.services.cases.block(case, entry, until=until, reason=reason)
    when = discord.utils.format_dt(until, "f")
    await ui.answer(interaction, say("case.blocked", who=f"<@{case.user_id}>", until=when))


async def _open_grant_form(bot: Shotcaller, interaction: discord.Interaction[Any], case_id: str) -> None:
    """Open the form in which an admin types how many credits they give: those asked for, unless they change it."""
    async with ui.in_time(interaction):
        case = await _read_case(bot, interaction, case_id)
    _check_kind(case, CaseKind.MORE)
    say = words(str(interaction.locale))
    form = ui.Form(GRANT(case_id=case_id), say("case.grant.title"))
    asked = str(case.body.get("credits", ""))
    form.text("credits", say("case.grant.credits"), value=asked, required=True, most=max(DIGITS, len(asked)))
    await ui.open_form(interaction, form)


async def _grant(bot: Shotcaller, interaction: discord.Interaction[Any], case_id: str) -> None:
    case, say = await _read_case(bot, interaction, case_id), words(str(interaction.locale))
    _check_kind(case, CaseKind.MORE)
    given = parse_credits(str(ui.entered(interaction).get("credits") or ""))
    if given is None:
        await ui.answer(interaction, say("case.grant.unclear", most=say.number(MAX_REQUESTED_CREDITS)))
    else:
        await _decide_credit_request(bot, interaction, case, given=given)


async def _decide_credit_request(
    bot: Shotcaller, interaction: discord.Interaction[Any], case: Case, *, given: int
) -> None:
    key, by = str(interaction.id), interaction.user.id
    await bot.services.credits.decide_more(case.id, guild_id=case.guild_id, given=given, by=by, key=key)
    await _answer_done(interaction, "approved" if given else "declined")


def _check_kind(case: Case, *kinds: CaseKind) -> None:
    """Check that a case is of one of these kinds: a `custom_id` may say anything."""
    if case.kind not in kinds:
        raise CaseUnknown


def _audit_entry(interaction: discord.Interaction[Any], case: Case, verb: str, **detail: Any) -> AuditEntry:
    """Make the audit entry of a decision, with a link to the case: there is what it was about."""
    if interaction.message is not None:
        detail["message"] = (interaction.guild_id, interaction.channel_id, interaction.message.id)
    return ui.audit_entry(interaction, f"{case.kind}_{verb}", member=case.user_id, case=case.id, **detail)


async def _answer_done(interaction: discord.Interaction[Any], how: str) -> None:
    await ui.answer(interaction, words(str(interaction.locale))(f"case.done.{how}"))


_ACTIONS: Final[dict[str, Callable[[Shotcaller, discord.Interaction[Any], Case], Awaitable[None]]]] = {
    "approve": _approve,
    "deny": _deny,
    "dismiss": _dismiss,
    "delete": _delete,
    "cover": _cover,
    "uncover": _uncover,
}
