"""Shows on the operator's page what waits for a moderator's or an admin's decision, and carries decisions out."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from bot.domain import AuditEntry, Case, CaseKind, CaseState
from bot.domain.quota import MAX_REQUESTED_CREDITS
from bot.domain.visitor import Visitor
from bot.errors import CaseDecided
from bot.web.page.context import PageContext

NOTE: Final = 200  # characters of a reason that a member reads
LONGEST: Final = 24 * 365  # hours of a block
LARGEST: Final = 50 * 1024 * 1024  # bytes of a video that is shown

_ACTIONS: Final = {
    CaseKind.REQUEST: ("approve", "deny"),
    CaseKind.RESULT: ("approve", "deny"),
    CaseKind.REPORT: ("delete", "block", "dismiss"),
    CaseKind.MORE: ("approve", "deny"),
}
_VERBS: Final = {"approve": "approved", "deny": "denied", "delete": "removed", "dismiss": "dismissed"}  # in the audit


def possible_actions(case: Case) -> tuple[str, ...]:
    """List what may be done about a case; one that is shown to the operator alone can only be dismissed."""
    return ("dismiss",) if case.for_operator else _ACTIONS[case.kind]


def reasons(case: Case) -> Mapping[str, str]:
    """Tell why a moderator has to decide: each reason with what was found."""
    why = case.body.get("why") if case.kind in {CaseKind.REQUEST, CaseKind.RESULT} else None
    return {reason: ", ".join(map(str, found)) for reason, found in dict(why or {}).items()}


def has_video(case: Case) -> bool:
    """Say whether a case is about a video that nobody has seen yet."""
    return case.kind is CaseKind.RESULT and case.state is CaseState.OPEN


class CasePages:
    """Answers what is asked about cases: whoever runs a guild is told of its cases alone."""

    def __init__(self, context: PageContext) -> None:
        self._context = context

    def add_to(self, router: web.UrlDispatcher, path: str) -> None:
        """Add the addresses."""
        router.add_get(f"{path}/cases", self._list)
        router.add_get(f"{path}/cases/{{case}}/video.mp4", self._video)
        router.add_post(f"{path}/cases/{{case}}/{{action}}", self._act)

    async def _list(self, request: web.Request) -> web.Response:
        visitor = await self._context.guard.visitor(request)
        cases = await self._context.services.overview.cases(visitor.guild_id)
        values = {"cases": cases, "actions": possible_actions, "reasons": reasons, "note": NOTE, "longest": LONGEST}
        people = {number for case in cases for number in (case.user_id, *(each.user_id for each in case.reports))}
        return await self._context.draw_for(
            request,
            visitor,
            "cases.html",
            {**values, "most": MAX_REQUESTED_CREDITS, "has_video": has_video},
            users=people,
            guilds=[case.guild_id for case in cases],
        )

    async def _video(self, request: web.Request) -> web.Response:
        """Show the video that waits for a decision, and nothing else: it is nowhere else to be seen.

        Raises:
            CaseUnknown: there is no such case, or it is another guild's.
            HTTPNotFound: it is about no video, or is decided.
            HTTPRequestRangeNotSatisfiable: the part that is asked for is none of the video.
            ResultUnusable, ResultTooLarge, ResultUnavailable: the video is not to be had.
        """
        visitor, services = await self._context.guard.visitor(request), self._context.services
        case = await services.cases.of_guild(request.match_info["case"], guild_id=visitor.guild_id)
        if not has_video(case) or case.job_id is None:
            raise web.HTTPNotFound
        job = (await services.guild_jobs.job(case.job_id, guild_id=visitor.guild_id)).job
        async with services.copies.video(job, limit=LARGEST) as video:
            body = await asyncio.to_thread(video.file.read_bytes)
        return _part(request, body)

    async def _act(self, request: web.Request) -> web.Response:
        """Carry out what somebody has decided.

        Raises:
            CaseUnknown: there is no such case, or it is another guild's.
            CaseDecided: somebody else was first, or that cannot be done about such a case.
            HTTPBadRequest: what was typed is no number that can be.
        """
        visitor, form = await self._context.guard.visitor(request), await self._context.guard.sent_form(request)
        cases, action = self._context.services.cases, request.match_info["action"]
        case = await cases.of_guild(request.match_info["case"], guild_id=visitor.guild_id)
        if action not in possible_actions(case):
            raise CaseDecided(state=case.state)
        entry_id = self._context.entry_id(request, form)
        if case.kind is CaseKind.MORE:
            await self._grant(case, visitor, form, granted=action == "approve", entry_id=entry_id)
        elif action == "block":
            await self._block(case, visitor, form, entry_id=entry_id)
        else:
            await self._settle(case, visitor, form, action=action, entry_id=entry_id)
        return self._context.done("/cases?", action)

    async def _settle(self, case: Case, visitor: Visitor, form: dict[str, str], *, action: str, entry_id: str) -> None:
        cases, reason = self._context.services.cases, _reason(form)
        detail = {"reason": reason} if action == "deny" else {}
        entry = self._entry(case, visitor, f"{case.kind}_{_VERBS[action]}", entry_id, case=case.id, **detail)
        match action:
            case "approve":
                await cases.approve(case, entry)
            case "deny":
                await cases.deny(case, entry, reason=reason)
            case "dismiss":
                await cases.dismiss(case, entry)
            case _:
                await cases.remove(case, entry)

    async def _grant(self, case: Case, visitor: Visitor, form: dict[str, str], *, granted: bool, entry_id: str) -> None:
        given = _number(form.get("credits", ""), most=MAX_REQUESTED_CREDITS) if granted else 0
        await self._context.services.credits.decide_more(
            case.id, guild_id=case.guild_id, given=given, by=visitor.user_id, key=entry_id
        )

    async def _block(self, case: Case, visitor: Visitor, form: dict[str, str], *, entry_id: str) -> None:
        reason, hours = _reason(form), _number(form.get("hours", ""), most=LONGEST)
        until = self._context.services.now() + timedelta(hours=hours)
        entry = self._entry(case, visitor, "blocked", entry_id, until=until.isoformat(), reason=reason)
        await self._context.services.cases.block(case, entry, until=until, reason=reason)

    def _entry(self, case: Case, visitor: Visitor, action: str, entry_id: str, /, **detail: Any) -> AuditEntry:
        return AuditEntry(
            id=entry_id,
            guild_id=case.guild_id,
            actor_id=visitor.user_id,
            action=action,
            at=self._context.services.now(),
            detail={"member": case.user_id, **detail},
        )


def _reason(form: dict[str, str]) -> str:
    return " ".join(form.get("reason", "").split())[:NOTE]


def _part(request: web.Request, video: bytes) -> web.Response:
    """Answer with the part of a video that is asked for: a browser winds only what it gets in parts.

    Raises:
        HTTPRequestRangeNotSatisfiable: there is no such part.
    """
    response = web.Response(content_type="video/mp4", headers={"Accept-Ranges": "bytes"})
    try:
        start, end, _ = request.http_range.indices(len(video))
    except ValueError:
        raise web.HTTPRequestRangeNotSatisfiable from None
    if start >= end:
        raise web.HTTPRequestRangeNotSatisfiable
    response.body = video[start:end]
    if "Range" in request.headers:
        response.set_status(206)
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(video)}"
    return response


def _number(typed: str, *, most: int) -> int:
    """Read a number that somebody typed.

    Raises:
        HTTPBadRequest: it is none from 1 to `most`.
    """
    text = typed.strip()
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(most)) else 0
    if not 0 < number <= most:
        raise web.HTTPBadRequest
    return number
