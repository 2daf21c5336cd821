"""The database as the services know it: one object for each part of it that several of them have."""

from typing import Self

from bot.store.community.audit import AuditStore
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.database import Database
from bot.store.jobs.claims import ClaimStore
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.results import ResultStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.store.member.drafts import DraftStore
from bot.store.member.feedback import FeedbackStore
from bot.store.member.library import LibraryStore
from bot.store.member.preferences import PreferenceStore
from bot.store.member.presets import PresetStore
from bot.store.member.private_answers import PrivateAnswerStore
from bot.store.money.budget_alerts import BudgetStore
from bot.store.outbox import OutboxStore
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """The stores that more than one service has, all of one database."""

    jobs: JobStore
    lookup: JobQueryStore
    decisions: ReviewDecisionStore
    claims: ClaimStore
    messages: MessageStore
    results: ResultStore
    guilds: GuildStore
    cases: CaseStore
    audit: AuditStore
    budgets: BudgetStore
    outbox: OutboxStore
    library: LibraryStore
    presets: PresetStore
    private_answers: PrivateAnswerStore
    drafts: DraftStore
    preferences: PreferenceStore
    feedback: FeedbackStore

    @classmethod
    def of(cls, database: Database, *, me: str) -> Self:
        """Make them; `me` is the process that claims."""
        return cls(
            jobs=JobStore(database),
            lookup=JobQueryStore(database),
            decisions=ReviewDecisionStore(database),
            claims=ClaimStore(database, me=me),
            messages=MessageStore(database),
            results=ResultStore(database),
            guilds=GuildStore(database),
            cases=CaseStore(database),
            audit=AuditStore(database),
            budgets=BudgetStore(database),
            outbox=OutboxStore(database, me=me),
            library=LibraryStore(database),
            presets=PresetStore(database),
            private_answers=PrivateAnswerStore(database),
            drafts=DraftStore(database),
            preferences=PreferenceStore(database),
            feedback=FeedbackStore(database),
        )
