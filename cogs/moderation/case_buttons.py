"""The buttons of cases in the moderators' channel: approve, deny, dismiss, delete, block."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import discord

from bot.client import FormHandler, Shotcaller
from bot.domain import AuditEntry, Case, CaseKind
from bot.domain.quota import MAX_REQUESTED_CREDITS
from bot.errors import CaseUnknown
from bot.locale import words
from cogs.credits.credit_request import DIGITS, parse_credits
from cogs.moderation.case_views import REASON
from cogs.ui import Form, PersistentItem, acknowledge, answer, audit_entry, in_time, open_form, values_of
from cogs.ui.checks import check_admin, check_moderator

DENIAL: Final = "denial"  # the names of the forms
BLOCK: Final = "blockade"
GRANT: Final = "grant"
NOTE: Final = 200  # characters of the reason that an author reads
LONGEST: Final = 24 * 365  # hours of a block
DAY: Final = 24

_MORE: Final = f"{CaseKind.MORE}-"  # how the ids of such cases begin


def setup(bot: Shotcaller) -> None:
    """Find the buttons and the forms again after any restart."""
    bot.add_dynamic_items(CaseButton)
    bot.forms[DENIAL] = _denial_handler(bot)
    bot.forms[BLOCK] = _block_handler(bot)
    bot.forms[GRANT] = _grant_handler(bot)


class CaseButton(
    PersistentItem[discord.ui.Button[Any]],
    template=r"case:(?P<verb>approve|deny|dismiss|delete|block):(?P<case>[0-9A-Za-z_-]{1,80})",
):
    """Any button of a case. Who presses is asked again: the id says nothing about that."""

    async def handle_press(self, bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
        """Decide the case, or open a form, which has to be the first answer: whoever may not hears of it then."""
        credit_request = self.fields["case"].startswith(_MORE)
        if credit_request and self.fields["verb"] == "approve":
            await _open_grant_form(bot, interaction, self.fields["case"])
            return
        if self.fields["verb"] == "block" or (self.fields["verb"] == "deny" and not credit_request):
            check_moderator(interaction)
            await open_form(interaction, _form(self.fields["verb"], self.fields["case"], interaction))
            return
        await acknowledge(interaction)
        await _ACTIONS[self.fields["verb"]](bot, interaction, await _read_case(bot, interaction, self.fields["case"]))


def _form(verb: str, case_id: str, interaction: discord.Interaction[Any]) -> Form:
    say = words(str(interaction.locale))
    if verb == "deny":
        form = Form(name=DENIAL, state=case_id, title=say("case.denial.title"))
        form.text("reason", say("case.denial.reason"), most=NOTE, hint=say("case.denial.hint"))
        return form
    form = Form(name=BLOCK, state=case_id, title=say("case.block.title"))
    form.text("hours", say("case.block.hours"), value=str(DAY), required=True, most=4)
    form.text("reason", say("case.block.reason"), most=NOTE, hint=say("case.denial.hint"))
    return form


async def _read_case(bot: Shotcaller, interaction: discord.Interaction[Any], case_id: str) -> Case:
    """Read a case for somebody who may decide it where they are.

    Raises:
        NotPermitted: they may not.
        CaseUnknown: there is no such case there.
    """
    check_moderator(interaction)
    place = {"guild_id": interaction.guild_id, "channel_id": interaction.channel_id}
    case = await bot.services.cases.read(case_id, **place)
    if case.kind is CaseKind.MORE:
        check_admin(interaction)
    return case


async def _approve(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.REQUEST, CaseKind.RESULT)
    await bot.services.cases.approve(case, _audit_entry(interaction, case, "approved"))
    await _answer_done(interaction, "approved")


async def _deny(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.MORE)
    await _decide_credit_request(bot, interaction, case, given=0)


async def _dismiss(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.REPORT)
    await bot.services.cases.dismiss(case, _audit_entry(interaction, case, "dismissed"))
    await _answer_done(interaction, "dismissed")


async def _delete(bot: Shotcaller, interaction: discord.Interaction[Any], case: Case) -> None:
    _check_kind(case, CaseKind.REPORT)
    removed = await bot.services.cases.remove(case, _audit_entry(interaction, case, "removed"))
    await _answer_done(interaction, f"removed.{removed}")


def _denial_handler(bot: Shotcaller) -> FormHandler:
    """Handle the form of a denial with its reason."""

    async def denied(interaction: discord.Interaction[Any], case_id: str, data: dict[str, Any]) -> None:
        await acknowledge(interaction)
        case = await _read_case(bot, interaction, case_id)
        _check_kind(case, CaseKind.REQUEST, CaseKind.RESULT)
        reason = " ".join(str(values_of(data).get("reason") or "").split())[:NOTE]
        await bot.services.cases.deny(case, _audit_entry(interaction, case, "denied", reason=reason), reason=reason)
        await _answer_done(interaction, "denied")

    return denied


def _block_handler(bot: Shotcaller) -> FormHandler:
    """Handle the form of a block with its length and reason."""

    async def blocked(interaction: discord.Interaction[Any], case_id: str, data: dict[str, Any]) -> None:
        await acknowledge(interaction)
        case, say = await _read_case(bot, interaction, case_id), words(str(interaction.locale))
        _check_kind(case, CaseKind.REPORT)
        values = values_of(data)
        hours, reason = str(values.get("hours") or ""), str(values.get("reason") or "").strip()[:REASON]
        if not (hours.isascii() and hours.isdecimal() and 1 <= int(hours) <= LONGEST):
            await answer(interaction, say("case.block.unclear", most=LONGEST))
            return
        until = interaction.created_at + timedelta(hours=int(hours))
        entry = audit_entry(interaction, "blocked", member=case.user_id, until=until.isoformat(), reason=reason)
        await bot.services.cases.block(case, entry, until=until, reason=reason)
        when = discord.utils.format_dt(until, "f")
        await answer(interaction, say("case.blocked", who=f"<@{case.user_id}>", until=when))

    return blocked


async def _open_grant_form(bot: Shotcaller, interaction: discord.Interaction[Any], case_id: str) -> None:
    """Open the form in which an admin types how many credits they give: those asked for, unless they change it."""
    async with in_time(interaction):
        case = await _read_case(bot, interaction, case_id)
    _check_kind(case, CaseKind.MORE)
    say = words(str(interaction.locale))
    form = Form(name=GRANT, state=case_id, title=say("case.grant.title"))
    asked = str(case.body.get("credits", ""))
    form.text("credits", say("case.grant.credits"), value=asked, required=True, most=max(DIGITS, len(asked)))
    await open_form(interaction, form)


def _grant_handler(bot: Shotcaller) -> FormHandler:
    """Handle the form when it comes back."""

    async def granted(interaction: discord.Interaction[Any], case_id: str, data: dict[str, Any]) -> None:
        await acknowledge(interaction)
        case, say = await _read_case(bot, interaction, case_id), words(str(interaction.locale))
        _check_kind(case, CaseKind.MORE)
        given = parse_credits(str(values_of(data).get("credits") or ""))
        if given is None:
            await answer(interaction, say("case.grant.unclear", most=say.number(MAX_REQUESTED_CREDITS)))
        else:
            await _decide_credit_request(bot, interaction, case, given=given)

    return granted


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
    return audit_entry(interaction, f"{case.kind}_{verb}", member=case.user_id, case=case.id, **detail)


async def _answer_done(interaction: discord.Interaction[Any], how: str) -> None:
    await answer(interaction, words(str(interaction.locale))(f"case.done.{how}"))


_ACTIONS: Final[dict[str, Callable[[Shotcaller, discord.Interaction[Any], Case], Awaitable[None]]]] = {
    "approve": _approve,
    "deny": _deny,
    "dismiss": _dismiss,
    "delete": _delete,
}
