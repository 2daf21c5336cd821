"""What a case looks like in the moderators' channel: what is to be decided, all that it rests on, and the buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord

from bot.domain.case import Case, CaseKind, CaseState
from bot.service.moderation import REVIEW_TIME
from cogs._result_info import whole_embeds
from cogs._text import link, safe, settings, since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.job import Job
    from bot.locale import Words

REASON: Final = 500  # characters of what somebody wrote
_NAMED: Final = 60  # characters of a pattern or a kind of risk

_SIGNS: Final = {CaseKind.REQUEST: "✋", CaseKind.RESULT: "🎬", CaseKind.REPORT: "🚩", CaseKind.MORE: "🪙"}
_BUTTONS: Final = {
    CaseKind.REQUEST: ("approve", "deny"),
    CaseKind.RESULT: ("approve", "deny"),
    CaseKind.REPORT: ("delete", "block", "dismiss"),
    CaseKind.MORE: ("approve", "deny"),
}
_LOOKS: Final = {
    "approve": ("✅", discord.ButtonStyle.success),
    "deny": ("⛔", discord.ButtonStyle.danger),
    "delete": ("🗑️", discord.ButtonStyle.danger),
    "block": ("🔒", discord.ButtonStyle.secondary),
    "dismiss": ("👌", discord.ButtonStyle.secondary),
}


def case_text(case: Case, job: Job | None, say: Words) -> str:
    """What is to be decided, or how it was; the last line has the id, by which the message is found again."""
    lines = [f"### {_SIGNS[case.kind]} {say(f'case.{case.kind}')}", *_about(case, job, say)]
    if case.state is CaseState.OPEN:
        if case.kind in {CaseKind.REQUEST, CaseKind.RESULT}:
            lines.append(say("case.until", until=since(case.created_at + REVIEW_TIME)))
    else:
        who = f"<@{case.decided_by}>" if case.decided_by else "—"
        removed = case.kind is CaseKind.REPORT and case.state is CaseState.APPROVED
        values = {"who": who, "when": since(case.decided_at)}
        lines.append(say("case.removed", **values) if removed else say(f"case.state.{case.state}", **values))
    return "\n".join([*lines, f"-# {case.id}"])


def case_embeds(case: Case, job: Job | None, say: Words) -> list[discord.Embed]:
    """All that the person has written, while somebody has to judge it."""
    return whole_embeds(job.request, say) if job is not None and case.state is CaseState.OPEN else []


def case_buttons(case: Case, say: Words) -> discord.ui.View:
    """What can be decided; the buttons are found by their `custom_id`s."""
    view = discord.ui.View(timeout=None)
    for verb in _BUTTONS[case.kind]:
        sign, style = _LOOKS[verb]
        label = say(f"case.button.{verb}")
        view.add_item(discord.ui.Button(emoji=sign, label=label, style=style, custom_id=f"case:{verb}:{case.id}"))
    view.stop()
    return view


def _about(case: Case, job: Job | None, say: Words) -> Iterator[str]:
    who = f"<@{case.user_id}>"
    if case.kind is CaseKind.MORE:
        yield say("case.wish", who=who, credits=say("credits", n=int(case.body.get("credits", 0))))
        yield _quote(case.body.get("why"))
        if "given" in case.body:
            yield say("case.given", credits=say("credits", n=int(case.body["given"])))
        return
    if job is not None:
        yield say(
            "case.about", who=who, channel=f"<#{job.destination.channel_id}>", settings=settings(job.request, say)
        )
        if job.destination.private:
            yield say("case.private")
    if case.kind is CaseKind.REPORT:
        place = link(case.guild_id, case.body["channel"], case.body["message"])
        yield say("case.reported", who=f"<@{case.body['by']}>", link=place)
        yield _quote(case.body.get("reason"))
        return
    for reason, named in dict(case.body.get("why", {})).items():
        names = say("comma").join(f"||{safe(str(each), _NAMED)}||" for each in named)
        yield f"- {say(f'case.why.{reason}', names=names, level=case.body.get('level', '—'))}"


def _quote(text: Any) -> str:
    return f"> {safe(str(text or '—'), REASON)}"
