"""The outbox: whatever its kind, an item is posted, tried again, given up and found again in one way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final, cast

import pytest

from bot.domain import AuditEntry, Case, CaseKind, Job, OutboxItem, OutboxKind, Policy, Remover
from bot.domain.outbox import TRIES
from bot.errors import DestinationBusy, DestinationLost
from bot.service.jobs.copies import Copy
from bot.service.outbox import OutboxPoster
from bot.service.ports import CannotTell, NotPosted, Posted, Result, Sighting
from bot.service.signals import Signals, Topic
from bot.store.community.cases import CaseStore
from bot.store.community.guilds import GuildStore
from bot.store.database import Transaction
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.results import ResultStore
from bot.store.jobs.review_decisions import ReviewDecisionStore
from bot.store.member.feedback import FeedbackStore
from bot.store.money.budget_alerts import note_share
from bot.store.money.grants import GrantStore
from bot.store.outbox import OutboxStore
from bot.store.privacy.deletion import DeletionStore
from bot.store.privacy.left_guilds import LeftGuildStore
from tests.service.scripted import Scripted, Staff, until
from tests.service.services import Services

BUSY, LOST = DestinationBusy("discord_500"), DestinationLost("discord_10003")
GUILD, CHANNEL = 7, 9
THERE: Final = Posted(channel_id=CHANNEL, message_id=900)
LATER: Final = 700  # seconds, more than is ever waited between two tries


class Everybody(Staff):
    """Channels as the outbox sees them. Without a script everything is taken."""

    async def post_copy(self, result: Result, copy: Copy, *, stars: int = 0) -> Posted:
        assert result.file.exists()
        return cast("Posted", await self.play("post_copy", (copy.nonce, stars), usual=THERE))

    async def find_copy(
        self, job: Job, *, channel_id: int, guild_id: int | None, since: datetime, besides: Collection[int | None] = ()
    ) -> Sighting:
        assert (channel_id, guild_id, job.message_id in besides, since is None) == (CHANNEL, GUILD, True, False)
        return cast("Sighting", await self.play("find_copy", job.id, usual=NotPosted()))

    async def cover(self, job_id: str, *, channel_id: int, message_id: int, covered: bool) -> bool:
        return bool(await self.play("cover" if covered else "uncover", (job_id, channel_id, message_id), usual=True))

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        await self.play("take_away", (job.id, channel_id, message_id))

    async def tell_removed(self, job: Job) -> None:
        await self.play("tell_removed", job.id)

    async def find_removed(self, job: Job, *, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_removed", job.id, usual=NotPosted()))

    async def attachment_url(self, job: Job) -> str | None:
        return cast("str | None", await self.play("attachment_url", job.id))


class Outbox:
    """The outbox of a bot, whose Discord does as it is told."""

    def __init__(self, services: Services) -> None:
        self.services, self.channels = services, Everybody()
        services.staff = services.result_poster = self.channels
        self.store, self.guilds = OutboxStore(services.database), GuildStore(services.database)
        self.cases = CaseStore(services.database)
        services.restart()

    @property
    def poster(self) -> OutboxPoster:
        return self.services.bot.outbox

    def who(self, name: str) -> Scripted:
        """Whom the outbox asks for that."""
        return self.channels if hasattr(self.channels, name) else self.services.discord

    @property
    def now(self) -> datetime:
        return self.services.clock()

    def entry(self, name: str, action: str = "changed") -> AuditEntry:
        return AuditEntry(id=name, guild_id=GUILD, actor_id=3, action=action, at=self.now)

    async def video(self) -> Job:
        job = await self.services.succeeded()
        return await self.services.jobs.delivered(job, channel_id=5, message_id=50, now=self.now)

    async def pass_time(self, seconds: float = LATER) -> None:
        self.services.clock.tick(seconds)
        await self.poster.post_due()


# -- how an item of each kind comes to be


async def _audit(outbox: Outbox) -> str:
    def apply(policy: Policy) -> Policy:
        return policy.changed(audit_channel_id=CHANNEL)

    await outbox.guilds.change(outbox.entry("entry"), apply)
    return "entry"


async def _budget(outbox: Outbox) -> str:
    await outbox.services.database.transact(
        lambda tx: note_share(tx, "budget:bot", "2026-03", 80, used=8, ceiling=10, now=outbox.now)
    )
    return "budget:bot:2026-03:10"


async def _case(outbox: Outbox, kind: CaseKind = CaseKind.MORE) -> str:
    case = Case(id="case", kind=kind, guild_id=GUILD, channel_id=CHANNEL, user_id=1, created_at=outbox.now)
    assert await outbox.cases.open(replace(case, body={"credits": 5}))
    return case.id


async def _report(outbox: Outbox) -> str:
    return await _case(outbox, CaseKind.REPORT)


async def _decision(outbox: Outbox) -> str:
    case_id = await _case(outbox)
    case = await outbox.cases.case(case_id)
    assert case is not None
    await GrantStore(outbox.services.database).decide(case, outbox.entry("decision"), given=5)
    return case_id


async def _welcome(outbox: Outbox) -> str:
    await LeftGuildStore(outbox.services.database).joined(GUILD, now=outbox.now, welcome_in=CHANNEL)
    return str(GUILD)


async def _grant(outbox: Outbox) -> str:
    entry = replace(outbox.entry("grant", "granted"), detail={"member": 1})
    await GrantStore(outbox.services.database).grant(entry, user_id=1, amount=5, note="")
    return "grant"


async def _feedback(outbox: Outbox) -> str:
    await FeedbackStore(outbox.services.database).keep(
        "more cats", key="note", user_id=1, guild_id=GUILD, now=outbox.now, most=5, since=outbox.now
    )
    return "note"


async def _gallery(outbox: Outbox) -> str:
    job = await outbox.video()
    place = {"guild_id": GUILD, "channel_id": CHANNEL}
    assert await outbox.store.announce_once(OutboxKind.GALLERY, job.id, **place, now=outbox.now)
    return job.id


async def _removal(outbox: Outbox) -> str:
    job = await outbox.video()
    await ResultStore(outbox.services.database).remove(job.id, by=Remover.AUTHOR, now=outbox.now)
    return job.id


async def _deleted(outbox: Outbox) -> str:
    job = await outbox.video()
    await ResultStore(outbox.services.database).remove(job.id, by=Remover.MODERATOR, now=outbox.now)
    return job.id


async def _cover(outbox: Outbox) -> str:
    job = await outbox.video()
    await ReviewDecisionStore(outbox.services.database).cover(job.id, outbox.entry("cover"))
    return job.id


async def _repost(outbox: Outbox) -> str:
    item = OutboxItem(
        kind=OutboxKind.REPOST,
        subject_id="nonce",
        job_id=(await outbox.video()).id,
        guild_id=GUILD,
        channel_id=CHANNEL,
        created_at=outbox.now,
        due_at=outbox.now,
        posting_at=outbox.now,
    )
    await MessageStore(outbox.services.database).begin_repost(item)
    return item.subject_id


class Lost(Enum):
    """What becomes of an item whose place is closed for good."""

    GIVEN_UP = auto()
    KEPT = auto()  # tried every hour: there may be another place by then
    LEFT = auto()  # done with: what it tells of is there all the same
    TRIED = auto()  # as if Discord were busy: the place is known, and what is there has to go, or be found


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a kind of items differs: what is asked of Discord for it, and by what a message of it is found again."""

    kind: OutboxKind
    announce: Callable[[Outbox], Awaitable[str]]
    asks: str
    finds: str | None = None  # None: its nonce alone keeps it from being shown twice
    lost: Lost = Lost.GIVEN_UP
    answer: Posted | None = None
    busy: Any = BUSY
    closed: Any = LOST


KINDS: Final = {
    "audit": Kind(kind=OutboxKind.AUDIT, announce=_audit, asks="tell", finds="find_entry"),
    "budget": Kind(kind=OutboxKind.BUDGET, announce=_budget, asks="alert", finds="find_alert"),
    "case": Kind(kind=OutboxKind.CASE, announce=_case, asks="post_case", finds="find_case", answer=THERE),
    "report": Kind(
        kind=OutboxKind.CASE, announce=_report, asks="post_case", finds="find_case", lost=Lost.KEPT, answer=THERE
    ),
    "decision": Kind(kind=OutboxKind.DECISION, announce=_decision, asks="tell_decision", finds="find_decision"),
    "grant": Kind(kind=OutboxKind.GRANT, announce=_grant, asks="tell_grant", finds="find_grant", lost=Lost.LEFT),
    "feedback": Kind(
        kind=OutboxKind.FEEDBACK, announce=_feedback, asks="post_note", finds="find_note", lost=Lost.KEPT, answer=THERE
    ),
    "welcome": Kind(kind=OutboxKind.WELCOME, announce=_welcome, asks="welcome", finds="find_welcome"),
    "gallery": Kind(kind=OutboxKind.GALLERY, announce=_gallery, asks="post_copy", finds="find_copy", answer=THERE),
    "cover": Kind(kind=OutboxKind.COVER, announce=_cover, asks="cover"),
    "deleted": Kind(kind=OutboxKind.DELETED, announce=_deleted, asks="tell_removed", finds="find_removed"),
    "removal": Kind(kind=OutboxKind.REMOVAL, announce=_removal, asks="take_away", lost=Lost.TRIED),
    "repost": Kind(
        kind=OutboxKind.REPOST,
        announce=_repost,
        asks="find_copy",
        lost=Lost.TRIED,
        answer=THERE,
        busy=CannotTell(reason="discord_500"),
        closed=CannotTell(reason="discord_50001", closed=True),
    ),
}
FOUND: Final = {name: kind for name, kind in KINDS.items() if kind.finds}


@dataclass
class Trial:
    """One item of a kind, in an outbox in which nothing else is due."""

    outbox: Outbox
    kind: Kind
    subject_id: str

    def then(self, *outcomes: Any) -> None:
        """What comes of asking for it the next times; after them it is taken."""
        answer = [self.kind.answer] * (self.kind.answer is not None)
        self.outbox.who(self.kind.asks).then(self.kind.asks, *outcomes, *answer)

    @property
    def asked(self) -> list[Any]:
        return self.outbox.who(self.kind.asks).asked(self.kind.asks)

    async def item(self) -> OutboxItem | None:
        return await self.outbox.store.item(self.kind.kind, self.subject_id)

    async def is_done(self) -> bool:
        """Whether nothing is left to do, and its message is remembered where it has one."""
        item = await self.item()
        if self.kind.answer is None:
            return item is None
        return item is not None and (item.message_id, item.due_at, item.claimed_until) == (900, None, None)


@pytest.fixture
def outbox(services: Services) -> Outbox:
    return Outbox(services)


@pytest.fixture
async def trial(outbox: Outbox, request: pytest.FixtureRequest) -> Trial:
    kind = KINDS[request.param]
    subject_id = await kind.announce(outbox)
    await outbox.services.database.transact(
        lambda tx: tx.execute("DELETE FROM outbox WHERE kind <> $1", str(kind.kind))
    )
    return Trial(outbox, kind, subject_id)


every_kind = pytest.mark.parametrize("trial", KINDS, indirect=True)
every_kind_that_is_found = pytest.mark.parametrize("trial", FOUND, indirect=True)


def test_every_kind_is_tried() -> None:
    assert {each.kind for each in KINDS.values()} == set(OutboxKind)


@every_kind
async def test_it_is_posted_once(trial: Trial) -> None:
    trial.then()
    for _ in range(2):
        await trial.outbox.pass_time()
    assert (len(trial.asked), await trial.is_done()) == (1, True)


@every_kind
async def test_where_discord_is_busy_it_is_tried_again_after_a_wait(trial: Trial) -> None:
    trial.then(trial.kind.busy)
    await trial.outbox.poster.post_due()
    item = await trial.item()
    assert item is not None
    assert item.due_at is not None
    assert timedelta() < item.due_at - trial.outbox.now < timedelta(seconds=LATER)
    assert len(trial.asked) == 1
    await trial.outbox.pass_time()
    assert (len(trial.asked), await trial.is_done()) == (2, True)


@every_kind
async def test_where_its_place_is_closed_for_good_it_is_given_up_with_the_reason_or_kept(trial: Trial) -> None:
    trial.then(trial.kind.closed)
    await trial.outbox.poster.post_due()
    item = await trial.item()
    if trial.kind.lost is Lost.LEFT:
        assert item is None
        return
    assert item is not None
    if trial.kind.lost is Lost.GIVEN_UP:
        assert (item.given_up, item.due_at, item.claimed_until) == ("discord_10003", None, None)
        await trial.outbox.pass_time(100_000)
        assert len(trial.asked) == 1
        return
    assert item.due_at is not None
    waits = item.due_at - trial.outbox.now
    assert waits == timedelta(hours=1) if trial.kind.lost is Lost.KEPT else waits < timedelta(seconds=LATER)
    await trial.outbox.pass_time(3600)
    assert (len(trial.asked), await trial.is_done()) == (2, True)


@every_kind
async def test_what_is_busy_for_ever_is_given_up_or_kept(trial: Trial) -> None:
    trial.then(*[trial.kind.busy] * (TRIES + 5))
    for _ in range(TRIES + 3):
        await trial.outbox.pass_time(3600)
    item = await trial.item()
    assert item is not None
    assert (item.due_at is None, item.given_up is None) == (
        (False, True) if trial.kind.lost is Lost.KEPT else (True, False)
    )


@every_kind
async def test_a_crash_between_post_and_record_shows_it_once(trial: Trial) -> None:
    def taken_and_then_locked() -> Posted | None:
        trial.outbox.services.database.refusals = 1
        return trial.kind.answer

    trial.then(taken_and_then_locked)
    await trial.outbox.poster.post_due()
    assert not await trial.is_done()
    await trial.outbox.store.recover()
    if trial.kind.finds:
        trial.outbox.who(trial.kind.finds).then(trial.kind.finds, THERE)
    trial.outbox.services.restart()
    await trial.outbox.pass_time(1)
    assert await trial.is_done()
    assert len(trial.asked) == (1 if trial.kind.finds else 2)
    assert len(set(map(str, trial.asked))) == 1  # under the same name, by which Discord knows it


@every_kind_that_is_found
async def test_while_nobody_can_tell_whether_it_is_there_it_is_not_posted_again(trial: Trial) -> None:
    trial.then(trial.kind.busy)
    found = trial.kind.finds or ""
    trial.outbox.who(found).then(found, CannotTell(reason="discord_500"))
    for _ in range(2):
        await trial.outbox.pass_time()
    assert (len(trial.asked), await trial.is_done()) == (1, False)
    await trial.outbox.pass_time()
    assert (len(trial.asked), await trial.is_done()) == (2, True)


@every_kind
async def test_what_it_was_about_may_be_gone_by_then(trial: Trial) -> None:
    async def work(tx: Transaction) -> None:
        for table in ("cases", "feedback", "audit", "budget_alerts", "jobs", "guilds"):
            await tx.execute(f"DELETE FROM {table}")  # noqa: S608 (names of the schema)

    await trial.outbox.services.database.transact(work)
    await trial.outbox.pass_time()
    assert (trial.asked, await trial.item()) == ([], None)


# -- the loop


@pytest.fixture
async def running(outbox: Outbox) -> AsyncIterator[Outbox]:
    life = asyncio.create_task(outbox.poster.run())
    yield outbox
    life.cancel()
    with suppress(asyncio.CancelledError):
        await life


async def test_what_takes_long_holds_up_nothing_else(running: Outbox) -> None:
    gate = asyncio.Event()
    running.channels.then("post_case", gate)
    await _case(running)
    running.poster.wake()
    await until(lambda: running.channels.asked("post_case"))
    await _audit(running)
    running.poster.wake()
    await until(lambda: running.channels.asked("tell"))
    gate.set()


async def test_what_a_dead_process_had_in_hand_is_seen_to_at_start(outbox: Outbox) -> None:
    await _audit(outbox)
    assert await outbox.store.claim(now=outbox.now, until=outbox.now + timedelta(minutes=5)) is not None
    life = asyncio.create_task(outbox.poster.run())
    await until(lambda: outbox.channels.asked("tell"))
    life.cancel()


async def test_a_mistake_of_ours_ends_no_loop_and_is_tried_again(running: Outbox) -> None:
    running.channels.then("tell", ZeroDivisionError())
    await _audit(running)
    running.poster.wake()
    await until(lambda: running.channels.asked("tell"))
    running.services.clock.tick(LATER)
    running.poster.wake()
    await until(lambda: len(running.channels.asked("tell")) == 2)


async def test_what_was_forgotten_while_its_copy_was_fetched_is_not_posted(outbox: Outbox) -> None:
    gate = asyncio.Event()
    outbox.services.fetcher.then("download", gate)
    job_id = await _gallery(outbox)
    posting = asyncio.create_task(outbox.poster.post_due())
    await until(lambda: outbox.services.fetcher.asked("download"))
    await outbox.services.database.transact(lambda tx: tx.execute("DELETE FROM jobs WHERE id = $1", job_id))
    gate.set()
    await posting
    assert outbox.channels.asked("post_copy") == []


async def test_a_message_that_cannot_be_deleted_any_more_is_left(outbox: Outbox) -> None:
    await _feedback(outbox)
    await outbox.poster.post_due()
    deletions = DeletionStore(outbox.services.database)
    outbox.services.clock.tick(1)
    await deletions.clear(await deletions.ask(1, messages=False, now=outbox.now), now=outbox.now)
    outbox.channels.then("delete_note", LOST)
    await outbox.pass_time()
    assert len(outbox.channels.asked("delete_note")) == 1
    assert await outbox.store.item(OutboxKind.FEEDBACK, "note") is None


async def test_who_waits_for_an_item_that_the_loop_has_just_taken_hears_what_came_of_it(outbox: Outbox) -> None:
    signals = Signals()
    poster = outbox.services.build(parts={"signals": signals}).outbox
    await _feedback(outbox)
    taken = await outbox.store.claim(now=outbox.now, until=outbox.now + timedelta(minutes=5))
    assert taken is not None
    asking = asyncio.create_task(poster.post_now(OutboxKind.FEEDBACK, "note"))
    await outbox.store.posted(taken, message_id=900, now=outbox.now)

    def ended() -> bool:
        signals.send(Topic.ENDED, "feedback note")
        return asking.done()

    await until(ended)
    left = asking.result()
    assert left is not None
    assert (left.message_id, left.due_at) == (900, None)
    assert outbox.channels.asked("post_note") == []


async def test_who_does_not_wait_any_longer_leaves_it_to_the_next_look(outbox: Outbox) -> None:
    gate = asyncio.Event()
    outbox.channels.then("post_note", gate)
    await _feedback(outbox)
    asking = asyncio.create_task(outbox.poster.post_now(OutboxKind.FEEDBACK, "note"))
    await until(lambda: outbox.channels.asked("post_note"))
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    outbox.channels.then("find_note", THERE)
    await outbox.poster.post_due()
    item = await outbox.store.item(OutboxKind.FEEDBACK, "note")
    assert item is not None
    assert (item.message_id, item.due_at) == (900, None)
