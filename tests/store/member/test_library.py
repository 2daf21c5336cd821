import pytest

from bot.domain import Destination, Job, Member, OutboxItem, OutboxKind, Remover, VideoRequest
from bot.service.jobs.access import Access
from bot.store.jobs.messages import MessageStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.jobs.results import ResultStore
from bot.store.member.library import LibraryQuery, LibraryStore
from tests.store.conftest import Store


async def posted(store: Store, prompt: str = "a fox on the ice", *, user_id: int = 1, kling: bool = False) -> Job:
    model, provider = ("kling-v1", "kling") if kling else ("kirin_v3_t2v", "kirin")
    request = VideoRequest(model=model, prompt=prompt)
    return await store.delivered(request=request, provider=provider, user_id=user_id)


async def found(store: Store, wanted: LibraryQuery, *, user_id: int = 1, skip: int = 0, most: int = 9) -> list[str]:
    jobs = await LibraryStore(store.database).videos(wanted, user_id=user_id, guild_id=7, skip=skip, most=most)
    return [job.request.prompt for job in jobs]


async def test_a_persons_posted_videos_come_newest_first_and_in_pages(store: Store) -> None:
    for prompt in ("one", "two", "three"):
        await posted(store, prompt)
    await posted(store, "somebody else's", user_id=2)
    await store.running()
    gone = await posted(store, "taken away")
    await ResultStore(store.database).remove(gone.id, by=Remover.MODERATOR, now=store.now)
    assert await found(store, LibraryQuery()) == ["three", "two", "one"]
    assert await found(store, LibraryQuery(), skip=1, most=1) == ["two"]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("FOX", ["Ein Fuchs, a fox_1"]),
        ("fuchs", ["Ein Fuchs, a fox_1"]),
        ("ÜBER", ["über 100% rain\\snow"]),
        ("100%", ["über 100% rain\\snow"]),
        ("0% r", ["über 100% rain\\snow"]),
        ("n\\s", ["über 100% rain\\snow"]),
        ("x_", ["Ein Fuchs, a fox_1"]),
        ("_", ["Ein Fuchs, a fox_1"]),
        ("雪地", ["雪地里的狐狸"]),
        ("nothing", []),
    ],
)
async def test_a_text_is_found_whatever_its_case_and_means_only_itself(
    store: Store, text: str, fits: list[str]
) -> None:
    for prompt in ("Ein Fuchs, a fox_1", "über 100% rain\\snow", "雪地里的狐狸"):
        await posted(store, prompt)
    assert await found(store, LibraryQuery(text=text)) == fits


async def test_models_are_told_apart(store: Store) -> None:
    await posted(store, "kirin's")
    await posted(store, "kling's", kling=True)
    assert await found(store, LibraryQuery(model="kling-v1")) == ["kling's"]
    assert await found(store, LibraryQuery(model="kirin_v3_t2v", text="k")) == ["kirin's"]
    assert await found(store, LibraryQuery(model="kling")) == []


async def test_a_star_is_given_and_taken_back_and_counted(store: Store) -> None:
    library_store = LibraryStore(store.database)
    first, second = await posted(store, "first"), await posted(store, "second", user_id=2)
    assert await library_store.toggle(second.id, user_id=1, now=store.later(1)) == (True, 1)
    assert await library_store.toggle(second.id, user_id=2, now=store.later(1)) == (True, 2)
    assert await library_store.toggle(first.id, user_id=1, now=store.later(1)) == (True, 1)
    assert await library_store.stars(second.id) == 2
    assert await library_store.starred([first.id, second.id, "nothing"], user_id=2) == {second.id}
    assert await found(store, LibraryQuery(favourites=True)) == ["first", "second"]
    assert await found(store, LibraryQuery(favourites=True, text="sec")) == ["second"]
    assert await library_store.toggle(second.id, user_id=1, now=store.later(1)) == (False, 1)
    assert await found(store, LibraryQuery(favourites=True)) == ["first"]


async def test_starred_videos_are_listed_in_a_guild_with_a_long_id(store: Store) -> None:
    job = await posted(store, "one")
    library = LibraryStore(store.database)
    await library.toggle(job.id, user_id=1, now=store.now)
    starred = LibraryQuery(favourites=True)
    assert await library.videos(starred, user_id=1, guild_id=1_100_000_000_000_000_000, skip=0, most=9) == [job]


async def test_of_others_videos_those_are_listed_that_one_may_open(store: Store) -> None:
    library_store, results, lookup = (
        LibraryStore(store.database),
        ResultStore(store.database),
        JobQueryStore(store.database),
    )
    private = Destination(guild_id=7, channel_id=5, upload_limit=10_000_000, private=True)
    jobs = {
        "posted": await store.delivered(user_id=2),
        "private": await store.delivered(user_id=2, destination=private),
        "shared": await store.delivered(user_id=2, destination=private),
        "copied": await store.delivered(user_id=2, guild_id=8),
        "elsewhere": await store.delivered(user_id=2, guild_id=9),
        "direct": await store.delivered(user_id=2, guild_id=None),
        "deleted": await store.delivered(user_id=2),
        "own": await store.delivered(guild_id=None),
        "own, deleted": await store.delivered(),
        "own, deleted by a moderator": await store.delivered(),
    }
    await results.shared(jobs["shared"].id, message_id=9, now=store.now)
    copy = OutboxItem(
        kind=OutboxKind.REPOST, subject_id="again-1", job_id=jobs["copied"].id, guild_id=7, created_at=store.now
    )
    await MessageStore(store.database).begin_repost(copy)
    for name in ("deleted", "own, deleted"):
        await results.remove(jobs[name].id, by=Remover.AUTHOR, now=store.now)
    await results.remove(jobs["own, deleted by a moderator"].id, by=Remover.MODERATOR, now=store.now)
    for job in jobs.values():
        await library_store.toggle(job.id, user_id=1, now=store.now)
    for guild_id, names in ((7, {"posted", "shared", "copied"}), (8, {"copied"}), (None, set[str]())):
        seen = {jobs[name].id for name in {*names, "own", "own, deleted"}}
        listed = await library_store.videos(
            LibraryQuery(favourites=True), user_id=1, guild_id=guild_id, skip=0, most=99
        )
        assert {job.id for job in listed} == seen
        opened = await Access(lookup).readable(
            [await store.get(job.id) for job in jobs.values()], Member(user_id=1, guild_id=guild_id)
        )
        assert opened == seen
