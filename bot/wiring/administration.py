"""Puts together what admins have: decisions and their record, credits, budgets, usage, other people's jobs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from bot.domain.funding import Defaults
from bot.service.admin.budget_alerts import BudgetWatch
from bot.service.admin.credits import Quotas
from bot.service.admin.doctor import Checkup
from bot.service.admin.jobs import GuildJobs
from bot.service.admin.policies import Guilds, Herald
from bot.service.admin.usage import Usage
from bot.service.upkeep.scheduler import Chore
from bot.store.community.audit import Audit
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.jobs.dead_letters import DeadLetters
from bot.store.jobs.guild_jobs import GuildJobStore
from bot.store.money.budget_alerts import BudgetStore
from bot.store.money.grants import Grants
from bot.store.money.statements import Statements
from bot.store.money.usage import UsageStore
from bot.wiring.engine import Engine
from bot.wiring.world import World

AUDIT: Final = timedelta(minutes=1)  # before an audit channel that could not be told is tried again
BUDGETS: Final = timedelta(seconds=30)  # between two looks at what budgets have reached


class Administration:
    """The services of `/admin` and of credits. `wake` has everybody look again, `wake_steward` the chores alone."""

    def __init__(
        self,
        world: World,
        engine: Engine,
        *,
        defaults: Defaults,
        wake: Callable[[], None],
        wake_steward: Callable[[], None],
    ) -> None:
        self._world, self._store, self._audit = world, GuildStore(world.database), Audit(world.database)
        self._wake_steward = wake_steward
        self.guilds = Guilds(
            store=self._store,
            audit=self._audit,
            lookup=engine.lookup,
            usual=defaults.allowance,
            clock=world.clock,
            wake=wake_steward,
        )
        self.checkup = Checkup(health=engine.health, guilds=self._store)
        self.guild_jobs = GuildJobs(
            store=GuildJobStore(world.database),
            letters=DeadLetters(world.database),
            lookup=engine.lookup,
            expectation=engine.expectation,
            delivery=engine.delivery,
            deadline=engine.deadline,
            wake=wake,
        )
        self.usage = Usage(
            store=UsageStore(world.database), guilds=self._store, lookup=engine.lookup, clock=world.clock
        )
        self.quotas = Quotas(
            grants=Grants(world.database),
            statements=Statements(world.database),
            cases=CaseStore(world.database),
            guilds=self._store,
            notifier=world.notifier,
            desk=engine.desk,
            defaults=defaults,
            clock=world.clock,
            wake=wake_steward,
        )

    def chores(self) -> list[Chore]:
        """Telling of what was changed, and of what budgets have reached."""
        watch = BudgetWatch(
            store=BudgetStore(self._world.database),
            audit=self._audit,
            notifier=self._world.notifier,
            clock=self._world.clock,
            wake=self._wake_steward,
        )
        herald = Herald(store=self._store, audit=self._audit, staff=self._world.staff, clock=self._world.clock)
        return [
            Chore(name="budget-alerts", every=BUDGETS, work=watch.tell, prompt=True),
            Chore(name="audit", every=AUDIT, work=herald.tell, prompt=True),
        ]
