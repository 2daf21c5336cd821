"""Show a case in the moderators' channel: what is to be decided, all that it rests on, and the buttons."""

from collections.abc import Iterator
from typing import Any, Final

import discord

from bot.domain import Case, CaseKind, CaseState, Job, Note
from bot.locale import Words
from bot.service.screening.screening import REVIEW_TIME
from cogs import ui
from cogs.credits.credit_request import DIGITS
from cogs.ui import file_of, link, safe, settings, since
from cogs.ui.result_info import full_text_embeds

CASE_ID: Final = ui.Part("[0-9A-Za-z_-]{1,80}")
DECIDE: Final = ui.CustomId(
    "case:{verb}:{case_id}",
    verb=ui.one_of("approve", "deny", "dismiss", "delete", "cover", "uncover", "block"),
    case_id=CASE_ID,
)
# Its amount is what the admin has read on the button, whatever is asked for by now.
GIVE: Final = ui.CustomId("give:{amount}:{case_id}", amount=ui.digits(DIGITS), case_id=CASE_ID)
REASON: Final = 500  # characters of what somebody wrote
FEEDBACK: Final = 900  # characters of what somebody typed; escaped it may be twice as long
ROOM: Final = 1300  # characters of a message for the words of those who report something
LABEL: Final = 40  # characters at most that go before each of their words
_NAMED: Final = 60  # characters of a pattern or a kind of risk

_BUTTON_EMOJI: Final = {CaseKind.REQUEST: "✋", CaseKind.RESULT: "🎬", CaseKind.REPORT: "🚩", CaseKind.MORE: "🪙"}
_BUTTONS: Final = {
    CaseKind.REQUEST: ("approve", "deny"),
    CaseKind.RESULT: ("approve", "deny"),
    CaseKind.REPORT: ("delete", "cover", "block", "dismiss"),
    CaseKind.MORE: ("grant", "approve", "deny"),
}
_STATE_STYLES: Final = {
    "grant": ("✅", discord.ButtonStyle.success),
    "approve": ("✅", discord.ButtonStyle.success),
    "amount": ("✏️", discord.ButtonStyle.secondary),
    "deny": ("⛔", discord.ButtonStyle.danger),
    "delete": ("🗑️", discord.ButtonStyle.danger),
    "cover": ("🙈", discord.ButtonStyle.secondary),
    "uncover": ("👁️", discord.ButtonStyle.secondary),
    "block": ("🔒", discord.ButtonStyle.secondary),
    "dismiss": ("👌", discord.ButtonStyle.secondary),
}


def case_text(case: Case, job: Job | None, say: Words) -> str:
    """The text of a case: what is to be decided, or how it was. The address behind its title marks the message."""
    about = [say("case.forgotten")] if case.forgotten else _about(case, job, say)
    lines = [f"### {_BUTTON_EMOJI[case.kind]} [{say(f'case.{case.kind}')}]({case_address(case, job)})", *about]
    if case.state is CaseState.OPEN:
        if not (case.for_operator or case.forgotten):
            lines.append(_consequences(case, job, say))
    else:
        who = f"<@{case.decided_by}>" if case.decided_by else "—"
        removed = case.kind is CaseKind.REPORT and case.state is CaseState.APPROVED
        values = {"who": who, "when": since(case.decided_at)}
        lines.append(say("case.removed", **values) if removed else say(f"case.state.{case.state}", **values))
    return "\n".join(lines)


def case_mark(case_id: str) -> str:
    """What the address behind a case's title ends with."""
    return f"#{case_id})"


def case_address(case: Case, job: Job | None) -> str:
    """The address behind a case's title: what was reported, or where it was asked for; by its end the case is found."""
    if "message" in case.body:
        where = link(case.guild_id or None, case.body["channel"], case.body["message"])
    else:
        channel_id = job.destination.channel_id if job is not None else case.body.get("asked_in") or case.channel_id
        where = f"https://discord.com/channels/{case.guild_id or '@me'}/{channel_id}"
    return f"{where}#{case.id}"


def case_embeds(case: Case, job: Job | None, say: Words) -> list[discord.Embed]:
    """Show all that a case's author has written, while somebody has to judge it."""
    return full_text_embeds(job.request, say) if job is not None and case.state is CaseState.OPEN else []


def case_buttons(case: Case, job: Job | None, say: Words) -> discord.ui.View | None:
    """The buttons that decide a case, and that take a cover back; None for none."""
    buttons = []
    for verb in _verbs(case, job):
        amount = case.kind is CaseKind.MORE and verb == "approve"  # opens a form, in which another amount is typed
        emoji, style = _STATE_STYLES["amount" if amount else verb]
        custom_id = DECIDE(verb=verb, case_id=case.id)
        if verb == "grant":
            custom_id = GIVE(amount=case.body.get("credits", 0), case_id=case.id)
        label = _label(case, verb, say)
        buttons.append(discord.ui.Button[Any](emoji=emoji, label=label, style=style, custom_id=custom_id))
    return ui.stateless(*buttons) if buttons else None


def _verbs(case: Case, job: Job | None) -> tuple[str, ...]:
    """Name what can be done about a case: where it is open, decide it; where its video is covered, uncover that."""
    uncovering = _can_uncover(case, job)
    if case.for_operator:
        return ()
    if case.state is not CaseState.OPEN:
        return ("uncover",) if uncovering else ()
    return tuple("uncover" if verb == "cover" and uncovering else verb for verb in _BUTTONS[case.kind])


def _can_uncover(case: Case, job: Job | None) -> bool:
    """Whether a reported video is covered because a moderator wanted that, so that they may take it back."""
    return bool(job is not None and case.body.get("covered") and (job.covered or not job.spoiler))


def _label(case: Case, verb: str, say: Words) -> str:
    """Label a button; of a request for credits, one gives what was asked for, one opens a form for another amount."""
    if case.kind is CaseKind.MORE and verb == "approve":
        return say("case.button.amount")
    return say(f"case.button.{verb}", credits=_asked_credits(case, say))


def _consequences(case: Case, job: Job | None, say: Words) -> str:
    """Say what each button will do, and what comes of pressing none."""
    until = since(case.created_at + REVIEW_TIME)
    acts = "report.covered" if _can_uncover(case, job) else case.kind
    return say(f"case.acts.{acts}", credits=_asked_credits(case, say), until=until)


def _asked_credits(case: Case, say: Words) -> str:
    return say("credits", n=int(case.body.get("credits", 0)))


def _about(case: Case, job: Job | None, say: Words) -> Iterator[str]:
    who = f"<@{case.user_id}>" if case.user_id else say("case.somebody")
    if case.kind is CaseKind.MORE:
        yield say("case.wish", who=who, credits=_asked_credits(case, say), since=since(case.created_at))
        yield _quote(case.body.get("why"))
        if "given" in case.body:
            yield say("case.given", credits=say("credits", n=int(case.body["given"])))
        return
    if job is not None:
        yield say(
            "case.about",
            who=who,
            since=since(job.created_at),
            channel=f"<#{job.destination.channel_id}>",
            settings=settings(job.request, say),
        )
        if job.destination.private:
            yield say("case.private")
    if case.kind is CaseKind.REPORT:
        address = link(case.guild_id or None, case.body["channel"], case.body["message"])
        yield say("case.reported", link=address, since=since(case.created_at))
        if covered := int(case.body.get("covered", 0)):
            yield say("case.covered", n=covered)
        if case.for_operator:
            yield say("case.for_operator")
        yield from _report_lines(case, say)
        return
    for reason, named in dict(case.body.get("why", {})).items():
        names = say("comma").join(f"||{safe(str(each), _NAMED)}||" for each in named)
        yield f"- {say(f'case.why.{reason}', names=names, level=case.body.get('level', '—'))}"


def _report_lines(case: Case, say: Words) -> Iterator[str]:
    """List the reports of a video in their authors' words, as many as there is room for; see `all_reports`."""
    room = ROOM
    for number, each in enumerate(case.reports):
        line = f"{_mention(each.user_id, say)}: {safe(each.reason, REASON) or '—'}"
        room -= len(line) + 1
        if room < 0:
            yield say("case.reports.more", n=len(case.reports) - number)
            return
        yield line


def all_reports(case: Case, say: Words) -> list[discord.File]:
    """List all reports of a video in a file, where a message has no room for them."""
    lines = [f"{_mention(each.user_id, say)}: {each.reason}" for each in case.reports]
    if sum(len(safe(each.reason, REASON)) + LABEL for each in case.reports) <= ROOM or case.state is not CaseState.OPEN:
        return []
    return [file_of("\n".join(lines), "reports.txt")]


def note_text(note: Note, say: Words) -> str:
    """The text of a note to the operator; its last line is the key by which the message is found again."""
    place = str(note.guild_id) if note.guild_id else "DM"
    text = say("alert.feedback", subject=f"<@{note.user_id}> ({place})", detail=safe(note.text, FEEDBACK))
    return f"{text}\n-# {note.key}"


def _mention(user_id: int, say: Words) -> str:
    return f"> <@{user_id}>" if user_id else f"> {say('case.somebody')}"


def _quote(text: Any) -> str:
    return f"> {safe(str(text or '—'), REASON)}"
