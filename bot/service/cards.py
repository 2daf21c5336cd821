"""Job cards: posted once, edited sparingly, closed for certain."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from bot.errors import DeliveryError, DestinationLost
from bot.service.notifier import Card, Phase, Posted, phase_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.domain.job import Job
    from bot.service.expectation import Expectation
    from bot.service.notifier import Notifier
    from bot.store.jobs import JobStore
    from bot.store.lookup import Lookup

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shown:
    place: Posted
    phase: Phase
    position: int | None


class Cards:
    """Shows jobs to people. Time passes on a card by itself (Discord's timestamps), so only news are edited in."""

    def __init__(self, *, notifier: Notifier, jobs: JobStore, lookup: Lookup, expectation: Expectation) -> None:
        self._notifier, self._jobs, self._lookup, self._expectation = notifier, jobs, lookup, expectation
        self._shown: dict[str, _Shown] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def introduce(self, job: Job) -> Job:
        """Post the card of a new job, unless somebody already has; the job with its card's place."""
        async with self._turn(job):
            if job.id not in self._shown and job.card_message_id is None:
                await self._try(self._post, await self.describe(job))
            return self._placed(job)

    async def show(self, job: Job) -> None:
        """Edit what is new into a job's card, or post the card where there is none.

        A channel that does not take it keeps nobody's video from being made.
        """
        async with self._turn(job):
            known, phase = self._shown.get(job.id), phase_of(job)
            if known is not None and known.phase is phase is not Phase.WAITING:
                return
            card = await self.describe(self._placed(job))
            if known is None or (known.phase, known.position) != (phase, card.position):
                await self._try(self._post if card.job.card_message_id is None else self._edit, card)

    async def refresh(self, provider: str, *, most: int = 10) -> None:
        """Bring the cards at the front of a provider's queue up to date."""
        for job in await self._lookup.first_waiting(provider, most=most):
            if job.id in self._shown:
                await self.show(job)

    async def close(self, job: Job) -> None:
        """Show how the job ended, on its card and, where it ended without a video, to its requester alone.

        Raises:
            DestinationBusy: Discord cannot take it right now.
        """
        async with self._turn(job):
            card = await self.describe(self._placed(job))
            try:
                if card.job.card_message_id is not None:
                    await self._notifier.edit_card(card)
                if card.phase is not Phase.DONE:
                    await self._notifier.tell_requester(card)
            except DestinationLost as exc:
                log.info("nobody to tell", extra={"job": job.id, "reason": exc.reason})
            self._shown.pop(job.id, None)

    async def describe(self, job: Job) -> Card:
        """What the job's card has to say now."""
        phase, expected_at = phase_of(job), None
        if phase is Phase.RUNNING and job.submitted_at is not None:
            expected_at = job.submitted_at + await self._expectation.of(job.request)
        position = await self._lookup.position(job) if phase is Phase.WAITING else None
        return Card(job=job, phase=phase, position=position, expected_at=expected_at)

    async def _try(self, show: Callable[[Card], Awaitable[Posted | None]], card: Card) -> None:
        try:
            place = await show(card)
        except DeliveryError as exc:
            log.info("the card could not be shown", extra={"job": card.job.id, "reason": exc.reason})
            return
        if place is not None:
            self._shown[card.job.id] = _Shown(place=place, phase=card.phase, position=card.position)

    async def _post(self, card: Card) -> Posted | None:
        place = await self._notifier.post_card(card)
        if place is not None:
            await self._jobs.record_card(card.job, channel_id=place.channel_id, message_id=place.message_id)
        return place

    async def _edit(self, card: Card) -> Posted | None:
        await self._notifier.edit_card(card)
        job = card.job
        if job.card_channel_id is None or job.card_message_id is None:
            return None
        return Posted(channel_id=job.card_channel_id, message_id=job.card_message_id)

    def _placed(self, job: Job) -> Job:
        known = self._shown.get(job.id)
        if known is None:
            return job
        return replace(job, card_channel_id=known.place.channel_id, card_message_id=known.place.message_id)

    def _turn(self, job: Job) -> asyncio.Lock:
        """One at a time for each card: what is posted twice or edited out of order confuses people."""
        turn = self._turns.get(job.id)
        if turn is None:
            turn = self._turns[job.id] = asyncio.Lock()
        return turn
