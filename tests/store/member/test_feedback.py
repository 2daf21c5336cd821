"""Feedback: kept once, so much a day, and told once."""

from datetime import timedelta

import pytest

from bot.errors import TooMuchFeedback
from bot.store.member.feedback import FeedbackStore
from bot.store.outbox import OutboxStore
from tests.store.conftest import Store


async def keep(store: Store, key: str, *, user_id: int = 1, most: int = 2) -> bool:
    since = store.now - timedelta(days=1)
    return await FeedbackStore(store.database).keep(
        "more cats", key=key, user_id=user_id, guild_id=7, now=store.now, most=most, since=since
    )


async def test_the_same_is_kept_once_and_told_once(store: Store) -> None:
    feedback = FeedbackStore(store.database)
    assert [await keep(store, "a"), await keep(store, "a")] == [True, False]
    note, item = await feedback.note("a"), await store.announced()
    assert note is not None
    assert item is not None
    assert (note.key, note.user_id, note.guild_id, note.text) == ("a", 1, 7, "more cats")
    assert await feedback.not_yet_told() == 1
    await OutboxStore(store.database).posted(item, message_id=5, now=store.now)
    assert await feedback.not_yet_told() == 0


async def test_a_person_is_heard_so_often_a_day(store: Store) -> None:
    await keep(store, "a")
    await keep(store, "b")
    with pytest.raises(TooMuchFeedback):
        await keep(store, "c")
    assert await FeedbackStore(store.database).not_yet_told() == 2
    assert not await keep(store, "b", most=1)  # a repeat is none too many
    assert await keep(store, "d", user_id=2)
    store.later(86400)
    assert await keep(store, "e")
