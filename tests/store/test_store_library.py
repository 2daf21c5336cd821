from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.request import VideoRequest
from bot.domain.wanted import Wanted
from bot.store.library import Shelf
from bot.store.results import ResultStore

if TYPE_CHECKING:
    from bot.domain.job import Job
    from tests.store.conftest import Store


async def posted(store: Store, prompt: str = "a fox on the ice", *, user_id: int = 1, kling: bool = False) -> Job:
    model, provider = ("kling-v1", "kling") if kling else ("kirin_v3_t2v", "kirin")
    request = VideoRequest(model=model, prompt=prompt)
    return await store.delivered(request=request, provider=provider, user_id=user_id)


async def found(store: Store, wanted: Wanted, *, user_id: int = 1, skip: int = 0, most: int = 9) -> list[str]:
    jobs = await Shelf(store.database).videos(wanted, user_id=user_id, skip=skip, most=most)
    return [job.request.prompt for job in jobs]


async def test_a_persons_posted_videos_come_newest_first_and_in_pages(store: Store) -> None:
    for prompt in ("one", "two", "three"):
        await posted(store, prompt)
    await posted(store, "somebody else's", user_id=2)
    await store.running()
    gone = await posted(store, "taken away")
    await ResultStore(store.database).removed(gone.id, now=store.now)
    assert await found(store, Wanted()) == ["three", "two", "one"]
    assert await found(store, Wanted(), skip=1, most=1) == ["two"]


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
    assert await found(store, Wanted(text=text)) == fits


async def test_models_are_told_apart(store: Store) -> None:
    await posted(store, "kirin's")
    await posted(store, "kling's", kling=True)
    assert await found(store, Wanted(model="kling-v1")) == ["kling's"]
    assert await found(store, Wanted(model="kirin_v3_t2v", text="k")) == ["kirin's"]
    assert await found(store, Wanted(model="kling")) == []


async def test_a_star_is_given_and_taken_back_and_counted(store: Store) -> None:
    shelf = Shelf(store.database)
    first, second = await posted(store, "first"), await posted(store, "second", user_id=2)
    assert await shelf.toggle(second.id, user_id=1, now=store.later(1)) == (True, 1)
    assert await shelf.toggle(second.id, user_id=2, now=store.later(1)) == (True, 2)
    assert await shelf.toggle(first.id, user_id=1, now=store.later(1)) == (True, 1)
    assert await shelf.stars(second.id) == 2
    assert await shelf.starred([first.id, second.id, "nothing"], user_id=2) == {second.id}
    assert await found(store, Wanted(favourites=True)) == ["first", "second"]
    assert await found(store, Wanted(favourites=True, text="sec")) == ["second"]
    assert await shelf.toggle(second.id, user_id=1, now=store.later(1)) == (False, 1)
    assert await found(store, Wanted(favourites=True)) == ["first"]
