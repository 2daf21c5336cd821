"""Holds what the members' use cases take and give: who asks, what was accepted, what it would cost, how they stand."""

from datetime import datetime, timedelta

from bot.domain import Account, Destination, Forecast, Job, Member, Origin, Price
from bot.service.jobs.eta import QueueForecast
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class JobLimits:
    """How many unfinished jobs one person may have, and how long each may take."""

    jobs_per_user: int
    deadline: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestContext:
    """Who asks for a video, from where, in which languages, and what it builds on.

    `key` is the idempotency key: the id of the interaction. `confirmed` is whether they have said yes to the price,
    `at_a_tap` whether nothing was typed for it: the same once more within seconds is then one tap too many.
    """

    key: str
    member: Member
    locale: str
    destination: Destination
    public_locale: str | None = None
    parent_id: str | None = None
    origin: Origin = Origin.CREATE
    confirmed: bool = False
    at_a_tap: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A request that became a job; `new` is False for a repeat of the same interaction.

    `left` are the credits that the person has now, and `outlook` is when it will be ready if it has to wait; each None
    where the database would not say afterwards. `warned` is whether a rule of the guild found something that its author
    should know of.
    """

    job: Job
    new: bool
    price: Price
    left: int | None
    expected: Forecast
    queue_forecast: QueueForecast | None = None
    cancellable: bool = False
    warned: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What a request would cost, what the person would pay it from, and how long it usually takes."""

    price: Price
    balances: "Balances"
    expected: Forecast


@dataclass(frozen=True, kw_only=True, slots=True)
class FundingSource:
    """An account that a person may use, and when it renews, or for gifts expires (None: never)."""

    account: Account
    renews_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Balances:
    """What a person may use now: their own allowance first; last what they were granted and never expires.

    The `caps` are what all members of the guild use together, where that is limited.
    """

    sources: tuple[FundingSource, ...]
    caps: tuple[FundingSource, ...] = ()

    @property
    def own(self) -> FundingSource:
        """Their allowance."""
        return self.sources[0]

    @property
    def balance(self) -> int:
        """All the credits that they could use now."""
        own = sum(source.account.balance for source in self.sources)
        return min([own, *(cap.account.balance for cap in self.caps)])
