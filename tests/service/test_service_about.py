"""Feedback reaches the operator once; the services are asked how they are, seldom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import (
    DestinationBusy,
    ProviderUnavailable,
    TooMuchFeedback,
)
from bot.service.about import FRESH, About, Condition, Facts
from bot.service.feedback import MOST
from tests.service.keeper import Keeper
from tests.service.scripted import START

if TYPE_CHECKING:
    from tests.service.house import House


@pytest.fixture
def keeper(house: House) -> Keeper:
    return Keeper(house)


async def test_feedback_is_told_once_whatever_discord_does(keeper: Keeper) -> None:
    await keeper.feedback.give("more cats", key="a", user_id=1, guild_id=None)
    assert keeper.house.woken == 1
    keeper.house.discord.then("alert", DestinationBusy("discord_500"))
    for _ in range(3):
        await keeper.feedback.work()
    alerts = keeper.house.discord.asked("alert")
    assert [(alert.subject, alert.detail) for alert in alerts] == [("<@1> (DM)", "more cats")] * 2


async def test_feedback_is_kept_where_nobody_can_be_told(house: House) -> None:
    keeper = Keeper(house, reachable=False)
    for number in range(MOST):
        await keeper.feedback.give("hello", key=str(number), user_id=1, guild_id=7)
    with pytest.raises(TooMuchFeedback):
        await keeper.feedback.give("hello", key="more", user_id=1, guild_id=7)
    await keeper.feedback.work()
    assert house.discord.asked("alert") == []
    reached = Keeper(house)
    await reached.feedback.work()
    assert len(house.discord.asked("alert")) == MOST


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
