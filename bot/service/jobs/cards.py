"""Shows each job on a card: posted once, edited sparingly, and taken away for certain when its video is posted."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from bot.domain import Job, millis
from bot.errors import DestinationBusy, DestinationLost
from bot.service.jobs.eta import Forecaster
from bot.service.ports import CannotTell, Card, Notifier, Phase, Posted, phase_of
from bot.service.processes import Processes
from bot.service.signals import OTHERS, Signals, Topic
from bot.store.jobs.jobs import JobStore
from bot.store.jobs.queries import JobQueryStore
from bot.values import dataclass, replace

log = logging.getLogger(__name__)

PATIENCE: Final = 20.0  # seconds that Discord has to take a card
HELD_UP: Final = timedelta(seconds=5)  # to show a card: another process may have taken the job over meanwhile
LAST_PATIENCE: Final = 60.0  # seconds that it has to take the last words on a job
SETTLED: Final = timedelta(seconds=5)  # after a call whose answer nobody saw: by then it has been carried out, or never


@dataclass(frozen=True, kw_only=True, slots=True)
class _ShownCard:
    place_id: int  # the job's
    place: Posted | None  # None where there is no card, or no way to it
    phase: Phase
    position: int | None
    expected_at: datetime | None
    late_at: datetime | None
    overdue: bool
    paused: bool

    def already_says(self, card: Card, *, now: datetime) -> bool:
        """Tell whether a card says nothing new, as far as that can be shown where this one was."""
        if self.phase is not card.phase:
            return False
        if self.place is None:
            return True
        if card.phase is Phase.WAITING and self.expected_at is not None and self.expected_at <= now:
            return False  # what it promised has not come
        return (self.position, self.overdue, self.paused) == (card.position, card.overdue, card.paused)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Unseen:
    """The last call about a card whose answer nobody saw, and when it was given up."""

    place_id: int  # the job's
    at: datetime


class Cards:
    """Shows jobs to people. Time passes on a card by itself (Discord's timestamps), so only news are edited in.

    A card shows what the database says when its turn comes, so it does not matter in which order people ask for that.
    The owner of a channel alone posts and edits its cards; the other processes ask it to. A posted video's card is
    taken away, unless it `keeps` them: the video says all that it said. `moment` is the present by Discord's clock,
    `patience` is in seconds, as is that with `others`.
    """

    def __init__(
        self,
        *,
        notifier: Notifier,
        jobs: JobStore,
        lookup: JobQueryStore,
        forecaster: Forecaster,
        processes: Processes,
        signals: Signals,
        clock: Callable[[], datetime],
        moment: Callable[[], datetime],
        keeps: bool = False,
        patience: float = PATIENCE,
        others_patience: float = OTHERS,
    ) -> None:
        self._processes, self._signals, self._keeps = processes, signals, keeps
        self._notifier, self._jobs, self._lookup, self._forecaster = notifier, jobs, lookup, forecaster
        self._clock, self._moment, self._patience = clock, moment, patience
        self._others_patience = others_patience
        self._shown: dict[str, _ShownCard] = {}
        self._unseen: dict[str, _Unseen] = {}  # posts and edits that may still be carried out, by job
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        processes.on_change(self._forget_foreign)

    @property
    def shown(self) -> int:
        """Count the cards whose words are remembered."""
        return len(self._shown)

    async def introduce(self, job: Job) -> Job:
        """Post the card of a new job, unless somebody already has; the job with its card's place, if that is known.

        Another process that has to post it is waited for a moment.

        Raises:
            StoreUnavailable: the database refuses.
        """
        if self._processes.owns(job.place_id):
            await self.show(job)
            return self._with_known_place(job)
        with self._signals.expected(Topic.CARDED, job.id) as carded:
            self._ask_owner(job, Topic.NEW_CARD)
            if job.destination.private:  # whoever was asked has the private answer that shows it
                await self._notifier.post_card(await self.describe(job))
                return job
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._others_patience):
                    await carded.wait()
        if not carded.is_set() and self._processes.owns(job.place_id):  # whoever was asked has died
            await self.show(job)
        return await self._lookup.job(job.id) or job

    async def show(self, job: Job) -> None:
        """Edit what is new into a job's card, or post the card where there is none; or ask whoever may.

        A channel that does not take it keeps nobody's video from being made.

        Raises:
            StoreUnavailable: the database refuses.
        """
        if not self._processes.owns(job.place_id):
            self._ask_owner(job, Topic.CARD)
            return
        known = self._shown.get(job.id)
        if known is not None and known.phase is phase_of(job) is not Phase.WAITING and not self._is_newly_late(known):
            return
        async with self._lock_of(job):
            present = await self._lookup.job(job.id)
            if present is not None and not _closed(present) and not self._goes(present):
                began = self._clock()
                await self._bring_up_to_date(present)
                if self._processes.others and self._clock() - began >= HELD_UP:
                    await self._make_good(present)

    async def show_for_others(self, job_id: str) -> None:
        """Show a job's card since another process asks for it.

        Raises:
            StoreUnavailable: the database refuses.
        """
        job = await self._lookup.job(job_id)
        if job is not None:
            await self.show(job)

    async def refresh(self, provider: str, *, most: int = 10) -> None:
        """Bring the cards at the front of a provider's queue up to date.

        Raises:
            StoreUnavailable: the database refuses.
        """
        for job in await self._lookup.first_waiting(provider, most=most):
            if job.id in self._shown:
                await self.show(job)

    async def close(self, job: Job) -> None:
        """Take the card of a posted video away; else show on it how the job ended. Tell the requester.

        What tells them in the channel takes the card's place: one message a video, whatever comes of it.

        Raises:
            DestinationBusy: Discord cannot take it right now.
            StoreUnavailable: the database refuses.
        """
        try:
            async with asyncio.timeout(LAST_PATIENCE):
                async with self._lock_of(job):
                    card = await self._post_last(job)
                if card.phase is Phase.DONE:
                    await self._notifier.say_ready(card.job)
                else:
                    await self._tell(card)
        except DestinationLost as exc:
            log.info("nobody to tell", extra={"job": job.id, "reason": exc.reason})
        except TimeoutError as exc:
            raise DestinationBusy("slow") from exc

    async def _tell(self, card: Card) -> None:
        """Tell the requester once: what may have been said before a crash is looked for before it is said."""
        repeated = card.job.telling_at is not None
        intended = await self._jobs.begin_telling(card.job, at=self._moment())
        job = replace(card.job, telling_at=intended.telling_at)
        told = await self._notifier.tell_requester(replace(card, job=job, repeated=repeated))
        if told is not None and told.message_id != job.card_message_id:
            await self._take_its_place(job, told)

    async def _take_its_place(self, job: Job, told: Posted) -> None:
        """Let the message that tells how a job ended be its card; the one before goes.

        Killed in between, the message is found again and the rest is done then.
        """
        if job.card_message_id is not None:
            try:
                await self._notifier.remove_card(Card(job=job, phase=phase_of(job)))
            except DestinationLost as exc:
                log.info("the card stays", extra={"job": job.id, "reason": exc.reason})
        await self._jobs.move_card(job, channel_id=told.channel_id, message_id=told.message_id)
        if (known := self._shown.get(job.id)) is not None:
            self._shown[job.id] = replace(known, place=told)

    async def forget(self, job: Job) -> None:
        """Forget the card of a closed job."""
        async with self._lock_of(job):
            self._shown.pop(job.id, None)
            self._unseen.pop(job.id, None)

    async def describe(self, job: Job) -> Card:
        """Put together what a job's card has to say now.

        Raises:
            StoreUnavailable: the database refuses.
        """
        card = Card(job=job, phase=phase_of(job))
        if card.phase is Phase.RUNNING and job.submitted_at is not None:
            forecast = await self._forecaster.forecast(job.request)
            expected_at, late_at = job.submitted_at + forecast.usual, job.submitted_at + forecast.late
            return replace(card, expected_at=expected_at, late_at=late_at, overdue=self._clock() >= late_at)
        if card.phase is Phase.WAITING:  # or it has left the queue a moment ago
            queue_forecast = await self._forecaster.queue_forecast(job)
            return replace(
                card,
                position=queue_forecast.position,
                expected_at=queue_forecast.expected_at,
                paused=queue_forecast.paused,
            )
        return card

    async def _post_last(self, job: Job) -> Card:
        """Bring a job's card to its end, unless it is there already; the card has no place where it is lost.

        Raises:
            DestinationBusy: among others, an earlier post or edit may still be carried out after this.
        """
        card, known = await self.describe(await self._find_card(self._with_known_place(job))), self._shown.get(job.id)
        unseen = self._unseen.get(job.id)  # now: it is forgotten where the channel becomes another's meanwhile
        to_be_seen = known is not None and known.place is not None and known.phase is card.phase
        if card.job.card_message_id is not None and (unseen is not None or not to_be_seen):
            try:
                await (self._notifier.remove_card if self._goes(job) else self._notifier.edit_card)(card)
            except DestinationLost as exc:
                log.info("the card is lost", extra={"job": job.id, "reason": exc.reason})
                card = replace(card, job=replace(card.job, card_channel_id=None, card_message_id=None))
        if unseen is not None and self._clock() - unseen.at < SETTLED:
            raise DestinationBusy("in doubt")
        return card

    def _goes(self, job: Job) -> bool:
        """Whether a job's card is to go, since its video has been posted."""
        return job.delivered_at is not None and not self._keeps

    async def _find_card(self, job: Job) -> Job:
        """Find a job's card where none was recorded: it may have been posted all the same. The job with its place.

        Raises:
            DestinationBusy: nobody can look right now.
        """
        if job.card_message_id is not None or job.destination.private:
            return job
        sighting = await self._notifier.find_card(job)
        if isinstance(sighting, CannotTell) and not sighting.closed:
            raise DestinationBusy(sighting.reason)
        if not isinstance(sighting, Posted):
            return job
        log.info("a card is found that was not recorded", extra={"job": job.id})
        await self._jobs.record_card(job, channel_id=sighting.channel_id, message_id=sighting.message_id)
        return replace(job, card_channel_id=sighting.channel_id, card_message_id=sighting.message_id)

    async def _bring_up_to_date(self, job: Job) -> None:
        known, card = self._shown.get(job.id), await self.describe(self._with_known_place(job))
        if known is not None and known.already_says(card, now=self._clock()):
            self._shown[job.id] = replace(known, late_at=card.late_at, overdue=card.overdue)
            return
        try:
            async with asyncio.timeout(self._patience):
                place = await self._post(card) if card.job.card_message_id is None else await self._edit(card)
        except (DestinationLost, DestinationBusy, TimeoutError) as exc:
            log.info("the card could not be shown", extra={"job": job.id, "reason": str(exc) or "slow"})
            if not isinstance(exc, DestinationLost):
                self._unseen[job.id] = _Unseen(place_id=job.place_id, at=self._clock())
                return  # to be tried again with the next news, whatever they are
            place = None
        self._shown[job.id] = _ShownCard(
            place_id=job.place_id,
            place=place,
            phase=card.phase,
            position=card.position,
            expected_at=card.expected_at,
            late_at=card.late_at,
            overdue=card.overdue,
            paused=card.paused,
        )

    async def _make_good(self, shown: Job) -> None:
        """Show how a job stands by now on a card that this process may have set back: it stood still for a while.

        Whoever has taken the job over may have said the last about it meanwhile, and would not say it again.
        """
        present = await self._lookup.job(shown.id)
        if present is None or phase_of(present) is phase_of(shown):
            return
        card = await self.describe(self._with_known_place(present))
        self._shown.pop(shown.id, None)
        with contextlib.suppress(DestinationLost, DestinationBusy, TimeoutError):
            async with asyncio.timeout(self._patience):
                await (self._notifier.remove_card if self._goes(present) else self._notifier.edit_card)(card)
                log.info("a card is made good", extra={"job": shown.id})

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

    def _with_known_place(self, job: Job) -> Job:
        known = self._shown.get(job.id)
        if known is None or known.place is None:
            return job
        return replace(job, card_channel_id=known.place.channel_id, card_message_id=known.place.message_id)

    def _ask_owner(self, job: Job, topic: Topic) -> None:
        """Ask whoever owns a job's channel to show its card, and to see to the job when it is due."""
        due_at = "" if job.due_at is None else millis(job.due_at)
        self._signals.send(topic, f"{job.id} {job.place_id} {due_at}")

    def _forget_foreign(self) -> None:
        """Forget what is shown in channels that are another process's by now."""
        owns = self._processes.owns
        self._shown = {name: card for name, card in self._shown.items() if owns(card.place_id)}
        self._unseen = {name: call for name, call in self._unseen.items() if owns(call.place_id)}

    def _is_newly_late(self, known: _ShownCard) -> bool:
        """Whether a job is overdue by now whose card does not say so."""
        return known.late_at is not None and not known.overdue and self._clock() >= known.late_at

    def _lock_of(self, job: Job) -> asyncio.Lock:
        """Give each card a lock of its own: what is posted twice or edited out of order confuses people."""
        turn = self._turns.get(job.id)
        if turn is None:
            turn = self._turns[job.id] = asyncio.Lock()
        return turn


def _closed(job: Job) -> bool:
    return job.finished and job.due_at is None
