"""Moderation between a real database and scripted people: a guild's policy, a clerk, the staff's side of Discord."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, cast

from bot.domain import AuditEntry, Case, CaseKind, Job, Member, Note, OutboxKind, VideoRequest
from bot.domain import ModerationPolicy as Asked
from bot.service.jobs.ai_mark import AiMark
from bot.service.jobs.copies import Copies
from bot.service.jobs.results import Results
from bot.service.moderation.case_poster import CasePoster
from bot.service.moderation.cases import Cases, ReportOutcome
from bot.service.ports.notifier import NotPosted, Posted, Result, Sighting
from bot.service.screening.requests import RequestScreening, ScreeningOutcome
from bot.service.screening.results import ResultScreening
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.community.reports import ReportStore
from bot.store.community.strikes import StrikeStore
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.results import ResultStore
from bot.store.outbox import OutboxStore
from tests.service.scripted import Scripted
from tests.service.services import Services

GUILD, MOD_CHANNEL, OPERATOR_CHANNEL = 7, 9, 99
ANA = Member(user_id=1, guild_id=GUILD)


class Staff(Scripted):
    """The moderators' side of Discord. Without a script every message is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(500)
        self.operator_channels = [OPERATOR_CHANNEL]  # the channels in which the operator can be told something
        self.shown = dict[str, Case]()  # what each case's message says
        self.gone = set[tuple[int, int]]()

    def there(self, guild_id: int, channel_id: int) -> bool:
        return (guild_id, channel_id) not in self.gone

    async def post_case(self, case: Case, *, job: Job | None, video: Result | None) -> Posted:
        assert job is None or case.job_id == job.id
        what = (case.id, video is not None)
        self.shown[case.id] = case
        usual = Posted(channel_id=MOD_CHANNEL, message_id=next(self._numbers))
        return cast("Posted", await self.play("post_case", what, usual=usual))

    async def find_case(self, case: Case, *, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_case", case.id, usual=NotPosted()))

    async def edit_case(self, case: Case, *, message_id: int, job: Job | None) -> None:
        assert job is None or case.job_id == job.id
        self.shown[case.id] = case
        await self.play("edit_case", (case.id, str(case.state), message_id))

    async def operator_places(self) -> AsyncIterator[int]:
        for channel_id in self.operator_channels:
            yield channel_id

    async def post_note(self, note: Note, *, channel_id: int) -> Posted:
        usual = Posted(channel_id=channel_id, message_id=next(self._numbers))
        return cast("Posted", await self.play("post_note", (channel_id, note.user_id, note.text), usual=usual))

    async def find_note(self, key: str, *, channel_id: int, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_note", (key, channel_id), usual=NotPosted()))

    async def delete_note(self, *, channel_id: int, message_id: int) -> None:
        await self.play("delete_note", (channel_id, message_id))

    async def tell(self, entry: AuditEntry, *, channel_id: int) -> None:
        await self.play("tell", (entry.id, channel_id))


class ResultPoster(Scripted):
    """Deletes whatever it is asked to."""

    async def delete_result(self, job: Job, *, channel_id: int, message_id: int) -> bool:
        return bool(await self.play("delete_result", (job.id, channel_id, message_id), usual=True))

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        await self.play("take_away", (job.id, channel_id, message_id))

    async def attachment_url(self, job: Job) -> str | None:
        return cast("str | None", await self.play("attachment_url", job.id))


@dataclass
class ModerationServices:
    """Everything that moderation needs, in one guild; `woken` counts how often the outbox was woken."""

    services: Services
    staff: Staff = field(default_factory=Staff)
    result_poster: ResultPoster = field(default_factory=ResultPoster)
    woken: int = 0
    patience: float = 10.0

    def __post_init__(self) -> None:
        services, database = self.services, self.services.database
        self.store, self.guilds = CaseStore(database), GuildStore(database)
        self.moderation = RequestScreening(
            strikes=StrikeStore(database), scanner=cast("Any", services.scans), staff=self.staff, clock=services.clock
        )
        self.unscanned = RequestScreening(
            strikes=StrikeStore(database), scanner=None, staff=self.staff, clock=services.clock
        )
        self.result_screening = ResultScreening(
            guilds=self.guilds,
            decisions=services.decisions,
            scanner=cast("Any", services.scans),
            clock=services.clock,
            wake=self.wake,
        )
        copies = Copies(
            providers=services.providers,
            fetcher=services.fetcher,
            media=cast("Any", services.media),
            ai_mark=AiMark(),
            result_poster=cast("Any", self.result_poster),
            folder=services.folder,
            cap=200 * 1024 * 1024,
        )
        case_poster = CasePoster(
            cases=self.store,
            guilds=self.guilds,
            lookup=services.lookup,
            copies=copies,
            staff=self.staff,
            operator_alerts=services.operator_alerts,
            moment=services.moment,
        )
        self.outbox = services.outbox(
            case_poster, *services.message_handlers(cast("Any", self.result_poster)), patience=self.patience
        )
        results = Results(
            store=ResultStore(database),
            lookup=services.lookup,
            copies=copies,
            result_poster=cast("Any", self.result_poster),
            delivery=services.delivery,
            removals=services.removals(self.outbox),
            reposts=services.reposts(cast("Any", self.result_poster)),
            messages=MessageStore(database),
            clock=services.clock,
            moment=services.moment,
            wake=self.wake,
        )
        self.cases = Cases(
            store=self.store,
            reports=ReportStore(database),
            decisions=services.decisions,
            guilds=self.guilds,
            lookup=services.lookup,
            results=results,
            delivery=services.delivery,
            cards=services.cards,
            outbox=self.outbox,
            deadline=timedelta(hours=1),
            can_scan=True,
            clock=services.clock,
            wake=self.wake,
        )

    def wake(self) -> None:
        self.woken += 1

    def entry(self, name: str = "interaction-9", action: str = "changed") -> AuditEntry:
        return AuditEntry(id=name, guild_id=GUILD, actor_id=3, action=action, at=self.services.clock())

    async def wants(self, **asked: Any) -> None:
        """Let the guild want these things looked at, with a channel to ask in unless it says otherwise."""
        moderation = Asked(**{"channel_id": MOD_CHANNEL, **asked})
        await self.guilds.change(
            self.entry(f"wants-{self.woken}-{len(asked)}-{self.services.clock()}"),
            lambda policy: policy.changed(moderation=moderation),
        )

    async def screens(
        self, prompt: str = "a fox", *, scanner: bool = True, key: str = "k1", **fields: Any
    ) -> ScreeningOutcome:
        """What becomes of a request of Ana's."""
        policy = (await self.guilds.state(GUILD)).policy
        request = VideoRequest(**{"model": "kirin_v3_t2v", "prompt": prompt, **fields})
        chosen = self.moderation if scanner else self.unscanned
        return await chosen.screen(request, ANA, policy=policy, key=key, job_id="job-1")

    async def reported(self, job: Job, *, by: int = 2, reason: str = "look", key: str = "") -> ReportOutcome:
        """A report of a result by somebody; who has it."""
        return await self.cases.report(
            job.id, guild_id=GUILD, message=(5, 50), by=by, reason=reason, key=key or f"{job.id}-{by}"
        )

    async def opened(self, **more: Any) -> Case:
        """An open case that nothing hangs on."""
        values = {"id": "more-1", "kind": CaseKind.MORE, "guild_id": GUILD, "channel_id": MOD_CHANNEL, "user_id": 1}
        case = Case(**{**values, "created_at": self.services.clock(), **more})
        assert await self.store.open(case)
        return case

    async def case(self, case_id: str) -> Case:
        found = await self.store.case(case_id)
        assert found is not None
        return found

    async def message(self, case_id: str) -> tuple[int | None, bool]:
        """The id of a case's message, and whether anything is still to be done about it."""
        item = await OutboxStore(self.services.database).item(OutboxKind.CASE, case_id)
        return (None, False) if item is None else (item.message_id, item.due_at is not None)

    async def latest_report(self) -> Case:
        """The latest report of a video of Ana's."""
        rows = await self.services.database.transact(
            lambda tx: tx.all("SELECT * FROM cases WHERE kind = 'report' ORDER BY created_at")
        )
        return Case.from_row(rows[-1])
