"""What people ask for: a video, what became of it, to take it back, what is left of their credits."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from secrets import token_hex

from bot.domain.access import possible_id
from bot.domain.capability import Capability
from bot.domain.eta import Forecast
from bot.domain.job import Job, JobStatus, Review
from bot.domain.member import Member
from bot.domain.price import Price
from bot.domain.quota import Funding, Unit
from bot.domain.request import VideoRequest
from bot.domain.terms import Terms
from bot.errors import BudgetExceeded, JobUnknown, ModelGivenUp, ModelUnknown, SeveralReasons, StoreUnavailable
from bot.service.jobs.admission import Admission, Admitted
from bot.service.jobs.cards import Cards
from bot.service.jobs.eta import Expectation, Outlook
from bot.service.jobs.offered_models import Models
from bot.service.jobs.provider_health import ProviderHealth
from bot.service.jobs.types import Accepted, Asking, Estimate, JobView, Limits, Purse, Standing
from bot.service.ports.notifier import Alert, Trouble
from bot.service.ports.operator_alerts import OperatorDesk
from bot.service.screening.requests import REVIEW_TIME
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.queries import Lookup

log = logging.getLogger(__name__)


class Videos:
    """The use cases of the members. Every method may raise `StoreUnavailable`: then nothing has happened.

    What is asked for after a request was accepted may fail without anybody being told that it was not. `moment` is the
    present by Discord's clock.
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
        admission: Admission,
        models: Models,
        limits: Limits,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._jobs, self._lookup, self._cards = jobs, lookup, cards
        self._expectation, self._health, self._desk, self._admission = expectation, health, desk, admission
        self._limits, self._clock, self._moment, self._wake = limits, clock, moment, wake
        self.models = models

    def capability(self, model: str | None) -> Capability:
        """What a model can do; the first configured model's where none is named.

        Raises:
            ModelGivenUp: its service has given it up.
            ModelUnknown: no configured provider has it.
        """
        if model is None:
            return next(iter(self.models.values()))
        try:
            return self.models[model]
        except KeyError:
            raise (ModelGivenUp if self.models.given_up(model) else ModelUnknown)(model=model) from None

    def price(self, wish: VideoRequest) -> Price:
        """What a request costs.

        Raises:
            ModelUnknown: no configured provider has its model.
        """
        return self.capability(wish.model).price(wish)

    async def request(self, wish: VideoRequest, asking: Asking) -> Accepted:
        """Accept a request: keep it as a job and hold its credits. The asking's `key` makes a repeat harmless.

        What has been accepted is not refused afterwards, whatever has changed since.

        Raises:
            Refused: in all its kinds; nothing has moved.
            OperatorFault: the provider does not take our key; nothing has moved.
            ProviderUnavailable: the provider is down; nothing has moved.
        """
        async with self._operator_told():
            first = await self._lookup.asked(asking.key)
            if first is not None and first.user_id == asking.member.user_id:
                funding = await self._admission.funding(asking.member)
                return await self._answered(first, funding, await self._expectation.forecast(first.request), new=False)
        model, place = self.capability(wish.model), asking.destination
        job_id = token_hex(8)
        async with self._operator_told():
            admitted = await self._admission.admit(
                wish,
                asking.member,
                model=model,
                channel_id=place.channel_id,
                key=asking.key,
                job_id=job_id,
                confirmed=asking.confirmed,
            )
        await self._health[model.provider].ensure()
        wanted = self._job(job_id, admitted, asking, provider=model.provider)
        async with self._operator_told():
            expected = await self._expectation.forecast(admitted.wish)
            job, new = await self._jobs.accept(
                wanted,
                funding=admitted.funding,
                most=self._limits.jobs_per_user,
                case=admitted.case,
                now=wanted.created_at,
            )
        self._wake()
        return await self._answered(job, admitted.funding, expected, new=new, warned=admitted.warned)

    async def _answered(
        self, job: Job, funding: Funding, expected: Forecast, *, new: bool, warned: bool = False
    ) -> Accepted:
        """What the author of a job is told, who shall also find its card."""
        job = await self._introduced(job)
        return Accepted(
            job=job,
            new=new,
            price=Price(credits=job.credits, usd_micros=job.usd_micros),
            left=await self._left(funding),
            expected=expected,
            outlook=await self._outlook(job),
            warned=warned,
        )

    def _job(self, job_id: str, admitted: Admitted, asking: Asking, *, provider: str) -> Job:
        now, own = self._clock(), admitted.funding.purses[0]
        held = admitted.review is Review.REQUEST
        return Job(
            id=job_id,
            idempotency_key=asking.key,
            user_id=asking.member.user_id,
            locale=asking.locale,
            public_locale=asking.public_locale or asking.locale,
            parent_id=asking.parent_id,
            origin=asking.origin,
            destination=asking.destination,
            provider=provider,
            request=admitted.wish,
            status=JobStatus.PENDING if held else JobStatus.QUEUED,
            attempt=1,
            tries=0,
            owner=own.owner,
            period=own.period,
            credits=admitted.price.credits,
            usd_micros=admitted.price.usd_micros,
            created_at=now,
            deadline_at=now + (REVIEW_TIME if held else self._limits.deadline),
            due_at=now + REVIEW_TIME if held else None,
            priority=admitted.priority,
            spoiler=admitted.spoiler,
            review=admitted.review,
            asked_at=self._moment(),
        )

    @asynccontextmanager
    async def _operator_told(self) -> AsyncIterator[None]:
        """Nobody but the operator can end it when the database refuses, or a budget."""
        try:
            yield
        except (BudgetExceeded, SeveralReasons):
            self._wake()  # a budget's end has been noted, and is to be told
            raise
        except StoreUnavailable as exc:
            await self._desk.tell(Alert(trouble=Trouble.STORE, subject="database", detail=str(exc)))
            raise

    async def _introduced(self, job: Job) -> Job:
        try:
            return await self._cards.introduce(job)
        except StoreUnavailable as exc:
            log.warning("no card for now", extra={"job": job.id, "detail": str(exc)})
        except Exception:  # it has been accepted, and nothing else may be said
            log.exception("the card failed unexpectedly", extra={"job": job.id})
        return job

    async def _left(self, funding: Funding) -> int | None:
        try:
            return sum(account.balance for account in await self._lookup.accounts(funding.purses))
        except StoreUnavailable as exc:
            log.warning("no balance for now", extra={"detail": str(exc)})
            return None

    async def _outlook(self, job: Job) -> Outlook | None:
        """How a job stands that may have been taken from the queue meanwhile."""
        try:
            present = await self._lookup.job(job.id)
            if present is None or present.status is not JobStatus.QUEUED:
                return None
            outlook = await self._expectation.outlook(present)
        except StoreUnavailable as exc:
            log.warning("no outlook for now", extra={"job": job.id, "detail": str(exc)})
            return None
        return outlook if outlook.waits else None

    async def cancel(self, job_id: str, *, user_id: int) -> Job:
        """Take a waiting job back; its credits are free again.

        Raises:
            JobUnknown: there is no such job, or it is not that person's.
            TooLateToCancel: the provider may have heard of it already.
        """
        if not possible_id(job_id):
            raise JobUnknown(job_id=job_id)
        job = await self._jobs.cancel(job_id, user_id=user_id, now=self._clock())
        self._wake()
        return job

    async def latest(self, *, user_id: int, guild_id: int | None, most: int = 10) -> list[JobView]:
        """A person's latest jobs here, the newest first."""
        jobs = await self._lookup.of_user(user_id, guild_id=guild_id, most=most)
        return [await self._view(job) for job in jobs]

    async def _view(self, job: Job) -> JobView:
        if job.status is not JobStatus.QUEUED:
            return JobView(job=job, position=None)
        outlook = await self._expectation.outlook(job)
        return JobView(job=job, position=outlook.position, expected_at=outlook.expected_at)

    async def estimate(self, wish: VideoRequest, member: Member) -> Estimate:
        """What a request would mean here and now; nothing is asked for yet."""
        standing = await self.standing(member)
        expected = await self._expectation.forecast(wish)
        return Estimate(price=self.price(wish), standing=standing, expected=expected)

    async def terms(self, member: Member) -> Terms:
        """What a person may have here and now."""
        return await self._admission.terms(member)

    async def offered(self, member: Member) -> Sequence[Capability]:
        """The models as far as a person may use them here: what is worth showing them."""
        return await self._admission.models(member)

    async def may_show(self, job: Job, member: Member, *, channel_id: int) -> bool:
        """See `Admission.may_show`."""
        return await self._admission.may_show(job, member, channel_id=channel_id)

    async def standing(self, member: Member) -> Standing:
        """What a person has left here."""
        funding = await self._admission.funding(member)
        shared = [cap for cap in funding.caps if cap.unit is Unit.CREDITS]
        funds = [*funding.purses, *shared]
        pairs = zip(funds, await self._lookup.accounts(funds), strict=True)
        purses = [Purse(account=account, renews_at=fund.renews_at) for fund, account in pairs]
        return Standing(purses=tuple(purses[: len(funding.purses)]), caps=tuple(purses[len(funding.purses) :]))
