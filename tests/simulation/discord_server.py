"""A simulated Discord: its messages, its nonces, its moods; and the bot's ports to it, as the adapters fulfil them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final, TypeVar

from bot.domain import AuditEntry, Case, CaseKind, Job, Note
from bot.domain.sharing import PART
from bot.errors import DestinationBusy, DestinationLost
from bot.service.jobs.copies import Copy
from bot.service.ports import Alert, CannotTell, Card, NotPosted, Posted, Result, Sighting
from tests.simulation.world import World

T = TypeVar("T")

NONCES: Final = (60.0, 60.0, 300.0)  # seconds that Discord may remember a nonce: "a few minutes"
FRESH: Final = timedelta(minutes=1)  # so long the bot's adapter counts on that
MARGIN: Final = timedelta(minutes=1)  # by which the bot's adapter looks further back
OPERATOR: Final = 900
DIRECT: Final = 1_000_000 * PART  # added to a person's id: their direct messages
_PLACES: Final = 100  # channels that a guild may have


def channel(guild_id: int, number: int) -> int:
    """Name a channel of a guild, whose id is a multiple of `PART`, as theirs are: so they are several processes'."""
    return guild_id * _PLACES + number * PART


@dataclass(kw_only=True)
class Message:
    """A message of the bot's: of a `kind`, about a `subject`, and what it says."""

    id: int
    channel_id: int
    kind: str
    subject: str
    at: datetime
    said: str
    deleted: bool = False


# Of these there is never a second one about the same subject.
ONCE: Final = frozenset({"result", "card", "end", "case", "decision", "grant", "welcome"})


class SimulatedDiscord:
    """Every channel with its messages. `closed` channels take nothing, and show nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.messages: dict[int, Message] = {}
        self.closed: set[int] = set()
        self.ever_closed: set[int] = set()
        self._memory = world.random.choice(NONCES)
        self._nonces: dict[tuple[int, str], tuple[int, float]] = {}
        self._ids = count(1000)
        self._by_subject: dict[tuple[str, str], list[Message]] = {}

    def close(self, channel_id: int) -> None:
        """Let nobody into a channel from now on."""
        self.closed.add(channel_id)
        self.ever_closed.add(channel_id)

    # -- what the bot's calls do

    async def post(self, channel_id: int, kind: str, subject: str, *, nonce: str, said: str = "") -> Posted:
        """Post a message, or find the one that the nonce was used for."""
        return await self._call(lambda: self._post(channel_id, kind, subject, nonce, said), kind)

    async def edit(self, message_id: int, said: str) -> None:
        """Change what a message says."""
        await self._call(lambda: self._edit(message_id, said), "edit")

    async def delete(self, message_id: int, *, subject: str, channel_id: int) -> bool:
        """Delete a message about a subject; whether it was there."""
        message = self.messages.get(message_id)
        if message is not None and (message.subject, message.channel_id) != (subject, channel_id):
            self._world.is_wrong(f"for {subject} in {channel_id}, message {message_id} is to be deleted: {message}")
        return await self._call(lambda: self._delete(message_id), "delete")

    async def find(
        self,
        channel_id: int,
        kinds: Collection[str],
        subject: str,
        *,
        since: datetime,
        besides: Collection[int | None] = (),
    ) -> Sighting:
        """Look for a message about a subject. Raises nothing."""
        try:
            return await self._call(lambda: self._find(channel_id, kinds, subject, since - MARGIN, besides), "look")
        except DestinationBusy as exc:
            return CannotTell(reason=exc.reason)
        except DestinationLost as exc:
            return CannotTell(reason=exc.reason, closed=True)

    async def _call(self, effect: Callable[[], T], what: str) -> T:
        """Carry out a call: it may be refused for now, and it may be carried out without an answer."""
        world = self._world
        if world.chance(world.weather.discord):
            world.counted["discord: busy"] += 1
            await asyncio.sleep(world.random.choice((0.1, 3.0)))
            raise DestinationBusy("429")
        answer = await world.request(effect, what=f"discord {what}")
        if world.chance(world.weather.discord):
            world.counted["discord: lost answer"] += 1
            await asyncio.sleep(world.random.choice((0.1, 30.0)))
            raise DestinationBusy("no answer")
        return answer

    def of(self, kind: str, subject: str) -> list[Message]:
        """List the messages of a kind about a subject, deleted ones too."""
        return self._by_subject.get((kind, subject), [])

    def _post(self, channel_id: int, kind: str, subject: str, nonce: str, said: str) -> Posted:
        world, now = self._world, self._world.loop.time()
        self._demand_open(channel_id)
        known = self._nonces.get((channel_id, nonce))
        if known is not None and now - known[1] < self._memory:
            world.event(f"discord has {kind} {subject} already")
            return Posted(channel_id=channel_id, message_id=known[0])
        before = [each for each in self.of(kind, subject) if kind != "end" or each.said == said]
        message = Message(
            id=next(self._ids), channel_id=channel_id, kind=kind, subject=subject, at=world.moment(), said=said
        )
        self.messages[message.id] = message
        self._by_subject.setdefault((kind, subject), []).append(message)
        self._nonces[channel_id, nonce] = (message.id, now)
        world.event(f"discord post {message.id} in {channel_id}: {kind} {subject} {said}")
        world.counted[f"posted: {kind}"] += 1
        if before and kind in ONCE:
            world.is_wrong(f"{kind} {subject} is posted {len(before) + 1} times")
        return Posted(channel_id=channel_id, message_id=message.id)

    def _edit(self, message_id: int, said: str) -> None:
        message = self._existing(message_id)
        if message.kind != "end":  # an end's card changes, and its words stay
            message.said = said
        self._world.event(f"discord edit {message_id}: {said}")

    def _delete(self, message_id: int) -> bool:
        message = self.messages.get(message_id)
        if message is None or message.deleted:
            return False
        self._demand_open(message.channel_id)
        message.deleted = True
        self._world.event(f"discord delete {message_id}")
        return True

    def _existing(self, message_id: int) -> Message:
        message = self.messages.get(message_id)
        if message is None or message.deleted:
            raise DestinationLost("unknown message")
        self._demand_open(message.channel_id)
        return message

    def _find(
        self, channel_id: int, kinds: Collection[str], subject: str, since: datetime, besides: Collection[int | None]
    ) -> Sighting:
        self._demand_open(channel_id)
        for kind in kinds:
            for message in self.of(kind, subject):
                here = message.channel_id == channel_id and not message.deleted and message.id not in besides
                if here and message.at >= since:
                    return Posted(channel_id=channel_id, message_id=message.id)
        return NotPosted()

    def _demand_open(self, channel_id: int) -> None:
        if channel_id in self.closed:
            raise DestinationLost("closed")


class Ports:
    """Fulfils `Notifier`, `ResultPoster` and `Staff`, in the way of the adapters in `cogs/adapters`."""

    def __init__(
        self,
        world: World,
        discord: SimulatedDiscord,
        *,
        made_of: Callable[[Result], str],
        card_may_go: Callable[[str], bool],
    ) -> None:
        self._world, self._discord, self._made_of, self._card_may_go = world, discord, made_of, card_may_go

    # -- Notifier

    async def post_card(self, card: Card) -> Posted | None:
        """See `Notifier`."""
        job = card.job
        if job.destination.private:
            return None
        channel_id = job.destination.channel_id
        if job.asked_at is None or self._world.moment() - job.asked_at >= FRESH:
            sighting = await self.find_card(job)
            if isinstance(sighting, CannotTell):
                raise DestinationBusy(sighting.reason)
            if isinstance(sighting, Posted):
                await self._discord.edit(sighting.message_id, str(card.phase))
                return sighting
        posted = await self._discord.post(channel_id, "card", job.id, nonce=f"card-{job.id}", said=str(card.phase))
        if self._discord.messages[posted.message_id].said != card.phase:
            await self._discord.edit(posted.message_id, str(card.phase))
        return posted

    async def edit_card(self, card: Card) -> None:
        """See `Notifier`."""
        if card.job.card_message_id is not None:
            await self._discord.edit(card.job.card_message_id, str(card.phase))

    async def remove_card(self, card: Card) -> None:
        """See `Notifier`."""
        job = card.job
        if job.card_channel_id is not None and job.card_message_id is not None:
            if not self._card_may_go(job.id):
                self._world.is_wrong(f"the card of {job.id} is taken away, and nothing is in its place")
            await self.take_back(job, Posted(channel_id=job.card_channel_id, message_id=job.card_message_id))

    async def say_ready(self, job: Job) -> None:
        """See `Notifier`. Nobody here has a private answer."""

    async def find_card(self, job: Job) -> Sighting:
        """See `Notifier`."""
        since = job.asked_at or job.created_at - timedelta(days=1)
        return await self._discord.find(job.destination.channel_id, ("card",), job.id, since=since)

    async def find_result(self, job: Job) -> Sighting:
        """See `Notifier`."""
        if job.posting_at is None:
            return NotPosted()
        direct = job.destination.private or job.posting_directly
        channel_id = job.user_id + DIRECT if direct else job.destination.channel_id
        return await self._discord.find(channel_id, ("result",), job.id, since=job.posting_at)

    async def post_result(self, result: Result) -> Posted:
        """See `Notifier`."""
        job = result.job
        if job.destination.private:
            return await self.send_directly(result)
        return await self._post_video(result, job.destination.channel_id, nonce=f"video-{job.id}")

    async def send_directly(self, result: Result) -> Posted:
        """See `Notifier`."""
        return await self._post_video(result, result.job.user_id + DIRECT, nonce=f"direct-{result.job.id}")

    async def _post_video(self, result: Result, channel_id: int, *, nonce: str) -> Posted:
        made_of = self._made_of(result)
        return await self._discord.post(channel_id, "result", result.job.id, nonce=nonce, said=made_of)

    async def take_back(self, job: Job, posted: Posted) -> None:
        """See `Notifier`."""
        await self._discord.delete(posted.message_id, subject=job.id, channel_id=posted.channel_id)

    async def tell_requester(self, card: Card) -> Posted | None:
        """See `Notifier`."""
        job = card.job
        if job.ended_by_author and job.card_message_id is not None:
            return None
        if not job.destination.private and not job.ended_by_author:
            if card.repeated and await self._told_directly(job):
                return None
            try:
                return await self._say_once(job.destination.channel_id, card)
            except DestinationLost:
                if card.repeated:
                    raise
        await self._say_once(job.user_id + DIRECT, card)
        return None

    async def _say_once(self, channel_id: int, card: Card) -> Posted:
        job, said = card.job, str(card.phase)
        if card.repeated and (found := await self._said_before(channel_id, job)) is not None:
            return found
        return await self._discord.post(channel_id, "end", job.id, nonce=f"{card.phase[:4]}-{job.id}", said=said)

    async def _said_before(self, channel_id: int, job: Job) -> Posted | None:
        since = job.telling_at or job.created_at
        sighting = await self._discord.find(channel_id, ("end",), job.id, since=since)
        if isinstance(sighting, CannotTell):
            raise DestinationLost(sighting.reason) if sighting.closed else DestinationBusy(sighting.reason)
        return sighting if isinstance(sighting, Posted) else None

    async def _told_directly(self, job: Job) -> bool:
        try:
            return await self._said_before(job.user_id + DIRECT, job) is not None
        except DestinationLost:
            return False

    async def tell_decision(self, case: Case) -> None:
        """See `Notifier`."""
        await self._discord.post(case.user_id + DIRECT, "decision", case.id, nonce=case.id, said=str(case.state))

    async def find_decision(self, case: Case, *, since: datetime) -> Sighting:
        """See `Notifier`."""
        return await self._discord.find(case.user_id + DIRECT, ("decision",), case.id, since=since)

    async def tell_grant(self, entry: AuditEntry, *, locale: str | None) -> None:
        """See `Notifier`."""
        said = f"{entry.detail['credits']} {locale}"
        await self._discord.post(int(entry.detail["member"]) + DIRECT, "grant", entry.id, nonce=entry.id, said=said)

    async def find_grant(self, entry: AuditEntry, *, locale: str | None, since: datetime) -> Sighting:
        """See `Notifier`."""
        assert locale is None or locale
        return await self._discord.find(int(entry.detail["member"]) + DIRECT, ("grant",), entry.id, since=since)

    async def find_alert(self, alert: Alert, *, since: datetime) -> Sighting:
        """See `Notifier`."""
        return await self._discord.find(OPERATOR, ("alert",), _subject_of(alert), since=since)

    async def alert(self, alert: Alert) -> None:
        """See `Notifier`."""
        subject = _subject_of(alert)
        nonce = alert.key or f"{subject} {self._world.loop.time()}"
        await self._discord.post(OPERATOR, "alert", subject, nonce=nonce)

    # -- ResultPoster

    async def post_copy(self, result: Result, copy: Copy, *, stars: int = 0) -> Posted:
        """See `ResultPoster`."""
        channel_id = copy.user_id + DIRECT if copy.channel_id is None else copy.channel_id
        self._made_of(result)
        return await self._discord.post(
            channel_id, "copy", result.job.id, nonce=copy.nonce, said=f"{copy.kind} {stars}"
        )

    async def find_copy(
        self, job: Job, *, channel_id: int, guild_id: int | None, since: datetime, besides: Collection[int | None] = ()
    ) -> Sighting:
        """See `ResultPoster`."""
        assert guild_id is None or self.there(guild_id, channel_id)
        return await self._discord.find(channel_id, ("result", "copy"), job.id, since=since, besides=besides)

    async def attachment_url(self, job: Job) -> str | None:
        """See `ResultPoster`."""
        message = self._discord.messages.get(job.message_id or 0)
        return None if message is None or message.deleted else f"https://discord.example/{message.said}"

    async def delete_result(self, job: Job, *, channel_id: int, message_id: int) -> bool:
        """See `ResultPoster`."""
        return await self._discord.delete(message_id, subject=job.id, channel_id=channel_id)

    async def cover(self, job_id: str, *, channel_id: int, message_id: int, covered: bool) -> bool:  # noqa: ARG002
        """See `ResultPoster`."""
        message = self._discord.messages.get(message_id)
        return (
            message is not None
            and not message.deleted
            and (message.subject, channel_id) == (job_id, message.channel_id)
        )

    async def delete_copy(self, job_id: str, *, channel_id: int, message_id: int) -> bool:
        """See `ResultPoster`."""
        return await self._discord.delete(message_id, subject=job_id, channel_id=channel_id)

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        """See `ResultPoster`."""
        await self._discord.delete(message_id, subject=job.id, channel_id=channel_id)

    async def tell_removed(self, job: Job) -> None:
        """See `ResultPoster`."""
        await self._discord.post(job.user_id + DIRECT, "removed", job.id, nonce=f"gone-{job.id}")

    async def find_removed(self, job: Job, *, since: datetime) -> Sighting:
        """See `ResultPoster`."""
        return await self._discord.find(job.user_id + DIRECT, ("removed",), job.id, since=since)

    # -- Staff

    async def runs(self, user_id: int, *, guild_id: int) -> bool:
        """See `Staff`. Nobody here has a page to look at."""
        raise NotImplementedError

    def there(self, guild_id: int, channel_id: int) -> bool:
        """See `Staff`."""
        return channel_id // PART // _PLACES == guild_id // PART

    async def post_case(self, case: Case, *, job: Job | None, video: Result | None) -> Posted:
        """See `Staff`."""
        assert {each.id for each in (job, video.job if video else None) if each is not None} <= {case.job_id}
        kind = "report" if case.kind is CaseKind.REPORT else "case"
        return await self._discord.post(case.channel_id, kind, case.id, nonce=f"case-{case.id}", said=str(case.state))

    async def find_case(self, case: Case, *, since: datetime) -> Sighting:
        """See `Staff`."""
        return await self._discord.find(case.channel_id, ("case", "report"), case.id, since=since)

    async def edit_case(self, case: Case, *, message_id: int, job: Job | None) -> None:
        """See `Staff`."""
        assert job is None or job.id == case.job_id
        await self._discord.edit(message_id, str(case.state))

    async def operator_places(self) -> AsyncIterator[int]:
        """See `Staff`."""
        await asyncio.sleep(0)
        yield OPERATOR

    async def post_note(self, note: Note, *, channel_id: int) -> Posted:
        """See `Staff`."""
        return await self._discord.post(channel_id, "note", note.key, nonce=f"note-{note.key}")

    async def find_note(self, key: str, *, channel_id: int, since: datetime) -> Sighting:
        """See `Staff`."""
        return await self._discord.find(channel_id, ("note",), key, since=since)

    async def delete_note(self, *, channel_id: int, message_id: int) -> None:
        """See `Staff`."""
        await self._discord.delete(
            message_id, subject=self._discord.messages[message_id].subject, channel_id=channel_id
        )

    async def tell(self, entry: AuditEntry, *, channel_id: int) -> None:
        """See `Staff`."""
        await self._discord.post(channel_id, "audit", entry.id, nonce=f"audit-{entry.id}", said=entry.action)

    async def find_entry(self, entry: AuditEntry, *, channel_id: int, since: datetime) -> Sighting:
        """See `Staff`."""
        return await self._discord.find(channel_id, ("audit",), entry.id, since=since)

    async def welcome(self, *, guild_id: int, channel_id: int) -> None:
        """See `Staff`."""
        await self._discord.post(channel_id, "welcome", str(guild_id), nonce=f"welcome-{guild_id}")

    async def find_welcome(self, *, guild_id: int, channel_id: int, since: datetime) -> Sighting:
        """See `Staff`."""
        return await self._discord.find(channel_id, ("welcome",), str(guild_id), since=since)


def _subject_of(alert: Alert) -> str:
    """Name what an alert says; that which is said once by its key: there are budgets of which as much is used."""
    return f"{alert.trouble} {alert.key or alert.subject}"
