"""Serves people who want videos: accepts and cancels requests, tells prices and what credits are left."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final

from bot import domain
from bot.errors import (
    BudgetExceeded,
    JobUnknown,
    ModelGivenUp,
    ModelUnknown,
    PriceUnseen,
    SeveralReasons,
    StoreUnavailable,
)
from bot.log import log_about
from bot.service.jobs.admission import Admission, Admitted
from bot.service.jobs.cards import Cards
from bot.service.jobs.eta import Forecaster, JobView, QueueForecast
from bot.service.jobs.offered_models import OfferedModels
from bot.service.jobs.provider_health import ProviderHealth
from bot.service.jobs.types import Accepted, Balances, Estimate, FundingSource, JobLimits, RequestContext
from bot.service.operator_alerts import OperatorAlerts
from bot.service.ports import Alert, Trouble
from bot.service.screening.screening import REVIEW_TIME
from bot.service.traces import ACCEPT, Traces
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.queries import JobQueryStore

log = logging.getLogger(__name__)


ONCE: Final = timedelta(seconds=10)  # so soon the same video from the same one is asked for by a trembling thumb


class Videos:
    """Does what members ask for. Every method may raise `StoreUnavailable`: then nothing has happened.

    But for `CommitUnknown`, whose words say so: it may have. The same asking, or taking back, once more is harmless.

    What is asked for after a request was accepted may fail without anybody being told that it was not. `moment` is the
    present by Discord's clock.
    """

    def __init__(
        self,
        *,
        jobs: JobStore,
        lookup: JobQueryStore,
        cards: Cards,
        forecaster: Forecaster,
        health: Mapping[str, ProviderHealth],
        operator_alerts: OperatorAlerts,
        admission: Admission,
        models: OfferedModels,
        limits: JobLimits,
        traces: Traces,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._jobs, self._lookup, self._cards = jobs, lookup, cards
        self._forecaster, self._health, self._operator_alerts, self._admission = (
            forecaster,
            health,
            operator_alerts,
            admission,
        )
        self._limits, self._clock, self._moment, self._wake = limits, clock, moment, wake
        self.models, self._traces = models, traces

    def capability(self, model: str | None) -> domain.Capability:
        """Look up what a model can do; the first configured one where none is named.

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

    def price(self, request: domain.VideoRequest) -> domain.Price:
        """Tell what a request costs.

        Raises:
            ModelUnknown: no configured provider has its model.
        """
        return self.capability(request.model).price(request)

    def check_price(self, request: domain.VideoRequest, *, said: int | None) -> None:
        """Refuse a request whose button said another price than it has now, in credits; or none.

        Raises:
            ModelUnknown: no configured provider has its model.
            PriceUnseen: what it costs has not been said.
        """
        price = self.price(request).credits
        if said != price:
            raise PriceUnseen(price=price)

    async def request(self, request: domain.VideoRequest, context: RequestContext) -> Accepted:
        """Accept a request: keep it as a job and hold its credits. The asking's `key` makes a repeat harmless.

        What has been accepted is not refused afterwards, whatever has changed since.

        Raises:
            AskedJustNow: they have asked for the same at a tap a moment ago, and said no yes to another.
            Refused: in all its other kinds; nothing has moved.
            OperatorFault: the provider does not take our key; nothing has moved.
            ProviderUnavailable: the provider is down; nothing has moved.
        """
        async with self._telling_operator():
            first = await self._lookup.asked(context.key)
            if first is not None and first.user_id == context.member.user_id:
                funding = await self._admission.funding(context.member)
                return await self._accepted(first, funding, await self._forecaster.forecast(first.request), new=False)
        job_id, model = token_hex(8), self.capability(request.model)
        with self._traces.step(ACCEPT, job_id, provider=model.provider):
            return await self._take(request, context, model=model, job_id=job_id)

    async def _take(
        self, request: domain.VideoRequest, context: RequestContext, *, model: domain.Capability, job_id: str
    ) -> Accepted:
        """Ask whether a request may be made, and keep it as a job with that id."""
        alone_since = self._alone_since(context)
        async with self._telling_operator():
            if alone_since is not None:
                await self._jobs.check_alone(
                    request,
                    user_id=context.member.user_id,
                    parent_id=context.parent_id,
                    since=alone_since,
                    price=model.price(request),
                )
            admitted = await self._admission.admit(
                request,
                context.member,
                model=model,
                channel_id=context.destination.channel_id,
                key=context.key,
                job_id=job_id,
                confirmed=context.confirmed,
            )
        await self._health[model.provider].ensure()
        wanted = self._new_job(job_id, admitted, context, provider=model.provider)
        async with self._telling_operator():
            expected = await self._forecaster.forecast(admitted.request)
            job, new = await self._jobs.accept(
                wanted,
                funding=admitted.funding,
                most=self._limits.jobs_per_user,
                case=admitted.case,
                now=wanted.created_at,
                alone_since=alone_since,
            )
        log_about(job=job.id)
        if new:
            log.info("accepted", extra={"provider": job.provider})
        self._wake()
        return await self._accepted(job, admitted.funding, expected, new=new, warned=admitted.warned)

    def _alone_since(self, context: RequestContext) -> datetime | None:
        """Say since when a request at a tap has to be the first; None for what is typed, or if they want another."""
        at_a_tap = context.at_a_tap or context.parent_id is not None
        return self._clock() - ONCE if at_a_tap and not context.confirmed else None

    async def _accepted(
        self, job: domain.Job, funding: domain.Funding, expected: domain.Forecast, *, new: bool, warned: bool = False
    ) -> Accepted:
        """Put together what the author of a job is told, who shall also find its card."""
        job, left = await self._posted_card(job), await self._credits_left(funding)
        cancellable, queue_forecast = await self._look_ahead(job)
        return Accepted(
            job=job,
            new=new,
            price=domain.Price(credits=job.credits, usd_micros=job.usd_micros),
            left=left,
            expected=expected,
            queue_forecast=queue_forecast,
            cancellable=cancellable,
            warned=warned,
        )

    def _new_job(self, job_id: str, admitted: Admitted, context: RequestContext, *, provider: str) -> domain.Job:
        now, own = self._clock(), admitted.funding.sources[0]
        held = admitted.review is domain.Review.REQUEST
        return domain.Job(
            id=job_id,
            idempotency_key=context.key,
            user_id=context.member.user_id,
            locale=context.locale,
            public_locale=admitted.language or context.public_locale or context.locale,
            parent_id=context.parent_id,
            origin=context.origin,
            destination=context.destination,
            provider=provider,
            request=admitted.request,
            status=domain.JobStatus.PENDING if held else domain.JobStatus.QUEUED,
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
    async def _telling_operator(self) -> AsyncIterator[None]:
        """Tell the operator, who alone can end it, when the database refuses, or a budget."""
        try:
            yield
        except (BudgetExceeded, SeveralReasons):
            self._wake()  # a budget's end has been noted, and is to be told
            raise
        except StoreUnavailable as exc:
            await self._operator_alerts.tell(Alert(trouble=Trouble.STORE, subject="database", detail=str(exc)))
            raise

    async def _posted_card(self, job: domain.Job) -> domain.Job:
        try:
            return await self._cards.introduce(job)
        except StoreUnavailable as exc:
            log.warning("no card for now", extra={"job": job.id, "detail": str(exc)})
        except Exception:  # it has been accepted, and nothing else may be said
            log.exception("the card failed unexpectedly", extra={"job": job.id})
        return job

    async def _credits_left(self, funding: domain.Funding) -> int | None:
        try:
            return sum(account.balance for account in await self._lookup.accounts(funding.sources))
        except StoreUnavailable as exc:
            log.warning("no balance for now", extra={"detail": str(exc)})
            return None

    async def _look_ahead(self, job: domain.Job) -> tuple[bool, QueueForecast | None]:
        """Tell whether a job can be taken back that may have begun meanwhile, and how it stands if it has to wait."""
        try:
            present = await self._lookup.job(job.id)
            if present is None or not present.cancellable:
                return False, None
            if present.status is not domain.JobStatus.QUEUED:
                return True, None
            queue_forecast = await self._forecaster.queue_forecast(present)
        except StoreUnavailable as exc:
            log.warning("no outlook for now", extra={"job": job.id, "detail": str(exc)})
            return False, None
        return True, queue_forecast if queue_forecast.waits else None

    async def cancel(self, job_id: str, *, user_id: int) -> domain.Job:
        """Take a waiting job back; its credits are free again.

        Raises:
            JobUnknown: there is no such job, or it is not that person's.
            TooLateToCancel: the provider may have heard of it already.
        """
        if not domain.is_possible_id(job_id):
            raise JobUnknown(job_id=job_id)
        job = await self._jobs.cancel(job_id, user_id=user_id, now=self._clock())
        self._wake()
        return job

    async def latest(self, *, user_id: int, guild_id: int | None, most: int = 10) -> list[JobView]:
        """List a person's latest jobs here, the newest first."""
        jobs = await self._lookup.of_user(user_id, guild_id=guild_id, most=most)
        return [await self._forecaster.view(job) for job in jobs]

    async def estimate(self, request: domain.VideoRequest, member: domain.Member) -> Estimate:
        """Tell what a request would mean here and now; nothing is asked for yet."""
        balances = await self.balances(member)
        expected = await self._forecaster.forecast(request)
        return Estimate(price=self.price(request), balances=balances, expected=expected)

    async def terms(self, member: domain.Member) -> domain.Terms:
        """Tell what a person may have here and now."""
        return await self._admission.terms(member)

    async def offered(self, member: domain.Member) -> Sequence[domain.Capability]:
        """List the models as far as a person may use them here: what is worth showing them."""
        return await self._admission.models(member)

    async def may_show(self, job: domain.Job, member: domain.Member, *, channel_id: int) -> bool:
        """See `Admission.may_show`."""
        return await self._admission.may_show(job, member, channel_id=channel_id)

    async def balances(self, member: domain.Member) -> Balances:
        """Tell what a person has left here."""
        funding = await self._admission.funding(member)
        shared = [cap for cap in funding.caps if cap.unit is domain.Unit.CREDITS]
        funds = [*funding.sources, *shared]
        pairs = zip(funds, await self._lookup.accounts(funds), strict=True)
        sources = [FundingSource(account=account, renews_at=fund.renews_at) for fund, account in pairs]
        return Balances(sources=tuple(sources[: len(funding.sources)]), caps=tuple(sources[len(funding.sources) :]))
