"""Feedback reaches the operator once; the services are asked how they are, seldom."""

from datetime import timedelta

import pytest

from bot.errors import DestinationBusy, DestinationLost, ProviderUnavailable, TooMuchFeedback
from bot.service.member.about import FRESH, About, Condition, Facts
from bot.service.member.feedback import MOST
from bot.service.ports.notifier import CannotTell, Posted
from tests.service.house import House
from tests.service.keeper import Keeper
from tests.service.moderating import DESK
from tests.service.scripted import START

DIRECT = 98


@pytest.fixture
def keeper(house: House) -> Keeper:
    return Keeper(house)


def posts(keeper: Keeper) -> list[tuple[int, int, str]]:
    """What was posted for the operator: the channel, who wrote it, what."""
    return keeper.staff.asked("post_note")


async def test_feedback_is_told_at_once_and_once(keeper: Keeper) -> None:
    assert await keeper.feedback.give("more cats", key="a", user_id=1, guild_id=None)
    await keeper.feedback.work()
    assert posts(keeper) == [(DESK, 1, "more cats")]


async def test_feedback_that_a_busy_discord_may_have_taken_is_looked_for(keeper: Keeper) -> None:
    keeper.staff.then("post_note", DestinationBusy("discord_500"))
    keeper.staff.then("find_note", CannotTell(reason="discord_500"), Posted(channel_id=DESK, message_id=70))
    assert not await keeper.feedback.give("more cats", key="a", user_id=1, guild_id=None)
    for _ in range(3):
        await keeper.feedback.work()
    assert len(posts(keeper)) == 1
    note = await keeper.feedback_store.note("a")
    assert note is not None
    assert (note.channel_id, note.message_id) == (DESK, 70)


async def test_feedback_goes_to_direct_messages_where_the_channel_is_gone(keeper: Keeper) -> None:
    keeper.staff.desks = [DESK, DIRECT]
    keeper.staff.then("post_note", DestinationLost("discord_10003"))
    assert await keeper.feedback.give("more cats", key="a", user_id=1, guild_id=None)
    assert posts(keeper) == [(DESK, 1, "more cats"), (DIRECT, 1, "more cats")]


async def test_feedback_is_kept_where_nobody_can_be_told(keeper: Keeper) -> None:
    keeper.staff.desks = []
    for number in range(MOST):
        assert not await keeper.feedback.give("hello", key=str(number), user_id=1, guild_id=7)
    with pytest.raises(TooMuchFeedback):
        await keeper.feedback.give("hello", key="more", user_id=1, guild_id=7)
    assert posts(keeper) == []
    keeper.staff.desks = [DESK]
    await keeper.feedback.work()
    assert len(posts(keeper)) == MOST


async def test_who_has_everything_deleted_is_taken_out_of_what_the_operator_reads(keeper: Keeper) -> None:
    await keeper.feedback.give("my name is Ana", key="a", user_id=1, guild_id=7)
    keeper.staff.then("delete_note", DestinationBusy("discord_500"))
    await keeper.privacy.delete(1, messages=False)
    for _ in range(3):
        await keeper.feedback.work()
    assert keeper.staff.asked("delete_note") == [(DESK, 500)] * 2
    assert await keeper.feedback_store.note("a") is None


async def test_about_asks_a_service_once_a_minute(house: House) -> None:
    about = About(
        facts=Facts(version="1", source=None, started_at=START - timedelta(hours=1)),
        health=house.health,
        clock=house.clock,
    )
    house.kling.then("check", ProviderUnavailable(provider="kling"))
    for _ in range(3):
        assert await about.conditions() == {"kirin": Condition.WELL, "kling": Condition.DOWN}
    assert len(house.kirin.asked("check")) == len(house.kling.asked("check")) == 1
    house.health["kling"].rest(timedelta(seconds=10))
    assert await about.conditions() == {"kirin": Condition.WELL, "kling": Condition.BUSY}
    house.clock.tick(FRESH.total_seconds() + 1)
    assert await about.conditions() == {"kirin": Condition.WELL, "kling": Condition.WELL}
    assert about.uptime() == timedelta(hours=1, seconds=61)
