"""How private answers can be edited: kept for all processes, handed out for the last time once, and not for long."""

import asyncio
from datetime import timedelta

from bot.store.member.private_answers import Kept, PrivateAnswerStore
from tests.store.conftest import Store

LIFE = timedelta(minutes=14)


async def kept(store: Store, key: str = "1", *, sealed: str = "sealed", user_id: int = 1) -> PrivateAnswerStore:
    answers = PrivateAnswerStore(store.database)
    await answers.keep(key, user_id=user_id, sealed=sealed, expires_at=store.now + LIFE)
    return answers


async def test_an_answer_is_read_while_it_can_be_edited(store: Store) -> None:
    answers, expected = await kept(store), Kept(sealed="sealed", expires_at=store.now + LIFE)
    assert [await answers.read("1", now=store.now) for _ in range(2)] == [expected, expected]
    assert await answers.read("2", now=store.now) is None
    assert await answers.read("1", now=store.now + LIFE) is None
    assert await answers.take("1", now=store.now + LIFE) is None


async def test_the_latest_answer_to_the_same_question_counts(store: Store) -> None:
    await kept(store, sealed="first")
    store.later(1)
    answers = await kept(store, sealed="second", user_id=2)
    assert await answers.take("1", now=store.now) == Kept(sealed="second", expires_at=store.now + LIFE)


async def test_an_answer_is_taken_once_by_however_many_at_once(store: Store) -> None:
    answers = await kept(store)
    taken = await asyncio.gather(*(answers.take("1", now=store.now) for _ in range(5)))
    assert len([each for each in taken if each is not None]) == 1


async def test_only_what_can_be_edited_no_more_is_forgotten(store: Store) -> None:
    await kept(store, "old")
    store.later(60)
    answers = await kept(store, "new")
    assert await answers.forget(now=store.now + LIFE - timedelta(seconds=60)) == 1
    assert await answers.read("new", now=store.now) is not None
