"""Puts together what moderation consists of: what looks at requests and videos, what is decided, who is asked."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.provider.scan import Scanner
from bot.service.jobs.cards import Cards
from bot.service.jobs.copies import Copies
from bot.service.jobs.delivery import Delivery
from bot.service.jobs.results import Results
from bot.service.moderation.case_poster import CasePoster
from bot.service.moderation.cases import Cases
from bot.service.outbox import OutboxPoster
from bot.service.ports.operator_alerts import OperatorAlerts
from bot.service.ports.staff import Staff
from bot.service.screening.requests import RequestScreening
from bot.service.screening.results import ResultScreening
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.community.reports import ReportStore
from bot.store.community.strikes import StrikeStore
from bot.store.database import Database
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.review_decisions import ReviewDecisionStore


class Moderating:
    """The services of moderation. `wake` has the outbox and the worker look again."""

    def __init__(
        self,
        database: Database,
        *,
        scanner: Scanner | None,
        staff: Staff,
        operator_alerts: OperatorAlerts,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._database, self._staff, self._operator_alerts, self._clock, self._wake = (
            database,
            staff,
            operator_alerts,
            clock,
            wake,
        )
        self._guilds, self.decisions = GuildStore(database), ReviewDecisionStore(database)
        self.requests = RequestScreening(strikes=StrikeStore(database), scanner=scanner, staff=staff, clock=clock)
        self.results = ResultScreening(
            guilds=self._guilds, decisions=self.decisions, scanner=scanner, clock=clock, wake=wake
        )

    def cases(
        self, *, results: Results, delivery: Delivery, cards: Cards, outbox: OutboxPoster, deadline: timedelta
    ) -> Cases:
        """What moderators may do."""
        return Cases(
            store=CaseStore(self._database),
            reports=ReportStore(self._database),
            decisions=self.decisions,
            guilds=self._guilds,
            lookup=JobQueryStore(self._database),
            results=results,
            delivery=delivery,
            cards=cards,
            outbox=outbox,
            deadline=deadline,
            can_scan=self.requests.can_scan,
            clock=self._clock,
            wake=self._wake,
        )

    def case_poster(self, *, copies: Copies, moment: Callable[[], datetime]) -> CasePoster:
        """Who brings cases before those who decide."""
        return CasePoster(
            cases=CaseStore(self._database),
            guilds=self._guilds,
            lookup=JobQueryStore(self._database),
            copies=copies,
            staff=self._staff,
            operator_alerts=self._operator_alerts,
            moment=moment,
        )
