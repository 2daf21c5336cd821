"""Feedback reaches the operator once; the services are asked how they are, seldom."""

import pytest

from bot.domain import OutboxKind
from bot.errors import DestinationBusy, DestinationLost, ProviderUnavailable, TooMuchFeedback
from bot.service.member.about import FRESH, About, Condition, Facts
from bot.service.member.feedback import MOST
from bot.service.ports import CannotTell, Posted
from tests.service.scripted import OPERATOR_CHANNEL
from tests.service.services import Services
from tests.service.upkeep_services import UpkeepServices

DIRECT = 98


@pytest.fixture
def upkeep_services(services: Services) -> UpkeepServices:
    return UpkeepServices(services)


def posts(upkeep_services: UpkeepServices) -> list[tuple[int, int, str]]:
    """What was posted for the operator: the channel, who wrote it, what."""
    return list(upkeep_services.staff.asked("post_note"))


async def test_feedback_is_told_at_once_and_once(upkeep_services: UpkeepServices) -> None:
    assert await upkeep_services.feedback.give("more cats", key="a", user_id=1, guild_id=None)
    await upkeep_services.outbox.post_due()
    assert posts(upkeep_services) == [(OPERATOR_CHANNEL, 1, "more cats")]


async def test_feedback_that_a_busy_discord_may_have_taken_is_looked_for(upkeep_services: UpkeepServices) -> None:
    upkeep_services.staff.then("post_note", DestinationBusy("discord_500"))
    upkeep_services.staff.then(
        "find_note", CannotTell(reason="discord_500"), Posted(channel_id=OPERATOR_CHANNEL, message_id=70)
    )
    assert not await upkeep_services.feedback.give("more cats", key="a", user_id=1, guild_id=None)
    for _ in range(3):
        upkeep_services.services.clock.tick(3600)
        await upkeep_services.outbox.post_due()
    assert len(posts(upkeep_services)) == 1
    left = await upkeep_services.outbox.post_now(OutboxKind.FEEDBACK, "a")
    assert left is not None
    assert (left.channel_id, left.message_id, left.due_at) == (OPERATOR_CHANNEL, 70, None)


async def test_feedback_goes_to_direct_messages_where_the_channel_is_gone(upkeep_services: UpkeepServices) -> None:
    upkeep_services.staff.operator_channels = [OPERATOR_CHANNEL, DIRECT]
    upkeep_services.staff.then("post_note", DestinationLost("discord_10003"))
    assert await upkeep_services.feedback.give("more cats", key="a", user_id=1, guild_id=None)
    assert posts(upkeep_services) == [(OPERATOR_CHANNEL, 1, "more cats"), (DIRECT, 1, "more cats")]


async def test_feedback_is_kept_where_nobody_can_be_told(upkeep_services: UpkeepServices) -> None:
    upkeep_services.staff.operator_channels = []
    for number in range(MOST):
        assert not await upkeep_services.feedback.give("hello", key=str(number), user_id=1, guild_id=7)
    with pytest.raises(TooMuchFeedback):
        await upkeep_services.feedback.give("hello", key="more", user_id=1, guild_id=7)
    assert posts(upkeep_services) == []
    upkeep_services.staff.operator_channels = [OPERATOR_CHANNEL]
    upkeep_services.services.clock.tick(3600)
    await upkeep_services.outbox.post_due()
    assert len(posts(upkeep_services)) == MOST


async def test_who_has_everything_deleted_is_taken_out_of_what_the_operator_reads(
    upkeep_services: UpkeepServices,
) -> None:
    await upkeep_services.feedback.give("my name is Ana", key="a", user_id=1, guild_id=7)
    upkeep_services.staff.then("delete_note", DestinationBusy("discord_500"))
    await upkeep_services.privacy.delete(1, messages=False)
    for _ in range(3):
        upkeep_services.services.clock.tick(3600)
        await upkeep_services.outbox.post_due()
    assert upkeep_services.staff.asked("delete_note") == [(OPERATOR_CHANNEL, 500)] * 2
    assert await upkeep_services.feedback_store.note("a") is None
    assert await upkeep_services.outbox.post_now(OutboxKind.FEEDBACK, "a") is None


async def test_about_asks_a_service_once_a_minute(services: Services) -> None:
    about = About(
        facts=Facts(version="1", source=None),
        health=services.health,
        clock=services.clock,
    )
    services.kling.then("check", ProviderUnavailable(provider="kling"))
    for _ in range(3):
        assert await about.conditions() == {"kirin": Condition.WELL, "kling": Condition.DOWN}
    assert len(services.kirin.asked("check")) == len(services.kling.asked("check")) == 1
    await services.refuse("kling", seconds=10)
    assert await about.conditions() == {"kirin": Condition.WELL, "kling": Condition.BUSY}
    services.clock.tick(FRESH.total_seconds() + 1)
    assert await about.conditions() == {"kirin": Condition.WELL, "kling": Condition.WELL}
