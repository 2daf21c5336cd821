"""Shows jobs on the operator's page: a list, one job's whole story, and what may be decided about it."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from bot.domain import EVERYWHERE, Job, JobFilter, LedgerEntry, Unit
from bot.domain.standing import JobTrail
from bot.errors import DeadLetterGone
from bot.locale import Words, words
from bot.log import RecentLines
from bot.service.admin.jobs import PAGE, decision_entry, is_prompt_private, possible_decisions
from bot.service.ports import Named
from bot.values import dataclass
from bot.web.page.context import PageContext
from bot.web.page.drawing import apart, usd

FILTERS: Final = (JobFilter.DEAD, JobFilter.RUNNING, JobFilter.WAITING, JobFilter.LATEST)
DEEPEST: Final = 10_000  # jobs that may be skipped

# The moments of a job's row that are told, by their columns.
MOMENTS: Final = (
    *("created_at", "submitted_at", "called_at", "finished_at", "posting_at", "delivered_at"),
    *("sharing_at", "shared_at", "telling_at", "removed_at"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened to a job, in a reader's words."""

    at: datetime
    text: str


class JobPages:
    """Answers what is asked about jobs, as `/admin jobs` does: whoever runs a guild is told of its jobs alone."""

    def __init__(self, context: PageContext, lines: RecentLines | None) -> None:
        self._context, self._jobs, self._lines = context, context.services.guild_jobs, lines

    def add_to(self, router: web.UrlDispatcher, path: str) -> None:
        """Add the addresses."""
        router.add_get(f"{path}/jobs", self._list)
        router.add_get(f"{path}/jobs/{{job}}", self._show)
        router.add_post(f"{path}/jobs/{{job}}/{{decision}}", self._decide)

    async def _list(self, request: web.Request) -> web.Response:
        visitor = await self._context.guard.visitor(request)
        if wanted := request.query.get("job", "").strip():
            found = (await self._jobs.job(wanted, guild_id=visitor.guild_id)).job
            return web.Response(status=303, headers={"Location": f"{self._context.base}/jobs/{found.id}"})
        which, skip = _chosen(request)
        page = await self._jobs.page(which, guild_id=visitor.guild_id, skip=skip)
        values = {
            "jobs": [view.job for view in page.views],
            "which": which,
            "filters": FILTERS,
            "newer": max(0, skip - PAGE) if skip else None,
            "older": skip + PAGE if page.more else None,
            "prompt": lambda job: _prompt(job, words(visitor.locale)),
            "state": lambda job: _state(job, words(visitor.locale)),
        }
        users = [view.job.user_id for view in page.views]
        guilds = [view.job.destination.guild_id or EVERYWHERE for view in page.views]
        return await self._context.draw_for(request, visitor, "jobs.html", values, users=users, guilds=guilds)

    async def _show(self, request: web.Request) -> web.Response:
        visitor = await self._context.guard.visitor(request)
        job = (await self._jobs.job(request.match_info["job"], guild_id=visitor.guild_id)).job
        entries, trail, say = await self._jobs.ledger_entries(job), await self._jobs.trail(job), words(visitor.locale)
        people = {job.user_id, *(case.decided_by or 0 for case in trail.cases)}
        guilds, channels = [job.destination.guild_id or EVERYWHERE], [job.destination.channel_id]
        named = await self._context.services.names.names(users=people, guilds=guilds, channels=channels)
        values = {
            "job": job,
            "prompt": _prompt(job, say),
            "state": _state(job, say),
            "events": sorted(_events(job, entries, trail, named, say), key=lambda event: event.at),
            "decisions": possible_decisions(job),
            "lines": self._lines.of(job.id) if self._lines and visitor.guild_id == EVERYWHERE else None,
        }
        places = {"guilds": guilds, "channels": channels}
        return await self._context.draw_for(request, visitor, "job.html", values, users=[job.user_id], **places)

    async def _decide(self, request: web.Request) -> web.Response:
        """Carry out a decision.

        Raises:
            GuildJobUnknown: there is no such job, or it is another guild's.
            DeadLetterGone, TooLateToCancel: nothing of that kind can be decided about it any more.
        """
        visitor, form = await self._context.guard.visitor(request), await self._context.guard.sent_form(request)
        job = (await self._jobs.job(request.match_info["job"], guild_id=visitor.guild_id)).job
        decision, entry_id = request.match_info["decision"], self._context.entry_id(request, form)
        if decision not in possible_decisions(job):
            raise DeadLetterGone(job_id=job.id)
        entry = decision_entry(decision, job, entry_id=entry_id, by=visitor.user_id, at=self._context.services.now())
        await self._jobs.decide(decision, entry, job)
        return self._context.done(f"/jobs/{job.id}?", decision)


def _chosen(request: web.Request) -> tuple[JobFilter, int]:
    """Read which jobs are asked for, and how many to skip.

    Raises:
        HTTPNotFound: there is no such list.
    """
    which, skip = request.query.get("which", JobFilter.DEAD), request.query.get("skip", "0")
    if which not in FILTERS or not (skip.isascii() and skip.isdecimal() and int(skip[:9]) <= DEEPEST):
        raise web.HTTPNotFound
    return JobFilter(which), int(skip[:9])


def _prompt(job: Job, say: Words) -> str:
    return say("admin.jobs.hidden") if is_prompt_private(job) else job.request.text()


def _state(job: Job, say: Words) -> str:
    """Say how a job stands: what keeps it, what became of its video, or else the step it is at."""
    if job.dead_letter is not None:
        return say(f"page.dead.{job.dead_letter}")
    for moment in ("removed_at", "delivered_at"):
        if getattr(job, moment) is not None:
            return say(f"page.at.{moment}")
    return say(f"page.state.{job.status}")


def _events(job: Job, entries: Any, trail: JobTrail, named: Named, say: Words) -> Iterator[Event]:
    """Tell all that is known to have happened, in no order."""
    for name in MOMENTS:
        if (moment := getattr(job, name)) is not None:
            yield Event(at=moment, text=say(f"page.at.{name}"))
    for entry in entries:
        yield Event(at=entry.at, text=_money(entry, named, say))
    for case in trail.cases:
        decider = named.users.get(case.decided_by or 0)
        yield Event(at=case.created_at, text=say(f"case.{case.kind}"))
        if case.decided_at is not None:
            by = apart(decider) if decider else case.decided_by or "—"
            yield Event(at=case.decided_at, text=say("page.case.decided", state=str(case.state), by=by))
    for post in trail.posts:
        yield Event(at=post.created_at, text=_post(post, say))


def _money(entry: LedgerEntry, named: Named, say: Words) -> str:
    amount = entry.settled or abs(entry.held)
    shown = usd(amount, say) if entry.unit is Unit.USD else say("credits", n=amount)
    return say("page.money", kind=say(f"admin.jobs.kind.{entry.kind}"), amount=shown, owner=_owner(entry.owner, named))


def _owner(owner: str, named: Named) -> str:
    """Write whose account something is, with names in the places of ids."""
    known = {**named.guilds, **named.users}
    return re.sub("[0-9]+", lambda found: apart(known[int(found[0])]) if known.get(int(found[0])) else found[0], owner)


def _post(post: Any, say: Words) -> str:
    if post.given_up is not None:
        return say("page.post.given_up", kind=str(post.kind), why=post.given_up, n=post.attempts)
    if post.message_id is not None:
        return say("page.post.there", kind=str(post.kind), channel=post.channel_id, message=post.message_id)
    return say("page.post.due", kind=str(post.kind), n=post.attempts)
