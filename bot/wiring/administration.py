"""Puts together what admins have: decisions and their record, credits, budgets, usage, other people's jobs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from bot.domain import Defaults
from bot.service.admin.budget_alerts import BudgetAlerts
from bot.service.admin.credits import Credits
from bot.service.admin.doctor import Doctor
from bot.service.admin.jobs import GuildJobs
from bot.service.admin.policies import AuditPoster, GuildPolicies
from bot.service.admin.usage import Usage
from bot.service.upkeep.scheduler import PeriodicTask
from bot.store.community.audit import AuditStore
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.jobs.dead_letters import DeadLetterStore
from bot.store.jobs.guild_jobs import GuildJobStore
from bot.store.money.budget_alerts import BudgetStore
from bot.store.money.grants import GrantStore
from bot.store.money.statements import StatementStore
from bot.store.money.usage import UsageStore
from bot.wiring.engine import Engine
from bot.wiring.world import World

AUDIT: Final = timedelta(minutes=1)  # before an audit channel that could not be told is tried again
BUDGETS: Final = timedelta(seconds=30)  # between two looks at what budgets have reached


class Administration:
    """The services of `/admin` and of credits. `wake` has everybody look again, `wake_scheduler` the scheduler."""

    def __init__(
        self,
        world: World,
        engine: Engine,
        *,
        defaults: Defaults,
        wake: Callable[[], None],
        wake_scheduler: Callable[[], None],
    ) -> None:
        self._world, self._store, self._audit = world, GuildStore(world.database), AuditStore(world.database)
        self._wake_scheduler = wake_scheduler
        self.guilds = GuildPolicies(
            store=self._store,
            audit=self._audit,
            lookup=engine.lookup,
            usual=defaults.allowance,
            clock=world.clock,
            wake=wake_scheduler,
        )
        self.doctor = Doctor(health=engine.health, guilds=self._store)
        self.guild_jobs = GuildJobs(
            store=GuildJobStore(world.database),
            dead_letters=DeadLetterStore(world.database),
            lookup=engine.lookup,
            forecaster=engine.forecaster,
            delivery=engine.delivery,
            deadline=engine.deadline,
            wake=wake,
        )
        self.usage = Usage(
            store=UsageStore(world.database), guilds=self._store, lookup=engine.lookup, clock=world.clock
        )
        self.credits = Credits(
            grants=GrantStore(world.database),
            statements=StatementStore(world.database),
            cases=CaseStore(world.database),
            guilds=self._store,
            notifier=world.notifier,
            operator_alerts=engine.operator_alerts,
            defaults=defaults,
            clock=world.clock,
            wake=wake_scheduler,
        )

    def periodic_tasks(self) -> list[PeriodicTask]:
        """Telling of what was changed, and of what budgets have reached."""
        watch = BudgetAlerts(
            store=BudgetStore(self._world.database),
            audit=self._audit,
            notifier=self._world.notifier,
            clock=self._world.clock,
            wake=self._wake_scheduler,
        )
        audit_poster = AuditPoster(
            store=self._store, audit=self._audit, staff=self._world.staff, clock=self._world.clock
        )
        return [
            PeriodicTask(name="budget-alerts", every=BUDGETS, work=watch.tell, prompt=True),
            PeriodicTask(name="audit", every=AUDIT, work=audit_poster.tell, prompt=True),
        ]
