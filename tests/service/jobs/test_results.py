"""Results once more: where their files come from, who gets them, and that sharing and settling happen once."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias, cast

import pytest

from bot import errors
from bot.domain import DeadLetter, Job, Member, Notify, OutboxItem, OutboxKind, Remover, ResultAction
from bot.domain.notify import chosen
from bot.service.jobs.copies import AT_ONCE, Copy, CopyKind
from bot.service.jobs.notify_preference import NotifyPreferences
from bot.service.jobs.results import COPIES, PAGE, RemovalOutcome, Results
from bot.service.outbox import OutboxPoster
from bot.service.ports import CannotTell, NotPosted, Posted, Result, Sighting
from bot.store.jobs.results import ResultStore
from bot.store.member.preferences import PreferenceStore, of_user
from bot.store.outbox import OutboxStore
from bot.store.privacy.deletion import DeletionStore
from tests.service.scripted import Scripted, until
from tests.service.services import Services

ANA, BEN = Member(user_id=1, guild_id=7), Member(user_id=2, guild_id=7)
MOD = Member(user_id=3, guild_id=7, moderates=True)
MESSAGE = Posted(channel_id=5, message_id=900)
FRESH = "https://v.example/1.mp4"  # what the scripted service answers
OLD = "https://old.example/1.mp4"
OURS = "https://cdn.example/1.mp4"
GONE = errors.ResultUnavailable("gone")


class ResultPoster(Scripted):
    """Discord for copies; without a script every message is taken, and our own one has its file."""

    async def post_copy(self, result: Result, copy: Copy, *, stars: int = 0) -> Posted:
        assert result.file.exists()
        return cast("Posted", await self.play("post_copy", (copy, stars), usual=MESSAGE))

    async def find_copy(
        self, job: Job, *, channel_id: int, guild_id: int | None, since: datetime, besides: Collection[int | None] = ()
    ) -> Sighting:
        assert channel_id in {job.destination.channel_id, 70}
        assert guild_id == 7
        found = cast("Sighting", await self.play("find_copy", since, usual=NotPosted()))
        return NotPosted() if isinstance(found, Posted) and found.message_id in besides else found

    async def attachment_url(self, job: Job) -> str | None:
        return cast("str | None", await self.play("attachment_url", job.id, usual=OURS))

    async def delete_result(self, job: Job, *, channel_id: int, message_id: int) -> bool:
        return cast("bool", await self.play("delete_result", (job.id, channel_id, message_id), usual=True))

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        await self.play("take_away", (job.id, channel_id, message_id))


@dataclass
class Desk:
    """The use cases of results in a house."""

    services: Services
    result_poster: ResultPoster
    results: Results
    outbox: OutboxPoster

    async def delivered(self, **changes: Any) -> Job:
        services = self.services
        job = await services.succeeded(**changes)
        return await services.jobs.delivered(job, channel_id=5, message_id=50, now=services.clock())

    async def kept(self, **changes: Any) -> Job:
        """A dead letter with its file on disk."""
        job = await self.services.succeeded(**changes)
        self.services.discord.then("post_result", errors.DestinationLost("discord_50001"))
        self.services.discord.then("send_directly", errors.DestinationLost("discord_50007"))
        return await self.services.step(job)


@pytest.fixture
def desk(services: Services) -> Desk:
    services.result_poster = ResultPoster()
    bot = services.restart()
    return Desk(
        services=services, result_poster=services.result_poster, results=bot.services.results, outbox=bot.outbox
    )


def direct(job: Job, **changes: Any) -> Copy:
    copy = Copy(kind=CopyKind.DIRECT, user_id=2, locale="en-US", nonce="1", limit=job.destination.upload_limit)
    return replace(copy, **changes)


async def forget(desk: Desk, job: Job) -> None:
    """Delete its row, as a deletion of its author's things does."""
    await DeletionStore(desk.services.database).forget(job)


async def test_a_copy_comes_from_the_service_under_a_fresh_address_and_leaves_nothing(desk: Desk) -> None:
    job = await desk.delivered()
    assert await desk.results.resend(job, direct(job), stars=3) == MESSAGE
    assert desk.services.fetcher.asked("download") == [FRESH]
    assert desk.result_poster.asked("post_copy") == [(direct(job), 3)]
    assert desk.services.file_names() == []


@pytest.mark.parametrize("trouble", [GONE, errors.ResultUnusable("truncated"), errors.ResultTooLarge("over_cap")])
async def test_what_the_service_has_lost_is_taken_from_our_own_message(desk: Desk, trouble: Exception) -> None:
    job = replace(await desk.delivered(), result_url=OLD)
    desk.services.fetcher.then("download", trouble, GONE)
    await desk.results.resend(job, direct(job))
    assert desk.services.fetcher.asked("download") == [FRESH, OLD, OURS]
    assert desk.services.file_names() == []


async def test_a_service_that_does_not_answer_is_done_without(desk: Desk) -> None:
    job = await desk.delivered()
    desk.services.kirin.then("fetch", errors.ProviderUnavailable(provider="kirin"))
    await desk.results.resend(replace(job, result_url=None), direct(job))
    await desk.results.resend(replace(job, result_url=OLD, provider="forgotten"), direct(job))
    assert desk.services.fetcher.asked("download") == [OURS, OLD]


async def test_a_file_that_is_nowhere_is_lost(desk: Desk) -> None:
    job = await desk.delivered()
    desk.services.fetcher.then("download", GONE, GONE)
    with pytest.raises(errors.ResultLost):
        await desk.results.resend(job, direct(job))
    desk.result_poster.then("attachment_url", lambda: None)
    desk.services.kirin.then("fetch", errors.ProviderUnavailable(provider="kirin"))
    with pytest.raises(errors.ResultLost):
        await desk.results.resend(replace(job, result_url=None), direct(job))
    assert desk.services.file_names() == []


@pytest.mark.parametrize(
    ("trouble", "channel_id", "told"),
    [
        (errors.DestinationLost("discord_50007"), None, errors.DirectMessagesClosed),
        (errors.DestinationLost("discord_50001"), 5, errors.ChannelClosed),
        (errors.DestinationBusy("discord_503"), 5, errors.DiscordBusy),
        (errors.ResultTooLarge("refused_by_discord"), 5, errors.ResultLost),
    ],
)
async def test_what_discord_refuses_is_a_refusal(
    desk: Desk, trouble: Exception, channel_id: int | None, told: type[Exception]
) -> None:
    job = await desk.delivered()
    desk.result_poster.then("post_copy", trouble)
    with pytest.raises(told):
        await desk.results.resend(job, direct(job, channel_id=channel_id))
    assert desk.services.file_names() == []


async def test_only_so_many_copies_are_under_way_at_once(desk: Desk) -> None:
    job, gate = await desk.delivered(), asyncio.Event()
    desk.result_poster.then("post_copy", *[gate] * AT_ONCE)
    sending = [asyncio.create_task(desk.results.resend(job, direct(job, user_id=each))) for each in range(AT_ONCE + 1)]
    await until(lambda: len(desk.result_poster.asked("post_copy")) == AT_ONCE)
    assert len(desk.services.fetcher.asked("download")) == AT_ONCE
    gate.set()
    await asyncio.gather(*sending)
    assert desk.services.file_names() == []


async def test_one_copy_of_a_video_is_on_its_way_to_a_person_at_a_time_and_nobody_else_waits(desk: Desk) -> None:
    job, gate = await desk.delivered(), asyncio.Event()
    desk.result_poster.then("post_copy", gate)
    first = asyncio.create_task(desk.results.resend(job, direct(job)))
    await until(lambda: desk.result_poster.asked("post_copy"))
    with pytest.raises(errors.CopyUnderWay):
        await desk.results.resend(job, direct(job))
    assert await desk.results.resend(job, direct(job, user_id=3)) == MESSAGE
    gate.set()
    assert await first == MESSAGE
    assert await desk.results.resend(job, direct(job)) == MESSAGE


async def test_a_person_has_a_few_copies_a_minute(desk: Desk) -> None:
    job = await desk.delivered()
    for _ in range(COPIES):
        await desk.results.resend(job, direct(job))
    with pytest.raises(errors.TooOften) as caught:
        await desk.results.resend(job, direct(job))
    await desk.results.resend(job, direct(job, user_id=3))
    desk.services.clock.now = caught.value.again_at
    assert await desk.results.resend(job, direct(job)) == MESSAGE


async def test_private_results_are_there_for_their_author_alone_until_they_are_shared(desk: Desk) -> None:
    job = await desk.delivered(private=True)
    assert (await desk.results.job(job.id, ANA)).id == job.id
    for job_id, member in ((job.id, BEN), ("unheard-of", ANA)):
        with pytest.raises(errors.ResultForgotten):
            await desk.results.job(job_id, member)
    await desk.results.share(job.id, ANA)
    assert (await desk.results.job(job.id, BEN)).id == job.id


async def test_lineage_goes_up_as_far_as_it_is_known_and_says_so(desk: Desk) -> None:
    job = await desk.delivered()
    assert await desk.results.lineage(job, BEN) == await desk.results.lineage(replace(job, parent_id=None), BEN)
    assert not (await desk.results.lineage(job, BEN)).forgotten
    orphan = await desk.results.lineage(replace(job, parent_id="gone"), BEN)
    assert (orphan.ancestors, orphan.forgotten) == ((), True)
    child = await desk.results.lineage(replace(await desk.delivered(), parent_id=job.id), BEN)
    assert ([each.id for each in child.ancestors], child.seen, child.forgotten) == (
        [job.id],
        frozenset({job.id}),
        False,
    )


async def test_of_its_ancestors_those_are_seen_that_may_be(desk: Desk) -> None:
    parent = await desk.delivered(private=True)
    child = replace(await desk.delivered(), parent_id=parent.id)
    assert (await desk.results.lineage(child, BEN)).seen == frozenset()
    assert (await desk.results.lineage(child, ANA)).seen == {parent.id}


Way: TypeAlias = Callable[[Desk, "Job"], Awaitable[None]]


async def fetched(desk: Desk, job: Job) -> None:
    async with desk.results.video(job, limit=10_000_000, user_id=1) as video:
        assert video.file.exists()


async def sent_directly(desk: Desk, job: Job) -> None:
    await desk.results.resend(job, direct(job, user_id=1))


async def posted_here(desk: Desk, job: Job) -> None:
    await desk.results.resend(job, replace(direct(job, user_id=1, guild_id=7, channel_id=6), kind=CopyKind.AGAIN))


async def shared(desk: Desk, job: Job) -> None:
    await desk.results.share(job.id, ANA)


WAYS: Final = (fetched, sent_directly, posted_here, shared)


async def test_a_kept_video_is_handed_over_from_disk_and_settled_once(desk: Desk) -> None:
    services, job = desk.services, await desk.kept()
    downloads = len(services.fetcher.asked("download"))
    assert [each.id for each in (await desk.results.inbox(1)).jobs] == [job.id]
    for _ in range(2):
        await fetched(desk, job)
    assert len(services.fetcher.asked("download")) == downloads + 1  # the second time it had to be fetched
    assert await services.balance(job) == (0, 5)
    assert services.file_names() == []
    assert services.woken


@pytest.mark.parametrize("way", WAYS)
async def test_whatever_way_a_kept_video_reaches_its_author_it_is_charged_once(desk: Desk, way: Way) -> None:
    job = await desk.kept()
    await way(desk, job)
    done = await desk.services.job(job)
    assert (done.delivered_at is not None, done.dead_letter) == (True, None)
    assert await desk.services.balance(job) == (0, 5)
    await sent_directly(desk, done)
    assert await desk.services.balance(job) == (0, 5)


@pytest.mark.parametrize("way", WAYS[:3])
async def test_what_is_handed_over_and_not_written_down_is_fetched_again_and_charged_once(desk: Desk, way: Way) -> None:
    job = await desk.kept()

    def refuse() -> Posted:
        desk.services.database.refusals = 2 if way is posted_here else 1  # where it is, and that it is received
        return MESSAGE

    desk.result_poster.then("post_copy", *([refuse] if way is not fetched else []))
    if way is fetched:
        async with desk.results.video(job, limit=10_000_000, user_id=1):
            refuse()
    else:
        await way(desk, job)
    assert await desk.services.balance(job) == (5, 0)
    assert desk.services.file_names() == [f"{job.id}.mp4"]
    assert len((await desk.results.inbox(1)).jobs) == 1
    await way(desk, job)
    assert await desk.services.balance(job) == (0, 5)


@pytest.mark.parametrize("way", [sent_directly, posted_here])
async def test_what_does_not_arrive_is_not_charged(desk: Desk, way: Way) -> None:
    job = await desk.kept()
    desk.result_poster.then("post_copy", errors.DestinationLost("discord_50007"))
    with pytest.raises((errors.DirectMessagesClosed, errors.ChannelClosed)):
        await way(desk, job)
    assert await desk.services.balance(job) == (5, 0)
    assert (await desk.services.job(job)).dead_letter is DeadLetter.UNDELIVERABLE


async def test_nobody_else_has_a_kept_video_before_its_author(desk: Desk) -> None:
    job = await desk.kept()
    for copy in (direct(job), replace(direct(job, guild_id=7, channel_id=6), kind=CopyKind.AGAIN)):
        with pytest.raises(errors.ResultLost):
            await desk.results.resend(job, copy)
    with pytest.raises(errors.ResultLost):
        await desk.results.video(job, limit=10_000_000, user_id=2).__aenter__()
    assert await desk.services.balance(job) == (5, 0)
    await fetched(desk, job)
    await desk.results.resend(await desk.services.job(job), direct(job))


async def test_of_a_video_whose_outcome_is_in_doubt_nobody_gets_a_file(desk: Desk) -> None:
    job = await desk.services.jobs.mark_dead_letter(
        await desk.services.running(), reason=DeadLetter.OUTCOME_UNKNOWN, now=desk.services.clock()
    )
    with pytest.raises(errors.ResultLost):
        await sent_directly(desk, job)
    assert desk.result_poster.asked("post_copy") == []


async def test_a_kept_file_that_is_spoilt_is_fetched_again(desk: Desk) -> None:
    job = await desk.kept()
    desk.services.media.then("fit", errors.ResultUnusable("truncated"))
    downloads = len(desk.services.fetcher.asked("download"))
    await fetched(desk, job)
    assert len(desk.services.fetcher.asked("download")) == downloads + 1


async def test_the_inbox_has_pages(desk: Desk) -> None:
    jobs = [await desk.delivered(private=True) for _ in range(PAGE + 1)]
    first, second = await desk.results.inbox(1), await desk.results.inbox(1, skip=PAGE)
    assert ([each.id for each in first.jobs], first.more) == ([each.id for each in reversed(jobs[1:])], True)
    assert ([each.id for each in second.jobs], second.more) == ([jobs[0].id], False)
    assert await desk.results.inbox(1, skip=-3) == first


async def test_two_presses_at_once_share_once(desk: Desk) -> None:
    job = await desk.delivered(private=True)
    shares = [desk.results.share(job.id, ANA) for _ in range(2)]
    first, second = await asyncio.gather(*shares, return_exceptions=True)
    assert first == MESSAGE
    assert isinstance(second, errors.AlreadyShared)
    (posted,) = desk.result_poster.asked("post_copy")
    assert (posted[0].kind, posted[0].channel_id, posted[0].nonce) == (CopyKind.SHARED, 5, f"share-{job.id}")


async def test_a_share_that_may_have_happened_is_looked_for_first(desk: Desk) -> None:
    services, job = desk.services, await desk.delivered(private=True)
    intended = services.clock()
    desk.result_poster.then("post_copy", errors.DestinationBusy("discord_503"))
    with pytest.raises(errors.DiscordBusy):
        await desk.results.share(job.id, ANA)
    services.clock.tick(600)
    desk.result_poster.then("find_copy", MESSAGE)
    assert await desk.results.share(job.id, ANA) == MESSAGE
    assert desk.result_poster.asked("find_copy") == [intended]
    assert len(desk.result_poster.asked("post_copy")) == 1


async def test_a_share_that_is_not_found_is_posted(desk: Desk) -> None:
    job = await desk.delivered(private=True)
    desk.result_poster.then("post_copy", errors.DestinationBusy("discord_503"))
    with pytest.raises(errors.DiscordBusy):
        await desk.results.share(job.id, ANA)
    assert await desk.results.share(job.id, ANA) == MESSAGE


async def test_sharing_a_kept_video_settles_it_and_drops_its_file(desk: Desk) -> None:
    job = await desk.kept(private=True)
    await desk.results.share(job.id, ANA)
    assert await desk.services.balance(job) == (0, 5)
    assert desk.services.file_names() == []


async def test_only_its_author_shares_it_and_only_into_a_guild(desk: Desk) -> None:
    public, nowhere = await desk.delivered(), await desk.delivered(private=True, guild_id=None)
    for job, member in ((public, BEN), (nowhere, ANA)):
        with pytest.raises(errors.ResultForgotten):
            await desk.results.share(job.id, member)
    assert desk.result_poster.asked("post_copy") == []


async def erase(desk: Desk, job: Job, member: Member, *, message_id: int = 50) -> RemovalOutcome:
    return await desk.results.remove(job, member, channel_id=5, message_id=message_id)


async def test_a_copy_that_its_author_deletes_is_a_copy(desk: Desk) -> None:
    job = await desk.delivered()
    desk.result_poster.then("delete_result", True, False)
    assert await erase(desk, job, ANA, message_id=51) is RemovalOutcome.NOW
    assert await erase(desk, job, ANA, message_id=51) is RemovalOutcome.BEFORE
    assert (await desk.services.job(job)).removed_at is None


async def meant_for_the_gallery(desk: Desk, job: Job) -> OutboxItem:
    outbox, now = OutboxStore(desk.services.database), desk.services.clock()
    await outbox.announce_once(OutboxKind.GALLERY, job.id, guild_id=7, channel_id=9, now=now)
    meant = await outbox.item(OutboxKind.GALLERY, job.id)
    assert meant is not None
    begun = await outbox.begin_posting(meant, channel_id=9, at=now)
    assert begun
    return meant


async def hung(desk: Desk, item: OutboxItem) -> None:
    await OutboxStore(desk.services.database).posted(item, message_id=90, now=desk.services.clock())


async def test_a_deleted_video_takes_its_card_and_its_gallery_copy_with_it(desk: Desk) -> None:
    services, job = desk.services, await desk.delivered()
    await services.jobs.record_card(job, channel_id=5, message_id=40)
    await hung(desk, await meant_for_the_gallery(desk, job))
    assert await erase(desk, job, ANA) is RemovalOutcome.NOW
    assert desk.result_poster.asked("take_away") == [(job.id, 5, 40), (job.id, 5, 50), (job.id, 9, 90)]
    gone = await services.job(job)
    assert (gone.removed_at, gone.removed_by) == (services.clock(), Remover.AUTHOR)


async def test_what_its_author_has_deleted_is_theirs_alone(desk: Desk) -> None:
    job = await desk.delivered()
    await erase(desk, job, ANA)
    gone = await desk.results.job(job.id, ANA, ResultAction.HAVE)
    assert await desk.results.resend(gone, direct(gone)) == MESSAGE
    with pytest.raises(errors.ResultLost):
        await desk.results.resend(gone, replace(direct(gone, channel_id=6), kind=CopyKind.AGAIN))
    with pytest.raises(errors.ResultForgotten):
        await desk.results.job(job.id, BEN)


@pytest.mark.parametrize("message_id", [50, 51])
async def test_what_a_moderator_has_deleted_nobody_gets(desk: Desk, message_id: int) -> None:
    job = await desk.delivered()
    await erase(desk, job, ANA)
    await erase(desk, job, MOD, message_id=message_id)
    gone = await desk.services.job(job)
    assert gone.removed_by is Remover.MODERATOR
    await erase(desk, job, ANA)  # does not make it the author's again
    with pytest.raises(errors.ResultDeleted):
        await desk.results.job(job.id, ANA)
    with pytest.raises(errors.ResultForgotten):
        await desk.results.job(job.id, BEN)
    with pytest.raises(errors.ResultLost):
        await desk.results.resend(gone, direct(gone))
    with pytest.raises(errors.ResultLost):
        async with desk.results.video(gone, limit=10_000_000, user_id=1):
            pass


@pytest.mark.parametrize("trouble", [errors.DestinationBusy("discord_503"), errors.DestinationLost("discord_50013")])
async def test_what_discord_does_not_delete_now_is_deleted_later(desk: Desk, trouble: Exception) -> None:
    services, job = desk.services, await desk.delivered()
    await services.jobs.record_card(job, channel_id=5, message_id=40)
    desk.result_poster.then("take_away", trouble)
    assert await erase(desk, job, ANA) is RemovalOutcome.SOON
    assert (await services.job(job)).removed_at == services.clock()
    await desk.outbox.post_due()
    assert len(desk.result_poster.asked("take_away")) == 2  # it is not due yet
    services.clock.tick(60)
    await desk.outbox.post_due()
    assert desk.result_poster.asked("take_away")[2:] == [(job.id, 5, 40), (job.id, 5, 50)]
    services.clock.tick(100_000)
    await desk.outbox.post_due()
    assert len(desk.result_poster.asked("take_away")) == 4


async def test_a_deletion_that_a_crash_cut_short_is_gone_on_with(desk: Desk) -> None:
    services, job = desk.services, await desk.delivered()
    await ResultStore(services.database).remove(job.id, by=Remover.MODERATOR, now=services.clock())
    await desk.outbox.post_due()
    assert desk.result_poster.asked("take_away") == [(job.id, 5, 50)]


async def test_a_gallery_copy_that_was_on_its_way_goes_too(desk: Desk) -> None:
    job = await desk.delivered()
    meant = await meant_for_the_gallery(desk, job)
    await erase(desk, job, MOD)
    await hung(desk, meant)
    await desk.outbox.post_due()
    assert (job.id, 9, 90) in desk.result_poster.asked("take_away")


async def test_a_share_that_was_on_its_way_goes_too(desk: Desk) -> None:
    services, job, gate = desk.services, await desk.delivered(private=True), asyncio.Event()
    desk.result_poster.then("post_copy", gate)
    sharing = asyncio.create_task(desk.results.share(job.id, ANA))
    await until(lambda: desk.result_poster.asked("post_copy"))
    await erase(desk, job, ANA)
    gate.set()
    assert await sharing == MESSAGE
    await desk.outbox.post_due()
    assert (job.id, 5, MESSAGE.message_id) in desk.result_poster.asked("take_away")
    assert (await services.job(job)).removed_by is Remover.AUTHOR


async def test_a_share_of_what_was_forgotten_meanwhile_does_not_stay(desk: Desk) -> None:
    job, gate = await desk.delivered(private=True), asyncio.Event()
    desk.result_poster.then("post_copy", gate)
    sharing = asyncio.create_task(desk.results.share(job.id, ANA))
    await until(lambda: desk.result_poster.asked("post_copy"))
    await forget(desk, job)
    gate.set()
    with pytest.raises(errors.ResultForgotten):
        await sharing
    assert desk.result_poster.asked("take_away") == [(job.id, MESSAGE.channel_id, MESSAGE.message_id)]


async def test_of_what_was_forgotten_while_it_was_fetched_nobody_gets_a_copy(desk: Desk) -> None:
    job, gate = await desk.delivered(), asyncio.Event()
    desk.services.fetcher.then("download", gate)
    copying = asyncio.create_task(desk.results.resend(job, direct(job)))
    await until(lambda: desk.services.fetcher.asked("download"))
    await forget(desk, job)
    gate.set()
    with pytest.raises(errors.ResultLost):
        await copying
    assert desk.result_poster.asked("post_copy") == []


@pytest.mark.parametrize("by", [ANA, MOD], ids=["its author", "a moderator"])
async def test_a_video_that_is_deleted_while_its_copy_is_fetched_is_posted_nowhere(desk: Desk, by: Member) -> None:
    job, gate = await desk.delivered(), asyncio.Event()
    desk.services.fetcher.then("download", gate)
    copy = direct(job, kind=CopyKind.AGAIN, guild_id=7, channel_id=6)
    copying = asyncio.create_task(desk.results.resend(job, copy))
    await until(lambda: desk.services.fetcher.asked("download"))
    await erase(desk, job, by)
    gate.set()
    with pytest.raises(errors.ResultLost):
        await copying
    assert desk.result_poster.asked("post_copy") == []


async def test_a_copy_shows_the_video_where_it_is_until_a_moderator_there_deletes_it(desk: Desk) -> None:
    job, there = await desk.delivered(), Member(user_id=2, guild_id=8)
    with pytest.raises(errors.ResultForgotten):
        await desk.results.job(job.id, there)
    await desk.results.resend(job, direct(job, kind=CopyKind.AGAIN, guild_id=8, channel_id=80))
    assert (await desk.results.job(job.id, there)).id == job.id
    moderator = replace(there, user_id=3, moderates=True)
    assert (
        await erase(desk, job, moderator, message_id=50) is RemovalOutcome.NOW
    )  # as a button may say, there or elsewhere
    assert desk.result_poster.asked("take_away") == [(job.id, 80, MESSAGE.message_id)]
    assert (await desk.services.job(job)).removed_at is None
    with pytest.raises(errors.ResultForgotten):
        await desk.results.job(job.id, there)
    assert (await desk.results.job(job.id, BEN)).id == job.id


def again(job: Job, message_id: int, **changes: Any) -> Copy:
    here = {"kind": CopyKind.AGAIN, "guild_id": 7, "channel_id": 70, "nonce": f"n{message_id}"}
    return direct(job, **{**here, **changes})


async def posted_again(desk: Desk, job: Job, message_id: int, **changes: Any) -> None:
    desk.result_poster.then("post_copy", Posted(channel_id=70, message_id=message_id))
    await desk.results.resend(job, again(job, message_id, **changes))


@pytest.mark.parametrize("member", [ANA, MOD])
async def test_a_deleted_video_takes_the_copies_with_it_that_were_posted_anywhere(desk: Desk, member: Member) -> None:
    job = await desk.delivered()
    await posted_again(desk, job, 71)
    await posted_again(desk, job, 81, guild_id=8, channel_id=80)
    desk.result_poster.then("take_away", None, errors.DestinationBusy("discord_503"))
    assert await erase(desk, job, member) is RemovalOutcome.SOON
    desk.services.clock.tick(60)
    await desk.outbox.post_due()
    assert desk.result_poster.asked("take_away")[:3] == [(job.id, 5, 50), (job.id, 70, 71), (job.id, 80, 81)]
    assert (job.id, 70, 71) in desk.result_poster.asked("take_away")[3:]
    assert (job.id, 80, 81) not in desk.result_poster.asked("take_away")[3:]


async def test_a_moderator_elsewhere_takes_the_copies_of_that_server_only(desk: Desk) -> None:
    job = await desk.delivered()
    await posted_again(desk, job, 71)
    await posted_again(desk, job, 81, guild_id=8, channel_id=80)
    await posted_again(desk, job, 82, guild_id=8, channel_id=80)
    moderator = Member(user_id=3, guild_id=8, moderates=True)
    assert await erase(desk, job, moderator, message_id=82) is RemovalOutcome.NOW
    assert desk.result_poster.asked("take_away") == [(job.id, 80, 81), (job.id, 80, 82)]
    assert desk.result_poster.asked("delete_result") == []
    await erase(desk, job, ANA)
    assert desk.result_poster.asked("take_away")[2:] == [(job.id, 5, 50), (job.id, 70, 71)]


async def test_a_copy_that_nobody_heard_of_again_is_looked_for_and_goes(desk: Desk) -> None:
    job = await desk.delivered()
    desk.result_poster.then("post_copy", errors.DestinationBusy("discord_503"))
    with pytest.raises(errors.DiscordBusy):
        await desk.results.resend(job, again(job, 71))
    await erase(desk, job, ANA)
    desk.services.clock.tick(1000)
    desk.result_poster.then("find_copy", Posted(channel_id=70, message_id=71))
    await desk.outbox.post_due()
    assert (job.id, 70, 71) in desk.result_poster.asked("take_away")


async def test_a_video_that_was_never_shown_is_got_by_no_other_way(desk: Desk) -> None:
    job = await desk.services.succeeded()
    with pytest.raises(errors.ResultLost):
        await desk.results.resend(job, direct(job))
    with pytest.raises(errors.ResultLost):
        async with desk.results.video(job, limit=10_000_000, user_id=1):
            pass
    assert desk.result_poster.asked("post_copy") == []


async def test_people_are_told_as_they_chose_or_as_usual(services: Services) -> None:
    preferences = PreferenceStore(services.database)
    notices = NotifyPreferences(preferences)
    assert await notices.of(1) is Notify.PING
    await preferences.change(of_user(1), {"notify": "silent"}, now=services.clock())
    assert await notices.of(1) is Notify.SILENT
    services.database.refusals = 1
    assert await notices.of(1) is Notify.PING
    assert [chosen(each) for each in ("dm", "shout", 3, None)] == [Notify.DM, Notify.PING, Notify.PING, Notify.PING]


@pytest.mark.parametrize(("closed", "refusal"), [(True, errors.ChannelClosed), (False, errors.DiscordBusy)])
async def test_a_share_that_may_be_there_is_not_posted_again(
    desk: Desk, *, closed: bool, refusal: type[Exception]
) -> None:
    job = await desk.delivered(private=True)
    desk.result_poster.then("post_copy", errors.DestinationBusy("discord_503"))
    with pytest.raises(errors.DiscordBusy):
        await desk.results.share(job.id, ANA)
    desk.result_poster.then("find_copy", CannotTell(reason="discord_500", closed=closed))
    with pytest.raises(refusal):
        await desk.results.share(job.id, ANA)
    assert len(desk.result_poster.asked("post_copy")) == 1
