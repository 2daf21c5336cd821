"""Results once more: where their files come from, who gets them, and that sharing and settling happen once."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias, cast

import pytest

from bot import errors
from bot.domain import DeadLetter, Job, Member, Notify, OutboxItem, OutboxKind, Remover, ResultAction
from bot.domain.notify import parse_notify
from bot.service.jobs.copies import AT_ONCE, Copy, CopyKind
from bot.service.jobs.results import COPIES, PAGE, RemovalOutcome, Results
from bot.service.member.defaults import NotifyPreferences
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

    async def tell_removed(self, job: Job) -> None:
        await self.play("tell_removed", job.id)

    async def find_removed(self, job: Job, *, since: datetime) -> Sighting:
        assert since is not None
        return cast("Sighting", await self.play("find_removed", job.id, usual=NotPosted()))


@dataclass
class ResultServices:
    """The use cases of results, over scripted people."""

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
def result_services(services: Services) -> ResultServices:
    services.result_poster = ResultPoster()
    bot = services.restart()
    return ResultServices(
        services=services, result_poster=services.result_poster, results=bot.services.results, outbox=bot.outbox
    )


def direct(job: Job, **changes: Any) -> Copy:
    copy = Copy(kind=CopyKind.DIRECT, user_id=2, locale="en-US", nonce="1", limit=job.destination.upload_limit)
    return replace(copy, **changes)


async def forget(result_services: ResultServices, job: Job) -> None:
    """Delete its row, as a deletion of its author's things does."""
    await DeletionStore(result_services.services.database).forget(job)


async def test_a_copy_comes_from_the_service_under_a_fresh_address_and_leaves_nothing(
    result_services: ResultServices,
) -> None:
    job = await result_services.delivered()
    assert await result_services.results.resend(job, direct(job)) == MESSAGE
    assert result_services.services.fetcher.asked("download") == [FRESH]
    assert result_services.result_poster.asked("post_copy") == [(direct(job), 0)]
    assert result_services.services.file_names() == []


@pytest.mark.parametrize("trouble", [GONE, errors.ResultUnusable("truncated"), errors.ResultTooLarge("over_cap")])
async def test_what_the_service_has_lost_is_taken_from_our_own_message(
    result_services: ResultServices, trouble: Exception
) -> None:
    job = replace(await result_services.delivered(), result_url=OLD)
    result_services.services.fetcher.then("download", trouble, GONE)
    await result_services.results.resend(job, direct(job))
    assert result_services.services.fetcher.asked("download") == [FRESH, OLD, OURS]
    assert result_services.services.file_names() == []


async def test_a_service_that_does_not_answer_is_done_without(result_services: ResultServices) -> None:
    job = await result_services.delivered()
    result_services.services.kirin.then("fetch", errors.ProviderUnavailable(provider="kirin"))
    await result_services.results.resend(replace(job, result_url=None), direct(job))
    await result_services.results.resend(replace(job, result_url=OLD, provider="forgotten"), direct(job))
    assert result_services.services.fetcher.asked("download") == [OURS, OLD]


async def test_a_file_that_is_nowhere_is_lost(result_services: ResultServices) -> None:
    job = await result_services.delivered()
    result_services.services.fetcher.then("download", GONE, GONE)
    with pytest.raises(errors.ResultLost):
        await result_services.results.resend(job, direct(job))
    result_services.result_poster.then("attachment_url", lambda: None)
    result_services.services.kirin.then("fetch", errors.ProviderUnavailable(provider="kirin"))
    with pytest.raises(errors.ResultLost):
        await result_services.results.resend(replace(job, result_url=None), direct(job))
    assert result_services.services.file_names() == []


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
    result_services: ResultServices, trouble: Exception, channel_id: int | None, told: type[Exception]
) -> None:
    job = await result_services.delivered()
    result_services.result_poster.then("post_copy", trouble)
    with pytest.raises(told):
        await result_services.results.resend(job, direct(job, channel_id=channel_id))
    assert result_services.services.file_names() == []


async def test_only_so_many_copies_are_under_way_at_once(result_services: ResultServices) -> None:
    job, gate = await result_services.delivered(), asyncio.Event()
    result_services.result_poster.then("post_copy", *[gate] * AT_ONCE)
    sending = [
        asyncio.create_task(result_services.results.resend(job, direct(job, user_id=each)))
        for each in range(AT_ONCE + 1)
    ]
    await until(lambda: len(result_services.result_poster.asked("post_copy")) == AT_ONCE)
    assert len(result_services.services.fetcher.asked("download")) == AT_ONCE
    gate.set()
    await asyncio.gather(*sending)
    assert result_services.services.file_names() == []


async def test_one_copy_of_a_video_is_on_its_way_to_a_person_at_a_time_and_nobody_else_waits(
    result_services: ResultServices,
) -> None:
    job, gate = await result_services.delivered(), asyncio.Event()
    result_services.result_poster.then("post_copy", gate)
    first = asyncio.create_task(result_services.results.resend(job, direct(job)))
    await until(lambda: result_services.result_poster.asked("post_copy"))
    with pytest.raises(errors.CopyUnderWay):
        await result_services.results.resend(job, direct(job))
    assert await result_services.results.resend(job, direct(job, user_id=3)) == MESSAGE
    gate.set()
    assert await first == MESSAGE
    assert await result_services.results.resend(job, direct(job)) == MESSAGE


async def test_a_person_has_a_few_copies_a_minute(result_services: ResultServices) -> None:
    job = await result_services.delivered()
    for _ in range(COPIES):
        await result_services.results.resend(job, direct(job))
    with pytest.raises(errors.TooOften) as caught:
        await result_services.results.resend(job, direct(job))
    await result_services.results.resend(job, direct(job, user_id=3))
    result_services.services.clock.now = caught.value.again_at
    assert await result_services.results.resend(job, direct(job)) == MESSAGE


async def test_private_results_are_there_for_their_author_alone_until_they_are_shared(
    result_services: ResultServices,
) -> None:
    job = await result_services.delivered(private=True)
    assert (await result_services.results.job(job.id, ANA)).id == job.id
    for job_id, member in ((job.id, BEN), ("unheard-of", ANA)):
        with pytest.raises(errors.ResultForgotten):
            await result_services.results.job(job_id, member)
    await result_services.results.share(job.id, ANA)
    assert (await result_services.results.job(job.id, BEN)).id == job.id


async def test_lineage_goes_up_as_far_as_it_is_known_and_says_so(result_services: ResultServices) -> None:
    job = await result_services.delivered()
    assert await result_services.results.lineage(job, BEN) == await result_services.results.lineage(
        replace(job, parent_id=None), BEN
    )
    assert not (await result_services.results.lineage(job, BEN)).forgotten
    orphan = await result_services.results.lineage(replace(job, parent_id="gone"), BEN)
    assert (orphan.ancestors, orphan.forgotten) == ((), True)
    child = await result_services.results.lineage(replace(await result_services.delivered(), parent_id=job.id), BEN)
    assert ([each.id for each in child.ancestors], child.seen, child.forgotten) == (
        [job.id],
        frozenset({job.id}),
        False,
    )


async def test_of_its_ancestors_those_are_seen_that_may_be(result_services: ResultServices) -> None:
    parent = await result_services.delivered(private=True)
    child = replace(await result_services.delivered(), parent_id=parent.id)
    assert (await result_services.results.lineage(child, BEN)).seen == frozenset()
    assert (await result_services.results.lineage(child, ANA)).seen == {parent.id}


Way: TypeAlias = Callable[[ResultServices, "Job"], Awaitable[None]]


async def fetched(result_services: ResultServices, job: Job) -> None:
    async with result_services.results.video(job, limit=10_000_000, user_id=1) as video:
        assert video.file.exists()


async def sent_directly(result_services: ResultServices, job: Job) -> None:
    await result_services.results.resend(job, direct(job, user_id=1))


async def posted_here(result_services: ResultServices, job: Job) -> None:
    await result_services.results.resend(
        job, replace(direct(job, user_id=1, guild_id=7, channel_id=6), kind=CopyKind.AGAIN)
    )


async def shared(result_services: ResultServices, job: Job) -> None:
    await result_services.results.share(job.id, ANA)


WAYS: Final = (fetched, sent_directly, posted_here, shared)


async def test_a_kept_video_is_handed_over_from_disk_and_settled_once(result_services: ResultServices) -> None:
    services, job = result_services.services, await result_services.kept()
    downloads = len(services.fetcher.asked("download"))
    assert [each.id for each in (await result_services.results.inbox(1)).jobs] == [job.id]
    for _ in range(2):
        await fetched(result_services, job)
    assert len(services.fetcher.asked("download")) == downloads + 1  # the second time it had to be fetched
    assert await services.balance(job) == (0, 5)
    assert services.file_names() == []
    assert services.woken


async def test_a_kept_video_that_is_dismissed_leaves_the_inbox_charged_once_and_is_nobody_elses_to_dismiss(
    result_services: ResultServices,
) -> None:
    services, job = result_services.services, await result_services.kept()
    with pytest.raises(errors.ResultForgotten):
        await result_services.results.dismiss(job.id, BEN)
    assert await services.balance(job) == (5, 0)
    for _ in range(2):
        await result_services.results.dismiss(job.id, ANA)
    assert (await result_services.results.inbox(1)).jobs == ()
    assert await services.balance(job) == (0, 5)
    assert services.file_names() == []


@pytest.mark.parametrize("way", WAYS)
async def test_whatever_way_a_kept_video_reaches_its_author_it_is_charged_once(
    result_services: ResultServices, way: Way
) -> None:
    job = await result_services.kept()
    await way(result_services, job)
    done = await result_services.services.job(job)
    assert (done.delivered_at is not None, done.dead_letter) == (True, None)
    assert await result_services.services.balance(job) == (0, 5)
    await sent_directly(result_services, done)
    assert await result_services.services.balance(job) == (0, 5)


@pytest.mark.parametrize("way", WAYS[:3])
async def test_what_is_handed_over_and_not_written_down_is_fetched_again_and_charged_once(
    result_services: ResultServices, way: Way
) -> None:
    job = await result_services.kept()

    def refuse() -> Posted:
        result_services.services.database.refusals = 1 if way is fetched else 2  # where it is, and that it is received
        return MESSAGE

    result_services.result_poster.then("post_copy", *([refuse] if way is not fetched else []))
    if way is fetched:
        async with result_services.results.video(job, limit=10_000_000, user_id=1):
            refuse()
    else:
        await way(result_services, job)
    assert await result_services.services.balance(job) == (5, 0)
    assert result_services.services.file_names() == [f"{job.id}.mp4"]
    assert len((await result_services.results.inbox(1)).jobs) == 1
    await way(result_services, job)
    assert await result_services.services.balance(job) == (0, 5)


@pytest.mark.parametrize("way", [sent_directly, posted_here])
async def test_what_does_not_arrive_is_not_charged(result_services: ResultServices, way: Way) -> None:
    job = await result_services.kept()
    result_services.result_poster.then("post_copy", errors.DestinationLost("discord_50007"))
    with pytest.raises((errors.DirectMessagesClosed, errors.ChannelClosed)):
        await way(result_services, job)
    assert await result_services.services.balance(job) == (5, 0)
    assert (await result_services.services.job(job)).dead_letter is DeadLetter.UNDELIVERABLE


async def test_nobody_else_has_a_kept_video_before_its_author(result_services: ResultServices) -> None:
    job = await result_services.kept()
    for copy in (direct(job), replace(direct(job, guild_id=7, channel_id=6), kind=CopyKind.AGAIN)):
        with pytest.raises(errors.ResultLost):
            await result_services.results.resend(job, copy)
    with pytest.raises(errors.ResultLost):
        await result_services.results.video(job, limit=10_000_000, user_id=2).__aenter__()
    assert await result_services.services.balance(job) == (5, 0)
    await fetched(result_services, job)
    await result_services.results.resend(await result_services.services.job(job), direct(job))


async def test_of_a_video_whose_outcome_is_in_doubt_nobody_gets_a_file(result_services: ResultServices) -> None:
    job = await result_services.services.jobs.mark_dead_letter(
        await result_services.services.running(),
        reason=DeadLetter.OUTCOME_UNKNOWN,
        now=result_services.services.clock(),
    )
    with pytest.raises(errors.ResultLost):
        await sent_directly(result_services, job)
    assert result_services.result_poster.asked("post_copy") == []


async def test_a_kept_file_that_is_spoilt_is_fetched_again(result_services: ResultServices) -> None:
    job = await result_services.kept()
    result_services.services.media.then("fit", errors.ResultUnusable("truncated"))
    downloads = len(result_services.services.fetcher.asked("download"))
    await fetched(result_services, job)
    assert len(result_services.services.fetcher.asked("download")) == downloads + 1


async def test_the_inbox_has_pages(result_services: ResultServices) -> None:
    jobs = [await result_services.kept() for _ in range(PAGE + 1)]
    first, second = await result_services.results.inbox(1), await result_services.results.inbox(1, skip=PAGE)
    assert ([each.id for each in first.jobs], first.more) == ([each.id for each in reversed(jobs[1:])], True)
    assert ([each.id for each in second.jobs], second.more) == ([jobs[0].id], False)
    assert await result_services.results.inbox(1, skip=-3) == first


async def test_two_presses_at_once_share_once(result_services: ResultServices) -> None:
    job = await result_services.delivered(private=True)
    shares = [result_services.results.share(job.id, ANA) for _ in range(2)]
    first, second = await asyncio.gather(*shares, return_exceptions=True)
    assert first == MESSAGE
    assert isinstance(second, errors.AlreadyShared)
    (posted,) = result_services.result_poster.asked("post_copy")
    assert (posted[0].kind, posted[0].channel_id, posted[0].nonce) == (CopyKind.SHARED, 5, f"share-{job.id}")


async def test_a_share_that_may_have_happened_is_looked_for_first(result_services: ResultServices) -> None:
    services, job = result_services.services, await result_services.delivered(private=True)
    intended = services.clock()
    result_services.result_poster.then("post_copy", errors.DestinationBusy("discord_503"))
    with pytest.raises(errors.DiscordBusy):
        await result_services.results.share(job.id, ANA)
    services.clock.tick(600)
    result_services.result_poster.then("find_copy", MESSAGE)
    assert await result_services.results.share(job.id, ANA) == MESSAGE
    assert result_services.result_poster.asked("find_copy") == [intended]
    assert len(result_services.result_poster.asked("post_copy")) == 1


async def test_a_share_that_is_not_found_is_posted(result_services: ResultServices) -> None:
    job = await result_services.delivered(private=True)
    result_services.result_poster.then("post_copy", errors.DestinationBusy("discord_503"))
    with pytest.raises(errors.DiscordBusy):
        await result_services.results.share(job.id, ANA)
    assert await result_services.results.share(job.id, ANA) == MESSAGE


async def test_sharing_a_kept_video_settles_it_and_drops_its_file(result_services: ResultServices) -> None:
    job = await result_services.kept(private=True)
    await result_services.results.share(job.id, ANA)
    assert await result_services.services.balance(job) == (0, 5)
    assert result_services.services.file_names() == []


async def test_only_its_author_shares_it_and_only_into_a_guild(result_services: ResultServices) -> None:
    public, nowhere = await result_services.delivered(), await result_services.delivered(private=True, guild_id=None)
    for job, member in ((public, BEN), (nowhere, ANA)):
        with pytest.raises(errors.ResultForgotten):
            await result_services.results.share(job.id, member)
    assert result_services.result_poster.asked("post_copy") == []


async def erase(result_services: ResultServices, job: Job, member: Member, *, message_id: int = 50) -> RemovalOutcome:
    return await result_services.results.remove(job, member, channel_id=5, message_id=message_id)


async def test_a_copy_that_its_author_deletes_is_a_copy(result_services: ResultServices) -> None:
    job = await result_services.delivered()
    result_services.result_poster.then("delete_result", True, False)
    assert await erase(result_services, job, ANA, message_id=51) is RemovalOutcome.NOW
    assert await erase(result_services, job, ANA, message_id=51) is RemovalOutcome.BEFORE
    assert (await result_services.services.job(job)).removed_at is None


async def meant_for_the_gallery(result_services: ResultServices, job: Job) -> OutboxItem:
    outbox, now = OutboxStore(result_services.services.database), result_services.services.clock()
    await outbox.announce_once(OutboxKind.GALLERY, job.id, guild_id=7, channel_id=9, now=now)
    meant = await outbox.item(OutboxKind.GALLERY, job.id)
    assert meant is not None
    begun = await outbox.begin_posting(meant, channel_id=9, at=now)
    assert begun
    return meant


async def hung(result_services: ResultServices, item: OutboxItem) -> None:
    await OutboxStore(result_services.services.database).posted(
        item, message_id=90, now=result_services.services.clock()
    )


async def test_a_deleted_video_takes_its_card_and_its_gallery_copy_with_it(result_services: ResultServices) -> None:
    services, job = result_services.services, await result_services.delivered()
    await services.jobs.record_card(job, channel_id=5, message_id=40)
    await hung(result_services, await meant_for_the_gallery(result_services, job))
    assert await erase(result_services, job, ANA) is RemovalOutcome.NOW
    assert result_services.result_poster.asked("take_away") == [(job.id, 5, 40), (job.id, 5, 50), (job.id, 9, 90)]
    gone = await services.job(job)
    assert (gone.removed_at, gone.removed_by) == (services.clock(), Remover.AUTHOR)


async def test_what_its_author_has_deleted_is_theirs_alone(result_services: ResultServices) -> None:
    job = await result_services.delivered()
    await erase(result_services, job, ANA)
    gone = await result_services.results.job(job.id, ANA, ResultAction.HAVE)
    assert await result_services.results.resend(gone, direct(gone)) == MESSAGE
    with pytest.raises(errors.ResultLost):
        await result_services.results.resend(gone, replace(direct(gone, channel_id=6), kind=CopyKind.AGAIN))
    with pytest.raises(errors.ResultForgotten):
        await result_services.results.job(job.id, BEN)


async def test_an_author_is_told_once_that_a_moderator_has_deleted_their_video(result_services: ResultServices) -> None:
    job, own = await result_services.delivered(), await result_services.delivered()
    result_services.result_poster.then("tell_removed", errors.DestinationBusy("discord_500"))
    for _ in range(2):
        await erase(result_services, await result_services.services.job(job), MOD)
        await result_services.outbox.post_due()
    await erase(result_services, own, ANA)
    await result_services.outbox.post_due()
    assert result_services.result_poster.asked("tell_removed") == [job.id]
    result_services.services.clock.tick(3600)
    await result_services.outbox.post_due()
    result_services.services.clock.tick(3600)
    await result_services.outbox.post_due()
    assert result_services.result_poster.asked("tell_removed") == [job.id, job.id]


@pytest.mark.parametrize("message_id", [50, 51])
async def test_what_a_moderator_has_deleted_nobody_gets(result_services: ResultServices, message_id: int) -> None:
    job = await result_services.delivered()
    await erase(result_services, job, ANA)
    await erase(result_services, job, MOD, message_id=message_id)
    gone = await result_services.services.job(job)
    assert gone.removed_by is Remover.MODERATOR
    await erase(result_services, job, ANA)  # does not make it the author's again
    with pytest.raises(errors.ResultDeleted):
        await result_services.results.job(job.id, ANA)
    with pytest.raises(errors.ResultForgotten):
        await result_services.results.job(job.id, BEN)
    with pytest.raises(errors.ResultLost):
        await result_services.results.resend(gone, direct(gone))
    with pytest.raises(errors.ResultLost):
        async with result_services.results.video(gone, limit=10_000_000, user_id=1):
            pass


@pytest.mark.parametrize("trouble", [errors.DestinationBusy("discord_503"), errors.DestinationLost("discord_50013")])
async def test_what_discord_does_not_delete_now_is_deleted_later(
    result_services: ResultServices, trouble: Exception
) -> None:
    services, job = result_services.services, await result_services.delivered()
    await services.jobs.record_card(job, channel_id=5, message_id=40)
    result_services.result_poster.then("take_away", trouble)
    assert await erase(result_services, job, ANA) is RemovalOutcome.SOON
    assert (await services.job(job)).removed_at == services.clock()
    await result_services.outbox.post_due()
    assert len(result_services.result_poster.asked("take_away")) == 2  # it is not due yet
    services.clock.tick(60)
    await result_services.outbox.post_due()
    assert result_services.result_poster.asked("take_away")[2:] == [(job.id, 5, 40), (job.id, 5, 50)]
    services.clock.tick(100_000)
    await result_services.outbox.post_due()
    assert len(result_services.result_poster.asked("take_away")) == 4


async def test_a_deletion_that_a_crash_cut_short_is_gone_on_with(result_services: ResultServices) -> None:
    services, job = result_services.services, await result_services.delivered()
    await ResultStore(services.database).remove(job.id, by=Remover.MODERATOR, now=services.clock())
    await result_services.outbox.post_due()
    assert result_services.result_poster.asked("take_away") == [(job.id, 5, 50)]


async def test_a_gallery_copy_that_was_on_its_way_goes_too(result_services: ResultServices) -> None:
    job = await result_services.delivered()
    meant = await meant_for_the_gallery(result_services, job)
    await erase(result_services, job, MOD)
    await hung(result_services, meant)
    await result_services.outbox.post_due()
    assert (job.id, 9, 90) in result_services.result_poster.asked("take_away")


async def test_a_share_that_was_on_its_way_goes_too(result_services: ResultServices) -> None:
    services, job, gate = result_services.services, await result_services.delivered(private=True), asyncio.Event()
    result_services.result_poster.then("post_copy", gate)
    sharing = asyncio.create_task(result_services.results.share(job.id, ANA))
    await until(lambda: result_services.result_poster.asked("post_copy"))
    await erase(result_services, job, ANA)
    gate.set()
    assert await sharing == MESSAGE
    await result_services.outbox.post_due()
    assert (job.id, 5, MESSAGE.message_id) in result_services.result_poster.asked("take_away")
    assert (await services.job(job)).removed_by is Remover.AUTHOR


async def test_a_share_of_what_was_forgotten_meanwhile_does_not_stay(result_services: ResultServices) -> None:
    job, gate = await result_services.delivered(private=True), asyncio.Event()
    result_services.result_poster.then("post_copy", gate)
    sharing = asyncio.create_task(result_services.results.share(job.id, ANA))
    await until(lambda: result_services.result_poster.asked("post_copy"))
    await forget(result_services, job)
    gate.set()
    with pytest.raises(errors.ResultForgotten):
        await sharing
    assert result_services.result_poster.asked("take_away") == [(job.id, MESSAGE.channel_id, MESSAGE.message_id)]


async def test_of_what_was_forgotten_while_it_was_fetched_nobody_gets_a_copy(result_services: ResultServices) -> None:
    job, gate = await result_services.delivered(), asyncio.Event()
    result_services.services.fetcher.then("download", gate)
    copying = asyncio.create_task(result_services.results.resend(job, direct(job)))
    await until(lambda: result_services.services.fetcher.asked("download"))
    await forget(result_services, job)
    gate.set()
    with pytest.raises(errors.ResultLost):
        await copying
    assert result_services.result_poster.asked("post_copy") == []


@pytest.mark.parametrize("by", [ANA, MOD], ids=["its author", "a moderator"])
async def test_a_video_that_is_deleted_while_its_copy_is_fetched_is_posted_nowhere(
    result_services: ResultServices, by: Member
) -> None:
    job, gate = await result_services.delivered(), asyncio.Event()
    result_services.services.fetcher.then("download", gate)
    copy = direct(job, kind=CopyKind.AGAIN, guild_id=7, channel_id=6)
    copying = asyncio.create_task(result_services.results.resend(job, copy))
    await until(lambda: result_services.services.fetcher.asked("download"))
    await erase(result_services, job, by)
    gate.set()
    with pytest.raises(errors.ResultLost):
        await copying
    assert result_services.result_poster.asked("post_copy") == []


async def test_a_copy_shows_the_video_where_it_is_until_a_moderator_there_deletes_it(
    result_services: ResultServices,
) -> None:
    job, there = await result_services.delivered(), Member(user_id=2, guild_id=8)
    with pytest.raises(errors.ResultForgotten):
        await result_services.results.job(job.id, there)
    await result_services.results.resend(job, direct(job, kind=CopyKind.AGAIN, guild_id=8, channel_id=80))
    assert (await result_services.results.job(job.id, there)).id == job.id
    moderator = replace(there, user_id=3, moderates=True)
    assert (
        await erase(result_services, job, moderator, message_id=50) is RemovalOutcome.NOW
    )  # as a button may say, there or elsewhere
    assert result_services.result_poster.asked("take_away") == [(job.id, 80, MESSAGE.message_id)]
    assert (await result_services.services.job(job)).removed_at is None
    with pytest.raises(errors.ResultForgotten):
        await result_services.results.job(job.id, there)
    assert (await result_services.results.job(job.id, BEN)).id == job.id


def again(job: Job, message_id: int, **changes: Any) -> Copy:
    here = {"kind": CopyKind.AGAIN, "guild_id": 7, "channel_id": 70, "nonce": f"n{message_id}"}
    return direct(job, **{**here, **changes})


async def posted_again(result_services: ResultServices, job: Job, message_id: int, **changes: Any) -> None:
    result_services.result_poster.then("post_copy", Posted(channel_id=70, message_id=message_id))
    await result_services.results.resend(job, again(job, message_id, **changes))


@pytest.mark.parametrize("member", [ANA, MOD])
async def test_a_deleted_video_takes_the_copies_with_it_that_were_posted_anywhere(
    result_services: ResultServices, member: Member
) -> None:
    job = await result_services.delivered()
    await posted_again(result_services, job, 71)
    await posted_again(result_services, job, 81, guild_id=8, channel_id=80)
    result_services.result_poster.then("take_away", None, errors.DestinationBusy("discord_503"))
    assert await erase(result_services, job, member) is RemovalOutcome.SOON
    result_services.services.clock.tick(60)
    await result_services.outbox.post_due()
    assert result_services.result_poster.asked("take_away")[:3] == [(job.id, 5, 50), (job.id, 70, 71), (job.id, 80, 81)]
    assert (job.id, 70, 71) in result_services.result_poster.asked("take_away")[3:]
    assert (job.id, 80, 81) not in result_services.result_poster.asked("take_away")[3:]


async def test_a_moderator_elsewhere_takes_the_copies_of_that_server_only(result_services: ResultServices) -> None:
    job = await result_services.delivered()
    await posted_again(result_services, job, 71)
    await posted_again(result_services, job, 81, guild_id=8, channel_id=80)
    await posted_again(result_services, job, 82, guild_id=8, channel_id=80)
    moderator = Member(user_id=3, guild_id=8, moderates=True)
    assert await erase(result_services, job, moderator, message_id=82) is RemovalOutcome.NOW
    assert result_services.result_poster.asked("take_away") == [(job.id, 80, 81), (job.id, 80, 82)]
    assert result_services.result_poster.asked("delete_result") == []
    await erase(result_services, job, ANA)
    assert result_services.result_poster.asked("take_away")[2:] == [(job.id, 5, 50), (job.id, 70, 71)]


async def test_a_copy_that_nobody_heard_of_again_is_looked_for_and_goes(result_services: ResultServices) -> None:
    job = await result_services.delivered()
    result_services.result_poster.then("post_copy", errors.DestinationBusy("discord_503"))
    with pytest.raises(errors.DiscordBusy):
        await result_services.results.resend(job, again(job, 71))
    await erase(result_services, job, ANA)
    result_services.services.clock.tick(1000)
    result_services.result_poster.then("find_copy", Posted(channel_id=70, message_id=71))
    await result_services.outbox.post_due()
    assert (job.id, 70, 71) in result_services.result_poster.asked("take_away")


async def test_a_video_that_was_never_shown_is_got_by_no_other_way(result_services: ResultServices) -> None:
    job = await result_services.services.succeeded()
    with pytest.raises(errors.ResultLost):
        await result_services.results.resend(job, direct(job))
    with pytest.raises(errors.ResultLost):
        async with result_services.results.video(job, limit=10_000_000, user_id=1):
            pass
    assert result_services.result_poster.asked("post_copy") == []


async def test_people_are_told_as_they_chose_or_as_usual(services: Services) -> None:
    preferences = PreferenceStore(services.database)
    notices = NotifyPreferences(preferences)
    assert await notices.of(1) is Notify.PING
    await preferences.change(of_user(1), {"notify": "silent"}, now=services.clock())
    assert await notices.of(1) is Notify.SILENT
    services.database.refusals = 1
    assert await notices.of(1) is Notify.PING
    assert [parse_notify(each) for each in ("dm", "shout", 3, None)] == [
        Notify.DM,
        Notify.PING,
        Notify.PING,
        Notify.PING,
    ]


@pytest.mark.parametrize(("closed", "refusal"), [(True, errors.ChannelClosed), (False, errors.DiscordBusy)])
async def test_a_share_that_may_be_there_is_not_posted_again(
    result_services: ResultServices, *, closed: bool, refusal: type[Exception]
) -> None:
    job = await result_services.delivered(private=True)
    result_services.result_poster.then("post_copy", errors.DestinationBusy("discord_503"))
    with pytest.raises(errors.DiscordBusy):
        await result_services.results.share(job.id, ANA)
    result_services.result_poster.then("find_copy", CannotTell(reason="discord_500", closed=closed))
    with pytest.raises(refusal):
        await result_services.results.share(job.id, ANA)
    assert len(result_services.result_poster.asked("post_copy")) == 1
