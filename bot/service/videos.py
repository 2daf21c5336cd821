"""What people ask for: a video, what became of it, to take it back, what is left of their credits."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

from bot.domain import capability
from bot.domain.job import Job, JobStatus, Origin
from bot.domain.price import Price, price
from bot.domain.quota import owner_of, period_of, renews_at
from bot.errors import ModelUnknown, StoreUnavailable
from bot.service.notifier import Alert, Trouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from bot.domain.capability import Capability
    from bot.domain.eta import Forecast
    from bot.domain.job import Destination
    from bot.domain.quota import Account
    from bot.domain.request import VideoRequest
    from bot.service.cards import Cards
    from bot.service.expectation import Expectation
    from bot.service.health import ProviderHealth
    from bot.service.operator import OperatorDesk
    from bot.store.jobs import JobStore
    from bot.store.lookup import Lookup

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much one person may ask for. The allowance is in credits a period."""

    allowance: int
    jobs_per_user: int
    deadline: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """Who asks for a video, from where, in which languages, and what it builds on.

    `key` is the idempotency key: the id of the interaction.
    """

    key: str
    user_id: int
    locale: str
    destination: Destination
    public_locale: str | None = None
    parent_id: str | None = None
    origin: Origin = Origin.CREATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A request that became a job; `new` is False for a repeat of the same interaction.

    `account` is None where the database would not say afterwards.
    """

    job: Job
    new: bool
    price: Price
    account: Account | None
    expected: Forecast


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What a request would cost whom, and how long it usually takes."""

    price: Price
    account: Account
    expected: Forecast


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A person's account now, and when it renews."""

    account: Account
    renews_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class JobView:
    """A job and, while it waits, its place in the queue."""

    job: Job
    position: int | None


class Videos:
    """The use cases of the members. Every method may raise `StoreUnavailable`: then nothing has happened.

    What is asked for after a request was accepted may fail without anybody being told that it was not.
    """

    def __init__(
        self,
        *,
        jobs: JobStore,
        lookup: Lookup,
        cards: Cards,
        expectation: Expectation,
        health: Mapping[str, ProviderHealth],
        desk: OperatorDesk,
        models: Sequence[Capability],
        limits: Limits,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._jobs, self._lookup, self._cards = jobs, lookup, cards
        self._expectation, self._health, self._desk = expectation, health, desk
        self._limits, self._clock, self._wake = limits, clock, wake
        self.models = {each.model: each for each in models}

    def capability(self, model: str | None) -> Capability:
        """What a model can do; the first configured model's where none is named.

        Raises:
            ModelUnknown: no configured provider has it.
        """
        if model is None:
            return next(iter(self.models.values()))
        try:
            return self.models[model]
        except KeyError:
            raise ModelUnknown(model=model) from None

    async def request(self, wish: VideoRequest, asking: Asking) -> Accepted:
        """Accept a request: keep it as a job and hold its credits. The asking's `key` makes a repeat harmless.

        Raises:
            Refused: in all its kinds; nothing has moved.
            OperatorFault: the provider does not take our key; nothing has moved.
            ProviderUnavailable: the provider is down; nothing has moved.
        """
        model = self.capability(wish.model)
        capability.check(wish, model, list(self.models.values()))
        await self._health[model.provider].ensure()
        cost, limits = price(wish), self._limits
        wanted = self._job(wish, asking, provider=model.provider, cost=cost)
        async with self._operator_told():
            expected = await self._expectation.forecast(wish)
            job, new = await self._jobs.accept(
                wanted, allowance=limits.allowance, most=limits.jobs_per_user, now=wanted.created_at
            )
        self._wake()
        job = await self._introduced(job)
        account = await self._account(job)
        return Accepted(job=job, new=new, price=cost, account=account, expected=expected)

    def _job(self, wish: VideoRequest, asking: Asking, *, provider: str, cost: Price) -> Job:
        now = self._clock()
        return Job(
            id=token_hex(8),
            idempotency_key=asking.key,
            user_id=asking.user_id,
            locale=asking.locale,
            public_locale=asking.public_locale or asking.locale,
            parent_id=asking.parent_id,
            origin=asking.origin,
            destination=asking.destination,
            provider=provider,
            request=wish,
            status=JobStatus.QUEUED,
            attempt=1,
            tries=0,
            owner=owner_of(user_id=asking.user_id, guild_id=asking.destination.guild_id),
            period=period_of(now),
            credits=cost.credits,
            usd_micros=cost.usd_micros,
            created_at=now,
            deadline_at=now + self._limits.deadline,
        )

    @asynccontextmanager
    async def _operator_told(self) -> AsyncIterator[None]:
        """Nobody but the operator can end it when the database refuses."""
        try:
            yield
        except StoreUnavailable as exc:
            await self._desk.tell(Alert(trouble=Trouble.STORE, subject="database", detail=str(exc)))
            raise

    async def _introduced(self, job: Job) -> Job:
        try:
            return await self._cards.introduce(job)
        except StoreUnavailable as exc:
            log.warning("no card for now", extra={"job": job.id, "detail": str(exc)})
            return job

    async def _account(self, job: Job) -> Account | None:
        try:
            return await self._lookup.account(owner=job.owner, period=job.period, allowance=self._limits.allowance)
        except StoreUnavailable as exc:
            log.warning("no balance for now", extra={"job": job.id, "detail": str(exc)})
            return None

    async def cancel(self, job_id: str, *, user_id: int) -> Job:
        """Take a waiting job back; its credits are free again.

        Raises:
            JobUnknown: there is no such job, or it is not that person's.
            TooLateToCancel: the provider may have heard of it already.
        """
        job = await self._jobs.cancel(job_id, user_id=user_id, now=self._clock())
        self._wake()
        return job

    async def latest(self, *, user_id: int, guild_id: int | None, most: int = 10) -> list[JobView]:
        """A person's latest jobs here, the newest first."""
        jobs = await self._lookup.of_user(user_id, guild_id=guild_id, most=most)
        return [
            JobView(job=job, position=await self._lookup.position(job) if job.status is JobStatus.QUEUED else None)
            for job in jobs
        ]

    async def estimate(self, wish: VideoRequest, *, user_id: int, guild_id: int | None) -> Estimate:
        """What a request would mean here and now; nothing is asked for yet."""
        standing = await self.standing(user_id=user_id, guild_id=guild_id)
        expected = await self._expectation.forecast(wish)
        return Estimate(price=price(wish), account=standing.account, expected=expected)

    async def standing(self, *, user_id: int, guild_id: int | None) -> Standing:
        """What a person has left here."""
        now = self._clock()
        owner = owner_of(user_id=user_id, guild_id=guild_id)
        allowance = self._limits.allowance
        account = await self._lookup.account(owner=owner, period=period_of(now), allowance=allowance)
        return Standing(account=account, renews_at=renews_at(now))
