"""Moderation between a real database and scripted people: a policy, a case poster, the staff's side of Discord."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from bot.domain import AuditEntry, Case, CaseKind, Job, Member, OutboxKind, VideoRequest
from bot.domain import ModerationPolicy as Asked
from bot.service.moderation.cases import ReportOutcome
from bot.service.screening.screening import ScreeningOutcome
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.outbox import OutboxStore
from tests.service.scripted import GUILD, MOD_CHANNEL
from tests.service.services import Services

ANA = Member(user_id=1, guild_id=GUILD)


@dataclass
class ModerationServices:
    """Everything that moderation needs, in one guild."""

    services: Services

    def __post_init__(self) -> None:
        bot, database = self.services.bot, self.services.database
        self.store, self.guilds, self.staff = CaseStore(database), GuildStore(database), self.services.staff
        self.screening, self.unscanned = bot.request_screening, self.services.build(scanner=False).request_screening
        self.cases, self.outbox = bot.services.cases, bot.outbox
        self.result_screening, self.result_poster = bot.result_screening, self.services.result_poster
        self._wants = count(1)

    def entry(self, name: str = "interaction-9", action: str = "changed") -> AuditEntry:
        return AuditEntry(id=name, guild_id=GUILD, actor_id=3, action=action, at=self.services.clock())

    async def wants(self, **asked: Any) -> None:
        """Let the guild want these things looked at, with a channel to ask in unless it says otherwise."""
        moderation = Asked(**{"channel_id": MOD_CHANNEL, **asked})
        await self.guilds.change(
            self.entry(f"wants-{next(self._wants)}"),
            lambda policy: policy.changed(moderation=moderation),
        )

    async def screens(
        self, prompt: str = "a fox", *, scanner: bool = True, key: str = "k1", **fields: Any
    ) -> ScreeningOutcome:
        """What becomes of a request of Ana's."""
        policy = (await self.guilds.state(GUILD)).policy
        request = VideoRequest(**{"model": "kirin_v3_t2v", "prompt": prompt, **fields})
        chosen = self.screening if scanner else self.unscanned
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
